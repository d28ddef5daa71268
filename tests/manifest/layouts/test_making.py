from __future__ import annotations

import gzip

import pytest

from monai_mri.errors import UsageError
from monai_mri.manifest.layouts._making import (
    RECORD,
    in_threads,
    number,
    one_of,
    only_over_own,
    packed,
    threads,
    whole,
)


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


@pytest.fixture
def make():
    """Write two files, each time with other content."""
    runs = []

    def make(folder):
        runs.append(folder)
        (folder / "sub").mkdir(parents=True, exist_ok=True)
        (folder / "sub" / "a.nii").write_text(f"run {len(runs)}")
        (folder / "b.csv").write_text(f"run {len(runs)}")
        return len(runs)

    return only_over_own(make)


def test_own_files_of_an_earlier_run_are_replaced(make, tmp_path):
    (tmp_path / "out").mkdir()
    assert make(tmp_path / "out") == 1
    (tmp_path / "out" / ".DS_Store").touch()
    assert make(tmp_path / "out") == 2
    assert (tmp_path / "out" / "sub" / "a.nii").read_text() == "run 2"


@pytest.mark.parametrize("name", ["sub/a.nii", "b.csv", "notes.txt", "deep/er/x"])
def test_a_file_that_was_there_before_is_never_replaced(make, tmp_path, name):
    stranger = tmp_path / "out" / name
    stranger.parent.mkdir(parents=True)
    stranger.write_text("precious")
    with pytest.raises(UsageError, match=f"{name} was not made by an earlier run"):
        make(tmp_path / "out")
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == [stranger]
    assert stranger.read_text() == "precious"


def test_a_file_of_ours_that_was_corrected_by_hand_is_not_replaced(make, tmp_path):
    make(tmp_path / "out")
    (tmp_path / "out" / "sub" / "a.nii").write_text("corrected")
    with pytest.raises(UsageError, match=r"sub/a\.nii was changed since it was made"):
        make(tmp_path / "out")
    assert (tmp_path / "out" / "sub" / "a.nii").read_text() == "corrected"


def test_a_link_is_not_followed(make, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="sub was not made"):
        make(tmp_path / "out")
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 3}', "[" * 100_000])
def test_with_a_record_that_makes_no_sense_nothing_is_ours(make, tmp_path, text):
    make(tmp_path / "out")
    (tmp_path / "out" / RECORD).write_text(text)
    with pytest.raises(UsageError, match="not made by an earlier run"):
        make(tmp_path / "out")


def test_what_a_run_wrote_before_it_failed_is_ours_as_well(tmp_path):
    def fail(folder):
        folder.mkdir()
        (folder / "a").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        only_over_own(fail)(tmp_path / "out")
    assert only_over_own(lambda folder: 1)(tmp_path / "out") == 1


def test_a_file_in_place_of_the_folder_is_refused(make, tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(UsageError, match="is a file"):
        make(tmp_path / "out")
