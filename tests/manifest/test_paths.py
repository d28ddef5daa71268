from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monai_mri.manifest.paths import (
    RELATIVE_PATH_PATTERN,
    path_fault,
    sha256_of_file,
)

REFUSED = ["/a", "..", "a/../../b", "../a", "~/a", "~root/a", "C:/a", "c:a", r"\\server\a", r"a\b", "//a"]


@pytest.mark.parametrize("cell", REFUSED)
def test_paths_that_leave_the_root_are_refused(cell):
    assert path_fault(cell)


@pytest.mark.parametrize("cell", ["", "a.nii", "a/b.nii.gz", "./a", "a/..b/c", "a~b", "ab:c", "é/ü.png"])
def test_paths_below_the_root_are_taken(cell):
    assert path_fault(cell) == ""


@given(st.text(alphabet="a./~\\:C", max_size=8))
@example("a/..")
def test_the_json_schema_pattern_says_the_same(cell):
    assert (re.search(RELATIVE_PATH_PATTERN, cell) is None) == bool(path_fault(cell))


def test_a_hash_is_that_of_all_bytes(tmp_path):
    content = bytes(range(256)) * 10_000
    (tmp_path / "x").write_bytes(content)
    assert sha256_of_file(tmp_path / "x") == hashlib.sha256(content).hexdigest()
