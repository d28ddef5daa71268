"""Check everything that can be known before the first training, and make the design of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from monai_mri.engines.bundle import checked_config
from monai_mri.engines.config_check import check_settings, read_layers
from monai_mri.engines.console import say
from monai_mri.engines.layers import layer_files
from monai_mri.engines.run_folder import surroundings
from monai_mri.engines.settings import first_difference
from monai_mri.errors import ConfigError, DataError, ManifestError, UsageError
from monai_mri.manifest import parts_of_rows, read_manifest, read_splits, splits_path
from monai_mri.study.design import Design, DesignVariant, sha256_of
from monai_mri.study.protocol import Protocol, Variant, stack

MODES = ("train", "evaluate")
OWN = ("repeat", "fold", "output_dir", "weights", "protocol", "bundle_root")  # what the study itself sets
PLACES = ("dataset_dir", "manifest", "splits")  # where the data lie; what they are is told by their hashes


def settings_for(
    bundle: Path, mode: str, settings: Mapping[str, Any], *, layers: Sequence[str], protocol: str
) -> dict[str, Any]:
    """The settings that a mode knows: evaluation has keys that training has not, as `positive`.

    Raises:
        ConfigError: neither mode knows one of them.
    """
    known = read_layers(layer_files(bundle, mode, protocol=protocol, layers=layers))
    check_settings(read_layers(layer_files(bundle, "evaluate", protocol=protocol, layers=layers)), settings)
    return {key: value for key, value in settings.items() if mode == "evaluate" or _knows(known, key)}


def make_design(
    bundle: Path,
    protocol: Protocol,
    variants: Mapping[str, Variant],
    *,
    settings: Mapping[str, Any],
    layers: Sequence[str],
    mode: str,
    repeats: int,
    folds: int,
) -> Design:
    """The design of a study whose settings, layers, manifest and splits have been checked.

    Raises:
        UsageError: a layer or a key is unknown, or one that the study sets itself.
        ManifestError: manifest or splits are missing, do not fit, or hold fewer repeats or folds.
    """
    refuse_own(settings, variants)
    configs = {name: _checked(bundle, variant, settings, layers, mode) for name, variant in variants.items()}
    data = {_data_of(config) for config in configs.values()}
    if len(data) > 1:
        raise ConfigError(f"{bundle}: its variants name different manifests or splits, expected one for all")
    manifest, splits = _read_data(*data.pop(), repeats=repeats, folds=folds)
    return Design(
        study=protocol.study,
        primary_metric=protocol.primary_metric,
        protocol=mode,
        layers=tuple(layers),
        settings={key: value for key, value in settings.items() if key not in PLACES},
        variants={
            name: _designed(bundle, variant, layers=layers, mode=mode) for name, variant in variants.items()
        },
        repeats=repeats,
        folds=folds,
        manifest_sha256=manifest.sha256,
        splits_sha256=splits.sha256,
        bundle=str(bundle),
        manifest=str(manifest.path),
        unit=splits.unit,
        versions=surroundings()["versions"],
    )


def refuse_other_design(output: Path, found: Design, wanted: Design) -> None:
    """Make sure that a study may go on with another design: the same but for which runs are asked for.

    Raises:
        UsageError: another setting, layer or config file; names the first.
        DataError: another manifest or other splits.
    """
    for key, what in (("manifest_sha256", "manifest"), ("splits_sha256", "splits")):
        if (was := getattr(found, key)) != (now := getattr(wanted, key)):
            raise DataError(
                f"{output}: another {what} than it was begun with (SHA-256 was {was[:12]}…, is {now[:12]}…); "
                "put the old file back, or begin a new study with another --output"
            )
    shared = sorted(found.variants.keys() & wanted.variants.keys())
    pairs = [_compared(design, shared) for design in (found, wanted)]
    if difference := first_difference(*pairs):
        raise UsageError(
            f"{output}: holds a study with other settings ({difference}); give those, or begin a new study "
            "with another --output"
        )


def _compared(design: Design, variants: Sequence[str]) -> dict[str, Any]:
    """What must not change, with values as text: a setting of null is another than none."""
    about = design.model_dump(
        mode="json", include={"study", "primary_metric", "protocol", "layers", "settings"}
    )
    about["variants"] = {name: design.variants[name].model_dump(mode="json") for name in variants}
    for block in (about, *about["variants"].values()):
        block["settings"] = {key: json.dumps(value) for key, value in block["settings"].items()}
    return about


def _checked(
    bundle: Path, variant: Variant, settings: Mapping[str, Any], layers: Sequence[str], mode: str
) -> dict[str, Any]:
    names, protocol = stack(variant.layers, layers=layers, protocol=mode)
    both = {**variant.settings, **settings}
    config: dict[str, Any] = {}
    for step in MODES:
        known = settings_for(bundle, step, both, layers=names, protocol=protocol)
        config = checked_config(bundle, step, settings=known, protocol=protocol, layers=names)
    return config


def _designed(bundle: Path, variant: Variant, *, layers: Sequence[str], mode: str) -> DesignVariant:
    names, protocol = stack(variant.layers, layers=layers, protocol=mode)
    files = {path for step in MODES for path in layer_files(bundle, step, protocol=protocol, layers=names)}
    contents = {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(files)}
    return DesignVariant(
        layers=variant.layers,
        settings=variant.settings,
        primary_metric=variant.primary_metric,
        config_sha256={name: sha256_of(content) for name, content in contents.items()},
    )


def _data_of(config: Mapping[str, Any]) -> tuple[str, str | None]:
    folder = Path(config["dataset_dir"])
    splits = config.get("splits")
    return str(folder / config["manifest"]), str(folder / splits) if splits else None


def _read_data(manifest_path: str, splits_file: str | None, *, repeats: int, folds: int) -> tuple[Any, Any]:
    """Manifest and splits, if every part of every run can be taken from them."""
    manifest = read_manifest(Path(manifest_path))
    path = Path(splits_file) if splits_file else splits_path(manifest.path)
    if not path.is_file():
        asked = _as_options(repeats=repeats, folds=folds)
        raise ManifestError(
            f"{path}: no splits there, needed for {repeats} x {folds} runs of a variant; make them: "
            f"monai-mri manifest split {manifest.path}{asked}"
        )
    splits = read_splits(path)
    if splits.repeats < repeats or splits.folds < folds:
        asked = _as_options(repeats=max(repeats, splits.repeats), folds=max(folds, splits.folds))
        raise ManifestError(
            f"{path}: holds {splits.repeats} x {splits.folds} folds (repeats x folds), {repeats} x {folds} "
            f"are asked for; make them with monai-mri manifest split {manifest.path}{asked} --force and your "
            "other options, or ask for fewer with --repeats and --folds"
        )
    if splits.folds > folds:
        say(f"note: the splits hold {splits.folds} folds, {folds} are run; --folds {splits.folds} runs all")
    for repeat in range(repeats):
        for fold in range(folds):
            parts_of_rows(manifest, splits, repeat=repeat, fold=fold)
    return manifest, splits


def _as_options(*, repeats: int, folds: int) -> str:
    return "".join(
        f" --{name} {count}" for name, count in (("repeats", repeats), ("folds", folds)) if count > 1
    )


def refuse_own(settings: Mapping[str, Any], variants: Mapping[str, Variant]) -> None:
    """Refuse keys that the study sets, and those in which the variants differ.

    Raises:
        UsageError: names the key.
    """
    if own := [key for key in settings if key.replace("#", "::") in OWN]:
        raise UsageError(f"--set {own[0]}: the study sets it for each run; leave it out")
    for name, variant in variants.items():
        for key in variant.settings:
            for given in settings:
                if _overlap(key.replace("#", "::"), given.replace("#", "::")):
                    raise UsageError(
                        f"--set {given}: variant {name} sets {key}; leave it out, or name other variants "
                        "with --variant"
                    )


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}::") or other.startswith(f"{one}::")


def _knows(config: dict[str, Any], key: str) -> bool:
    try:
        check_settings(config, {key: None})
    except ConfigError:
        return False
    return True
