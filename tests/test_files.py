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


def _same_name(monkeypatch):
    """Take away what makes a temporary file's name impossible to guess; the name that it then has."""
    monkeypatch.setattr("secrets.randbelow", lambda most: 7)
    monkeypatch.setattr("os.getpid", lambda: 7)
    return ".x.7.tmp"


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_planted_temporary_file_is_neither_followed_nor_overwritten_nor_taken_away(
    tmp_path, monkeypatch, kind
):
    victim, planted = tmp_path / "victim", tmp_path / _same_name(monkeypatch)
    victim.write_bytes(b"precious")
    if kind == "link":
        planted.symlink_to(victim)
    else:
        planted.write_bytes(b"precious")
    for write in (lambda: write_whole(tmp_path / "x", b"1"), lambda: replace_file(tmp_path / "x", _one)):
        with pytest.raises(FileExistsError):
            write()
    assert victim.read_bytes() == planted.read_bytes() == b"precious"
    assert not (tmp_path / "x").exists()


def _one(path):
    path.write_bytes(b"1")


def test_names_of_temporary_files_differ(tmp_path):
    names = set()
    for _ in range(5):
        replace_file(tmp_path / "x", lambda path: (names.add(path.name), _one(path))[1])
    assert len(names) == 5


def test_the_umask_is_never_touched(tmp_path, monkeypatch):
    def touched(_):
        raise AssertionError("another thread would have made files that everybody may write")

    monkeypatch.setattr("os.umask", touched)
    write_whole(tmp_path / "x", b"1")
    replace_file(tmp_path / "y", _one)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_a_private_file_is_its_owners_from_the_first_byte_on(tmp_path, monkeypatch):
    modes = []
    fsync = os.fsync

    def look(descriptor):
        modes.append(os.fstat(descriptor).st_mode & 0o777)
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", look)
    (tmp_path / "x").write_bytes(b"old")
    (tmp_path / "x").chmod(0o666)
    write_whole(tmp_path / "x", b"secret", private=True)
    assert modes[0] == 0o600
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600


def test_a_writer_that_writes_nothing_is_an_error(tmp_path):
    write_whole(tmp_path / "x", b"old")
    with pytest.raises(OSError, match="nothing was written"):
        replace_file(tmp_path / "x", lambda path: None)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"x": b"old"}
