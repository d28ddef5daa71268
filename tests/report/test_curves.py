from __future__ import annotations

import re
from math import nan
from xml.etree import ElementTree

import pytest

from monai_mri.report.curves import froc_curve, precision_recall_curve, threshold_curve, training_curves
from monai_mri.report.run_folder import Epoch
from monai_mri.report.segment_results import Counts, Curve, Lesions, Method, Pooled, Threshold

EPOCHS = [Epoch(epoch=n, train_loss=1 / n, val_f1=nan if n == 1 else n / 10) for n in range(1, 6)]
CUTS = [0.25, 0.5, 0.75]
THRESHOLD = Threshold(
    threshold=0.5,
    f1=0.6,
    curve=Curve(threshold=CUTS, f1=[0.4, 0.6, 0.5], precision=[0.3, 0.6, nan], recall=[0.9, 0.6, 0.3]),
)
METHODS = [
    Method(
        name=name,
        pooled=Pooled(precision=0.5, recall=0.5),
        lesions=Lesions(false=8, recall=0.5),
        counts=Counts(scans=2),
    )
    for name in ("network", "raw_50", "raw_40")
]
PR = Curve(recall=[0.9, 0.5], precision=[0.2, 0.8])
FROC = Curve(false_per_scan=[90.0, 4.0, 0.0], sensitivity=[0.9, 0.5, 0.0])


@pytest.fixture(
    params=[
        lambda: training_curves(EPOCHS),
        lambda: threshold_curve(THRESHOLD),
        lambda: precision_recall_curve(PR, METHODS),
        lambda: froc_curve(FROC, METHODS),
    ],
    ids=["training", "threshold", "precision-recall", "froc"],
)
def svg(request) -> str:
    return request.param()


def test_markup_is_one_well_formed_small_svg(svg):
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert len(svg) < 60_000


def test_colours_and_fonts_are_those_of_the_page(svg):
    assert "var(--ink)" in svg or "var(--soft)" in svg
    assert "#0" not in re.sub(r'(url\(|href=")#', "", svg)
    assert "font-family" not in svg
    assert "<style" not in svg


def test_text_stays_text(svg):
    assert "<text" in svg
    assert "DejaVu" not in svg


def test_threshold_axis_ends_where_nothing_is_marked_any_more():
    curve = Curve(
        threshold=[0.0, 0.1, 0.5, 1.0],
        f1=[0.1, 0.2, 0, 0],
        precision=[0.1, 0.1, nan, nan],
        recall=[1, 0.5, 0, 0],
    )
    svg = threshold_curve(Threshold(threshold=0.1, f1=0.2, curve=curve))
    assert ">0.12</text>" in svg
    assert ">0.5</text>" not in svg


def test_drawing_twice_gives_the_same_bytes():
    assert threshold_curve(THRESHOLD) == threshold_curve(THRESHOLD)


def test_ids_of_two_curves_do_not_collide():
    first, second = (
        set(re.findall(r' id="([^"]+)"', svg)) for svg in (training_curves(EPOCHS), froc_curve(FROC, METHODS))
    )
    assert first
    assert not first & second


def test_axes_name_what_they_show():
    assert "false detections per scan" in froc_curve(FROC, METHODS)
    assert "false detections per slice" in froc_curve(FROC, METHODS, scan="slice")
    assert "recall (voxel-wise)" in precision_recall_curve(PR, METHODS)
    assert "on the training slices" in threshold_curve(THRESHOLD)
    assert "epoch" in training_curves(EPOCHS)


def test_best_epoch_and_chosen_threshold_are_written_into_the_curve():
    assert "best 0.50, epoch 5" in training_curves(EPOCHS)
    assert "chosen 0.50, F 0.60" in threshold_curve(THRESHOLD)


def test_methods_are_named_beside_their_points():
    svg = precision_recall_curve(PR, METHODS)
    assert all(f">{name}</text>" in svg for name in ("network", "raw 50 %", "raw 40 %"))


def test_nothing_to_draw_is_none():
    assert training_curves([]) is None
    assert threshold_curve(None) is None
    assert threshold_curve(Threshold()) is None
    assert precision_recall_curve(None, []) is None
    assert froc_curve(None, METHODS) is None


def test_validation_never_defined_is_said():
    svg = training_curves([Epoch(epoch=1, train_loss=0.5)])
    assert "undefined in every epoch" in svg


def test_points_stand_without_a_curve():
    assert "network" in precision_recall_curve(None, METHODS)


def test_curve_of_undefined_figures_does_not_fail():
    empty = Curve(recall=[nan, nan], precision=[nan, nan], false_per_scan=[nan, nan], sensitivity=[nan, nan])
    assert precision_recall_curve(empty, [])
    assert froc_curve(empty, [])
    assert threshold_curve(Threshold(curve=Curve(threshold=CUTS, f1=[nan] * 3)))


def test_hostile_names_are_escaped():
    hostile = METHODS[1].model_copy(update={"name": "<script>$x^2$"})
    svg = precision_recall_curve(PR, [hostile])
    assert "<script>" not in svg
    assert "&lt;script&gt;$x^2$" in svg


def test_global_state_of_matplotlib_is_untouched():
    import matplotlib

    before = dict(matplotlib.rcParams)
    training_curves(EPOCHS)
    assert dict(matplotlib.rcParams) == before
