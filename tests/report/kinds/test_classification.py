from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from monai_mri.report import write_report

HOSTILE = "<script>alert(1)</script>"
FIVE = ("isointense", "paramagnetic_rim", "hypointense_rim", "hyperintense", "hypointense")


def text_of(run, **settings) -> str:
    return write_report(run, **settings).read_text(encoding="utf-8")


def words_of(text: str) -> str:
    """What a reader sees, in one line."""
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL).split())


def test_every_part_of_the_page_is_there(make_class_run):
    words = words_of(text_of(make_class_run()))
    for expected in (
        "trained on 16 subjects, evaluated on the test part (8 images of 8 subjects).",
        "Accuracy 0.75 95 % interval 0.409 to 0.929, always saying control: 0.500",
        "AUC 0.81 95 % interval",
        "Calibration error 0.35 95 % interval",
        "control 4 images 3 75 % 1 25 % migraine 4 images 1 25 % 3 75 %",
        "Accuracy 0.750 0.409 to 0.929 Wilson 8",
        "best epoch 2",
        "migraine: AUC 0.812",
        "The threshold 0.75 was chosen on the validation part; here it answers 50 % of the images, with an "
        "accuracy of 1.00.",
        "summed 5 of 8 0.62",
        "brain_stem 0.700",
        "Predictions 8 images, 2 wrong",
        "sub-004 control migraine 0.700 0.300",
        "shows where the network looks, not where the disease is",
        "0.57 on average",
    ):
        assert expected in words


def test_page_loads_nothing_runs_nothing_and_is_whole(make_class_run, parse_page):
    text = text_of(make_class_run())
    page = parse_page(text)
    assert page.open == []
    assert all(load.startswith(("data:image/", "#")) for load in page.loads)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert page.tags.count("svg") == 4
    assert page.tags.count("img") == 8
    assert len(page.ids) == len(set(page.ids))


def test_what_p_of_the_groups_stands_for_is_said_and_their_regions_are_shown(
    make_class_run, edit_json, parse_page
):
    run = make_class_run()
    edit_json(
        run / "explanation" / "summary.json", groups=[{"method": "images", "first": "migraine", "p": 0.03}]
    )
    lines = [f"images,{HOSTILE}{n},2.5,{0.01 * n},50,3\n" for n in range(1, 13)]
    (run / "explanation" / "group_regions.csv").write_text(
        "method,region,t,p,voxels,voxels_that_differ\n" + "".join(lines)
    )
    text = text_of(run)
    words = words_of(text)
    assert "corrected over the voxels of one method, not over methods" in words
    assert "total volume, age, sex or site" in words
    assert "10 of 12 rows; all are in explanation/group_regions.csv" in words
    assert "2.50 0.010 50 3" in words
    assert "script" not in parse_page(text).tags


def test_same_run_gives_the_same_bytes(make_class_run, tmp_path):
    run = make_class_run()
    first, second = (write_report(run, tmp_path / f"{n}.html").read_bytes() for n in "ab")
    assert first == second


def test_five_classes_have_a_matrix_and_curves_of_five(make_class_run):
    shares = np.full((5, 5), 0.1) + 0.5 * np.eye(5)
    said = [(name, tuple(row)) for name, row in zip(FIVE, shares, strict=True)] * 2
    text = text_of(make_class_run(classes=FIVE, said=said))
    assert text.count('<td class="hit"') == 5
    assert text.count('<td class="miss"') == 20
    assert all(f"{name}: AUC 1.000" in text for name in FIVE)


def test_collapsed_run_is_said_to_be_and_its_accuracy_is_no_tile(make_class_run):
    words = words_of(text_of(make_class_run(said=[("control", (0.9, 0.1)), ("migraine", (0.8, 0.2))])))
    assert "This run has collapsed." in words
    assert "Accuracy collapsed 0.500, control said to everyone" in words


def test_evaluation_on_trained_subjects_is_said(make_class_run, edit_json):
    run = make_class_run()
    edit_json(run / "evaluation" / "summary.json", trained_subjects_allowed=True)
    assert "Not a test on unseen subjects." in words_of(text_of(run))


