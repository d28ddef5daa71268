from __future__ import annotations

import pytest
import yaml

from monai_mri.engines.config_check import (
    check_components,
    check_settings,
    components,
    has_expressions,
    known_keys,
    read_layers,
    unread_keys,
)
from monai_mri.errors import ConfigError

CONFIG = {
    "bundle_root": ".",
    "max_epochs": 4,
    "network_def": {"_target_": "torch.nn.Linear", "in_features": 2, "out_features": 1},
    "train": {
        "transforms": [
            {"_target_": "monai.transforms.ScaleIntensityd", "keys": "image"},
            {"_target_": "monai.transforms.CopyItemsd", "keys": "image", "names": "raw"},
        ],
        "optimizer": {"_target_": "torch.optim.Adam", "_mode_": "callable", "lr": 0.1},
        "epochs": "@max_epochs",
    },
    "run": [{"_target_": "monai_mri.engines.initialize", "seed": 0}],
}


@pytest.mark.parametrize(
    "key",
    [
        "max_epochs",
        "train",
        "train::epochs",
        "train#epochs",
        "network_def::out_features",
        "network_def::bias",
        "train::optimizer::betas",
        "train::transforms::0::minv",
        "train::transforms::1",
        "run::0::seed",
    ],
)
def test_keys_of_the_config_and_arguments_of_its_components_may_be_set(key):
    check_settings(CONFIG, {key: 1})


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("max_epoch", "max_epochs"),
        ("network_df", "network_def"),
        ("train::epoch", "train::epochs"),
        ("trian::epochs", "train::epochs"),
        ("network_def::in_feature", "network_def::in_features"),
        ("train::transforms::1::name", "train::transforms::1::names"),
    ],
)
def test_a_typo_at_any_depth_is_refused_with_what_was_meant(key, meant):
    with pytest.raises(ConfigError, match=f"--set {key}: no such key.*did you mean {meant}\\?"):
        check_settings(CONFIG, {key: 1})


@pytest.mark.parametrize(
    "key",
    [
        "train::transforms::2",
        "train::transforms::-1",
        "train::transforms::x",
        "train::transforms::²",
        "max_epochs::deeper",
        "train::epochs::deeper",
        "",
        "::",
        "train::",
        "network_def::_traget_",
        "zzz",
    ],
)
def test_a_key_that_leads_nowhere_is_refused(key):
    with pytest.raises(ConfigError, match="no such key"):
        check_settings(CONFIG, {key: 1})


def test_an_argument_that_was_never_set_is_suggested_too():
    with pytest.raises(ConfigError, match="weight_decay"):
        check_settings(CONFIG, {"train::optimizer::weight_decy": 1})


def test_any_argument_may_be_set_where_the_component_takes_any():
    check_settings({"layer": {"_target_": "torch.nn.Identity"}}, {"layer::anything": 1})


def test_one_wrong_setting_among_right_ones_is_found():
    with pytest.raises(ConfigError, match="max_epoch"):
        check_settings(CONFIG, {"max_epochs": 1, "max_epoch": 2, "train::epochs": 3})


def test_a_sound_config_passes():
    check_components(CONFIG)


@pytest.mark.parametrize(
    ("component", "message"),
    [
        (
            {"_target_": "torch.nn.Linear", "in_feature": 2},
            r"a::b::0::in_feature: .*did you mean in_features\?",
        ),
        ({"_target_": "torch.nn.Lineer"}, "a::b::0: 'torch.nn.Lineer' does not exist"),
        ({"_target_": "no_such_package.Network"}, "'no_such_package.Network' does not exist"),
        (
            {"_target_": "torch.optim.Adam", "_mode_": "callable", "learning_rate": 1},
            "learning_rate: .*takes no such",
        ),
        (
            {"_target_": "monai.transforms.Compose", "transforms": [{"_target_": "gone"}]},
            "a::b::0::transforms::0: 'gone'",
        ),
        ({"_target_": "monai_mri.engines.fit", "trianer": "@x"}, r"did you mean trainer\?"),
    ],
)
def test_a_component_that_does_not_exist_or_takes_no_such_argument_is_named(component, message):
    with pytest.raises(ConfigError, match=message):
        check_components({"a": {"b": [component]}})


