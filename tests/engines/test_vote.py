"""Three classifiers whose answers are known, scored together."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from classing import class_data, folder, rows
from click.testing import CliRunner
from tumour_bundle import write_bundle
from tumours import networks, write_slices
from voting import CLASSES, Brightness, classifier, write_weights

from monai_mri.cli import main
from monai_mri.engines import evaluate_vote
from monai_mri.errors import CheckpointError, ConfigError, LeakError, UsageError
from monai_mri.manifest import make_splits, read_manifest, splits_path, write_splits
from monai_mri.report import write_report

CHANNELS = ("first",)
LEVELS = {"strict": 2.5, "fair": 1.0, "loose": -1.0}  # of images whose means lie at 0 and at 2
FACTS = {"classes": CLASSES, "labels": (("low",), ("high",)), "images_from": CHANNELS}
BOTH = {"low": "low", "high": ["high"]}


@pytest.fixture
def asked(class_cohort, tmp_path):
    """Evaluators of three thresholds over the test part, and the arguments of a vote."""
    test = class_data(class_cohort, "test", channels=CHANNELS)
    voters = {name: classifier(Brightness(), test) for name in LEVELS}
    weights = {
        name: write_weights(Brightness(threshold=at), tmp_path / name, **FACTS) for name, at in LEVELS.items()
    }
    return voters, {
        "weights": weights,
        "run_folder": folder(tmp_path / "vote"),
        "trained_on": class_data(class_cohort, "train", channels=CHANNELS),
        "draws": 20,
    }


def test_the_vote_is_what_most_say_and_the_scores_are_those_of_the_mean(asked):
    voters, settings = asked
    found = evaluate_vote(voters, **settings)
    run = settings["run_folder"]
    assert found == json.loads((run.evaluation / "summary.json").read_text())
    table = rows(run.evaluation / "predictions.csv")
    for row in table:
        said = [row[f"voter_{name}"] for name in LEVELS]
        assert row["vote"] == Counter(said).most_common(1)[0][0]
    right = np.mean([row["vote"] == row["truth"] for row in table])
    assert found["vote"]["scores"]["accuracy"]["value"] == right == 1.0
    assert found["scores"]["accuracy"]["value"] == np.mean([row["correct"] == "1" for row in table])
    assert set(found["vote"]["scores"]) == {
        *("accuracy", "balanced_accuracy", "sensitivity", "specificity", "macro_f1")
    }
    assert found["agreement"]["unanimous"] == 0.0
    assert found["vote"]["confusion"] == [[2, 0], [0, 2]]


def test_the_table_holds_each_voter_the_vote_and_the_mean_and_is_printed(asked, capsys):
    voters, settings = asked
    found = evaluate_vote(voters, **settings)
    assert list(found["report"]) == [*LEVELS, "vote", "mean"]
    assert found["report"]["fair"]["classes"]["high"] == {
        "precision": 1.0,
        "recall": 1.0,
        "f1": 1.0,
        "support": 2,
    }
    assert found["report"]["strict"]["classes"]["high"]["precision"] is None
    assert found["report"]["loose"]["accuracy"]["value"] == 0.5
    said = capsys.readouterr().err
    assert "majority vote precision" in " ".join(said.split())
    assert "always 'low'" in said or "always 'high'" in said


def test_the_run_folder_says_whom_it_asked_and_a_page_shows_it(asked):
    voters, settings = asked
    found = evaluate_vote(voters, **settings)
    run = settings["run_folder"]
    about = run.read_json("run.json")
    assert about["network"] == "strict, fair and loose, together"
    assert about["members"] == found["members"]
    assert len({one["weights_sha256"] for one in about["members"].values()}) == 3
    page = write_report(run.root).read_text()
    assert "Majority vote" in page
    assert "Mean probability" in page


def test_a_voter_without_weights_is_left_out(asked):
    voters, settings = asked
    settings["weights"] = settings["weights"] | {"loose": None}
    found = evaluate_vote(voters, **settings)
    assert list(found["members"]) == ["strict", "fair"]
    assert found["agreement"]["voters"] == 2
    settings["weights"] = settings["weights"] | {"strict": None}
    assert evaluate_vote(voters, **settings)["agreement"] is None
    assert "Majority vote" in write_report(settings["run_folder"].root).read_text()


def test_a_subject_that_one_voter_knows_is_refused_by_the_voters_name(asked, tmp_path):
    voters, settings = asked
    known = voters["fair"].dataset.subjects[:1]
    for which in ("trained_on", "selected_on"):
        write_weights(Brightness(), tmp_path / "fair", **FACTS, **{which: known})
        with pytest.raises(LeakError, match=r"weights::fair: 1 of the subjects"):
            evaluate_vote(voters, **settings)
    found = evaluate_vote(voters, **settings, allow_trained_subjects=True)
    assert found["trained_subjects_allowed"] is True


@pytest.mark.parametrize(
    ("facts", "error", "message"),
    [
        ({"classes": ("high", "low")}, ConfigError, "weights::fair: classes: low, high asked for"),
        ({"images_from": ("second",)}, ConfigError, "weights::fair: channels or modality: first asked for"),
        ({"labels": (("odd",), ("high",))}, ConfigError, "weights::fair: classes: .*give the labels"),
        ({"classes": (), "labels": ()}, CheckpointError, "weights::fair: .*weights of a segmenter"),
    ],
)
def test_a_voter_of_other_classes_or_columns_is_refused_by_name(asked, tmp_path, facts, error, message):
    voters, settings = asked
    write_weights(Brightness(), tmp_path / "fair", **(FACTS | facts))
    with pytest.raises(error, match=message):
        evaluate_vote(voters, **settings)
    assert not settings["run_folder"].root.exists()


def test_the_folder_of_a_training_is_refused(asked, tmp_path):
    voters, settings = asked
    with pytest.raises(UsageError, match="holds a training, whose own evaluation would be lost"):
        evaluate_vote(voters, **(settings | {"run_folder": folder(tmp_path / "fair")}))


def test_voters_of_other_images_are_refused(asked, class_cohort):
    voters, settings = asked
    other = class_data(class_cohort, "validation", channels=CHANNELS)
    with pytest.raises(ConfigError, match="loose: other images than strict's"):
        evaluate_vote({**voters, "loose": classifier(Brightness(), other)}, **settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"positive": "ill"}, "positive: 'ill' found, expected one of classes: low, high"),
        ({"weights": {"other": None}}, "weights::other: no network of that name"),
    ],
)
def test_settings_that_name_nothing_are_refused(asked, change, message):
    voters, settings = asked
    with pytest.raises(ConfigError, match=message):
        evaluate_vote(voters, **(settings | change))


def test_a_voter_may_not_be_called_vote(asked):
    voters, settings = asked
    settings["weights"] = {"vote": settings["weights"]["fair"]}
    with pytest.raises(ConfigError, match="voters::vote: that name means all voters together"):
        evaluate_vote({"vote": voters["fair"]}, **settings)


def test_the_command_finds_the_layer_of_the_vote_and_its_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    manifest = read_manifest(write_slices(tmp_path))
    splits = make_splits(manifest, test=0, validation=0, seed=0, assign={"bert": "test"})
    write_splits(splits_path(manifest.path), splits)
    _, _, weights = networks([], tmp_path / "runs", trained_on=["anna", "cleo"])
    assert weights["fair"] == tmp_path / "runs/fair"
    bundle, command = write_bundle(tmp_path / "bundle"), CliRunner()
    done = command.invoke(main, ["run", str(bundle), "evaluate", "--layer", "vote"])
    assert done.exit_code == 0, done.output
    table = rows(tmp_path / "runs/vote/evaluation/predictions.csv")
    assert [row["vote"] for row in table] == ["tumor", "no_tumor", "no_tumor"]
    assert command.invoke(main, ["report", "runs/vote"]).exit_code == 0
    missing = ["--layer", "vote", "--set", "weights::strict=nowhere"]
    done = command.invoke(main, ["run", str(bundle), "evaluate", *missing])
    assert done.exit_code == 1
    assert "weights::strict: nowhere: no trained weights there; train it: monai-mri run the_b" in done.output
