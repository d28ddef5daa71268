from __future__ import annotations

import os
from pathlib import Path

import pytest

from monai_mri.faults import Fault
from monai_mri.manifest.checks.cache import Cache, default_cache_folder
from monai_mri.manifest.checks.facts import Facts, Role

FACTS = Facts(
    faults=(Fault("W204", "", "found", "expected", "todo"),),
    kind="nifti",
    shape=(4, 5, 6),
    affine=((1.0, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0)),
    scaled=False,
    empty=False,
    sha256="ab",
    fingerprint=b"\0\1\xff",
)


@pytest.fixture
def image(tmp_path) -> Path:
    path = tmp_path / "x.nii"
    path.write_bytes(b"abc")
    return path


def test_facts_come_back_as_they_were(tmp_path, image):
    cache = Cache(tmp_path / "new" / "cache")
    key = cache.key(image, Role(), "voxels")
    assert cache.load([key]) == {}
    cache.save({key: FACTS})
    assert cache.load([key, "other"]) == {key: FACTS}


@pytest.mark.parametrize("change", ["size", "time", "role", "labels", "depth"])
def test_a_changed_file_or_question_is_looked_at_again(tmp_path, image, change):
    cache = Cache(tmp_path)
    before = cache.key(image, Role(mask=True), "voxels")
    if change == "size":
        image.write_bytes(b"abcd")
    elif change == "time":
        os.utime(image, ns=(1, 1))
    role = {"role": Role(), "labels": Role(mask=True, labels=(0, 5))}.get(change, Role(mask=True))
    assert cache.key(image, role, "header" if change == "depth" else "voxels") != before


def test_a_missing_file_is_not_kept(tmp_path):
    cache = Cache(tmp_path)
    assert cache.key(tmp_path / "no.nii", Role(), "header") == ""
    cache.save({"": FACTS})
    assert cache.load([""]) == {}


def test_no_path_stands_in_the_cache(tmp_path, image):
    cache = Cache(tmp_path / "cache")
    cache.save({cache.key(image, Role(), "header"): FACTS})
    assert b"x.nii" not in (tmp_path / "cache/checks.sqlite").read_bytes()


def test_a_broken_or_forbidden_cache_is_no_error(tmp_path, image):
    (tmp_path / "checks.sqlite").write_bytes(b"not a database" * 100)
    broken, forbidden = Cache(tmp_path), Cache(image / "below a file")
    for cache in (broken, forbidden, Cache(None)):
        cache.save({"key": FACTS})
        assert cache.load(["key"]) == {}


def test_the_folder_can_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("MONAI_MRI_CACHE", str(tmp_path))
    assert default_cache_folder() == tmp_path
    monkeypatch.delenv("MONAI_MRI_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_folder() == tmp_path / "monai_mri"


def test_a_file_changed_behind_its_time_is_looked_at_again(tmp_path, image):
    cache = Cache(tmp_path)
    before, times = cache.key(image, Role(), "voxels"), image.stat()
    image.write_bytes(b"xyz")
    os.utime(image, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert cache.key(image, Role(), "voxels") != before


def test_what_may_pass_is_not_kept(tmp_path, image):
    cache = Cache(tmp_path)
    cache.save({"key": Facts(faults=(Fault("E106", "", "no right to read it", "", ""),))})
    assert cache.load(["key"]) == {}


def test_only_its_owner_may_read_the_cache(tmp_path, image):
    Cache(tmp_path / "cache").save({"key": FACTS})
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0
    assert (tmp_path / "cache/checks.sqlite").stat().st_mode & 0o077 == 0
