"""A single trace of identity, and the faults that many of them together make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from monai_mri.faults import Fault
from monai_mri.manifest.identity.redact import redact

SHOWN_FIELDS = 5


@dataclass(frozen=True)
class Reason:
    """What a group of traces has in common: a code, what they are, what is expected, what to do."""

    code: str
    what: str
    expected: str
    todo: str


REASONS = {
    "person": Reason(
        "E801", "name a person", "no names or numbers of persons", "empty them and save the file again"
    ),
    "contact": Reason("E801", "hold an e-mail address or a telephone number", "none", "empty them"),
    "text": Reason(
        "W802", "hold free text", "text that speaks of software only", "read them, empty them if in doubt"
    ),
    "block": Reason(
        "W802", "may hold anything", "nothing but header and voxels", "look inside, or save without them"
    ),
    "date": Reason("W804", "hold a date", "no dates of a person's life", "empty them, or keep only the year"),
    "age": Reason("W804", "hold an age over 89", "at most 89, or 90+", "write 90+"),
    "home": Reason(
        "W804", "name a user's home folder", "no user names", "empty them, or write relative paths"
    ),
    "number": Reason(
        "W804", "hold a number like a hospital's", "the study's own ids", "replace it if it is one"
    ),
    "name": Reason("W804", "hold what looks like a personal name", "no names", "replace it if it is one"),
    "site": Reason("W806", "name a hospital or a device", "none if the site must not be known", "empty them"),
    "uid": Reason(
        "W806", "are unique ids that lead back to the hospital's archive", "new ids", "write new ids"
    ),
    "other": Reason(
        "W806", "describe a person", "what the DICOM basic profile leaves", "empty what is not needed"
    ),
    "pixels": Reason(
        "W807", "say that text is drawn into the image", "no drawn text", "look at it, paint over it"
    ),
}


@dataclass(frozen=True)
class Hit:
    """A trace: a key of `REASONS`, the field it stands in, and its value, which is never printed in full."""

    reason: str
    field: str
    value: str = ""


def as_faults(hits: Iterable[Hit], *, where: str) -> Iterator[Fault]:
    """One fault for each reason, errors first; it names the fields and shows the first value redacted.

    >>> print(*as_faults([Hit("person", "PatientName", "Smith^John")], where="a.dcm"))  # doctest: +ELLIPSIS
    a.dcm: PatientName (10 characters, 'S••••^J•••') name a person, expected no names or numbers ...
    """
    groups: dict[str, dict[str, str]] = {}
    for hit in hits:
        groups.setdefault(hit.reason, {}).setdefault(hit.field, hit.value)
    for key in sorted(groups, key=lambda key: REASONS[key].code):
        reason = REASONS[key]
        yield Fault(reason.code, where, f"{_fields(groups[key])} {reason.what}", reason.expected, reason.todo)


def _fields(values: dict[str, str]) -> str:
    shown = [_shown(field, value) for field, value in list(values.items())[:SHOWN_FIELDS]]
    more = len(values) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _shown(field: str, value: str) -> str:
    return f"{field} ({len(value)} characters, {redact(value)!r})" if value else field
