from __future__ import annotations

import gzip

import pytest

from monai_mri.errors import UsageError
from monai_mri.manifest.layouts._making import in_threads, number, one_of, packed, threads, whole


def test_work_in_threads_keeps_the_order_and_stops_at_an_error():
    assert in_threads(lambda item: item * 2, range(50), jobs=4, what="x") == [2 * item for item in range(50)]
    done = []

    def work(item: int) -> None:
        if item == 0:
            raise ValueError("no")
        done.append(item)

    with pytest.raises(ValueError, match="no"):
        in_threads(work, range(2000), jobs=1, what="x")
    assert len(done) < 2000


def test_options_are_read_from_text():
    assert (number("1e-2", option="x"), whole("3", option="x"), one_of("a", "ab", option="x")) == (
        0.01,
        3,
        "a",
    )
    assert threads("3") == 3
    assert threads("") >= 1


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-1", "1.5"])
def test_what_is_no_whole_number_is_refused(text):
    with pytest.raises(UsageError, match="x: "):
        whole(text, option="x")


def test_packed_bytes_do_not_depend_on_the_time():
    assert packed(b"voxels") == packed(b"voxels")
    assert gzip.decompress(packed(b"voxels")) == b"voxels"
    assert packed(b"")[4:8] == b"\0" * 4
