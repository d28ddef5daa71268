from __future__ import annotations

import json
from math import isnan

import pytest

from monai_mri.errors import DataError
from monai_mri.report.classes.results import read_class_results
from monai_mri.report.run_folder import read_run_folder


def read(run):
    return read_class_results(read_run_folder(run))


def test_everything_the_engines_write_is_read(make_class_run):
    results = read(make_class_run())
    summary = results.summary
    assert summary.score("accuracy").value == 0.75
    assert summary.score("accuracy").interval == "wilson"
    assert summary.confusion == [[3, 1], [1, 3]]
    assert (summary.counts, summary.said) == ([4, 4], [4, 4])
    assert (summary.majority.name, summary.majority.accuracy) == ("control", 0.5)
    assert summary.abstention.chosen.threshold == 0.75
    assert len(results.predictions) == 8


def test_nothing_evaluated_is_none(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    results = read(tmp_path)
    assert (results.summary, results.predictions) == (None, [])


def test_one_class_said_to_several_is_named(make_class_run):
    said = [("control", (0.9, 0.1)), ("migraine", (0.8, 0.2))]
    assert read(make_class_run(said=said)).summary.only_said == "control"


def test_one_class_said_to_images_of_that_class_is_no_collapse(make_class_run):
    summary = read(make_class_run(said=[("control", (0.9, 0.1))])).summary
    assert summary.only_said == ""
    assert summary.absent == ["migraine"]


def test_figures_as_text_null_nan_and_bare_figures_are_read(make_class_run, edit_json):
    run = make_class_run()
    scores = {"accuracy": {"value": "0.5", "n": "8"}, "auc": {"value": None}, "ece": 0.1, "brier": {}}
    edit_json(run / "evaluation" / "summary.json", scores=scores, majority=None, abstention=None)
    summary = read(run).summary
    assert (summary.score("accuracy").value, summary.score("accuracy").n) == (0.5, 8)
    assert isnan(summary.score("auc").value)
    assert isnan(summary.score("brier").value)
    assert isnan(summary.score("never heard of").value)
    assert summary.score("ece").value == 0.1
    text = (run / "evaluation" / "summary.json").read_text().replace('"0.5"', "NaN")
    (run / "evaluation" / "summary.json").write_text(text)
    assert isnan(read(run).summary.score("accuracy").value)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"scores": {"accuracy": {"value": "good"}}}, "scores.accuracy.value is 'good'"),
        ({"scores": {"accuracy": "good"}}, "scores.accuracy.value is 'good'"),
        ({"scores": [0.5]}, "scores is"),
        ({"confusion": [[3, 1]]}, "a confusion matrix of 2 x 2"),
        ({"confusion": [[3, 1], [1, -3]]}, "confusion.1.1 is -3"),
        ({"confusion": [[3, 1], [1, 10**300]]}, "confusion.1.1 is 1000"),
        ({"classes": ["a", "a"]}, "classes of different names"),
        ({"abstention": {"coverage": [0.5, 1.0], "accuracy": [1.0]}}, "found 2 and 1"),
        ({"images": "many"}, "images is 'many'"),
    ],
)
def test_wrong_values_are_a_data_error_in_one_line_naming_the_place(
    make_class_run, edit_json, changes, place
):
    run = make_class_run()
    edit_json(run / "evaluation" / "summary.json", **changes)
    with pytest.raises(DataError) as caught:
        read(run)
    assert "summary.json: " in str(caught.value)
    assert place in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "key", ["classes", "scores", "confusion", "majority", "abstention", "images", "part"]
)
def test_any_key_but_the_kind_may_be_missing(make_class_run, key):
    run = make_class_run()
    path = run / "evaluation" / "summary.json"
    summary = json.loads(path.read_text())
    del summary[key]
    if key == "classes":
        del summary["confusion"]
    (run / "evaluation" / "predictions.csv").unlink()
    path.write_text(json.dumps(summary))
    left = read(run).summary
    assert left.score("accuracy").value == 0.75 or key == "scores"
    assert left.part == "test"
