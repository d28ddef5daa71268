from __future__ import annotations

import json

import pytest

from monai_mri.errors import DataError
from monai_mri.report.kind import kind_of
from monai_mri.report.page import TEMPLATES
from monai_mri.report.run_folder import read_run_folder


def kind_name(run) -> str:
    return kind_of(read_run_folder(run)).name


def test_evaluations_say_their_kind(make_class_run, make_run):
    assert kind_name(make_class_run()) == "classification"
    assert kind_name(make_run(scans=("sub-003",))) == "segmentation"


def test_training_that_was_not_evaluated_is_told_by_its_validation(make_class_run):
    run = make_class_run(explained=False)
    (run / "evaluation" / "summary.json").unlink()
    assert kind_name(run) == "classification"


@pytest.mark.parametrize(
    ("dataset", "kind"),
    [
        ({"_target_": "monai_mri.engines.class_dataset.ClassDataset"}, "classification"),
        ({"_target_": "monai_mri.engines.tile_dataset.TileDataset"}, "segmentation"),
        ("tiles", "segmentation"),
    ],
)
def test_training_before_its_first_epoch_is_told_by_its_images(tmp_path, dataset, kind):
    (tmp_path / "run.json").write_text(json.dumps({"settings": {"dataset": dataset}}))
    assert kind_name(tmp_path) == kind


def test_unknown_kind_is_a_data_error_that_names_those_known(make_class_run, edit_json):
    run = make_class_run()
    edit_json(run / "evaluation" / "summary.json", kind="<b>regression</b>")
    with pytest.raises(DataError, match=r"regression.*expected one of classification, segmentation"):
        kind_name(run)


@pytest.mark.parametrize("kind", ["classification", "segmentation"])
def test_every_kind_has_its_template(kind):
    assert (TEMPLATES / "kinds" / f"{kind}.html.j2").is_file()
