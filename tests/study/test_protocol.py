from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from monai_mri.errors import ConfigError, UsageError
from monai_mri.study.protocol import chosen_variants, read_protocol

BUNDLES = Path(__file__).resolve().parents[2] / "bundles"
LEAST = {"study": "x", "primary_metric": "scores.accuracy", "variants": {"honest": {}}}


@pytest.fixture
def bundle(tmp_path):
    (tmp_path / "configs").mkdir()

    def write(**changes):
        (tmp_path / "configs" / "protocol.yaml").write_text(yaml.safe_dump(LEAST | changes))
        return tmp_path

    return write


def test_layers_and_settings_of_a_variant_are_told_apart(bundle):
    variant = read_protocol(bundle(variants={"a": {"layers": ["paper"], "lr": 1}, "b": None})).variants
    assert (variant["a"].layers, variant["a"].settings) == (("paper",), {"lr": 1})
    assert (variant["b"].layers, variant["b"].settings) == ((), {})


def test_a_metric_of_a_variants_own_is_no_setting(bundle):
    own = {"primary_metric": "per_slice.scores.dice", "lr": 1}
    variant = read_protocol(bundle(variants={"a": own, "b": None})).variants
    assert (variant["a"].primary_metric, variant["a"].settings) == ("per_slice.scores.dice", {"lr": 1})
    assert variant["b"].primary_metric == ""


def test_segmenters_of_the_tumour_study_are_judged_by_dice():
    variants = read_protocol(BUNDLES / "brain_tumor").variants
    assert {name: one.primary_metric for name, one in variants.items() if one.primary_metric} == {
        "unet": "per_slice.scores.dice",
        "deeplabv3plus": "per_slice.scores.dice",
    }


@pytest.mark.parametrize(
    "path", sorted(BUNDLES.glob("*/configs/protocol.yaml")), ids=lambda p: p.parents[1].name
)
def test_the_protocol_of_every_bundle_is_understood(path):
    protocol = read_protocol(path.parents[1])
    assert protocol.study == path.parents[1].name
    assert {"phantom", "split"} <= protocol.demo.keys()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"repeat": 3}, "repeat is"),
        ({"repeats": 0}, "repeats is"),
        ({"variants": {"../up": {}}}, "letters, digits"),
        ({"variants": {}}, "variants is"),
        ({"table": {"rows": "runs", "columns": {"a": {"title": "A"}}}}, "either value or history"),
        (
            {"table": {"rows": "runs", "best": "b", "columns": {"a": {"title": "A", "value": "v"}}}},
            "no column",
        ),
        ({"table": {"rows": "lines", "columns": {"a": {"title": "A", "value": "v"}}}}, "table::rows is"),
    ],
)
def test_a_wrong_protocol_is_refused_by_its_key(bundle, changes, said):
    with pytest.raises(ConfigError, match=r"protocol\.yaml: ") as found:
        read_protocol(bundle(**changes))
    assert said in str(found.value)


def test_a_folder_that_is_no_bundle_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no bundle there"):
        read_protocol(tmp_path)


def test_a_misspelt_variant_is_answered_with_the_one_that_was_meant(migraine):
    with pytest.raises(UsageError, match="did you mean honest"):
        chosen_variants(read_protocol(migraine), ["honnest"], mode="honest")


def test_the_paper_protocol_runs_no_variant_twice_and_none_as_honest(migraine, lesion):
    assert list(chosen_variants(read_protocol(migraine), [], mode="paper")) == [
        "paper",
        "filters_5_10_20",
        "gap",
    ]
    lesions = list(chosen_variants(read_protocol(lesion), [], mode="paper"))
    assert "flair_qsm_mask" in lesions
    assert "paper" not in lesions
    with pytest.raises(UsageError, match="not under --protocol paper"):
        chosen_variants(read_protocol(migraine), ["honest"], mode="paper")
