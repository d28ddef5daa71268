"""Identity in the text that a JPG, PNG or TIFF carries beside its pixels, which are not read."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from monai_mri.manifest.identity.hits import Hit
from monai_mri.manifest.identity.keyed import free_text_hits, trace_hits, value_hits
from monai_mri.manifest.identity.markup import markup_hits
from monai_mri.manifest.identity.vocabulary import is_placeholder
from monai_mri.manifest.quiet import quiet

_PERSONS = {315: "Artist", 40093: "XPAuthor", 42032: "CameraOwnerName"}
_TEXTS = {
    269: "DocumentName",
    270: "ImageDescription",
    285: "PageName",
    33432: "Copyright",
    37510: "UserComment",
    40091: "XPTitle",
    40092: "XPComment",
    40094: "XPKeywords",
    40095: "XPSubject",
    42016: "ImageUniqueID",
}
_DATES = {306: "DateTime", 36867: "DateTimeOriginal", 36868: "DateTimeDigitized", 50971: "PreviewDateTime"}
_DEVICES = {316: "HostComputer", 42033: "BodySerialNumber", 42037: "LensSerialNumber"}
_IPTC = {
    80: "IPTC By-line",
    105: "IPTC Headline",
    116: "IPTC Copyright",
    120: "IPTC Caption",
    55: "IPTC DateCreated",
}
_IPTC |= {5: "IPTC ObjectName", 25: "IPTC Keywords", 90: "IPTC City", 110: "IPTC Credit", 122: "IPTC Writer"}
_EXIF, _GPS, _THUMBNAIL = 0x8769, 0x8825, 1
_XMP, _PHOTOSHOP, _IPTC_TAG = 700, 34377, 33723
_PAGES = 8
_PNG_START = b"\x89PNG\r\n\x1a\n"
_CHUNK_LIMIT = 2**22


def picture_hits(path: Path) -> Iterator[Hit]:
    """EXIF, GPS, XMP, IPTC, TIFF tags, comments and PNG text of a picture; nothing where it is damaged."""
    from PIL import Image

    try:
        with quiet(), Image.open(path, formats=("JPEG", "PNG", "TIFF")) as picture:
            hits = list(_pillow_hits(picture))
    except Image.DecompressionBombError:
        yield Hit("block", "text of a picture with too many pixels to be opened")
        return
    except Exception:  # a damaged picture has its own fault (E101, E405); its chunks may still be read
        hits = []
    yield from hits
    yield from _png_hits(path)


def _pillow_hits(picture: Any) -> Iterator[Hit]:
    exif = picture.getexif()
    yield from _tag_hits(exif)
    yield from _tag_hits(exif.get_ifd(_EXIF))
    if any(
        _as_text(value).strip(" 0.()/,") for tag, value in exif.get_ifd(_GPS).items() if tag in range(1, 5)
    ):
        yield Hit("person", "GPS position")
    if exif.get_ifd(_THUMBNAIL):
        yield Hit("block", "a thumbnail, which may show what was cropped,")
    comment = picture.info.get("comment")
    if picture.format == "JPEG" and comment:
        yield from markup_hits("JPEG comment", _as_text(comment))
    xmp = picture.info.get("xmp") or exif.get(_XMP)
    if xmp:
        yield from markup_hits("XMP", _after_header(_as_text(xmp)))
    yield from _iptc_hits(picture)
    pages = getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1
    for page in range(1, min(pages, _PAGES)):
        picture.seek(page)
        yield from _tag_hits(dict(picture.tag_v2))
    if pages > _PAGES:
        yield Hit("block", f"{pages - _PAGES} pages after the first {_PAGES}, too many to judge,")


def _tag_hits(tags: Any) -> Iterator[Hit]:
    for tag, value in tags.items():
        text = _as_text(value, wide=40091 <= tag <= 40095)
        if is_placeholder(text):
            continue
        if tag in _PERSONS:
            yield Hit("person", _PERSONS[tag], text)
        elif tag in _TEXTS:
            yield from markup_hits(_TEXTS[tag], text)
        elif tag in _DATES:
            if text.strip(" 0:"):
                yield Hit("date", _DATES[tag], text)
        elif tag in _DEVICES:
            yield Hit("site", _DEVICES[tag], text)
        elif isinstance(value, str):
            yield from trace_hits(f"tag {tag}", text)


def _iptc_hits(picture: Any) -> Iterator[Hit]:
    from PIL import IptcImagePlugin

    found: Any = None
    with suppress(Exception):  # Pillow trips over malformed blocks
        found = IptcImagePlugin.getiptcinfo(picture)
    for (record, number), value in (found or {}).items():
        text = _as_text(value[0] if isinstance(value, list) else value)
        if record == 2 and number in _IPTC and not is_placeholder(text):
            if number in (80, 122):
                yield Hit("person", _IPTC[number], text)
            elif number == 55:
                yield Hit("date", _IPTC[number], text)
            else:
                yield from free_text_hits(_IPTC[number], text)


def _png_hits(path: Path) -> Iterator[Hit]:
    for kind, content in _chunks(path):
        keyword, _, rest = content.partition(b"\0")
        if kind == b"tEXt":
            value = rest
        elif kind == b"zTXt":
            value = _inflated(rest[1:])
        else:
            packed = rest[:1] == b"\1"
            value = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
            value = _inflated(value) if packed else value
        if len(content) > _CHUNK_LIMIT or len(value) > _CHUNK_LIMIT:
            yield Hit("block", f"PNG text of more than {_CHUNK_LIMIT // 2**20} MiB, too large to judge,")
            continue
        name, text = keyword.decode("latin-1"), value.decode("utf-8", errors="replace")
        if text.lstrip()[:1] in ("<", "{", "["):
            yield from markup_hits(f"PNG {name}", text)
        else:
            yield from value_hits(f"PNG {name}", text, key=name)


def _chunks(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Text chunks of a PNG, those after the pixels too, each up to a byte more than the limit."""
    with path.open("rb") as stream:
        if stream.read(8) != _PNG_START:
            return
        while len(head := stream.read(8)) == 8:
            length, kind = int.from_bytes(head[:4], "big"), head[4:]
            behind = stream.tell() + length + 4
            if kind in (b"tEXt", b"zTXt", b"iTXt"):
                yield kind, stream.read(min(length, _CHUNK_LIMIT + 1))
            stream.seek(behind)


def _inflated(packed: bytes) -> bytes:
    """Up to a byte more than the limit."""
    try:
        return zlib.decompressobj().decompress(packed, _CHUNK_LIMIT + 1)
    except zlib.error:
        return b""


def _as_text(value: Any, *, wide: bool = False) -> str:
    if isinstance(value, tuple):
        if wide and all(isinstance(item, int) and 0 <= item < 256 for item in value):
            value = bytes(value)
        else:
            return " ".join(str(item) for item in value)
    if isinstance(value, bytes):
        if wide:
            return value.decode("utf-16-le", errors="replace").strip("\0 ")
        for start, coding in ((b"ASCII\0\0\0", "ascii"), (b"UNICODE\0", "utf-16")):
            if value.startswith(start):
                return value[8:].decode(coding, errors="replace").strip("\0 ")
        return value.decode("utf-8", errors="replace").strip("\0 ")
    return str(value).strip("\0 ")


def _after_header(text: str) -> str:
    return text[text.find("<") :] if "<" in text else text
