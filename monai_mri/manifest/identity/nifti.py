"""Identity in a NIfTI or Analyze header: text fields, extensions, padding. No voxel is read."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from monai_mri.manifest.identity.hits import Hit
from monai_mri.manifest.identity.keyed import free_text_hits, trace_hits
from monai_mri.manifest.identity.markup import markup_hits
from monai_mri.manifest.identity.vocabulary import is_placeholder, unusual_words

# Field: (offset, length) in the header.
_NIFTI1 = {"descrip": (148, 80), "aux_file": (228, 24), "intent_name": (328, 16), "db_name": (14, 18)}
_NIFTI1 |= {"data_type": (4, 10)}
_NIFTI2 = {"descrip": (240, 80), "aux_file": (320, 24), "intent_name": (508, 16), "unused_str": (525, 15)}
_ANALYZE = {"descrip": (148, 80), "aux_file": (228, 24), "db_name": (14, 18), "data_type": (4, 10)}
_ANALYZE_PATIENT = {"patient_id": (283, 10), "exp_date": (293, 10)}
_MOST = 16 * 2**20  # longer extensions are judged by their beginning
_DICOM, _CIFTI, _JSON_LIKE = 2, 32, (4, 6, 18, 20, 24, 32)
_KINDS = {2: "DICOM", 4: "AFNI", 6: "comment", 18: "workflow", 32: "CIFTI", 40: "VALUE", 44: "MATLAB"}


class _Layout(NamedTuple):
    fields: dict[str, tuple[int, int]]
    size: int
    voxels_at: int
    order: str


def nifti_hits(path: Path) -> Iterator[Hit]:
    """Text fields, extensions and hidden bytes of a header; nothing where it is not NIfTI or Analyze."""
    head = _read(path, 540)
    layout = _layout(head, path)
    if layout is None:
        return
    for field, (at, length) in layout.fields.items():
        yield from _field_hits(field, head[at : at + length])
    if layout.voxels_at > layout.size:
        yield from _block_hits(_read(path, min(layout.voxels_at, _MOST)), layout)


def _read(path: Path, count: int) -> bytes:
    with path.open("rb") as stream:
        raw = stream.read(count)
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        with gzip.open(path) as stream:
            return stream.read(count)
    except (EOFError, OSError, zlib.error):
        return b""  # a damaged file has its own fault, E101 or E102


def _layout(head: bytes, path: Path) -> _Layout | None:
    for order in "<>":
        size = struct.unpack(f"{order}i", head[:4])[0] if len(head) >= 348 else 0
        if size == 540 and len(head) >= 540 and head[4:6] == b"n+":
            return _Layout(_NIFTI2, 540, struct.unpack_from(f"{order}q", head, 168)[0], order)
        if size == 348 and head[344:346] in (b"n+", b"ni"):
            voxels_at = struct.unpack_from(f"{order}f", head, 108)[0] if head[344:346] == b"n+" else 0
            return _Layout(_NIFTI1, 348, int(voxels_at) if 0 <= voxels_at < 2**40 else 0, order)
        if size == 348 and path.suffix.lower() == ".hdr":
            return _Layout(_ANALYZE | _ANALYZE_PATIENT, 348, 0, order)
    return None


def _field_hits(field: str, raw: bytes) -> Iterator[Hit]:
    # What stands after the first NUL is left over from an earlier, longer text.
    text = " ".join(raw.replace(b"\0", b" ").decode("latin-1").split())
    if not text or is_placeholder(text):
        return
    if field == "patient_id":
        yield Hit("person", field, text)
    else:
        yield from free_text_hits(field, text)


def _block_hits(raw: bytes, layout: _Layout) -> Iterator[Hit]:
    at = layout.size + 4
    if raw[layout.size : layout.size + 1] in (b"", b"\0"):
        if raw[layout.size : layout.voxels_at].strip(b"\0"):
            yield Hit("block", "bytes between header and voxels")
        return
    while at + 8 <= len(raw):
        length, code = struct.unpack_from(f"{layout.order}ii", raw, at)
        if length < 8:
            break
        yield from _extension_hits(code, raw[at + 8 : at + length])
        at += length


def _extension_hits(code: int, content: bytes) -> Iterator[Hit]:
    name = f"extension {code}" + (f" ({_KINDS[code]})" if code in _KINDS else "")
    content = content.strip(b"\0 \r\n\t")
    if not content:
        return
    if code == _DICOM:
        hits = list(_dicom_hits(name, content))
    else:
        text = content.decode("utf-8", errors="replace")
        hits = list(markup_hits(name, text)) if code in _JSON_LIKE else list(trace_hits(name, text))
    yield from hits
    told = code in (_DICOM, _CIFTI) or (code in (4, 6) and not unusual_words(_plain(content)))
    if not hits and not told:
        yield Hit("block", name, "")


def _plain(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")


def _dicom_hits(name: str, content: bytes) -> Iterator[Hit]:
    from monai_mri.manifest.identity.dicom import dataset_hits, read_dataset

    dataset = read_dataset(BytesIO(content))
    if dataset is None:
        yield Hit("person", f"{name} that cannot be read", "")
        return
    if isinstance(dataset, Hit):
        yield Hit(dataset.reason, f"{dataset.field} in {name}")
        return
    for hit in dataset_hits(dataset):
        yield Hit(hit.reason, f"{hit.field} in {name}", hit.value)
