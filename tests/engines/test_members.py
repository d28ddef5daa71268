from __future__ import annotations

import pytest
from voting import Bright, Brightness, classifier, write_weights

from monai_mri.engines.members import load_members, refuse_unknown
from monai_mri.errors import CheckpointError, ConfigError, UsageError

KNOWN = {"classes": ("low", "high")}


def both(tmp_path):
    """Two evaluators and their weights."""
    evaluators, weights = {}, {}
    for name, at in (("one", 0.5), ("two", 1.5)):
        evaluators[name] = classifier(Brightness(), [])
        weights[name] = write_weights(Brightness(threshold=at), tmp_path / name, **KNOWN)
    return evaluators, weights


def test_each_network_gets_its_own_weights(tmp_path):
    members = load_members(*both(tmp_path), kind="classifier")
    assert [(one.name, one.evaluator.network.level[0].item()) for one in members] == [
        ("one", 0.5),
        ("two", 1.5),
    ]
    assert members[0].facts["weights_sha256"] != members[1].facts["weights_sha256"]


def test_a_network_without_weights_is_left_out_and_that_is_said(tmp_path, capsys):
    evaluators, weights = both(tmp_path)
    members = load_members(evaluators, weights | {"one": None}, kind="classifier")
    assert [one.name for one in members] == ["two"]
    assert "classifier one is left out: weights::one is null" in capsys.readouterr().err
    members = load_members({**evaluators, "two": None}, weights, kind="classifier")
    assert [one.name for one in members] == ["one"]


def test_without_one_network_there_is_nobody_to_ask(tmp_path):
    evaluators, _ = both(tmp_path)
    with pytest.raises(UsageError, match="weights::one or weights::two: no classifier to ask"):
        load_members(evaluators, {"one": None}, kind="classifier")


def test_missing_weights_name_the_key_the_file_and_the_command(tmp_path):
    evaluators, weights = both(tmp_path)
    with pytest.raises(
        CheckpointError,
        match=r"weights::two: .*nowhere\.safetensors: no trained weights there; train it: monai-mri run x",
    ):
        load_members(
            evaluators,
            weights | {"two": tmp_path / "nowhere.safetensors"},
            kind="classifier",
            how_to_train={"two": "monai-mri run x"},
        )


@pytest.mark.parametrize(
    ("kind", "known", "message"),
    [
        ("classifier", {}, "weights::one: .*weights of a segmenter, expected those of a classifier"),
        ("segmenter", KNOWN, "weights::one: .*weights of a classifier, expected those of a segmenter"),
    ],
)
def test_weights_of_another_kind_are_refused_by_name(tmp_path, kind, known, message):
    weights = {"one": write_weights(Bright(), tmp_path / "run", **known)}
    with pytest.raises(CheckpointError, match=message):
        load_members({"one": classifier(Bright(), [])}, weights, kind=kind)


def test_one_network_or_one_training_under_two_names_is_refused(tmp_path):
    evaluators, weights = both(tmp_path)
    with pytest.raises(ConfigError, match="one and two share one network"):
        load_members(
            {**evaluators, "two": classifier(evaluators["one"].network, [])}, weights, kind="classifier"
        )
    with pytest.raises(ConfigError, match="weights::one and weights::two hold the same weights"):
        load_members(evaluators, {**weights, "two": weights["one"]}, kind="classifier")


def test_weights_for_an_unknown_name_are_refused():
    with pytest.raises(ConfigError, match="weights::resnet: no network of that name, expected some of one"):
        refuse_unknown({"resnet": None}, ["one"])
