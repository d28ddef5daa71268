"""The page of a segmentation that was scored by slice and by volume, at a given threshold."""

from __future__ import annotations

import json
import re

import pytest

from monai_mri.engines.slice_scores import score_slice, slices_table, summarise_slices
from monai_mri.engines.volume_scores import score_volumes, summarise_volumes
from monai_mri.report import write_report


def words_of(run) -> str:
    """What a reader sees, in one line."""
    text = write_report(run).read_text(encoding="utf-8")
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL).split())


@pytest.fixture
def sliced_run(make_run, edit_json):
    """A run folder of the tumour study; the last subject has a gap, and a slice that is falsely marked."""
    import numpy as np

    square = np.zeros((6, 6), dtype=bool)
    square[1:4, 1:4] = True
    slices = []
    for subject in range(6):
        for index in (0, 1, 3 if subject == 5 else 2):
            truth = square & (index > 0)
            pred = np.roll(truth, subject % 2, axis=0) if index else square & (subject == 5)
            slices.append(
                score_slice(
                    pred,
                    truth,
                    sample_id=f"{subject}_{index}",
                    subject_id=f"{subject}",
                    volume=(f"{subject}",),
                    index=index,
                )
            )
    summary = summarise_slices(slices, draws=100) | {
        "per_volume": {"slices_without_volume": 0} | summarise_volumes(score_volumes(slices), draws=100)
    }
    run = make_run(scans=("sub-003",), pictures=True)
    edit_json(run / "run.json", study="brain_tumor")
    plain = json.loads(json.dumps(summary).replace("NaN", "null"))
    edit_json(run / "evaluation" / "summary.json", threshold=0.5, threshold_part="", **plain)
    (run / "threshold.json").unlink()
    (run / "evaluation" / "slices.csv").write_text(slices_table(slices))
    return run


@pytest.fixture
def picture_run(sliced_run):
    """The same where no pixel size is known, with the network's lines of `subjects.csv` as slices."""
    path = sliced_run / "evaluation" / "summary.json"
    summary = json.loads(path.read_text())
    for method in summary["methods"]:
        for name in ("hd95_mm", "assd_mm"):
            method["per_scan"][name] = {"mean": None, "sd": None, "n": 0}
    path.write_text(json.dumps(summary))
    head = "method,sample_id,subject_id,dice,hd_mm,hd95_mm,assd_mm"
    lines = [head, "network,1_1,1,0.67,,,", "network,1_0,1,,,,", "raw_50,1_1,1,0.1,,,"]
    (sliced_run / "evaluation" / "subjects.csv").write_text("\n".join(lines) + "\n")
    return sliced_run


def test_page_shows_slices_and_volumes_with_intervals(sliced_run):
    words = words_of(sliced_run)
    for expected in (
        "Means over the 12 slices with tumour in the reference, of 6 subjects. Nothing was marked in 0",
        "Dice per slice 0.83",
        "HD per slice 0.5 px",
        "Of the 6 slices without tumour in the reference, 1 were falsely marked, a share of 0.167",
        "the mean area marked in them is 9 pixels",
        "There are none in mm: the pixel size is unknown.",
        "6 volumes of 6 subjects, put together from slices: 6 with tumour in reference and prediction",
        "1 slices are missing in 1 of them",
        "No distances for 6: voxel size unknown.",
    ):
        assert expected in words
    assert re.search(r"Dice 0\.833 ± 0\.\d{3} 0\.\d{3} to 0\.\d{3} 12 0 6", words)
    assert "HD, mm" not in words
    assert "that are tumour in the reference" in words


def test_given_threshold_is_not_called_chosen(sliced_run):
    words = words_of(sliced_run)
    assert "The threshold was given, not chosen on data." in words
    assert "No threshold has been chosen yet" not in words
    assert "Choice of the threshold" not in words


def test_training_by_loss_shows_losses(sliced_run):
    (sliced_run / "history.csv").write_text(
        "epoch,train_loss,val_negative_loss,val_loss,val_dice,seconds\n1,0.9,-0.8,0.8,0.2,1\n2,0.6,-0.7,0.7,0.4,1\n"
    )
    assert "Marked is the epoch of the lowest validation loss." in words_of(sliced_run)


def test_page_of_plaques_is_as_before(make_run):
    words = words_of(make_run())
    assert "without plaque in the reference" in words
    assert "The threshold comes from the training part, never from the one scored." in words
    assert "Slice by slice" not in words
    assert "HD95 7.4 mm" in words


def test_slices_are_called_slices_and_not_scans(picture_run):
    words = words_of(picture_run)
    for expected in (
        "evaluated on the test part (1 slice)",
        "mean ± SD over slices",
        "lesions, all slices together",
        "Slices: 1, scored",
        "Best, median and worst slice by F",
        "Every slice",
        "against the false detections per slice",
    ):
        assert expected in words
    assert not re.search(r"\bscans?\b", words, flags=re.IGNORECASE)


def test_distances_of_pictures_are_in_pixels(picture_run):
    words = words_of(picture_run)
    assert "HD95 pixels ASSD pixels" in words
    assert re.search(r"0\.5 ± 0\.5 n 12", words)
    assert "HD pixels HD95 pixels ASSD pixels" in words
    assert "1_1 (1) undefined undefined 0.670 undefined 1.0 1.0 0.5" in words
    assert "HD95 mm" not in words.split("Every slice")[0]


def test_distances_in_mm_stay_so_where_the_pixel_size_is_known(sliced_run):
    assert "HD95 mm ASSD mm" in words_of(sliced_run)
