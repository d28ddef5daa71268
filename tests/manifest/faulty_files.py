"""Faults of the files themselves: section A of the catalogue, and files that are missing or changed."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from functools import partial
from pathlib import Path

import nibabel
import numpy as np
from faulty_case import Case, Concerned
from faulty_cohort import Cohort, save_nifti

BOMB_SIDE = 736  # cubed, 399 MB of zeros, packed about 1000 to 1


def cut_gzip(cohort: Cohort, subject: str) -> None:
    cohort.edit(subject, lambda packed: packed[: len(packed) // 2])


def zero_checksum(cohort: Cohort, subject: str) -> None:
    cohort.edit(subject, lambda packed: packed[:-8] + bytes(4) + packed[-4:])


def flip_bit(cohort: Cohort, subject: str) -> None:
    """Flip a bit that changes voxels and leaves header and length alone, as three of four do."""

    def change(packed: bytes) -> bytes:
        raw = gzip.decompress(packed)
        for at in range(len(packed) // 2, len(packed) - 8):
            flipped = bytearray(packed)
            flipped[at] ^= 1
            found = _unpacked(bytes(flipped))
            if found is not None and len(found) == len(raw) and found != raw and found[:352] == raw[:352]:
                return bytes(flipped)
        raise AssertionError("no such bit")

    cohort.edit(subject, change)


def cut_plain(cohort: Cohort, subject: str) -> None:
    cohort.edit(subject, gzip.decompress)
    cohort.move(subject, "flair.nii")
    cohort.edit(subject, lambda raw: raw[:-1000])


def replace_by(cohort: Cohort, subject: str, *, content: bytes) -> None:
    cohort.edit(subject, lambda _: content)


def unpacked_under_its_name(cohort: Cohort, subject: str) -> None:
    cohort.edit(subject, gzip.decompress)


def packed_under_plain_name(cohort: Cohort, subject: str) -> None:
    cohort.move(subject, "flair.nii")


def folder_of_that_name(cohort: Cohort, subject: str) -> None:
    path = cohort.file(subject)
    path.unlink()
    path.mkdir()
    cohort.forget(cohort.row(subject)["flair"])


def pipe_of_that_name(cohort: Cohort, subject: str) -> None:
    path = cohort.file(subject)
    path.unlink()
    os.mkfifo(path)
    cohort.forget(cohort.row(subject)["flair"])


def link_to_itself(cohort: Cohort, subject: str) -> None:
    path = cohort.file(subject)
    path.unlink()
    path.symlink_to("other.nii.gz")
    path.with_name("other.nii.gz").symlink_to(path.name)
    cohort.forget(cohort.row(subject)["flair"])


def through_a_link_to_a_parent(cohort: Cohort, subject: str) -> None:
    old = cohort.row(subject)["flair"]
    (cohort.folder / "images" / "again").symlink_to("..")
    cohort.set(subject, flair=f"images/again/{old}")
    cohort.forget(old)
    cohort.record(f"images/again/{old}")


def declare_huge(cohort: Cohort, subject: str) -> None:
    cohort.edit_header(subject, 40, struct.pack("<8h", 3, 30000, 30000, 3000, 1, 1, 1, 1))


def declare_huge_plain(cohort: Cohort, subject: str) -> None:
    declare_huge(cohort, subject)
    cohort.edit(subject, gzip.decompress)
    cohort.move(subject, "flair.nii")


def gzip_bomb(cohort: Cohort, subject: str, *, side: int = BOMB_SIDE) -> None:
    """Zeros of side^3 bytes, as the header says; image and mask, so that the grids agree."""
    path = cohort.file(subject)
    affine = cohort.voxels(subject)[1]
    header = nibabel.Nifti1Image(np.zeros((2, 2, 2), np.uint8), affine).header
    header.set_data_shape((side, side, side))
    header.set_sform(affine, code=1)
    header.set_qform(affine, code=1)
    header["magic"], header["vox_offset"] = b"n+1", 352
    header["scl_slope"], header["scl_inter"] = 1, 0
    write_zeros(path, header.binaryblock + bytes(4), side**3)
    cohort.record(cohort.row(subject)["flair"])
    header["descrip"] = b"mask"  # other bytes, or it would be the same file twice, too
    write_zeros(cohort.file(subject, "mask"), header.binaryblock + bytes(4), side**3)
    cohort.record(cohort.row(subject)["mask"])


def hidden_bomb(cohort: Cohort, subject: str) -> None:
    """A small volume by its header, with 400 MB of zeros behind it."""
    path = cohort.file(subject)
    write_zeros(path, gzip.decompress(path.read_bytes()), 400_000_000)
    cohort.record(cohort.row(subject)["flair"])


def write_zeros(path: Path, head: bytes, zeros: int) -> None:
    """A gzip file of `head` and many zeros, made in pieces."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    piece = bytes(1 << 20)
    with path.open("wb") as stream:
        stream.write(packer.compress(head))
        for _ in range(zeros // len(piece)):
            stream.write(packer.compress(piece))
        stream.write(packer.compress(bytes(zeros % len(piece))) + packer.flush())


def negative_dimension(cohort: Cohort, subject: str) -> None:
    cohort.edit_header(subject, 42, struct.pack("<h", -5))


def same_bytes(cohort: Cohort, subject: str) -> Concerned:
    partner = cohort.partner(subject)
    content = cohort.file(subject).read_bytes()
    cohort.edit(partner, lambda _: content)
    return {subject, partner}


def same_voxels(cohort: Cohort, subject: str) -> Concerned:
    """Other bytes, for the header's description and the compression differ."""
    partner = cohort.partner(subject)
    raw = bytearray(gzip.decompress(cohort.file(subject).read_bytes()))
    raw[148:158] = b"saved anew"
    cohort.edit(partner, lambda _: gzip.compress(bytes(raw), compresslevel=1, mtime=0))
    return {subject, partner}


def missing_file(cohort: Cohort, subject: str) -> None:
    cohort.file(subject).unlink()


def changed_bytes(cohort: Cohort, subject: str) -> None:
    array, affine = cohort.voxels(subject)
    array = array.copy()
    array[tuple(side // 2 for side in array.shape)] += 7
    save_nifti(cohort.file(subject), array, affine)


def link_out_of_the_root(cohort: Cohort, subject: str) -> None:
    path = cohort.file(subject)
    outside = cohort.folder.with_name(cohort.folder.name + "-outside")
    outside.mkdir(exist_ok=True)
    path.rename(outside / f"{subject}.nii.gz")
    path.symlink_to(outside / f"{subject}.nii.gz")


def _unpacked(packed: bytes) -> bytes | None:
    """What a gzip stream holds, its checksum not looked at; None where it cannot be unpacked."""
    try:
        return zlib.decompressobj(-15).decompress(packed[10:-8])
    except zlib.error:
        return None


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d7a" * 16 + b"\nsize 12345\n"
ANNEX = b"/annex/objects/SHA256E-s12345--" + b"4d7a" * 16 + b".nii.gz\n"
FAULTS = {
    "1 gzip cut at half": Case("E101", cut_gzip, "voxels"),
    "2 gzip checksum zeroed": Case("E102", zero_checksum, "voxels"),
    "3 one bit flipped in gzip": Case("E102", flip_bit, "voxels"),
    "4 plain nii cut": Case("E101", cut_plain, "header"),
    "5 empty file": Case("E103", partial(replace_by, content=b""), "header"),
    "6 git-LFS pointer": Case("E104", partial(replace_by, content=LFS), "header"),
    "6 annex pointer": Case("E104", partial(replace_by, content=ANNEX), "header"),
    "7 plain named gz": Case("E105", unpacked_under_its_name, "header"),
    "7 gz named plain": Case("E105", packed_under_plain_name, "header"),
    "8 folder named like an image": Case("E106", folder_of_that_name, "header"),
    "8 pipe named like an image": Case("E106", pipe_of_that_name, "header"),
    "9 link to itself": Case("E107", link_to_itself, "header"),
    "10 link to a parent folder": Case("E107", through_a_link_to_a_parent, "header"),
    "11 header declares 5.4 TB, gz": Case("E108", declare_huge, "header", bounded=True),
    "11 header declares 5.4 TB, plain": Case("E108", declare_huge_plain, "header", bounded=True),
    "12 gzip bomb": Case("E108", gzip_bomb, "voxels", bounded=True, big=True),
    "12 gzip bomb behind a small volume": Case("E108", hidden_bomb, "voxels", bounded=True, big=True),
    "13 negative dimension": Case("E109", negative_dimension, "header"),
    "14 same bytes under two subjects": Case("E110", same_bytes, "voxels"),
    "15 same voxels under two subjects": Case("E110", same_voxels, "voxels"),
    "missing file": Case("E111", missing_file, "header"),
    "changed bytes": Case("E112", changed_bytes, "voxels"),
    "57 link out of the root": Case("E509", link_out_of_the_root, "header"),
}
