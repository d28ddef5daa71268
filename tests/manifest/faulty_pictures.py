"""Faults of 2D pictures: section D of the catalogue."""

from __future__ import annotations

import struct
import zlib
from functools import partial
from pathlib import Path

import numpy as np
from faulty_case import Case, Concerned
from faulty_cohort import Cohort
from PIL import Image

BOMB_SIDE = 20_000


def in_mode(cohort: Cohort, subject: str, *, mode: str, suffix: str = "png") -> Concerned:
    _save_as(cohort, subject, f"image.{suffix}", mode=mode)
    return set()


def half_in_colour(cohort: Cohort, _: str) -> Concerned:
    for subject in cohort.subjects()[::2]:
        _save_as(cohort, subject, "image.png", mode="RGB")
    return set()


def sixteen_bits(cohort: Cohort, subject: str) -> Concerned:
    path = cohort.file(subject)
    Image.fromarray(np.asarray(Image.open(path)).astype(np.uint16) * 200).save(path)
    cohort.record(cohort.row(subject)["image"])
    return set()


def exif_rotation(cohort: Cohort, subject: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    _save_as(cohort, subject, "image.jpg", exif=exif.tobytes(), quality=95)


def another_format_than_its_name(cohort: Cohort, subject: str) -> None:
    cohort.move(subject, "image.jpg")


def cut_jpeg(cohort: Cohort, subject: str) -> None:
    _save_as(cohort, subject, "image.jpg", quality=95)
    cohort.edit(subject, lambda content: content[: len(content) // 2])


def cut_png(cohort: Cohort, subject: str) -> None:
    cohort.edit(subject, lambda content: content[: len(content) // 2])


def picture_bomb(cohort: Cohort, subject: str) -> None:
    """20,000 x 20,000 grey zeros in about 390 kB."""
    write_black_png(cohort.file(subject), side=BOMB_SIDE)
    cohort.forget(cohort.row(subject)["image"])


def write_black_png(path: Path, *, side: int) -> None:
    """A black picture, made row by row."""
    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(bytes(side + 1)) for _ in range(side)) + packer.flush()
    size = struct.pack(">2I5B", side, side, 8, 0, 0, 0, 0)
    chunks = b"".join(map(_chunk, (b"IHDR", b"IDAT", b"IEND"), (size, pixels, b"")))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


def as_gif(cohort: Cohort, subject: str) -> None:
    _save_as(cohort, subject, "image.gif")


def as_tiff(cohort: Cohort, subject: str) -> None:
    _save_as(cohort, subject, "image.tif")


def as_good_jpeg(cohort: Cohort, subject: str) -> None:
    _save_as(cohort, subject, "image.jpg", quality=95)


def mask_of_another_size(cohort: Cohort, subject: str) -> None:
    path = cohort.file(subject, "mask")
    Image.open(path).crop((0, 0, 60, 64)).save(path)
    cohort.record(cohort.row(subject)["mask"])


def near_copy(cohort: Cohort, subject: str, *, how: str) -> Concerned:
    partner = cohort.partner(subject)
    pixels = np.asarray(Image.open(cohort.file(subject)))
    ways = {"flip": pixels[:, ::-1], "brighter": (pixels * 1.2).clip(0, 255).astype(np.uint8), "jpeg": pixels}
    Image.fromarray(ways[how]).save(cohort.file(partner))
    cohort.record(cohort.row(partner)["image"])
    if how == "jpeg":
        _save_as(cohort, partner, "image.jpg", quality=75)
    return {subject, partner}


def slices_as_subjects(cohort: Cohort, _: str) -> Concerned:
    """Three slices of one scan, each under an id of its own."""
    for number, subject in enumerate(cohort.subjects()[:3], start=10):
        for column, name in (
            ("image", f"scan07_slice_{number}.png"),
            ("mask", f"scan07_slice_{number}_m.png"),
        ):
            cohort.move(subject, f"../{name}", column)
        cohort.set(subject, subject_id=f"scan07_slice_{number}")
    return set()


def _save_as(cohort: Cohort, subject: str, name: str, *, mode: str = "L", **settings: object) -> None:
    """The subject's picture, told to be in `mode`, under another name."""
    with Image.open(cohort.file(subject)) as picture:
        picture.load()
    path = cohort.file(subject).with_name(name) if cohort.file(subject).name == name else None
    path = path or cohort.move(subject, name)
    picture.convert(mode).save(path, **settings)
    cohort.record(cohort.row(subject)["image"])


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


FAULTS = {
    name: Case(case.code, case.apply, case.depth, kind="pictures", bounded=case.bounded, big=case.big)
    for name, case in {
        "39 RGB among grey": Case("E401", partial(in_mode, mode="RGB"), "header"),
        "39 RGBA among grey": Case("E401", partial(in_mode, mode="RGBA"), "header"),
        "39 CMYK among grey": Case("E401", partial(in_mode, mode="CMYK", suffix="jpg"), "header"),
        "39 LA among grey": Case("E401", partial(in_mode, mode="LA"), "header"),
        "39 palette among grey": Case("E401", partial(in_mode, mode="P"), "header"),
        "40 16 bits among 8": Case("E402", sixteen_bits, "header"),
        "41 EXIF rotation": Case("W403", exif_rotation, "header"),
        "42 half in colour": Case("E401", half_in_colour, "header"),
        "43 PNG named jpg": Case("W404", another_format_than_its_name, "header"),
        "44 JPEG cut": Case("E101", cut_jpeg, "voxels"),
        "44 PNG cut": Case("E101", cut_png, "voxels"),
        "45 picture bomb": Case("E108", picture_bomb, "header", bounded=True),
        "46 gif": Case("E405", as_gif, "header"),
        "46 tif": Case("", as_tiff, "header"),
        "46 jpg": Case("", as_good_jpeg, "header"),
        "26 picture mask of another size": Case("E209", mask_of_another_size, "header"),
        "mirrored picture": Case("E110", partial(near_copy, how="flip"), "voxels"),
        "near-copy of a picture: brighter": Case("W113", partial(near_copy, how="brighter"), "voxels"),
        "near-copy of a picture: jpeg": Case("W113", partial(near_copy, how="jpeg"), "voxels"),
        "slices of one scan as subjects": Case("W115", slices_as_subjects, "table"),
    }.items()
}