@pytest.mark.parametrize(
    "component", [{"_target_": "types.SimpleNamespace", "x": 1}, {"_target_": "torch.nn.Identity", "any": 1}]
)
def test_a_component_that_takes_any_argument_takes_this_one(component):
    check_components({"a": component})


@pytest.mark.parametrize("target", ["torch.tensor", "builtins.dict", "builtins.min"])
def test_a_component_written_in_c_without_a_signature_is_no_crash(target):
    check_components({"a": {"_target_": target, "anything": 1}})
    check_settings({"a": {"_target_": target, "anything": 1}}, {"a::anything": 2})


def test_a_module_that_cannot_be_imported_is_our_error(tmp_path, monkeypatch):
    (tmp_path / "broken_module_of_a_user.py").write_text("import no_such_package_at_all\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="broken_module_of_a_user"):
        check_components({"a": {"_target_": "broken_module_of_a_user.Network"}})


def test_a_short_name_that_monai_itself_resolves_is_not_refused():
    check_components({"a": {"_target_": "UNet", "spatial_dims": 2, "in_channels": 1}})


def test_a_planted_key_that_nothing_reads_is_found_and_no_other():
    assert unread_keys(CONFIG) == []
    assert unread_keys(CONFIG | {"learning_rate": 1, "patienc": 2}) == ["learning_rate", "patienc"]


@pytest.mark.parametrize(
    "reference", ["@spare", "@spare::deep", "@spare#0", "$len(@spare)", "%spare::deep", "$@a + @spare"]
)
def test_a_key_is_read_by_any_form_of_reference(reference):
    assert (
        unread_keys(
            {"spare": {"deep": 1}, "a": 1, "run": [{"_target_": "builtins.print", "x": reference}, "@a"]}
        )
        == []
    )


def test_expressions_are_found_at_any_depth_and_money_is_none():
    assert not has_expressions(CONFIG)
    assert has_expressions({"a": [{"b": "$1 + 1"}]})
    assert has_expressions({"a": "  $import os"})
    assert not has_expressions({"a": "costs 5 $", "b": 3, "c": None})


def test_every_key_and_every_component_is_known_by_its_path():
    assert {"train", "train::transforms::1::names", "run::0::seed"} <= set(known_keys(CONFIG))
    assert "" not in known_keys(CONFIG)
    assert [path for path, _ in components(CONFIG)] == [
        "network_def",
        "train::transforms::0",
        "train::transforms::1",
        "train::optimizer",
        "run::0",
    ]


def test_later_layers_stand_over_earlier_ones_and_nothing_is_evaluated(tmp_path):
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(yaml.safe_dump(CONFIG | {"code": f"$open('{tmp_path}/ran', 'w')"}))
    second.write_text("max_epochs: 9\ntrain::optimizer::lr: 0.5\n")
    config = read_layers([first, second])
    assert config["max_epochs"] == 9
    assert config["train"]["optimizer"]["lr"] == 0.5
    assert config["train"]["epochs"] == "@max_epochs"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("text", ["a: [1", "- 1\n- 2\n", "just text", "a: 1\n\tb: 2\n"])
def test_a_file_that_is_no_config_is_said_by_its_path(tmp_path, text):
    (tmp_path / "train.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"train\.yaml: not a config"):
        read_layers([tmp_path / "train.yaml"])


def test_an_absent_file_is_said_by_its_path(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.yaml: no such file"):
        read_layers([tmp_path / "absent.yaml"])


def test_a_layer_that_sets_a_leaf_of_what_is_not_there_is_said(tmp_path):
    (tmp_path / "a.yaml").write_text("a: 1\n")
    (tmp_path / "b.yaml").write_text("nowhere::leaf: 1\n")
    with pytest.raises(ConfigError, match=r"b\.yaml"):
        read_layers([tmp_path / "a.yaml", tmp_path / "b.yaml"])
