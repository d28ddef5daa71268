from __future__ import annotations

import json

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from monai_mri.cli.metrics import score_files
from monai_mri.metrics import lesion_scores, segmentation_scores


@pytest.fixture
def masks(tmp_path):
    """Two half-overlapping cubes with voxels of 1 x 2 x 3 mm, the prediction with a false lesion."""
    truth, pred = np.zeros((2, 8, 9, 10), bool)
    truth[1:5, 2:5, 2:5] = True
    pred[3:7, 2:5, 2:5] = True
    pred[0, 8, 9] = True
    affine = np.diag([-1.0, 2, 3, 1])
    for name, mask in (("truth", truth), ("pred", pred)):
        nib.save(nib.Nifti1Image(mask.astype(np.uint8), affine), tmp_path / f"{name}.nii.gz")
    return pred, truth, tmp_path


def test_scores_are_those_of_the_functions_on_the_arrays(masks):
    pred, truth, folder = masks
    scores = score_files(folder / "pred.nii.gz", folder / "truth.nii.gz")
    expected = segmentation_scores(pred, truth, spacing_mm=(1, 2, 3))
    for name, value in expected.items():
        assert scores[name] == pytest.approx(value)
    lesions = lesion_scores(pred, truth)
    assert (scores["lesions_truth"], scores["lesions_detected"]) == (lesions.truth_count, lesions.detected)
    assert (scores["lesions_pred"], scores["lesions_false"], scores["lesions_missed"]) == (2, 1, 0)


def test_json_has_every_key_and_is_strict(run, masks):
    *_, folder = masks
    result = run("metrics", folder / "pred.nii.gz", folder / "truth.nii.gz", "--format", "json")
    scores = json.loads(result.stdout)
    assert {"dice", "jaccard", "precision", "recall", "f1", "hd_mm", "hd95_mm", "assd_mm"} <= set(scores)
    assert scores["lesions_f1"] == pytest.approx(2 / 3)


def test_the_table_has_one_line_a_score(run, masks):
    *_, folder = masks
    lines = run("metrics", folder / "pred.nii.gz", folder / "truth.nii.gz").stdout.splitlines()
    table = dict(line.split() for line in lines)
    assert table["lesions_false"] == "1"
    assert float(table["dice"]) == pytest.approx(36 / 73, abs=1e-4)


def test_undefined_is_null_in_json_and_said_in_the_table(run, tmp_path):
    for name in ("pred", "truth"):
        Image.fromarray(np.zeros((5, 6), np.uint8)).save(tmp_path / f"{name}.png")
    words = ("metrics", tmp_path / "pred.png", tmp_path / "truth.png")
    scores = json.loads(run(*words, "--format", "json").stdout)
    assert scores["dice"] is scores["hd_mm"] is scores["lesions_f1"] is None
    assert scores["lesions_truth"] == 0
    assert "undefined" in run(*words).stdout


def test_pictures_have_overlap_but_no_distances(tmp_path):
    grey = np.zeros((5, 6), np.uint8)
    grey[1:3, 1:3] = 255
    Image.fromarray(grey).save(tmp_path / "m.png")
    scores = score_files(tmp_path / "m.png", tmp_path / "m.png")
    assert scores["dice"] == 1
    assert np.isnan(scores["hd95_mm"])


def test_another_grid_is_a_data_error_naming_both(run, masks):
    *_, folder = masks
    nib.save(nib.Nifti1Image(np.zeros((8, 9, 11), np.uint8), np.eye(4)), folder / "other.nii")
    result = run("metrics", folder / "other.nii", folder / "truth.nii.gz")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "other.nii: another grid" in result.stderr
    assert "truth.nii.gz" in result.stderr
    assert result.stderr.count("\n") == 1


def test_scoring_needs_neither_torch_nor_monai(process, masks):
    *_, folder = masks
    result = process("metrics", folder / "pred.nii.gz", folder / "truth.nii.gz", PYTHONPROFILEIMPORTTIME="1")
    assert result.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert not imported & {"torch", "monai"}
