"""Explaining a trained classifier: what is written, what is checked first, what an old explanation leaves."""

from __future__ import annotations

import json

import nibabel
import numpy as np
import pytest
from classing import class_data, evaluator, everyone, network, rows, truth_mask

from monai_mri.engines import explain_classes
from monai_mri.errors import ConfigError, ImageError
from monai_mri.report.classes.maps import read_maps
from monai_mri.report.run_folder import read_run_folder


def explain(manifest, run, *, methods=("summed",), part="test", **settings):
    settings = {"sheets": 0, "permutations": 0} | settings
    return explain_classes(
        evaluator(network(), class_data(manifest, part)), run_folder=run, methods=methods, **settings
    )


def test_maps_lie_on_the_grid_of_their_image_and_are_scored_against_the_truth(trained, tmp_path):
    manifest, run = trained
    truth = np.zeros((8, 8, 8), np.uint8)
    truth[2:5, 2:5, 2:5] = 1
    nibabel.save(nibabel.Nifti1Image(truth, np.eye(4)), tmp_path / "truth.nii.gz")
    atlas = nibabel.Nifti1Image(truth + 1, np.eye(4))
    nibabel.save(atlas, tmp_path / "atlas.nii.gz")
    found = explain_classes(
        evaluator(network(), class_data(manifest, "test")),
        run_folder=run,
        methods=["summed", "grad_cam"],
        truth=tmp_path / "truth.nii.gz",
        atlas=tmp_path / "atlas.nii.gz",
        sheets=0,
    )
    assert [row["method"] for row in found["methods"]] == ["summed", "grad_cam"]
    assert found["images"] == 4
    maps = sorted((run.root / "explanation/summed").glob("*.nii.gz"))
    assert nibabel.load(maps[0]).shape == (8, 8, 8)
    assert {row["region"] for row in rows(run.root / "explanation/regions.csv")} >= {"label 1", "label 2"}


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"methods": ["magic"]}, ConfigError, "summed, cam, grad_cam, hires_cam, occlusion"),
        ({"target": "odd"}, ConfigError, "expected one of low, high"),
    ],
)
def test_an_unknown_method_or_class_is_refused(trained, settings, error, message):
    manifest, run = trained
    with pytest.raises(error, match=message):
        explain_classes(evaluator(network(), class_data(manifest, "test")), run_folder=run, **settings)


def test_a_truth_on_another_grid_is_refused(trained, tmp_path):
    manifest, run = trained
    nibabel.save(nibabel.Nifti1Image(np.ones((9, 8, 8), np.uint8), np.eye(4)), tmp_path / "t.nii.gz")
    with pytest.raises(ImageError, match="E209"):
        explain_classes(
            evaluator(network(), class_data(manifest, "test")), run_folder=run, truth=tmp_path / "t.nii.gz"
        )


def test_groups_are_compared_by_every_method_and_by_the_images_themselves(trained, tmp_path):
    manifest, run = trained
    found = explain_classes(
        everyone(manifest, run),
        run_folder=run,
        methods=["summed", "hires_cam"],
        target="high",
        truth=truth_mask(tmp_path / "truth.nii.gz"),
        sheets=0,
        permutations=200,
    )
    by_method = {row["method"]: row for row in found["groups"]}
    assert found["drawn"] == list(by_method) == ["images", "summed", "hires_cam"]
    images = by_method["images"]
    assert images["n"] == [8, 8]
    assert images["p"] <= 0.05
    assert 0 < images["differ_in_truth"] <= images["voxels_that_differ"] <= images["voxels"]
    drawn = nibabel.load(run.root / "explanation/images/group_t_corrected.nii.gz").get_fdata()
    assert (drawn > 0).sum() == images["voxels_that_differ"]
    assert (run.root / "explanation/hires_cam/group_mni.png").stat().st_size > 1000
    table = rows(run.root / "explanation/group_regions.csv")
    assert {row["method"] for row in table} <= set(by_method)


def test_maps_of_each_images_own_class_are_not_compared(trained):
    manifest, run = trained
    found = explain_classes(
        everyone(manifest, run), run_folder=run, methods=["summed", "grad_cam"], sheets=0, permutations=50
    )
    assert [row["method"] for row in found["groups"]] == ["images", "summed"]
    assert "set target" in found["groups_note"]


