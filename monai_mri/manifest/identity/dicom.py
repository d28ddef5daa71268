"""Identity in DICOM tags, after the Basic Application Level Confidentiality Profile (PS3.15 Annex E)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any

from monai_mri.manifest.deflated import inflates_within_bounds
from monai_mri.manifest.identity.hits import Hit
from monai_mri.manifest.identity.keyed import PUBLIC_UIDS, age_hits, free_text_hits, profile, trace_hits
from monai_mri.manifest.identity.vocabulary import is_placeholder
from monai_mri.manifest.quiet import quiet

_TEXTS = ("LO", "SH", "ST", "LT", "UT", "UC")
_DESCRIPTIVE = ("Description", "Comments", "Notes", "Label", "Narrative", "Annotation", "Issuer")
_BINARY = ("OB", "OW", "OF", "OD", "OL", "OV", "UN")
_DEEPEST = 16


def dicom_hits(path: Path) -> Iterator[Hit]:
    """What a DICOM file's tags give away; pixels are not read. Nothing where the file is not DICOM."""
    dataset = read_dataset(path)
    if isinstance(dataset, Hit):
        yield dataset
    elif dataset is not None:
        yield from dataset_hits(dataset)


def read_dataset(source: Path | IO[bytes]) -> Any | Hit | None:
    """The tags of a DICOM file or stream, with or without its preamble; None where they cannot be read.

    A hit where they are packed and must not be unpacked.
    """
    from pydicom import dcmread

    try:
        with quiet():
            with source.open("rb") if isinstance(source, Path) else nullcontext(source) as stream:
                if not inflates_within_bounds(stream):
                    return Hit("block", "deflated tags, damaged or too large to judge (64 MiB),")
            dataset = dcmread(source, stop_before_pixels=True, force=True, defer_size=2**20)
            return dataset if len(dataset) and _known(dataset) else None
    except Exception:  # pydicom raises many kinds on bytes that are no DICOM
        return None


def dataset_hits(dataset: Any) -> list[Hit]:
    """What a pydicom data set gives away, sequences included."""
    with quiet():
        return list(_dataset_hits(dataset, prefix="", depth=0))


def _dataset_hits(dataset: Any, *, prefix: str, depth: int) -> Iterator[Hit]:
    if depth > _DEEPEST:
        return
    for tag in sorted(dataset.keys()):
        try:
            element = dataset[tag]
        except Exception:  # a value that does not fit its kind; the others still count
            yield Hit("block", f"{prefix}{tag} that cannot be read")
            continue
        yield from _element_hits(element, prefix=prefix, depth=depth)


def _element_hits(element: Any, *, prefix: str, depth: int) -> Iterator[Hit]:
    group = element.tag.group
    if group % 2:
        if element.tag.elem > 0xFF and _text(element):
            yield Hit("block", f"{prefix}private tags of group {group:04X}")
    elif group in range(0x6000, 0x601F, 2) and element.tag.elem == 0x3000:
        yield Hit("pixels", f"{prefix}overlay {group:04X}")
    elif group in range(0x5000, 0x501F, 2) and element.tag.elem == 0x3000:
        yield Hit("pixels", f"{prefix}curve {group:04X}")
    elif element.VR == "SQ":
        name = f"{prefix}{element.keyword or element.tag}"
        if element.value and profile().get(element.keyword, "text") != "text":
            yield Hit(profile()[element.keyword], name)
        for item in element.value or ():
            yield from _dataset_hits(item, prefix=f"{name}.", depth=depth + 1)
    else:
        yield from _value_hits(element, f"{prefix}{element.keyword or element.tag}")


def _value_hits(element: Any, field: str) -> Iterator[Hit]:
    text = _text(element)
    if not text or is_placeholder(text):
        return
    reason = _reason(element, text)
    if reason == "text":
        yield from free_text_hits(field, text)
    elif element.keyword == "PatientAge" and (old := list(age_hits(field, text))):
        yield from old
    elif reason:
        yield Hit(reason, field, "" if reason in ("other", "block", "pixels") else text)
    elif element.VR not in ("UI", *_BINARY):
        yield from trace_hits(field, text)


def _reason(element: Any, text: str) -> str:
    """What an attribute stands for: by the profile's list, else by its kind of value."""
    keyword, kind = element.keyword, element.VR
    if keyword == "BurnedInAnnotation":
        return "pixels" if text.strip().upper() == "YES" else ""
    if keyword in profile():
        return profile()[keyword]
    if kind == "UI":
        return "" if text.startswith(PUBLIC_UIDS) else "uid"
    if kind in _TEXTS and keyword.endswith(_DESCRIPTIVE):
        return "text"
    if keyword.startswith(("ClinicalTrial", "IssuerOf")) and kind in _TEXTS:
        return "site"
    return {"PN": "person", "DA": "date", "DT": "date", "TM": "other", "AE": "site"}.get(kind, "")


def _text(element: Any) -> str:
    value = element.value
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.strip(b"\0 ").decode("latin-1")[:256]
    if isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue":
        return "\\".join(str(item) for item in value)[:4096]
    return str(value).strip("\0 ")[:4096]


def _known(dataset: Any) -> bool:
    """Whether the first tags are of the standard, which random bytes read as DICOM are not."""
    tags = sorted(dataset.keys())[:8]
    return any(dataset[tag].keyword for tag in tags if not tag.is_private)
