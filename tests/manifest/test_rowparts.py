from __future__ import annotations

import pytest

from monai_mri.errors import UsageError
from monai_mri.manifest import Splits, splits_path, write_manifest, write_splits
from monai_mri.manifest.rowparts import parts_beside, splits_beside


@pytest.fixture
def manifest(tmp_path):
    rows = [{"subject_id": name, "t1": f"{name}{n}.nii"} for n, name in enumerate("aab")]
    return write_manifest(tmp_path / "m.csv", rows)


def test_without_splits_there_are_no_parts_unless_a_fold_is_named(manifest):
    assert splits_beside(manifest) is None
    assert parts_beside(manifest) is None
    with pytest.raises(UsageError, match="manifest split"):
        parts_beside(manifest, repeat=0)


def test_each_row_has_the_part_of_its_subject_in_that_fold(manifest):
    folds = ({"a": "train", "b": "test"}, {"a": "test", "b": "train"})
    write_splits(splits_path(manifest.path), Splits(manifest_sha256=manifest.sha256, parts=(folds,)))
    assert parts_beside(manifest) == ["train", "train", "test"]
    assert parts_beside(manifest, fold=1) == ["test", "test", "train"]
