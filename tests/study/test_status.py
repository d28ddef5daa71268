from __future__ import annotations

import math

from study_folders import finish, scores

from monai_mri.study import study_status
from monai_mri.study.status import status_json, status_lines


def test_a_variant_with_a_metric_of_its_own_is_shown_by_it(repository, begun, design_of):
    design = design_of("resnet50", "unet", study="brain_tumor")
    own = design.variants["unet"].model_copy(update={"primary_metric": "per_slice.scores.dice"})
    folder, design, runs = begun(study="brain_tumor", variants={**design.variants, "unet": own})
    finish(runs[0], design, scores(0.9))
    finish(runs[1], design, {"per_slice": {"scores": {"dice": {"value": 0.8125}}}})
    states = study_status(repository / "bundles" / "brain_tumor", folder)
    lines = status_lines(states)
    assert "primary metric" in lines[0]
    assert lines[1].endswith("accuracy 0.900")
    assert lines[2].endswith("dice 0.812")
    assert [(one["metric_name"], one["metric"]) for one in status_json(states)] == [
        ("scores.accuracy", 0.9),
        ("per_slice.scores.dice", 0.8125),
    ]


def test_one_metric_of_all_variants_is_the_heading(migraine, begun):
    folder, design, runs = begun("honest", repeats=2)
    finish(runs[0], design, scores(0.9))
    states = study_status(migraine, folder)
    lines = status_lines(states)
    assert lines[0].split() == ["variant", "repeat", "fold", "state", "accuracy"]
    assert lines[1].split() == ["honest", "0", "0", "done", "0.900"]
    assert math.isnan(states[1].metric)
