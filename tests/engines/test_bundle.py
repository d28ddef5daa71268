from __future__ import annotations

import contextlib
import json
import logging
from pathlib import Path

import pytest
import torch
import yaml

from monai_mri.engines.bundle import checked_config, parse_settings, parse_value, run_bundle
from monai_mri.errors import ConfigError, ManifestError, UsageError

TRAIN = {
    "bundle_root": ".",
    "source": "absent.txt",
    "target": "copied.txt",
    "suffix": None,
    "copy": {"_target_": "shutil.copyfile", "src": "@source", "dst": "@target"},
    "run": ["@copy"],
}


NOTES = """
import json, pathlib

def note(value, path):
    pathlib.Path(path).write_text(json.dumps(value))
"""


@pytest.fixture
def bundle(tmp_path) -> Path:
    """A bundle whose training copies a file and whose evaluation changes which."""
    configs = tmp_path / "tiny" / "configs"
    configs.mkdir(parents=True)
    (configs / "train.yaml").write_text(yaml.safe_dump(TRAIN, sort_keys=False))
    (configs / "paper.yaml").write_text(f"source: {tmp_path / 'paper.txt'}\n")
    (configs / "evaluate.yaml").write_text(f"target: {tmp_path / 'evaluated.txt'}\n")
    (configs / "inference.yaml").write_text(yaml.safe_dump(TRAIN | {"source": str(tmp_path / "paper.txt")}))
    (configs / "multi_gpu_train.yaml").write_text("suffix: together\n")
    for name in ("honest", "paper"):
        (tmp_path / f"{name}.txt").write_text(name)
    return configs.parent


def test_a_folder_that_is_no_bundle_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no bundle there, expected a folder with configs"):
        run_bundle(tmp_path, "train")


def test_settings_reach_the_run(bundle, tmp_path):
    settings = {"source": str(tmp_path / "honest.txt"), "target": str(tmp_path / "out.txt")}
    run_bundle(bundle, "train", settings=settings)
    assert (tmp_path / "out.txt").read_text() == "honest"


def test_a_nested_setting_reaches_one_leaf_in_either_spelling(bundle, tmp_path):
    for key, name in (("copy::src", "one.txt"), ("copy#src", "other.txt")):
        target = tmp_path / name
        run_bundle(bundle, "train", settings={key: str(tmp_path / "honest.txt"), "target": str(target)})
        assert target.read_text() == "honest"


@pytest.mark.parametrize(
    "name", ["with space.txt", "it's.txt", "Läsion.txt", "50%.txt", "a@b.txt", "a::b.txt"]
)
def test_a_file_name_arrives_unchanged(bundle, tmp_path, name):
    settings = {"source": str(tmp_path / "honest.txt"), "target": str(tmp_path / name)}
    run_bundle(bundle, "train", settings=settings)
    assert (tmp_path / name).read_text() == "honest"


def test_a_value_that_monai_would_change_in_silence_arrives_unchanged_or_is_refused(bundle, tmp_path):
    settings = {"source": str(tmp_path / "honest.txt"), "target": str(tmp_path / "scan#2.txt")}
    with contextlib.suppress(ConfigError):
        run_bundle(bundle, "train", settings=settings)
    written = sorted(path.name for path in tmp_path.glob("scan*"))
    assert written in ([], ["scan#2.txt"])


def test_the_paper_and_the_mode_lie_over_the_training_and_the_settings_over_all(bundle, tmp_path):
    run_bundle(bundle, "evaluate", protocol="paper")
    assert (tmp_path / "evaluated.txt").read_text() == "paper"
    run_bundle(bundle, "evaluate", protocol="paper", settings={"source": str(tmp_path / "honest.txt")})
    assert (tmp_path / "evaluated.txt").read_text() == "honest"


def test_an_unknown_setting_is_refused_before_anything_runs(bundle, tmp_path):
    with pytest.raises(ConfigError, match=r"--set sourc: .*did you mean source\?"):
        run_bundle(bundle, "evaluate", protocol="paper", settings={"sourc": "x"})
    assert not (tmp_path / "evaluated.txt").exists()


def test_an_argument_that_the_component_does_not_take_is_refused_before_anything_runs(bundle, tmp_path):
    (bundle / "configs" / "paper.yaml").write_text("copy::sorce: a\n")
    with pytest.raises(ConfigError, match="copy::sorce"):
        run_bundle(bundle, "evaluate", protocol="paper")
    assert not (tmp_path / "evaluated.txt").exists()


