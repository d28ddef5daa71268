"""Files as they lie on disk: missing, empty, pointers, gzip streams cut short or far too long."""

from __future__ import annotations

import errno
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

from monai_mri.errors import ImageError
from monai_mri.faults import Fault

GZIP_MAGIC = b"\x1f\x8b"
GZIP_BEST_RATIO = 1100  # deflate cannot do better than about 1032
BOMB_RATIO = 200
BOMB_BYTES = 2**28
SLACK_BYTES = 2**20  # beyond the declared data: extensions and padding
PIECE_BYTES = 2**16
MOST_AT_ONCE = 2**20
COPY_AGAIN = "copy the file again"
DO_NOT_USE = "do not use this file"


def require_file(path: Path) -> os.stat_result:
    """The status of a file that can be read.

    Raises:
        ImageError: missing (E111), a loop of links (E107), a folder (E106), empty (E103), or not readable.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        raise Fault("E111", str(path), "no such file", "an image", "check the path").error(
            ImageError
        ) from None
    except (OSError, ValueError) as cause:
        looped = getattr(cause, "errno", None) == errno.ELOOP
        found = "a symbolic link that leads to itself" if looped else f"{getattr(cause, 'strerror', cause)}"
        code = "E107" if looped else "E106"
        raise Fault(code, str(path), found, "an image file", "check the path").error(ImageError) from None
    fault = _kind_fault(path, status)
    if fault:
        raise fault.error(ImageError)
    return status


def pointer_fault(head: bytes, path: Path) -> Fault | None:
    """E104 where a file is git-LFS's or git-annex's word for an image that was not fetched."""
    where, expected = str(path), "the image itself"
    if head.startswith(b"version https://git-lfs"):
        return Fault("E104", where, "a git-LFS pointer", expected, "run `git lfs pull`")
    if head.startswith((b"/annex/objects/", b"../.git/annex")) or b".git/annex/objects/" in head[:256]:
        return Fault("E104", where, "a git-annex pointer", expected, "run `git annex get` on it")
    return None


def name_fault(head: bytes, path: Path) -> Fault | None:
    """E105 where the name says gzip and the bytes do not, or the other way round."""
    named, packed = path.name.lower().endswith(".gz"), head[:2] == GZIP_MAGIC
    if named == packed:
        return None
    if named:
        return Fault("E105", str(path), "not gzip", "gzip, as the name ends in .gz", "rename it to .nii")
    return Fault("E105", str(path), "gzip", "no gzip, as the name ends in .nii", "rename it to .nii.gz")


def unpack_head(packed: bytes, path: Path, *, most: int) -> bytes:
    """The first `most` bytes that the start of a gzip stream holds, or fewer if it ends before.

    Raises:
        ImageError: the stream is corrupt (E102).
    """
    try:
        return zlib.decompressobj(31).decompress(packed, most)
    except zlib.error as cause:
        raise _corrupt(path, cause).error(ImageError) from None


def unpack(packed: bytes, path: Path, *, declared: int, keep: bool = True) -> bytes:
    """All of a gzip stream, read to its checksum; with `keep=False` it is only read, and nothing is kept.

    `declared` is where the header says that the data end.

    Raises:
        ImageError: cut short (E101), corrupt or a wrong checksum (E102), longer than declared (E108).
    """
    pieces, length = [], 0
    for piece in _pieces(packed, path):
        length += len(piece)
        if length > declared + SLACK_BYTES:
            found = f"more than the {declared} bytes that its header declares"
            raise Fault("E108", str(path), found, "at most those", DO_NOT_USE).error(ImageError)
        if keep:
            pieces.append(piece)
    if length < declared:
        raise truncated(path, length, declared).error(ImageError)
    return b"".join(pieces)


def truncated(path: Path, found: int, declared: int) -> Fault:
    """E101: the data end before the header says so."""
    return Fault("E101", str(path), f"truncated at byte {found}", f"{declared} bytes", COPY_AGAIN)


def declared_fault(declared: int, size: int, path: Path, *, packed: bool) -> Fault | None:
    """E108 where a file of `size` bytes cannot hold what its header declares, or should not be unpacked.

    A gzip stream that would grow more than 200 times, to more than 256 MiB, is refused: real images do not.
    """
    found = f"a header that declares {declared / 1e6:.0f} MB in a file of {size / 1e3:.0f} kB"
    if declared > size * GZIP_BEST_RATIO and declared > 2**31:
        return Fault("E108", str(path), found, "data that fit the file", DO_NOT_USE)
    if packed and declared > BOMB_BYTES and declared > size * BOMB_RATIO:
        expected = f"an image that grows at most {BOMB_RATIO} times"
        return Fault("E108", str(path), f"{found} ({declared / size:.0f} times)", expected, DO_NOT_USE)
    return None


def _kind_fault(path: Path, status: os.stat_result) -> Fault | None:
    where, expected = str(path), "an image file"
    if stat.S_ISDIR(status.st_mode):
        return Fault("E106", where, "a folder", expected, "name the file inside")
    if not stat.S_ISREG(status.st_mode):
        return Fault("E106", where, "not a regular file", expected, "name the image itself")
    if not os.access(path, os.R_OK):
        return Fault("E106", where, "a file that may not be read", expected, "check its permissions")
    if status.st_size == 0:
        return Fault("E103", where, "an empty file (0 bytes)", "an image", COPY_AGAIN)
    return None


def _pieces(packed: bytes, path: Path) -> Iterator[bytes]:
    """What the members of a gzip file hold, piece by piece; zeros after the last one are padding."""
    view = memoryview(packed)
    while len(view):
        stream = zlib.decompressobj(31)
        taken = 0
        try:
            while not stream.eof and taken < len(view):
                packed_piece: bytes | memoryview = view[taken : taken + PIECE_BYTES]
                while len(packed_piece) and not stream.eof:
                    yield stream.decompress(packed_piece, MOST_AT_ONCE)
                    packed_piece = stream.unconsumed_tail
                taken += PIECE_BYTES
        except zlib.error as cause:
            raise _corrupt(path, cause).error(ImageError) from None
        if not stream.eof:
            found = f"a gzip stream truncated after {len(packed)} bytes"
            raise Fault("E101", str(path), found, "a whole stream", COPY_AGAIN).error(ImageError)
        view = view[min(taken, len(view)) - len(stream.unused_data) :]
        if not any(view[:PIECE_BYTES]):
            return


def _corrupt(path: Path, cause: Exception) -> Fault:
    return Fault("E102", str(path), f"a corrupt gzip stream ({cause})", "a sound one", COPY_AGAIN)
