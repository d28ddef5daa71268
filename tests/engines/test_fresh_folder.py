from __future__ import annotations

import subprocess
import sys

import pytest

from monai_mri.engines.fresh_folder import fresh_folder
from monai_mri.errors import UsageError

KILLED = """
import os, signal, sys
from pathlib import Path
from monai_mri.engines.fresh_folder import fresh_folder

with fresh_folder(Path(sys.argv[1]), is_own=lambda path: path.suffix == ".map") as part:
    (part / "half.map").write_text("half")
    (part / ".other.map.123.tmp").write_text("ha")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def is_own(path):
    return path.suffix == ".map"


def write(final, **files):
    with fresh_folder(final, is_own=is_own) as part:
        for name, text in files.items():
            (part / "sub").mkdir(exist_ok=True)
            (part / "sub" / f"{name}.map").write_text(text)


def stop_half_way(part, error):
    (part / "a.map").write_text("half")
    raise error


def shown(folder):
    """Every file that is not hidden, by its path below the folder."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def test_new_files_take_the_place_of_the_old_ones(tmp_path):
    write(tmp_path / "it", a="old", b="old")
    write(tmp_path / "it", a="new")
    assert shown(tmp_path) == {"it/sub/a.map": "new"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_the_old_folder_stays_as_it_was_on_an_error_or_ctrl_c(tmp_path, error):
    write(tmp_path / "it", a="old")
    with pytest.raises(error), fresh_folder(tmp_path / "it", is_own=is_own) as part:
        stop_half_way(part, error)
    assert shown(tmp_path) == {"it/sub/a.map": "old"}
    assert not (tmp_path / "it.part").exists()


def test_a_kill_leaves_the_old_folder_and_the_next_run_clears_what_it_left(tmp_path):
    write(tmp_path / "it", a="old")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "it")], check=False)
    assert killed.returncode == -9
    assert shown(tmp_path / "it") == {"sub/a.map": "old"}
    assert shown(tmp_path / "it.part") == {"half.map": "half"}
    write(tmp_path / "it", b="new")
    assert shown(tmp_path) == {"it/sub/b.map": "new"}
    assert not (tmp_path / "it.part").exists()


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path):
    write(tmp_path / "it", a="old")
    (tmp_path / "it").rename(tmp_path / "it.old")
    with pytest.raises(ValueError), fresh_folder(tmp_path / "it", is_own=is_own):  # noqa: PT011 - its own
        raise ValueError
    assert shown(tmp_path) == {"it/sub/a.map": "old"}


def test_files_of_others_stay_where_they_are(tmp_path):
    write(tmp_path / "it", a="old")
    (tmp_path / "it" / "notes.txt").write_text("mine")
    (tmp_path / "it" / "sub" / "mine.map").write_text("mine")
    write(tmp_path / "it", b="new")
    assert shown(tmp_path) == {"it/sub/b.map": "new", "it/notes.txt": "mine", "it/sub/mine.map": "mine"}
    assert not (tmp_path / "it.old").exists()


def test_a_file_of_somebody_else_where_the_new_one_goes_is_set_aside(tmp_path):
    write(tmp_path / "it", a="old")
    (tmp_path / "it" / "sub" / "b.map").write_text("mine")
    write(tmp_path / "it", b="new")
    kept = {"it/sub/b.map": "new", "it.old/sub/b.map": "mine"}
    assert shown(tmp_path) == kept
    with pytest.raises(UsageError, match="move them away"):
        write(tmp_path / "it", b="newer")
    assert shown(tmp_path) == kept


def test_a_folder_of_an_older_version_is_cleared_by_the_names_of_its_files(tmp_path):
    (tmp_path / "it").mkdir()
    for name in ("a.map", ".b.map.7.tmp", "notes.txt"):
        (tmp_path / "it" / name).write_text("old")
    write(tmp_path / "it", b="new")
    assert shown(tmp_path) == {"it/sub/b.map": "new", "it/notes.txt": "old"}
    assert not (tmp_path / "it" / ".b.map.7.tmp").exists()


@pytest.mark.parametrize("ending", ["part", "old"])
def test_a_folder_of_somebody_else_is_not_touched(tmp_path, ending):
    write(tmp_path / "it", a="same")
    other = tmp_path / f"it.{ending}"
    other.mkdir()
    (other / "a.txt").write_text("mine")
    (tmp_path / "it" / "a.txt").write_text("another")
    with pytest.raises(UsageError, match="did not write"), fresh_folder(tmp_path / "it", is_own=is_own):
        pass
    assert (other / "a.txt").read_text() == "mine"
