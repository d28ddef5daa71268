from __future__ import annotations

import pytest

from monai_mri.engines.layers import LAYERS, MODES, layer_files
from monai_mri.errors import UsageError
from monai_mri.study.plan import settings_for


@pytest.fixture
def bundle(tmp_path):
    """A bundle whose files are empty."""
    configs = tmp_path / "bundle" / "configs"
    configs.mkdir(parents=True)
    for name in ("train", "evaluate", "inference", "paper", "multi_gpu_train"):
        (configs / f"{name}.yaml").write_text("")
    return configs.parent


@pytest.mark.parametrize(
    ("mode", "settings", "names"),
    [
        ("train", {}, ["train"]),
        ("train", {"protocol": "paper"}, ["train", "paper"]),
        ("train", {"protocol": "paper", "several": True}, ["train", "paper", "multi_gpu_train"]),
        ("evaluate", {}, ["train", "evaluate"]),
        ("evaluate", {"protocol": "paper"}, ["train", "evaluate", "paper"]),
        ("evaluate", {"several": True}, ["train", "evaluate"]),
        ("infer", {"protocol": "paper"}, ["inference"]),
    ],
)
def test_layers_lie_over_each_other_in_the_right_order(bundle, mode, settings, names):
    assert [path.stem for path in layer_files(bundle, mode, **settings)] == names


def test_every_mode_has_its_layers():
    assert set(MODES) == set(LAYERS) == {"train", "evaluate", "infer", "explain"}


@pytest.mark.parametrize(
    ("mode", "settings", "message"),
    [
        ("test", {}, "mode 'test' asked for, expected one of train"),
        ("train", {"protocol": "fair"}, "honest or paper"),
    ],
)
def test_an_unknown_mode_or_protocol_is_refused(bundle, mode, settings, message):
    with pytest.raises(UsageError, match=message):
        layer_files(bundle, mode, **settings)


def test_layers_are_laid_over_training_before_evaluation(repository):
    files = layer_files(repository / "bundles/ms_lesion", "evaluate", layers=["five_classes", "demo"])
    assert [path.stem for path in files] == ["train", "five_classes", "demo", "evaluate"]


@pytest.mark.parametrize(
    ("mode", "layers", "message"),
    [
        ("train", ["dmeo"], "layer 'dmeo' asked for, expected some of demo, "),
        ("train", ["evaluate"], "layer 'evaluate'"),
        ("infer", ["demo"], "infer has a config of its own"),
    ],
)
def test_a_layer_that_is_none_is_refused(repository, mode, layers, message):
    with pytest.raises(UsageError, match=message):
        layer_files(repository / "bundles/ms_lesion", mode, layers=layers)


def test_a_bundle_without_maps_cannot_be_explained(repository):
    with pytest.raises(UsageError, match=r"no explain\.yaml"):
        layer_files(repository / "bundles/ms_plaque", "explain")


@pytest.mark.parametrize(
    ("mode", "names"), [("evaluate", ["train", "own", "evaluate"]), ("infer", ["inference", "own"])]
)
def test_a_file_of_the_users_own_is_a_layer_of_every_mode(bundle, tmp_path, mode, names):
    own = tmp_path / "own.yaml"
    own.write_text("network_def: null")
    assert [path.stem for path in layer_files(bundle, mode, layers=[str(own)])] == names


def test_a_file_that_is_not_there_is_named(bundle):
    with pytest.raises(UsageError, match=r"nowhere/own\.yaml: no such file"):
        layer_files(bundle, "train", layers=["nowhere/own.yaml"])


@pytest.fixture
def layered(bundle):
    """A bundle with a layer of two files, one of evaluation alone and one of training alone."""
    names = ("segment", "evaluate_segment", "evaluate_vote", "deeper", "evaluate_paper", "inference_deeper")
    for name in names:
        (bundle / "configs" / f"{name}.yaml").write_text("")
    return bundle


@pytest.mark.parametrize(
    ("mode", "settings", "names"),
    [
        ("train", {"layers": ["segment", "deeper"]}, ["train", "segment", "deeper"]),
        (
            "evaluate",
            {"layers": ["segment", "deeper"]},
            ["train", "segment", "deeper", "evaluate", "evaluate_segment"],
        ),
        ("evaluate", {"layers": ["vote"]}, ["train", "evaluate", "evaluate_vote"]),
        ("infer", {"layers": ["deeper"]}, ["inference", "inference_deeper"]),
        (
            "evaluate",
            {"layers": ["vote", "segment"], "protocol": "paper"},
            [
                *("train", "segment", "evaluate", "paper"),
                *("evaluate_vote", "evaluate_segment", "evaluate_paper"),
            ],
        ),
    ],
)
def test_a_layer_may_have_a_file_over_another_mode_too(layered, mode, settings, names):
    assert [path.stem for path in layer_files(layered, mode, **settings)] == names


@pytest.mark.parametrize(
    ("mode", "layer", "message"),
    [
        (
            "train",
            "vote",
            r"'vote': has only evaluate_vote\.yaml, so it is one of mode evaluate, not of train",
        ),
        ("evaluate", "evaluate_vote", "'evaluate_vote' asked for, expected some of .*segment, vote"),
        ("infer", "vote", "infer has a config of its own"),
        ("infer", "segment", "infer has a config of its own"),
    ],
)
def test_a_layer_of_another_mode_is_refused(layered, mode, layer, message):
    with pytest.raises(UsageError, match=message):
        layer_files(layered, mode, layers=[layer])


def test_a_study_gives_a_variant_the_keys_that_its_layer_adds_to_evaluation(layered):
    contents = {"train": "seed: 0", "segment": "seed: 1", "evaluate": "part: test"}
    for name, text in {**contents, "evaluate_segment": "volumes: null"}.items():
        (layered / f"configs/{name}.yaml").write_text(text)
    asked = {"seed": 1, "volumes": 2}
    known = {
        mode: settings_for(layered, mode, asked, layers=["segment"], protocol="honest")
        for mode in ("train", "evaluate")
    }
    assert known == {"train": {"seed": 1}, "evaluate": asked}
