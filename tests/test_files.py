"""Files are whole or not there."""

from __future__ import annotations

import os

import pytest

from monai_mri.files import replace_file, write_whole


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "x"
    write_whole(path, b"old")

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_folders_are_made(tmp_path):
    write_whole(tmp_path / "a" / "b" / "x", b"1")
    assert (tmp_path / "a" / "b" / "x").read_bytes() == b"1"


def test_rights_are_those_of_the_umask_whatever_the_writer_gave(tmp_path):
    def secretive(path):
        path.write_text("x")
        path.chmod(0o600)

    mask = os.umask(0o022)
    try:
        replace_file(tmp_path / "x", secretive)
    finally:
        os.umask(mask)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o644


def test_writer_that_fails_half_way_leaves_the_old_file(tmp_path):
    write_whole(tmp_path / "x", b"old")

    def fail(path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(tmp_path / "x", fail)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"x": b"old"}
