from __future__ import annotations

import json

import numpy as np
from tumours import dataset, write_slices

from monai_mri.engines.pipeline.decision import decide_slices
from monai_mri.engines.pipeline.masks import Marked
from monai_mri.engines.pipeline.scan import scan_images
from monai_mri.engines.pipeline.summary import announce, summarise

ABOUT = {"classes": ["no_tumor", "tumor"], "decided_by": "vote", "mask_of": "unet"}


def summary_of(tmp_path, *, labels, trained=None):
    """What is written where all nine slices are called free of tumour."""
    scan = scan_images(dataset(write_slices(tmp_path / "data"), mask=None), labels=labels)
    decision = decide_slices(["a"], np.full((1, 9), 0.1), by="vote")
    about = ABOUT | {"trained_subjects": trained or {}}
    return summarise(scan, decision, {"unet": Marked(float("nan"))}, about, tmp_path, draws=5, seed=0)


def test_undefined_figures_are_null_and_the_file_is_what_is_returned(tmp_path):
    found = summary_of(tmp_path, labels={"tumor": True, "no_tumor": False})
    assert found == json.loads((tmp_path / "summary.json").read_text())
    assert found["thresholds"] == {"unet": None}
    assert found["classification"]["outcomes"] == {"TP": 0, "FP": 0, "FN": 4, "TN": 5}
    assert found["classification"]["report"]["a"]["classes"]["tumor"]["precision"] is None


def test_without_truth_only_counts_are_said(tmp_path, capsys):
    found = summary_of(tmp_path, labels={})
    assert found["classification"] is found["segmentation"] is None
    announce(found, tmp_path)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("0 of 9 slices of 9 images show a tumour; the voters do not agree on 0;")


def test_people_that_were_trained_on_are_said(tmp_path, capsys):
    announce(summary_of(tmp_path, labels={}, trained={"fair": 2}), tmp_path)
    assert (
        "warning: some of the 3 subjects were trained on or selected on (fair 2)" in capsys.readouterr().err
    )