def test_training_alone_says_what_is_missing_and_how_to_have_it(make_class_run, parse_page):
    run = make_class_run(explained=False)
    shutil.rmtree(run / "evaluation")
    text = text_of(run)
    words = words_of(text)
    assert parse_page(text).open == []
    assert "Not evaluated yet." in words
    assert "Make one with monai-mri run BUNDLE evaluate." in words
    assert "they are made by monai-mri run BUNDLE explain." in words
    assert "best epoch 2" in words


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("history.csv", "No epoch is recorded in history.csv"),
        ("evaluation/predictions.csv", "There is no evaluation/predictions.csv"),
        ("explanation/summary.json", "No map was scored against a known truth."),
        ("explanation/regions.csv", "Against a known truth"),
        ("explanation/summed/sub-001_mni.png", "sub-001, sagittal slices"),
    ],
)
def test_any_file_but_run_json_may_be_missing(make_class_run, parse_page, missing, said):
    run = make_class_run()
    (run / missing).unlink()
    text = text_of(run)
    assert parse_page(text).open == []
    assert said in words_of(text)


@pytest.mark.parametrize(
    "key", ["scores", "confusion", "majority", "abstention", "images", "subjects", "part", "protocol"]
)
def test_any_key_of_the_summary_may_be_missing(make_class_run, parse_page, key):
    run = make_class_run()
    path = run / "evaluation" / "summary.json"
    summary = json.loads(path.read_text())
    del summary[key]
    path.write_text(json.dumps(summary))
    assert parse_page(text_of(run)).open == []


def test_everything_from_the_run_is_escaped(make_class_run, edit_json, parse_page):
    other = '"><img src=x onerror=alert(2)>'
    said = [(HOSTILE, (0.9, 0.1)), (other, (0.8, 0.2)), (other, (0.1, 0.9))]
    run = make_class_run(classes=(HOSTILE, other), said=said)
    table = (run / "evaluation" / "predictions.csv").read_text().replace("sub-001", HOSTILE)
    (run / "evaluation" / "predictions.csv").write_text(table)
    regions = run / "explanation" / "regions.csv"
    regions.write_text(regions.read_text().replace("brain_stem", HOSTILE).replace("grad_cam", HOSTILE))
    edit_json(
        run / "explanation" / "summary.json",
        target=HOSTILE,
        methods=[{"method": HOSTILE}],
        groups=[{"method": HOSTILE, "first": HOSTILE, HOSTILE: HOSTILE}],
        groups_note=HOSTILE,
    )
    scores = json.loads((run / "evaluation" / "summary.json").read_text())["scores"]
    scores[HOSTILE] = {"value": 0.5, "interval": HOSTILE, "reason": HOSTILE}
    scores["auc"] = {"value": None, "reason": HOSTILE}
    edit_json(run / "evaluation" / "summary.json", scores=scores, part=HOSTILE, training_protocol=HOSTILE)
    folder = run / "explanation" / "<b>x"
    folder.mkdir()
    Image.new("RGB", (8, 8)).save(folder / "<i>y_mni.png")
    text = text_of(run)
    page = parse_page(text)
    assert page.open == []
    assert "script" not in page.tags
    assert not any(raw in text for raw in ("<img src=x", "<i>y", "<b>x"))
    assert all(
        kept in text for kept in ("&lt;script&gt;alert(1)", "&lt;img src=x", "&lt;i&gt;y", "&lt;b&gt;x")
    )


def test_five_thousand_predictions_make_a_small_page_with_the_rows_capped(make_class_run):
    said = [("control" if n % 3 else "migraine", (1 - n / 5000, n / 5000)) for n in range(1, 5000)]
    text = text_of(make_class_run(said=said, explained=False))
    assert len(text) < 500_000
    assert "The first 250 of 4\u202f999; all are in" in text
    assert text.count('<tr class="wrong">') == 250


def test_pictures_of_many_megabytes_keep_the_page_below_four(make_class_run):
    run = make_class_run()
    noise = np.random.default_rng(1).integers(0, 255, (1600, 3000, 3), dtype=np.uint8)
    for name in ("group_mni", "sub-001_sagittal", "sub-002_sagittal"):
        Image.fromarray(noise).save(run / "explanation" / "summed" / f"{name}.png", compress_level=0)
    assert len(text_of(run)) < 4_000_000
