"""Identity in one file of any kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from monai_mri.faults import Fault
from monai_mri.manifest.identity.hits import Hit, as_faults

_TABLES = (".csv", ".tsv", ".txt")
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JSON_LIMIT = 64 * 2**20


def identity_faults(path: Path, *, where: str) -> list[Fault]:
    """What a file gives away of a person beside its voxels or pixels, which are not read.

    NIfTI (header text, extensions, padding), DICOM, JSON, text tables, JPG, PNG and TIFF are known by their
    content or suffix; of any other kind of file nothing is said. `where` stands in the messages in place of
    the path, since a path may itself identify. Values are redacted. One fault for each code and reason.

    Returns:
        E801, W802, E803, W804, W806, W807; empty for a file that is clean, damaged or of an unknown kind.

    Raises:
        OSError: the file cannot be opened.
    """
    suffix = path.suffix.lower()
    if suffix in _TABLES:
        return list(_table_faults(path, where=where))
    if suffix == ".json":
        return list(as_faults(_json_hits(path), where=where))
    return list(as_faults(_content_hits(path), where=where))


def _content_hits(path: Path) -> Iterator[Hit]:
    with path.open("rb") as stream:
        head = stream.read(348)
    name = path.name.lower()
    if head.startswith(_PICTURES):
        from monai_mri.manifest.identity.pictures import picture_hits

        yield from picture_hits(path)
    elif head[128:132] == b"DICM" or name.endswith((".dcm", ".ima")) or _bare_dicom(head):
        from monai_mri.manifest.identity.dicom import dicom_hits

        yield from dicom_hits(path)
    elif name.endswith((".nii", ".nii.gz", ".hdr")) or head[344:347] in (b"n+1", b"ni1"):
        from monai_mri.manifest.identity.nifti import nifti_hits

        yield from nifti_hits(path)


def _bare_dicom(head: bytes) -> bool:
    """DICOM without its preamble starts with a tag of group 8 and an even element."""
    return head[:2] == b"\x08\0" and head[3:4] == b"\0" and head[4:6].isalpha() and head[4:6].isupper()


def _json_hits(path: Path) -> Iterator[Hit]:
    from monai_mri.manifest.identity.markup import json_hits

    with path.open("rb") as stream:
        content = stream.read(_JSON_LIMIT + 1)
    if len(content) > _JSON_LIMIT:
        yield Hit("block", f"JSON of more than {_JSON_LIMIT // 2**20} MiB, too large to judge,")
        return
    try:
        yield from json_hits(json.loads(content.decode("utf-8-sig", errors="replace")))
    except (ValueError, RecursionError):  # not JSON: whoever needs the file says so
        return


def _table_faults(path: Path, *, where: str) -> Iterator[Fault]:
    from monai_mri.manifest.identity.names import as_fault
    from monai_mri.manifest.identity.tables import MOST_BYTES, column_traces, read_columns

    if path.stat().st_size > MOST_BYTES:
        beyond = Hit("block", f"lines beyond the first {MOST_BYTES // 2**20} MiB, too many to judge,")
        yield from as_faults([beyond], where=where)
    for found in column_traces(read_columns(path)):
        yield as_fault(found, where=where)