def test_an_absent_layer_is_refused(bundle):
    (bundle / "configs" / "paper.yaml").unlink()
    with pytest.raises(ConfigError, match=r"paper\.yaml: no such file"):
        run_bundle(bundle, "train", protocol="paper")


@pytest.mark.parametrize("value", [None, 1e-05, "2026-11-21", "1e-3", [1, "a"], {"a": None}, "no: yaml: ["])
def test_a_setting_arrives_as_the_value_that_was_given(bundle, tmp_path, monkeypatch, value):
    (tmp_path / "notes_of_settings.py").write_text(NOTES)
    monkeypatch.syspath_prepend(tmp_path)
    step = {"_target_": "notes_of_settings.note", "value": "@value", "path": str(tmp_path / "seen.json")}
    (bundle / "configs" / "train.yaml").write_text(
        yaml.safe_dump({"bundle_root": ".", "value": "old", "run": [step]})
    )
    run_bundle(bundle, "train", settings={"value": value})
    assert json.loads((tmp_path / "seen.json").read_text()) == value


def test_our_errors_inside_a_run_come_out_as_they_are(bundle, tmp_path):
    target = "monai_mri.manifest.read_manifest"
    (bundle / "configs" / "paper.yaml").write_text(
        f"copy: {{_target_: {target}, path: {tmp_path}/absent.csv}}\n"
    )
    with pytest.raises((RuntimeError, ManifestError)) as found:
        run_bundle(bundle, "train", protocol="paper")
    error: BaseException | None = found.value
    while error is not None and not isinstance(error, ManifestError):
        error = error.__cause__ or error.__context__
    assert "absent.csv" in str(error)


def test_logging_is_as_before_afterwards_even_after_an_error(bundle):
    with pytest.raises(RuntimeError, match="copyfile"):
        run_bundle(bundle, "train")
    assert logging.root.manager.disable == logging.NOTSET


def test_a_gpu_that_is_not_there_is_refused(bundle):
    number = torch.cuda.device_count() + 5
    with pytest.raises(ConfigError, match=f"no GPU {number}"):
        run_bundle(bundle, "train", gpus=[number])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        ("-2.5", -2.5),
        ("true", True),
        ("null", None),
        ("[4, 8]", [4, 8]),
        ("{a: 1}", {"a": 1}),
        ("runs/a", "runs/a"),
        ("@max_epochs", "@max_epochs"),
        ("a: b: c", "a: b: c"),
        ("sub-001", "sub-001"),
        ("C:\\data", "C:\\data"),
    ],
)
def test_values_are_what_they_look_like(text, value):
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


@pytest.mark.parametrize("text", ["2026-11-21", "12:30", "nan", "inf", "infinity"])
def test_names_that_only_look_like_numbers_or_dates_stay_text(text):
    assert parse_value(text) == text


def test_small_numbers_inside_a_list_are_numbers_too():
    assert parse_value("[1e-3, 1e-4]") == [0.001, 0.0001]


@pytest.fixture
def typed(bundle):
    """The bundle with a setting of each type."""
    settings = {"text": "a", "number": 0.95, "whole": 3, "flag": True, "list": ["qsm", "flair"]}
    (bundle / "configs" / "train.yaml").write_text(yaml.safe_dump(TRAIN | settings, sort_keys=False))
    return bundle


def test_the_order_of_classes_reaches_the_run(bundle):
    classes = {"patient": "migraine", "healthy": "control"}
    (bundle / "configs" / "train.yaml").write_text(
        yaml.safe_dump(TRAIN | {"classes": {"a": "b"}}, sort_keys=False)
    )
    found = checked_config(bundle, "train", settings={"classes": classes})["classes"]
    assert list(found.items()) == list(classes.items())


def test_null_is_taken_where_the_config_has_a_number_or_text(typed):
    values = parse_settings(typed, "train", dict.fromkeys(("text", "number", "whole"), "null"))
    assert values == {"text": None, "number": None, "whole": None}


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("flag", "null", "expected a value like True"),
        ("number", "high", "expected a number"),
        ("list", "qsm", r"--set list: 'qsm' found, expected a list such as \[qsm\]"),
    ],
)
def test_a_value_of_another_type_is_refused(typed, key, text, message):
    with pytest.raises(ConfigError, match=message):
        parse_settings(typed, "train", {key: text})


def test_a_list_and_a_reference_to_one_are_taken_where_the_config_has_a_list(typed):
    assert parse_settings(typed, "train", {"list": "[qsm]"}) == {"list": ["qsm"]}
    assert parse_settings(typed, "train", {"list": "@text"}) == {"list": "@text"}
