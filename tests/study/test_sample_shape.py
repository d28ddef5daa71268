from __future__ import annotations

import json

import pytest

from monai_mri.errors import ConfigError
from monai_mri.study.protocol import Protocol
from monai_mri.study.sample_shape import parsed, sample_shape

CONFIG = {
    "channels": ["flair", "qsm"],
    "size": 35,
    "shape": [12, 14, 12],
    "network_def": {
        "_target_": "torch.nn.Conv2d",
        "in_channels": "@size",
        "out_channels": 1,
        "kernel_size": 1,
    },
}


def protocol(*asked) -> Protocol:
    block = {"complexity": {"input": asked}} if asked else {}
    return Protocol(study="x", primary_metric="a", variants={"honest": {}}, **block)


@pytest.mark.parametrize(
    ("asked", "shape"),
    [
        ((1, 8, 9), (1, 8, 9)),
        (("@channels", "@size", "@size", "@size"), (2, 35, 35, 35)),
        ((1, "@shape"), (1, 12, 14, 12)),
        (("@network_def::out_channels", "@network_def::in_channels", 4), (1, 35, 4)),
    ],
)
def test_numbers_and_references_make_the_shape(tmp_path, asked, shape):
    assert sample_shape(tmp_path, protocol(*asked), CONFIG) == shape


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((1, "@channels"), "expected channels and two or three sizes"),
        ((1, "@size"), "expected channels and two or three sizes"),
        ((1, "@shape", "@size"), "expected channels and two or three sizes"),
        ((1, "@sice"), "complexity_input cannot be built"),
    ],
)
def test_what_is_no_shape_is_refused_by_its_key(tmp_path, asked, said):
    with pytest.raises(ConfigError, match=said):
        sample_shape(tmp_path, protocol(*asked), CONFIG)


@pytest.mark.parametrize("asked", [("$1 + 1", 8, 8), (0, 8, 8), (1,), ("size", 8, 8)])
def test_code_and_what_is_no_reference_is_refused_when_the_protocol_is_read(asked):
    with pytest.raises(ValueError, match="complexity"):
        protocol(*asked)


def test_without_a_block_it_is_the_image_of_the_metadata(tmp_path):
    (tmp_path / "configs").mkdir()
    path = tmp_path / "configs" / "metadata.json"
    with pytest.raises(ConfigError, match=r"metadata\.json: names no input image"):
        sample_shape(tmp_path, protocol(), CONFIG)
    for spatial, shape in (([64, 32], (2, 64, 32)), (["8*n", "8*n"], None)):
        image = {"num_channels": 2, "spatial_shape": spatial}
        path.write_text(json.dumps({"network_data_format": {"inputs": {"image": image}}}))
        if shape:
            assert sample_shape(tmp_path, protocol(), CONFIG) == shape
        else:
            with pytest.raises(ConfigError, match="say complexity"):
                sample_shape(tmp_path, protocol(), CONFIG)


def test_a_network_that_cannot_be_built_is_said_with_its_own_words(tmp_path):
    network = CONFIG["network_def"] | {"groups": 2}
    with pytest.raises(ConfigError, match=r"network_def cannot be built \(in_channels must be divisible"):
        parsed(tmp_path, CONFIG | {"network_def": network}, "network_def")
