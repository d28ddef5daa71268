from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from monai_mri.errors import DataError
from monai_mri.report import samples as samples_module
from monai_mri.report import write_report


def text_of(run, **settings) -> str:
    return write_report(run, **settings).read_text(encoding="utf-8")


@pytest.fixture
def small_run(make_run):
    """A run of one scan, for what does not hang on their number."""
    return make_run(scans=("sub-003",))


def words_of(text: str) -> str:
    """What a reader sees, in one line."""
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL).split())


def test_page_lies_in_the_run_folder_unless_told_otherwise(small_run, tmp_path):
    run = small_run
    assert write_report(run) == run / "report.html"
    out = tmp_path / "new" / "page.html"
    assert write_report(run, out) == out
    assert out.is_file()
    assert not list(out.parent.glob("*.part"))


@pytest.mark.parametrize("pictures", [False, True])
def test_page_loads_nothing_runs_nothing_and_is_small(make_run, pictures, parse_page):
    text = text_of(make_run(pictures=pictures))
    page = parse_page(text)
    assert page.open == []
    assert all(load.startswith(("data:image/", "#")) for load in page.loads)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert "@import" not in text
    assert re.findall(r"url\((?!#)", text) == []
    assert len(text) < 4_000_000


def test_ids_are_unique(make_run, parse_page):
    ids = parse_page(text_of(make_run())).ids
    assert len(ids) == len(set(ids))


def test_every_part_of_the_page_is_there(make_run):
    words = words_of(text_of(make_run(), title="Plaques", notes=["The data are synthetic."]))
    for expected in (
        "Plaques",
        "The data are synthetic.",
        "PlaqueFCN, 233 321 parameters, trained on 14 subjects, evaluated on the test part (4 scans).",
        "2 min 28 s",
        "torch 2.13.0",
        "Raw intensity at 45 % of the maximum",
        "n 3, undefined in 1",
        "33 of 40",
        "monai-mri phantom make demo/cohort --subjects 20",
        "5f5f5f5f",
        "10.5220/0006298200550064",
        "sub-007",
        "worst",
    ):
        assert expected in words


def test_each_chosen_sample_has_four_pictures_a_slice(make_run, parse_page):
    page = parse_page(text_of(make_run()))
    assert page.tags.count("img") == 4 * 2 * 4
    assert page.tags.count("svg") == 4


def test_same_run_gives_the_same_bytes(small_run, tmp_path):
    run = small_run
    first, second = (write_report(run, tmp_path / f"{n}.html").read_bytes() for n in "ab")
    assert first == second


HOSTILE = "<script>alert(1)</script>"


def test_everything_from_the_run_is_escaped(make_run, edit_json, parse_page):
    run = make_run(scans=(HOSTILE, "sub-007"))
    edit_json(
        run / "run.json",
        study=HOSTILE,
        device=HOSTILE,
        commands=[HOSTILE],
        settings={HOSTILE: HOSTILE},
        versions={HOSTILE: HOSTILE},
        parts={HOSTILE: {"subjects": 1}},
        started=HOSTILE,
        filters_note=HOSTILE,
    )
    summary = run / "evaluation" / "summary.json"
    methods = json.loads(summary.read_text())["methods"]
    methods[1] |= {"name": HOSTILE, "label": HOSTILE}
    edit_json(summary, methods=methods, slices=HOSTILE)
    edit_json(run / "threshold.json", part=HOSTILE)
    text = text_of(run, title=HOSTILE, notes=[HOSTILE])
    page = parse_page(text)
    assert "script" not in page.tags
    assert page.open == []
    assert "&lt;script&gt;alert(1)" in text


def test_study_names_cannot_leave_the_templates(small_run, edit_json):
    run = small_run
    edit_json(run / "run.json", study="../page")
    assert "../page" in words_of(text_of(run))


