from __future__ import annotations

import gzip
import tracemalloc

import pytest

from monai_mri.errors import ImageError
from monai_mri.images.packing import declared_fault, pointer_fault, unpack, unpack_head

CONTENT = bytes(range(256)) * 1000
LENGTH = len(CONTENT)


def code_of(tmp_path, packed, declared=LENGTH) -> str:
    with pytest.raises(ImageError) as error:
        unpack(packed, tmp_path / "x.nii.gz", declared=declared)
    return error.value.fault.code


def test_several_members_and_padding_are_one_stream(tmp_path):
    packed = gzip.compress(CONTENT[:1000]) + gzip.compress(CONTENT[1000:]) + bytes(512)
    assert unpack(packed, tmp_path / "x.gz", declared=len(CONTENT)) == CONTENT
    assert unpack(packed, tmp_path / "x.gz", declared=len(CONTENT), keep=False) == b""


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_cut_stream_is_truncated(tmp_path, share):
    packed = gzip.compress(CONTENT)
    assert code_of(tmp_path, packed[: int(share * len(packed))]) == "E101"


def test_a_stream_that_ends_early_is_truncated(tmp_path):
    assert code_of(tmp_path, gzip.compress(CONTENT), declared=len(CONTENT) + 1) == "E101"


@pytest.mark.parametrize("at", [-8, -4, 40])
def test_a_wrong_byte_is_corrupt(tmp_path, at):
    packed = bytearray(gzip.compress(CONTENT))
    packed[at] ^= 0xFF
    assert code_of(tmp_path, bytes(packed)) == "E102"


def test_a_bomb_is_stopped_in_little_memory(tmp_path):
    packed = gzip.compress(bytes(2**27))
    tracemalloc.start()
    assert code_of(tmp_path, packed, declared=1000) == "E108"
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("declared", "size", "packed", "refused"),
    [
        (5_400_000_000_000, 7_000, True, True),
        (5_400_000_000_000, 7_000, False, True),
        (4 * 2**30, 4_200_000, True, True),
        (7_000_000, 7_000, True, False),  # an empty mask
        (100, 90, False, False),
    ],
)
def test_what_cannot_be_in_a_file_is_refused_before_it_is_unpacked(tmp_path, declared, size, packed, refused):
    assert bool(declared_fault(declared, size, tmp_path / "x", packed=packed)) == refused


def test_pointers_are_told_apart(tmp_path):
    lfs = pointer_fault(b"version https://git-lfs.github.com/spec/v1\noid", tmp_path)
    annex = pointer_fault(b"/annex/objects/SHA256E-s1--ab.nii.gz\n", tmp_path)
    assert "git lfs pull" in lfs.todo
    assert "git annex get" in annex.todo
    assert pointer_fault(gzip.compress(CONTENT), tmp_path) is None


def test_the_head_of_a_stream_needs_only_its_start(tmp_path):
    assert unpack_head(gzip.compress(CONTENT)[:300], tmp_path, most=200) == CONTENT[:200]
