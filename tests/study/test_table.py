"""The paper's tables: nothing missing is left out, and the means are those of the paper."""

from __future__ import annotations

import csv
import io

import pytest
from study_folders import fail, finish, scores

from monai_mri.errors import UsageError
from monai_mri.study import as_csv, as_markdown, as_text, study_tables
from monai_mri.study.design import write_design
from monai_mri.study.figures import Figure


def rows(tables):
    return list(csv.DictReader(io.StringIO(as_csv(tables))))


def history(*accuracies):
    lines = [f"{epoch},{1 - value},{value}" for epoch, value in enumerate(accuracies, start=1)]
    return "\n".join(["epoch,val_loss,val_accuracy", *lines]) + "\n"


@pytest.fixture
def ten(begun):
    """Ten runs of which one failed; repeat 4 has the best validation and a poor test."""
    folder, design, runs = begun("paper", repeats=10)
    for run in runs:
        best = 0.9 if run.repeat == 4 else 0.5
        if run.repeat == 7:
            fail(run, design, "the loss became nan")
        else:
            finish(run, design, scores(0.6 if run.repeat != 4 else 0.3, log_loss=0.7), history(best, best))
    return folder


def test_the_published_mean_of_ten_test_accuracies_is_0_57(migraine, ten):
    mean = next(row for row in rows(study_tables(migraine, ten)) if row["run"] == "mean")
    assert float(mean["test acc.: paper"]) == pytest.approx(0.57)
    assert float(mean["val. acc.: paper"]) == pytest.approx(0.517)
    assert float(mean["test acc."]) == pytest.approx((8 * 0.6 + 0.3) / 9)
    assert mean["state"] == "9 of 10 runs"


def test_each_run_stands_beside_one_of_the_paper(migraine, ten):
    found = rows(study_tables(migraine, ten))
    assert [float(row["test acc.: paper"]) for row in found[:10]] == [
        *(0.55, 0.70, 0.65, 0.55, 0.45, 0.40, 0.85, 0.60, 0.55, 0.40)
    ]
    assert (found[0]["test loss"], found[0]["val. acc."], found[0]["val. acc. SD"]) == ("0.7", "0.5", "0.0")


def test_a_failed_run_is_a_line_without_figures_and_named_below(migraine, ten):
    (table,) = study_tables(migraine, ten)
    line = table.lines[7]
    assert (line.label, line.state) == ("repeat 7", "failed")
    assert set(line.cells[::2]) == {"missing"}
    assert "missing: paper repeat 7: the loss became nan" in table.notes
    assert rows([table])[7]["test acc."] == ""


def test_the_run_that_the_paper_would_report_is_marked_and_said_to_flatter(migraine, ten):
    (table,) = study_tables(migraine, ten)
    assert [line.label for line in table.lines if "*" in line.label] == ["repeat 4 *"]
    assert any("best of several runs flatters" in note for note in table.notes)


def test_other_data_are_said_not_to_be_comparable(migraine, lesion, ten):
    assert any("not comparable" in note for note in study_tables(migraine, ten)[0].notes)


def test_the_authors_own_manifest_may_be_compared(migraine, ten, tmp_path, repository):
    bundle = tmp_path / "bundle"
    (bundle / "configs").mkdir(parents=True)
    text = (migraine / "configs" / "protocol.yaml").read_text()
    own = text.replace("  rows: runs\n", f"  rows: runs\n  authors_manifest_sha256: [{'a' * 64}]\n")
    (bundle / "configs" / "protocol.yaml").write_text(own)
    notes = study_tables(bundle, ten)[0].notes
    assert any("may be compared" in note for note in notes)
    assert not any("not comparable" in note for note in notes)


def test_variants_that_were_not_asked_for_and_runs_of_the_paper_beyond_ours_are_shown(migraine, begun):
    folder, _, _ = begun("honest", "gap", repeats=2)
    first, second = study_tables(migraine, folder)
    assert [first.about, second.about] == [{"variant": "honest"}, {"variant": "gap"}]
    assert [line.state for line in first.lines] == [
        *["to do"] * 2,
        *["not asked for"] * 8,
        *["0 of 2 runs"] * 2,
    ]
    assert any("does not hold: paper, filters_5_10_20" in note for note in second.notes)


def test_the_figure_of_a_variant_that_the_paper_tried_stands_beside_its_mean(migraine, begun):
    folder, _, _ = begun("filters_5_10_20", repeats=2)
    found = rows(study_tables(migraine, folder))
    assert [row["run"] for row in found] == ["repeat 0", "repeat 1", "mean", "SD"]
    assert [row["test acc.: paper"] for row in found] == ["", "", "0.35", ""]


@pytest.fixture
def channels(begun):
    """Two channel sets, one run each, and one that was begun."""
    folder, design, runs = begun("flair", "qsm", "mask", study="ms_lesion")
    for run, accuracy in zip(runs[:2], (0.7, 0.9), strict=True):
        finish(run, design, scores(accuracy, balanced_accuracy=0.5) | {"majority": {"accuracy": 0.6}})
    return folder


def test_seven_channel_sets_and_the_majority_are_lines_beside_the_paper(lesion, channels):
    found = {row["variant"]: row for row in rows(study_tables(lesion, channels))}
    names = ["majority", "flair", "qsm", "mask", "flair_qsm", "flair_mask", "qsm_mask", "flair_qsm_mask"]
    assert list(found)[:8] == names
    published = [0.6666, 0.7009, 0.8931, 0.6922, 0.8859, 0.7101, 0.8945, 0.89]
    assert [float(found[name]["accuracy: paper"]) for name in names] == pytest.approx(published)
    assert (found["majority"]["accuracy"], found["majority"]["state"]) == ("0.6", "of flair")
    assert [found[name]["state"] for name in ("qsm", "mask", "flair_qsm")] == [
        "done",
        "to do",
        "not asked for",
    ]
    assert [float(found["qsm"][name]) for name in ("accuracy low", "accuracy high")] == pytest.approx(
        [0.8, 1.0]
    )


