from __future__ import annotations

import re
from math import nan
from xml.etree import ElementTree

import pytest

from monai_mri.report.classes.figures import coverage_figure, reliability_figure, roc_figure, training_figure
from monai_mri.report.classes.results import Abstention, ClassResults, read_class_results
from monai_mri.report.run_folder import Epoch, read_run_folder

FIVE = ("a", "b", "c", "d", "e")
HISTORY = [
    Epoch(epoch=n, train_loss=1 / n, val_loss=abs(n - 3) + 0.5, val_accuracy=n / 10) for n in range(1, 6)
]


@pytest.fixture
def read(make_class_run):
    return lambda **settings: read_class_results(read_run_folder(make_class_run(**settings)))


def four(results: ClassResults) -> list[str]:
    summary = results.summary
    return [
        training_figure(HISTORY),
        roc_figure(summary, results.predictions),
        reliability_figure(results.predictions),
        coverage_figure(summary.abstention, summary.majority),
    ]


def test_each_is_well_formed_small_and_in_the_colours_of_the_page(read):
    for svg in four(read()):
        assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
        assert len(svg) < 60_000
        assert "#0" not in re.sub(r'(url\(|href=")#', "", svg)
        assert "font-family" not in svg


def test_ids_of_the_four_do_not_collide(read):
    ids = [name for svg in four(read()) for name in re.findall(r' id="([^"]+)"', svg)]
    assert ids
    assert len(ids) == len(set(ids))


def test_best_epoch_is_the_one_told_or_that_of_the_lowest_loss():
    assert ">best epoch 3</text>" in training_figure(HISTORY)
    assert ">best epoch 5</text>" in training_figure(HISTORY, 5)
    assert "best epoch" not in training_figure(HISTORY, 9)


def test_training_without_validation_is_said():
    svg = training_figure([Epoch(epoch=1, train_loss=0.5)])
    assert "no validation" in svg
    assert "best epoch" not in svg


def test_roc_of_two_classes_names_the_class_its_area_and_the_predictions_as_they_are(read):
    svg = four(read())[1]
    assert "migraine: AUC 0.812, " in svg
    assert "as predicted" in svg


def test_roc_of_five_classes_has_a_line_a_class_that_is_there(read):
    said = [(name, [0.6 if name == other else 0.1 for other in FIVE]) for name in FIVE[:4]]
    results = read(classes=FIVE, said=said)
    svg = roc_figure(results.summary, results.predictions)
    assert [f"{name}: AUC 1.000" in svg for name in FIVE] == [True] * 4 + [False]
    assert all(f"var(--c{number})" in svg for number in range(1, 5))


def test_counts_of_the_bins_stand_below_the_diagram(read):
    assert four(read())[2].count(">2</text>") == 4


def test_chosen_threshold_and_commonest_class_are_marked_on_the_coverage(read):
    svg = four(read())[3]
    assert "threshold 0.75" in svg
    assert "always control 0.50" in svg


def test_nothing_to_draw_is_none(read):
    only = read(said=[("control", (0.9, 0.1))])
    assert training_figure([]) is None
    assert roc_figure(only.summary, only.predictions) is None
    assert roc_figure(only.summary, []) is None
    assert reliability_figure([]) is None
    assert coverage_figure(None, None) is None
    assert coverage_figure(Abstention(), None) is None
    assert coverage_figure(Abstention(coverage=[nan], accuracy=[nan]), None) is None


def test_five_thousand_predictions_stay_small(read):
    said = [("control" if n % 3 else "migraine", (1 - n / 5000, n / 5000)) for n in range(1, 5000)]
    assert sum(len(svg) for svg in four(read(said=said))) < 120_000


@pytest.mark.parametrize("name", ["<script>$x^2$", "_hidden", "移行性", "x" * 300])
def test_any_name_of_a_class_is_shown_and_escaped(read, name):
    results = read(classes=("control", name), said=[("control", (0.9, 0.1)), (name, (0.2, 0.8))])
    svg = roc_figure(results.summary, results.predictions)
    assert ElementTree.fromstring(svg) is not None
    assert name[:20].replace("<", "&lt;").replace(">", "&gt;") in svg