def test_collapsed_run_is_said_to_be_and_shows_no_zero_f(small_run, edit_json):
    run = small_run
    summary = run / "evaluation" / "summary.json"
    methods = json.loads(summary.read_text())["methods"]
    methods[0]["pooled"] = {"precision": None, "recall": 0, "f1": 0, "dice": 0, "jaccard": 0}
    methods[0]["collapsed"] = True
    edit_json(summary, collapsed=True, methods=methods)
    text = text_of(run)
    words = words_of(text)
    assert 'class="callout alarm"' in text
    assert "This run has collapsed. Its predictions are all background" in words
    assert "F, voxel-wise collapsed" in words
    assert "0.000 0.000" not in words


def test_threshold_that_separates_nothing_is_said_to_be_a_collapse(small_run, edit_json):
    run = small_run
    edit_json(run / "threshold.json", collapsed=True)
    assert "no threshold does better than marking everything" in words_of(text_of(run))


def test_evaluation_on_trained_subjects_is_said_at_the_top(small_run, edit_json):
    edit_json(small_run / "evaluation" / "summary.json", trained_subjects_allowed=True)
    assert "Not a test on unseen subjects." in words_of(text_of(small_run))


def test_scored_part_is_counted_though_the_training_does_not_know_it(make_run, edit_json):
    run = make_run(scans=("sub-003", "sub-007"))
    edit_json(run / "run.json", parts={"train": {"subjects": 9, "images": 9, "samples": 700}})
    assert "train 9 9 700 test 2 2 –" in words_of(text_of(run))


def test_one_scan_has_no_spread(small_run, edit_json):
    summary = small_run / "evaluation" / "summary.json"
    methods = json.loads(summary.read_text())["methods"]
    methods[0]["per_scan"]["dice"] = {"mean": 0.5, "sd": None, "n": 1}
    edit_json(summary, methods=methods)
    assert "Dice per scan 0.50 mean of 1 scan" in words_of(text_of(small_run))


def test_fewer_filters_than_published_are_said_on_the_page(small_run, edit_json):
    edit_json(small_run / "run.json", filters=[8, 8, 16, 24, 8], parameters=36_000)
    assert "fewer, 8-8-16-24-8 a layer here, 20-20-40-60-20 there" in words_of(text_of(small_run))


def test_bare_run_gives_a_page_that_says_what_is_missing_and_how_to_have_it(tmp_path, parse_page):
    (tmp_path / "run.json").write_text("{}")
    text = text_of(tmp_path)
    words = words_of(text)
    assert parse_page(text).open == []
    assert "Not evaluated yet." in words
    assert "monai-mri run BUNDLE evaluate" in words
    assert "No epoch is recorded in history.csv" in words
    assert "No threshold has been chosen yet" in words
    assert "No FROC curve is recorded" in words


@pytest.mark.parametrize("missing", ["history.csv", "threshold.json", "evaluation/subjects.csv"])
def test_any_optional_file_may_be_missing(small_run, missing, parse_page):
    run = small_run
    (run / missing).unlink()
    assert parse_page(text_of(run)).open == []


@pytest.mark.parametrize("key", ["froc", "pr_curve", "methods", "samples", "threshold", "part"])
def test_any_key_of_the_summary_may_be_missing(small_run, key, parse_page):
    run = small_run
    path = run / "evaluation" / "summary.json"
    summary = json.loads(path.read_text())
    del summary[key]
    path.write_text(json.dumps(summary))
    assert parse_page(text_of(run)).open == []


def test_sample_whose_files_are_gone_keeps_its_place_and_says_why(make_run):
    run = make_run()
    (run.parent / "data" / "sub-007_flair.nii.gz").unlink()
    words = words_of(text_of(run))
    assert "No picture: sub-007_flair.nii.gz: no such file" in words
    assert str(run.parent) not in words


def test_pictures_shrink_until_they_fit(small_run, monkeypatch):
    run = small_run
    large = len(text_of(run))
    monkeypatch.setattr(samples_module, "PICTURES_BYTES", 1)
    assert len(text_of(run)) < large


def test_out_that_is_a_folder_is_a_data_error(make_run, tmp_path):
    with pytest.raises(DataError, match="is a folder, expected the path of the page"):
        write_report(make_run(), tmp_path)


def test_importing_the_report_does_not_import_torch():
    code = "import sys, monai_mri.report; sys.exit('torch' in sys.modules or 'monai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
