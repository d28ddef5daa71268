from __future__ import annotations

import pytest

from monai_mri.report.classes.callouts import alarms, hints
from monai_mri.report.classes.maps import read_maps
from monai_mri.report.classes.results import read_class_results
from monai_mri.report.run_folder import read_run_folder


def said_of(run) -> dict[str, str]:
    folder = read_run_folder(run)
    results = read_class_results(folder)
    return {one.heading: one.text for one in [*alarms(results), *hints(folder, results, read_maps(folder))]}


def test_few_images_are_said_in_words(make_class_run):
    said = said_of(make_class_run())
    assert said["Few images, wide interval."].startswith(
        "8 images of 8 subjects were scored. A network that is right for 41 of 100 images and one that is "
        "right for 93 of 100 could both have given this accuracy: 52 points lie between."
    )


@pytest.mark.parametrize(
    ("subjects", "start"),
    [(1, "1 person stands behind"), (2, "2 people stand behind"), (4, "4 people stand")],
)
def test_few_people_are_said_however_many_images_they_have(make_class_run, edit_json, subjects, start):
    right = [("control", (0.9, 0.1)), ("migraine", (0.1, 0.9))] * 60
    run = make_class_run(said=right)
    edit_json(run / "evaluation" / "summary.json", subjects=subjects)
    assert said_of(run)["Few people."].startswith(start)


def test_five_people_are_not_called_few(make_class_run, edit_json):
    run = make_class_run()
    edit_json(run / "evaluation" / "summary.json", subjects=5)
    assert "Few people." not in said_of(run)


def test_commonest_class_within_the_interval_is_said(make_class_run):
    said = said_of(make_class_run())
    assert (
        "right for 0.500 of the images, which is within"
        in said["Not shown to be better than always saying one class."]
    )


def test_many_images_far_above_the_commonest_class_need_no_word(make_class_run):
    right = [("control", (0.9, 0.1)), ("migraine", (0.1, 0.9))] * 60
    assert said_of(make_class_run(said=right)) == {}


def test_worse_than_the_commonest_class_is_said(make_class_run):
    wrong = [("control", (0.1, 0.9)), ("migraine", (0.9, 0.1))] * 60
    assert "Worse than always saying one class." in said_of(make_class_run(said=wrong))


def test_one_class_for_everyone_is_called_collapsed(make_class_run):
    said = said_of(make_class_run(said=[("control", (0.9, 0.1)), ("migraine", (0.8, 0.2))]))
    assert "says one class to everyone: control" in said["This run has collapsed."]
    assert "Not shown to be better than always saying one class." not in said


def test_test_part_of_one_class_is_no_collapse_but_said(make_class_run):
    said = said_of(make_class_run(said=[("control", (0.9, 0.1))] * 3))
    assert "All images of the test part are control." in said["Only one class was there to be found."]
    assert "This run has collapsed." not in said


@pytest.mark.parametrize(
    "parts", [{"train": {"images": 3}}, {"train": {"images": 3}, "validation": {"images": 0}}]
)
def test_missing_validation_part_is_said(make_class_run, edit_json, parts):
    run = make_class_run()
    assert "No validation part." not in said_of(run)
    edit_json(run / "run.json", parts=parts)
    assert "No validation part." in said_of(run)


def test_maps_of_other_weights_are_said(make_class_run, edit_json):
    run = make_class_run()
    assert "The maps are of other weights." not in said_of(run)
    edit_json(run / "explanation" / "summary.json", weights_sha256="cd" * 32)
    assert "The maps are of other weights." in said_of(run)


def test_predictions_of_another_evaluation_are_said(make_class_run, edit_json):
    run = make_class_run()
    edit_json(run / "evaluation" / "summary.json", images=9)
    assert (
        "speaks of 9 images, evaluation/predictions.csv holds 8"
        in said_of(run)["Summary and predictions do not belong together."]
    )
