"""What every bundle in `bundles/` must be, found by folder: no code, nothing misspelt, and it runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
import yaml
from monai.bundle import ConfigParser, ConfigWorkflow

from monai_mri.engines.bundle import checked_config, run_bundle
from monai_mri.engines.config_check import check_components, read_layers, unread_keys, value_at
from monai_mri.engines.layers import MODES, layer_files
from monai_mri.engines.settings import first_difference
from monai_mri.manifest import read_manifest
from monai_mri.study import read_protocol
from monai_mri.study.protocol import stack as stacked

ALONE = ("train", "inference", "protocol")  # all others are layers over train.yaml


def configs(bundle: Path) -> list[Path]:
    return sorted((bundle / "configs").glob("*.yaml"))


def stack(bundle: Path, name: str) -> list[Path]:
    """The files that a config lies over, and itself; which layer lies over which, variants tell."""
    mode, _, layer = name.partition("_")
    if name in ALONE:
        return [bundle / "configs" / f"{name}.yaml"]
    if mode in MODES or mode == "inference":
        mode, layers = mode.replace("inference", "infer"), [layer] if layer else []
        return layer_files(bundle, mode, layers=layers)
    chains = [variant.layers for variant in read_protocol(bundle).variants.values() if name in variant.layers]
    below = chains[0][: chains[0].index(name)] if chains else ()
    return [bundle / "configs" / f"{one}.yaml" for one in ("train", *below, name)]


def programs(bundle: Path) -> list[str]:
    return [path.stem for path in configs(bundle) if path.stem != "protocol"]


def test_all_files_of_a_bundle_are_there(bundle):
    for name in (
        "metadata.json",
        "train.yaml",
        "evaluate.yaml",
        "inference.yaml",
        "multi_gpu_train.yaml",
        "protocol.yaml",
    ):
        assert (bundle / "configs" / name).is_file()
    assert (bundle / "docs" / "README.md").is_file()
    assert "Apache License" in (bundle / "LICENSE").read_text()


def test_bundle_holds_no_code(bundle):
    assert [
        path for path in bundle.rglob("*") if path.suffix in (".py", ".pt", ".pth", ".pkl", ".ts", ".conf")
    ] == []
    for path in (*configs(bundle), bundle / "configs" / "metadata.json"):
        assert re.findall(r"(?<![A-Za-z0-9_$])\$[A-Za-z@({_\[]", path.read_text()) == [], path.name


def test_no_key_is_given_twice(bundle):
    for path in configs(bundle):
        yaml.load(path.read_text(), Loader=NoTwins)


class NoTwins(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"twice: {[key for key in keys if keys.count(key) > 1]}"
        return super().construct_mapping(node, deep=deep)


def test_every_component_exists_and_takes_its_arguments(bundle):
    for name in programs(bundle):
        check_components(read_layers(stack(bundle, name)))


def test_no_key_is_left_unread(bundle):
    for name in programs(bundle):
        first, *layers = stack(bundle, name)
        assert unread_keys(read_layers([first])) == [], first.name
        added = read_layers([first, *layers]).keys() - read_layers([first]).keys()
        assert added & set(unread_keys(read_layers([first, *layers]))) == set(), name


def test_inference_sees_images_as_training_does(bundle):
    train, inference = (read_layers(stack(bundle, name)) for name in ("train", "inference"))
    assert train["validate"]["inferer"] == inference["inferer"]
    assert train["validate"]["postprocessing"] == inference["postprocessing"]
    in_training = [
        step for step in train["train"]["preprocessing"]["transforms"] if step.get("names") != "raw"
    ]
    changed = [step for step in in_training[1:] if step.get("keys") == "image"]
    assert changed == inference["preprocessing"]["transforms"][1:]


def test_inference_has_the_networks_that_training_trains(bundle):
    inference, protocol = read_layers(stack(bundle, "inference")), read_protocol(bundle)
    trained = protocol.networks or {"network_def": as_shipped(bundle, protocol)}
    assert trained.keys() == network_keys(inference)
    for key, name in trained.items():
        variant = protocol.variants[name]
        train = checked_config(bundle, "train", settings=variant.settings, layers=variant.layers)
        applied = resolved(value_at(inference, key), inference)
        applied.pop("_mode_", None)
        assert applied == resolved(train["network_def"], train), key


def as_shipped(bundle: Path, protocol) -> str:
    """The variant that changes nothing, or says again what train.yaml says."""
    train = read_layers(stack(bundle, "train"))
    return next(
        name
        for name, one in protocol.variants.items()
        if not one.layers and all(value_at(train, key) == value for key, value in one.settings.items())
    )


def network_keys(config: dict) -> set[str]:
    """Where the networks of a config stand."""
    found = {"network_def"}
    for group in ("voters", "segmenters"):
        members = config.get(group, {})
        found |= {f"{group}::{name}::network" for name, one in members.items() if isinstance(one, dict)}
    return found


def resolved(value, config):
    """A value with the keys that it refers to put in."""
    if isinstance(value, dict):
        return {key: resolved(item, config) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, config) for item in value]
    if isinstance(value, str) and value.startswith("@"):
        return resolved(value_at(config, value[1:]), config)
    return value


@pytest.mark.parametrize("kind", ["train", "infer"])
def test_monai_finds_all_properties_it_asks_for(bundle, kind):
    files = stack(bundle, "train" if kind == "train" else "inference")
    workflow = ConfigWorkflow(
        config_file=[str(path) for path in files],
        meta_file=str(bundle / "configs" / "metadata.json"),
        workflow_type=kind,
        logging_file=False,
    )
    workflow.initialize()
    assert workflow.check_properties() == []


def test_metadata_fits_the_vendored_schema(bundle, repository):
    import jsonschema

    schema = json.loads((repository / "bundles" / "metadata.schema.json").read_text())
    metadata = json.loads((bundle / "configs" / "metadata.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(metadata, schema)
    assert metadata["name"] == bundle.name


def test_protocol_is_one_that_a_study_can_run_and_print(bundle):
    from monai_mri.study.plan import settings_for

    protocol = read_protocol(bundle)
    assert protocol.study == bundle.name
    assert protocol.table is not None
    for variant in protocol.variants.values():
        layers, mode = stacked(variant.layers, layers=[], protocol="honest")
        for step in ("train", "evaluate"):
            settings_for(bundle, step, variant.settings, layers=layers, protocol=mode)


def test_one_epoch_on_a_phantom_gives_weights_scores_and_results(bundle, cohort_of, tmp_path):
    protocol, manifest = read_protocol(bundle), cohort_of(bundle)
    settings = protocol.phantom["settings"] | {"manifest": str(manifest)}
    asked = str(protocol.phantom.get("apply", {}))
    first = as_shipped(bundle, protocol)
    runs = {name: tmp_path / name for name in protocol.variants if name == first or f"{{{name}}}" in asked}
    for name, run in runs.items():
        layers, own = protocol.variants[name].layers, protocol.variants[name].settings
        values = own | settings | {"output_dir": str(run)}
        run_bundle(bundle, "train", settings=values, layers=layers)
        assert (run / "model.safetensors").is_file()
        run_bundle(bundle, "evaluate", settings=values, layers=layers)
        summary = json.loads((run / "evaluation" / "summary.json").read_text())
        assert summary["study"] == bundle.name
        assert summary["part"] == "test"
    known = read_layers(stack(bundle, "inference"))
    table = read_manifest(manifest)
    image = table.resolve(table.rows()[0][table.modalities[0]])
    given = {"input": str(image), "weights": str(runs[first]), "output_dir": str(tmp_path / "results")}
    given |= with_folders(protocol.phantom.get("apply", {}), runs)
    applied = {key: value for key, value in (settings | given).items() if key.split("::")[0] in known}
    run_bundle(bundle, "infer", settings=applied)
    assert len(list((tmp_path / "results").iterdir())) >= 1


def test_settings_of_every_variant_can_be_read_back_from_a_checkpoint(bundle, tmp_path):
    """Also what MONAI's transforms hold; kept as it is, it could not be read without code."""
    for name, variant in read_protocol(bundle).variants.items():
        layers, protocol = stacked(variant.layers, layers=[], protocol="honest")
        config = checked_config(bundle, "train", settings=variant.settings, layers=layers, protocol=protocol)
        trainer = ConfigParser(config | {"pretrained": "none"}).get_parsed_content("train::trainer")
        torch.save(trainer.settings, tmp_path / "settings.pt")
        read = torch.load(tmp_path / "settings.pt", weights_only=True)
        assert first_difference(read, trainer.settings) is None, name
        assert json.loads(json.dumps(read)) == read, name


def with_folders(value, runs: dict[str, Path]):
    """Settings in which {name} is the run folder of a variant."""
    if isinstance(value, dict):
        return {key: with_folders(item, runs) for key, item in value.items()}
    return value.format(**runs) if isinstance(value, str) else value