def test_several_repeats_are_mean_and_sd_with_the_number_of_runs(lesion, begun):
    folder, design, runs = begun("qsm", study="ms_lesion", repeats=3)
    for run, accuracy in zip(runs[:2], (0.8, 0.9), strict=True):
        finish(run, design, scores(accuracy))
    line = next(line for line in study_tables(lesion, folder)[0].lines if line.label == "qsm")
    assert line.state == "2 done, 1 to do"
    assert (line.cells[0].value, line.cells[0].sd) == pytest.approx((0.85, 0.0707), abs=1e-4)


def test_a_variant_of_other_classes_is_said_not_to_be_comparable(lesion, begun):
    folder, design, runs = begun("qsm", "five_classes", study="ms_lesion")
    finish(runs[0], design, scores(0.9))
    finish(runs[1], design, scores(0.5) | {"classes": list("abcde")})
    notes = study_tables(lesion, folder)[0].notes
    assert "five_classes: other classes than qsm, not to be compared" in notes


def test_the_plaque_study_stands_beside_f_of_0_55_and_the_raw_intensity(repository, begun):
    folder, design, runs = begun("honest", "paper", study="ms_plaque")
    pooled = {"f1": 0.5, "precision": 0.4, "recall": 0.7}
    methods = [{"name": name, "pooled": pooled} for name in ("network", "raw_50", "raw_tuned")]
    finish(runs[0], design, {"methods": methods})
    found = {row["variant"]: row for row in rows(study_tables(repository / "bundles/ms_plaque", folder))}
    assert {name: row["F"] for name, row in found.items()} == {
        **{"raw_50": "0.5", "raw_tuned": "0.5", "honest": "0.5", "paper": ""}
    }
    assert {name: row["F: paper"] for name, row in found.items()} == {
        **{"raw_50": "", "raw_tuned": "", "honest": "0.55", "paper": "0.55"}
    }


def test_text_and_markdown_have_a_line_for_every_line(migraine, ten):
    (table,) = study_tables(migraine, ten)
    text, markdown = as_text([table]), as_markdown([table])
    for line in table.lines:
        assert any(row.startswith(line.label) for row in text.splitlines())
    body = [row for row in markdown.splitlines() if row.startswith("|")]
    assert len(body) == len(table.lines) + 2
    assert len({row.count("|") for row in body}) == 1


def test_an_undefined_figure_is_no_missing_one(lesion, begun):
    folder, design, runs = begun("qsm", study="ms_lesion")
    finish(runs[0], design, scores(0.9, balanced_accuracy=None))
    (table,) = study_tables(lesion, folder)
    line = next(line for line in table.lines if line.label == "qsm")
    assert isinstance(line.cells[2], Figure)
    assert "undefined" in as_text([table])


def test_columns_that_a_variant_does_not_have_are_a_dash_and_neither_undefined_nor_missing(repository, begun):
    folder, design, runs = begun("resnet50", "unet", "deeplabv3plus", study="brain_tumor")
    finish(runs[0], design, scores(0.9, macro_f1=None))
    segmented = {"dice": {"value": 0.8, "low": 0.7, "high": 0.9}, "jaccard": {"value": None}}
    finish(runs[1], design, {"per_slice": {"scores": segmented}})
    (table,) = study_tables(repository / "bundles" / "brain_tumor", folder)
    shown = {row[: row.index("  ")]: row for row in as_text([table]).splitlines() if "  " in row}
    ours = {
        name: dict(zip([one.name for one in table.headings], line.cells, strict=True))
        for name, line in ((line.label, line) for line in table.lines)
    }
    assert (ours["resnet50"]["Dice"], ours["unet"]["accuracy"]) == ("-", "-")
    assert ours["unet"]["Dice"].value == 0.8
    assert "undefined" in shown["resnet50"]
    assert "undefined" in shown["unet"]
    assert ours["deeplabv3plus"]["Dice"] == "missing"
    assert {row["variant"]: row["accuracy"] for row in rows([table])}["unet"] == ""
    assert not any("other classes" in note for note in table.notes)


def test_columns_that_no_run_of_a_variant_has_are_a_dash_in_a_table_of_runs(migraine, begun):
    folder, design, runs = begun("honest", repeats=2)
    for run in runs:
        finish(run, design, scores(0.6), "epoch,loss\n1,0.5\n")
    (table,) = study_tables(migraine, folder)
    named = [dict(zip([one.name for one in table.headings], line.cells, strict=True)) for line in table.lines]
    assert [named[place]["test loss"] for place in (0, -2, -1)] == ["-"] * 3
    assert named[0]["val. acc."] == "-"
    assert named[-2]["test acc."].value == pytest.approx(0.6)
    assert not any("test loss: undefined" in note for note in table.notes)


def test_settings_that_make_it_another_study_stand_in_the_title(migraine, begun):
    folder, design, _ = begun("honest")
    write_design(folder, design.model_copy(update={"layers": ("demo",), "settings": {"max_epochs": 1}}))
    assert study_tables(migraine, folder)[0].title == (
        "migraine, variant honest (honest protocol, --layer demo, max_epochs=1)"
    )


def test_a_protocol_without_a_table_says_what_to_do(tmp_path, begun):
    folder, _, _ = begun("honest")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "protocol.yaml").write_text(
        "{study: migraine, primary_metric: a, variants: {honest: {}}}"
    )
    with pytest.raises(UsageError, match="add a block table:"):
        study_tables(tmp_path, folder)