@pytest.mark.parametrize("cover", ["mean", 0.0])
def test_occlusion_covers_boxes_of_a_size_in_mm(trained, cover):
    manifest, run = trained
    explain_classes(
        evaluator(network(), class_data(manifest, "test")),
        run_folder=run,
        methods=["occlusion"],
        sheets=0,
        occlusion_box_mm=4.0,
        occlusion_cover=cover,
    )
    (first, *_) = sorted((run.root / "explanation/occlusion").glob("*.nii.gz"))
    assert np.ptp(nibabel.load(first).get_fdata()) > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"occlusion_box_mm": 0}, "occlusion_box_mm: 0 found"),
        ({"occlusion_step_mm": 20}, "occlusion_step_mm: 20 found"),
        ({"occlusion_box_mm": float("inf")}, "occlusion_box_mm: inf found"),
        ({"occlusion_cover": "median"}, "expected a number or mean"),
        ({"occlusion_cover": float("nan")}, "expected a number or mean"),
        ({"permutations": 19}, "permutations: 19 found, expected at least 20"),
        ({"permutations": -1}, "permutations: -1 found"),
        ({"sheets": -1}, "sheets: -1 found"),
        ({"methods": []}, r"methods: \[\] found"),
        ({"methods": "summed"}, "methods: 'summed' found, expected a list"),
        ({"methods": ["summed", "summed"]}, "once each"),
    ],
)
def test_settings_out_of_range_are_named_before_anything_is_read(tmp_path, settings, message):
    with pytest.raises(ConfigError, match=message):
        explain_classes(None, run_folder=None, **settings)


def test_a_box_as_large_as_the_image_is_refused_before_any_map(trained):
    manifest, run = trained
    with pytest.raises(ConfigError, match=r"8 mm cover all 8 x 8 x 8 voxels of .*\.nii\.gz"):
        explain(manifest, run, methods=["occlusion"], occlusion_box_mm=8)
    assert not (run.root / "explanation.part").exists()


def test_an_explanation_by_other_methods_leaves_no_map_of_the_old_ones(trained):
    manifest, run = trained
    explain(manifest, run, methods=["summed"])
    found = explain(manifest, run, methods=["grad_cam"])
    assert found["drawn"] == ["grad_cam"]
    assert [path.name for path in (run.root / "explanation").iterdir() if path.is_dir()] == ["grad_cam"]
    assert {row["method"] for row in rows(run.root / "explanation/regions.csv")} == {"grad_cam"}
    assert read_maps(read_run_folder(run.root)).drawn == ["grad_cam"]


def test_an_explanation_that_fails_leaves_the_old_one_whole(trained, tmp_path):
    manifest, run = trained
    explain(manifest, run, methods=["summed"])
    folder = run.root / "explanation"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    nibabel.save(nibabel.Nifti1Image(np.ones((9, 8, 8), np.uint8), np.eye(4)), tmp_path / "t.nii.gz")
    with pytest.raises(ImageError):
        explain(manifest, run, methods=["grad_cam"], truth=tmp_path / "t.nii.gz")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert not (run.root / "explanation.part").exists()


def test_messages_name_the_place_where_the_maps_end_up(trained, capsys):
    manifest, run = trained
    explain(manifest, run)
    assert f"in {run.root / 'explanation'}\n" in capsys.readouterr().err
    assert "explanation.part" not in (run.root / "explanation/summary.json").read_text()


def test_the_command_is_kept_with_those_of_the_run(trained):
    manifest, run = trained
    run.update_run(commands=["monai-mri run bundles/migraine train"])
    explain(manifest, run)
    commands = json.loads((run.root / "run.json").read_text())["commands"]
    assert commands[0] == "monai-mri run bundles/migraine train"
    assert len(commands) == 2


def test_what_p_is_corrected_for_is_said(trained, capsys):
    manifest, run = trained
    explain_classes(
        everyone(manifest, run), run_folder=run, methods=["summed"], target="high", sheets=0, permutations=20
    )
    said = " ".join(capsys.readouterr().err.split())
    assert "corrected over the voxels of one method, not over methods" in said
    assert "without covariates (total volume, age, sex, site)" in said
