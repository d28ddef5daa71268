"""Slices that are put together by their rows or their volume, in evaluations of real files."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from building import build_dataset
from picturing import masks_of, picture_data, score, write_pictures

from monai_mri.engines import SliceDataset, Volumes
from monai_mri.engines.slice_scores import SLICE_SCORES
from monai_mri.errors import ConfigError, ManifestError
from monai_mri.metrics import segmentation_scores


@pytest.fixture
def scored(tmp_path):
    """Writes the slices, evaluates them, and gives the summary."""

    def run(*, rules=None, **cohort):
        manifest = write_pictures(tmp_path, **cohort)
        return score(picture_data(manifest), tmp_path / "run", volumes=rules or Volumes(draws=200))

    return run


def rows_of(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_slices_with_a_lesion_and_those_without_are_scored_apart(scored):
    summary = scored()
    slices, free = summary["per_slice"], summary["lesion_free"]
    assert (slices["slices"], slices["subjects"], slices["missed"]) == (18, 6, 1)
    assert (free["slices"], free["falsely_marked"], free["area_px"]["value"]) == (6, 1, 6.0)
    dices = [1.0, 0.75, 0.5]  # shifted by none, one and two of four rows
    assert slices["scores"]["dice"]["value"] == pytest.approx((6 * sum(dices) - dices[1]) / 18)
    assert slices["scores"]["hd_px"]["value"] == pytest.approx((6 * (0 + 1 + 2) - 1) / 17)
    assert (slices["scores"]["hd_px"]["undefined"], slices["scores"]["hd_mm"]["n"]) == (1, 0)
    assert slices["scores"]["dice"]["low"] < slices["scores"]["dice"]["value"]


def test_volumes_are_scored_over_all_their_slices(scored, tmp_path):
    summary = scored(rules=Volumes(spacing_mm=[1.0, 2.0, 5.0], draws=200))
    pairs = [masks_of(1, depth) for depth in range(4)]
    truth, pred = (np.stack(planes, axis=-1) for planes in zip(*pairs, strict=True))
    wanted = segmentation_scores(pred, truth, spacing_mm=(1.0, 2.0, 5.0))
    row = next(row for row in rows_of(tmp_path / "run/evaluation/volumes.csv") if row["subject_id"] == "p1")
    for name in ("dice", "jaccard", "hd_mm", "assd_mm"):
        assert float(row[name]) == pytest.approx(wanted[name])
    assert float(row["truth_ml"]) == pytest.approx(truth.sum() * 10 / 1000)
    assert (summary["per_volume"]["volumes"], summary["per_volume"]["with_gaps"]) == (6, 0)


def test_one_method_one_given_threshold_and_one_line_a_slice(scored, tmp_path):
    summary = scored()
    assert [method["name"] for method in summary["methods"]] == ["network"]
    assert (summary["threshold"], summary["threshold_part"]) == (0.5, "")
    rows = rows_of(tmp_path / "run/evaluation/slices.csv")
    assert len(rows) == 24
    assert set(SLICE_SCORES) < set(rows[0])
    assert [row["slice_index"] for row in rows[:4]] == ["1", "2", "3", "4"]
    assert json.loads((tmp_path / "run/evaluation/summary.json").read_text()) == summary


def test_gap_is_counted_and_said(scored, capsys):
    summary = scored(left_out=[(2, 2)], rules=Volumes(spacing_mm=[1.0, 1.0, 5.0], draws=200))
    volumes = summary["per_volume"]
    assert (volumes["with_gaps"], volumes["missing_slices"]) == (1, 1)
    assert volumes["without_mm"] == {"slices missing": 1}
    assert volumes["scores"]["hd_mm"]["n"] == 5
    assert "note: 1 slices are missing in 1 of 6 volumes" in capsys.readouterr().err


def test_slices_of_other_parts_are_known_to_lack(tmp_path):
    from monai_mri.manifest import make_splits, read_manifest, splits_path, write_splits

    path = write_pictures(tmp_path, subjects=3)
    splits = make_splits(read_manifest(path), unit="row", test=0.5, validation=0, seed=0)
    write_splits(splits_path(path), splits)
    summary = score(picture_data(path, "test"), tmp_path / "run", volumes=Volumes(draws=20))
    assert summary["per_volume"]["missing_slices"] > 0
    assert summary["per_volume"]["with_gaps"] == summary["per_volume"]["volumes"]


def test_visits_of_a_patient_are_volumes_of_their_own(scored):
    volumes = scored(subjects=2, sessions=("1", "2"))["per_volume"]
    assert (volumes["volumes"], volumes["subjects"]) == (4, 2)


def test_two_slices_of_one_number_are_refused_before_anything_is_scored(scored, tmp_path):
    with pytest.raises(ManifestError, match="slice 1 of p0 stands there twice"):
        scored(sessions=("1", "2"), rules=Volumes(by=["subject_id"]))
    assert not (tmp_path / "run/evaluation").exists()


def test_column_that_is_not_there_is_refused(scored):
    with pytest.raises(ConfigError, match="no column 'scan' in"):
        scored(rules=Volumes(by=["subject_id", "scan"]))


def test_number_that_is_none_is_refused():
    with pytest.raises(ManifestError, match="slice_index is 'first', expected a whole number"):
        Volumes().place_of({"subject_id": "a", "slice_index": "first"})


def test_slice_without_a_number_belongs_to_no_volume(scored, capsys):
    volumes = scored(rules=Volumes(slice_column="plane"))["per_volume"]
    assert (volumes["volumes"], volumes["slices_without_volume"]) == (0, 24)
    assert "24 slices belong to no volume" in capsys.readouterr().err


@pytest.mark.parametrize("spacing", [[1.0, 1.0], [1.0, 0.0, 5.0], [1.0, float("nan"), 5.0]])
def test_voxel_size_must_be_three_sizes(spacing):
    with pytest.raises(ConfigError, match="expected three sizes above 0 in mm"):
        Volumes(spacing_mm=spacing)


def test_unknown_slice_distance_leaves_mm_within_the_slice():
    rules = Volumes(spacing_mm=[0.9, 0.8, None])
    assert rules.pixel_mm == (0.9, 0.8)
    assert rules.voxel_mm is None


@pytest.mark.parametrize("cut", [False, True])
def test_planes_make_the_volume_that_they_were_cut_from(cohort, tmp_path, cut):
    data = build_dataset(cohort, "test")
    summary = score(
        SliceDataset(data=data) if cut else data,
        tmp_path / "run",
        volumes=Volumes(draws=20),
    )
    (row,) = rows_of(tmp_path / "run/evaluation/volumes.csv")
    volume = data[0]
    wanted = segmentation_scores(
        volume["image"][0].numpy().clip(0, 1) >= 0.5,
        volume["label"][0].numpy() > 0,
        spacing_mm=(2.0, 2.0, 5.0),
    )
    for name in ("dice", "hd_mm", "assd_mm"):
        assert float(row[name]) == pytest.approx(wanted[name])
    assert (row["volume"], row["slices"], row["missing_slices"]) == ("sub-006", "3", "0")
    assert summary["per_slice"]["slices"] == 2
    assert summary["per_slice"]["scores"]["hd_mm"]["value"] == pytest.approx(
        2 * summary["per_slice"]["scores"]["hd_px"]["value"]
    )


def test_planes_with_a_lesion_alone_are_known_to_be_no_whole_volume(cohort, tmp_path):
    data = SliceDataset(data=build_dataset(cohort, "test"), slices="with_lesion")
    volumes = score(data, tmp_path / "run", volumes=Volumes(draws=20))["per_volume"]
    assert (volumes["missing_slices"], volumes["without_mm"]) == (1, {"slices missing": 1})


def test_report_can_show_another_channel_than_the_first(tmp_path):
    path = write_pictures(tmp_path, subjects=1)
    for row in list(csv.DictReader(path.read_text().splitlines())):
        shutil.copy(tmp_path / row["image"], tmp_path / f"pre_{row['image']}")
    lines = path.read_text().splitlines()
    place = lines[0].split(",").index("image")
    first = [f"pre_{line.split(',')[place]}" for line in lines[1:]]
    named = [f"{line},{name}" for line, name in zip(lines[1:], first, strict=True)]
    path.write_text("\n".join([f"{lines[0]},pre", *named]) + "\n")
    data = picture_data(path)
    data.columns = ["pre", "image"]
    shown = [
        {Path(sample["image"]).name for sample in score(data, tmp_path / f"run{n}", show=show)["samples"]}
        for n, show in enumerate(("image", None))
    ]
    assert "p0_1_0.tif" in shown[0]
    assert "pre_p0_1_0.tif" in shown[1]


def test_tables_of_an_earlier_evaluation_go(tmp_path):
    data = picture_data(write_pictures(tmp_path, subjects=1))
    score(data, tmp_path / "run", volumes=Volumes(draws=20))
    assert (tmp_path / "run/evaluation/slices.csv").is_file()
    score(data, tmp_path / "run")
    assert {path.name for path in (tmp_path / "run/evaluation").glob("*.csv")} == {"subjects.csv"}
