from __future__ import annotations

import csv
import io
import json
import math
import shutil
from dataclasses import replace

import pytest
import torch
import yaml

from monai_mri.errors import ConfigError, UsageError
from monai_mri.networks import LesionCNN
from monai_mri.study.complexity import Complexity, study_complexity
from monai_mri.study.complexity_table import (
    complexity_csv,
    complexity_json,
    complexity_markdown,
    complexity_text,
    next_lines,
)

SMALL = {"patch_size": 11, "network_def::filters": [2, 3]}


@pytest.fixture(scope="module")
def watched(lesion) -> list[Complexity]:
    """What is known before the first measurement, and after each."""
    names = ("flair", "mask", "flair_mask", "flair_qsm_mask", "paper")
    seen: list[Complexity] = []
    study_complexity(lesion, variants=names, settings=SMALL, device="cpu", batch_size=2, watch=seen.append)
    return seen


@pytest.fixture(scope="module")
def measured(watched) -> Complexity:
    return watched[-1]


def test_variants_of_the_same_network_and_optimiser_are_one_row(measured):
    assert [row.variants for row in measured.rows] == [
        ("flair", "mask"),
        ("flair_mask",),
        ("flair_qsm_mask",),
        ("paper",),
    ]
    assert [row.shape for row in measured.rows] == [(n, 11, 11, 11) for n in (1, 2, 3, 3)]
    assert {(row.network, row.batch_size, row.precision) for row in measured.rows} == {
        ("LesionCNN", 2, "float32")
    }


def test_figures_are_those_of_the_variant_with_the_settings_of_the_call(measured):
    for row in measured.rows:
        channels = row.shape[0]
        network = LesionCNN(channels, 11, filters=[2, 3])
        assert row.cost.parameters == sum(parameter.numel() for parameter in network.parameters())
        by_hand = 11**3 * 2 * 27 * channels + 5**3 * 3 * 27 * 2 + 2 * 3 * 8
        assert row.cost.flops == 2 * by_hand
        assert row.cost.step_ms > 0


def test_the_batch_is_the_variants_own_unless_another_is_named(migraine):
    settings = {"spatial_shape": [8, 8, 8]}
    [row] = study_complexity(migraine, variants=["gap"], settings=settings, device="cpu").rows
    assert row.batch_size == 2


def test_a_tile_of_the_plaque_network_is_measured(repository):
    found = study_complexity(
        repository / "bundles" / "ms_plaque", variants=["honest"], device="cpu", batch_size=1
    )
    assert [row.cost.parameters for row in found.rows] == [233_321]
    assert found.rows[0].shape == (1, 50, 50)


def test_another_network_is_measured_by_one_setting(migraine):
    network = {
        "_target_": "monai.networks.nets.resnet18",
        "pretrained": False,
        "spatial_dims": 3,
        "n_input_channels": 1,
        "num_classes": 2,
        "widen_factor": 0.125,
    }
    settings = {"spatial_shape": [32, 32, 32], "network_def": network}
    [row] = study_complexity(migraine, variants=["honest"], settings=settings, device="cpu").rows
    assert (row.network, row.shape) == ("ResNet", (1, 32, 32, 32))
    assert row.cost.flops > 1e6


@pytest.mark.slow
def test_weights_neither_split_a_row_nor_are_they_read(migraine, tmp_path):
    bundle = shutil.copytree(migraine, tmp_path / "migraine")
    network = {"_target_": "monai_mri.networks.TwoViewResNet", "image_size": 16}
    variants = {
        name: {"spatial_shape": [16, 16, 16], "network_def": network | changes}
        for name, changes in {
            "scratch": {},
            "imagenet": {"weights": "imagenet"},
            "own": {"weights": "no/such/file.safetensors"},
            "one_view": {"views": [2]},
        }.items()
    }
    path = bundle / "configs" / "protocol.yaml"
    path.write_text(
        yaml.safe_dump(yaml.safe_load(path.read_text()) | {"variants": variants}, sort_keys=False)
    )
    found = study_complexity(bundle, device="cpu", batch_size=2)
    assert [row.variants for row in found.rows] == [("scratch", "imagenet", "own"), ("one_view",)]
    assert found.rows[0].cost.parameters > found.rows[1].cost.parameters


@pytest.mark.parametrize(
    ("request_", "error", "message"),
    [
        ({"variants": ["flare"]}, UsageError, "did you mean flair"),
        ({"batch_size": 0}, UsageError, "at least 1"),
        (
            {"settings": {"channels": ["qsm"]}, "variants": ["flair"]},
            UsageError,
            "variant flair sets channels",
        ),
        ({"settings": {"patch_sice": 3}}, ConfigError, "did you mean"),
        ({"settings": {"patch_size": 4}}, ConfigError, "network_def cannot be built .*leaves no voxel"),
        ({"settings": SMALL | {"network_def::in_channels": 4}}, ConfigError, "fails on 2 samples of shape"),
        ({"device": "cuda:99"}, ConfigError, "cuda:99"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_the_cause(lesion, request_, error, message):
    with pytest.raises(error, match=message):
        study_complexity(
            lesion, **{"variants": ["flair_qsm_mask"], "batch_size": 2, "device": "cpu"} | request_
        )


def test_text_and_markdown_hold_a_line_a_row_and_what_is_counted(measured):
    text = complexity_text(measured)
    assert f"{torch.get_num_threads()} threads" in text.splitlines()[0]
    assert text.splitlines()[3].split()[:3] == ["flair,", "mask", "LesionCNN"]
    assert "two for each multiply-add" in text
    markdown = complexity_markdown(measured).splitlines()
    assert markdown[2].count("|") == markdown[3].count("|") == markdown[4].count("|") == 12
    assert markdown[4].startswith(r"| flair, mask | LesionCNN | 1 x 11 x 11 x 11 | 2 |")


def test_undefined_memory_is_said_empty_or_null(measured):
    row = measured.rows[0]
    found = replace(measured, rows=(replace(row, cost=replace(row.cost, step_mb=math.nan)),))
    assert complexity_text(found).splitlines()[3].endswith("undefined")
    [line] = csv.DictReader(io.StringIO(complexity_csv(found)))
    assert (line["step_mb"], line["variants"], line["input"]) == ("", "flair mask", "1x11x11x11")
    assert int(line["flops"]) == row.cost.flops
    [network] = json.loads(complexity_json(found))["networks"]
    assert network["step_mb"] is None
    assert network["flops"] == row.cost.flops


def test_what_is_measured_is_told_row_by_row_and_what_waits(watched):
    assert [len(found.rows) for found in watched] == [0, 1, 2, 3, 4]
    assert [[one.variants for one in found.waiting][:1] for found in watched[:2]] == [
        [("flair", "mask")],
        [("flair_mask",)],
    ]
    assert watched[2].notes[0] == "stopped early, not measured: flair_qsm_mask, paper"
    assert not any("stopped" in note for note in watched[-1].notes)


def test_lines_printed_one_by_one_are_those_of_the_whole_table(watched):
    lines = "\n".join(map(next_lines, watched)).splitlines()
    whole = complexity_text(watched[-1]).splitlines()
    assert [line.split() for line in lines] == [line.split() for line in whole[: len(lines)]]
    ends = [line.index(cell) + len(cell) for line, cell in zip(lines[2:4], ("batch", " 2 "), strict=True)]
    assert ends[0] == ends[1] - 1
