"""Run a mode of a bundle as `python -m monai.bundle run` does, with its settings checked first."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from monai_mri.engines.config_check import (
    check_components,
    check_settings,
    has_expressions,
    read_layers,
    value_at,
)
from monai_mri.engines.layers import layer_files
from monai_mri.errors import ConfigError, TrainingError, UsageError

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def run_bundle(
    bundle: Path,
    mode: str,
    *,
    settings: Mapping[str, Any] | None = None,
    protocol: str = "honest",
    layers: Sequence[str] = (),
    gpus: Sequence[int] = (),
    tracking: str | None = None,
) -> None:
    """Run `mode` of the bundle in the folder `bundle`.

    Args:
        bundle: folder with `configs/`.
        mode: "train", "evaluate", "infer" or, where the bundle has it, "explain".
        settings: values for keys of the config, nested keys as `a::b`.
        protocol: "honest", or "paper" for the layer `paper.yaml`.
        layers: further files of `configs/`, laid over train.yaml in this order, such as "demo".
        gpus: GPUs to use; several train together.
        tracking: "mlflow" to track the run with MLflow, too.

    Raises:
        UsageError: there is no such bundle or mode.
        ConfigError: a setting's key is unknown, or the config names what does not exist.
        TrainingError: one of several processes failed.
    """
    settings = dict(settings or {})
    several = len(gpus) > 1
    files = _checked_files(bundle, mode, settings=settings, protocol=protocol, layers=layers, several=several)
    if tracking is not None and find_spec(tracking) is None:
        raise UsageError(f"--tracking {tracking}: not installed; pip install 'monai-mri[tracking]'")
    if several and mode != "train":
        raise UsageError(
            f"--gpus: {mode} uses one GPU, {len(gpus)} were named; several share a training only"
        )
    _check_gpus(gpus)
    with _as_layer({"bundle_root": str(bundle)} | settings) as layer:
        check_components(read_layers([*files, layer]))
        if several:
            _run_together([*files, layer], gpus, tracking)
        else:
            _run_here([*files, layer], tracking)


def checked_config(
    bundle: Path,
    mode: str,
    *,
    settings: Mapping[str, Any] | None = None,
    protocol: str = "honest",
    layers: Sequence[str] = (),
) -> dict[str, Any]:
    """The config that `run_bundle` would run with these arguments; all is checked, nothing is run.

    Raises:
        UsageError: there is no such bundle, mode or layer.
        ConfigError: a setting's key is unknown, or the config names what does not exist.
    """
    settings = dict(settings or {})
    files = _checked_files(bundle, mode, settings=settings, protocol=protocol, layers=layers)
    with _as_layer({"bundle_root": str(bundle)} | settings) as layer:
        config = read_layers([*files, layer])
    check_components(config)
    return config


def _checked_files(
    bundle: Path,
    mode: str,
    *,
    settings: Mapping[str, Any],
    protocol: str,
    layers: Sequence[str],
    several: bool = False,
) -> list[Path]:
    """The layers of a mode, if they hold no code and know the keys of the settings."""
    if marked := [key for key, value in settings.items() if set(str(value)) & {"#", "$"}]:
        raise ConfigError(f"{marked[0]}: MONAI changes a '#' and runs a '$' inside a value; use one without")
    files = layer_files(bundle, mode, protocol=protocol, layers=layers, several=several)
    config = read_layers(files)
    if has_expressions(config):
        raise ConfigError(
            f"{bundle}: its config holds Python code ('$'), which this command does not run; "
            "read it, and if you trust it use python -m monai.bundle run"
        )
    check_settings(config, settings)
    return files


def parse_settings(
    bundle: Path,
    mode: str,
    texts: Mapping[str, str],
    *,
    protocol: str = "honest",
    layers: Sequence[str] = (),
) -> dict[str, Any]:
    """Values of `--set key=value`: text where the config has text, else as YAML reads them.

    Raises:
        ConfigError: a value is of another type than the config's, or holds what MONAI would change or run.
    """
    config = read_layers(layer_files(bundle, mode, protocol=protocol, layers=layers))
    return {key: _parsed(key, text, value_at(config, key)) for key, text in texts.items()}


def _parsed(key: str, text: str, default: Any) -> Any:
    for sign, what in (("#", "MONAI changes it to '::'"), ("$", "MONAI would run it as Python")):
        if sign in text:
            raise ConfigError(f"--set {key}: {text!r} holds a {sign!r}, and {what}; use a value without it")
    if isinstance(default, str) and text != "null" and not text.lstrip().startswith(("{", "[", "@")):
        return str(Path(text).expanduser()) if text.startswith("~") else text
    value = parse_value(text)
    if value is None and not isinstance(default, bool):
        return None
    if isinstance(default, list) and isinstance(value, str) and not value.startswith("@"):
        raise ConfigError(f"--set {key}: {text!r} found, expected a list such as [{text}]")
    whole = isinstance(default, int) and not isinstance(default, bool)
    if isinstance(default, (int, float)) and (isinstance(value, bool) != isinstance(default, bool)):
        raise ConfigError(f"--set {key}: {text!r} found, expected a value like {default!r}")
    if isinstance(default, (int, float)) and not isinstance(value, int if whole else (int, float)):
        raise ConfigError(f"--set {key}: {text!r} found, expected a {'whole ' if whole else ''}number")
    return value


def parse_value(text: str) -> Any:
    """A setting's value as YAML reads it, but 1e-3 is a number, too.

    >>> parse_value("1e-3"), parse_value("[4, 8]"), parse_value("null"), parse_value("runs/a")
    (0.001, [4, 8], None, 'runs/a')
    """
    try:
        return _with_numbers(yaml.load(text, Loader=_Plain))
    except yaml.YAMLError:
        return text


class _Plain(yaml.SafeLoader):
    """YAML without the types that surprise: a date stays text, and so does 12:30."""


_Plain.yaml_implicit_resolvers = {
    letter: [(tag, form) for tag, form in forms if not tag.endswith((":timestamp", ":int", ":float"))]
    for letter, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _with_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_numbers(item) for item in value]
    if isinstance(value, str) and NUMBER.fullmatch(value):
        return int(value) if value.lstrip("+-").isdecimal() else float(value)
    return value


@contextmanager
def _as_layer(settings: Mapping[str, Any]) -> Iterator[Path]:
    """The settings as one more config file, which unlike MONAI's arguments can set a key to null."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settings.yaml"
        named = {key.replace("#", "::"): value for key, value in settings.items()}
        path.write_text(yaml.safe_dump(named, sort_keys=False))  # the order of classes numbers them
        yield path


def _check_gpus(gpus: Sequence[int]) -> None:
    import torch

    count = torch.cuda.device_count()
    if absent := [number for number in gpus if number >= count]:
        raise ConfigError(
            f"--gpus {','.join(map(str, gpus))}: PyTorch sees {count} GPUs here, no GPU {absent[0]}; "
            "leave --gpus out to train on what there is"
        )


def _run_here(files: Sequence[Path], tracking: str | None) -> None:
    from monai.bundle import run

    logging.disable(logging.WARNING)  # MONAI's account of its own arguments
    try:
        with warnings.catch_warnings():
            # MONAI warns of code in any config; `run_bundle` has made sure that there is none
            warnings.filterwarnings("ignore", message="parsing config_file", category=UserWarning)
            run(config_file=[str(path) for path in files], logging_file=False, tracking=tracking)
    finally:
        logging.disable(logging.NOTSET)


def _run_together(files: Sequence[Path], gpus: Sequence[int], tracking: str | None) -> None:
    listed = "[" + ",".join(f"'{path}'" for path in files) + "]"
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={len(gpus)}"),
        *("-m", "monai.bundle", "run", "--config_file", listed, "--logging_file", "False"),
        *(("--tracking", tracking) if tracking else ()),
    ]
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": ",".join(map(str, gpus))}
    status = subprocess.run(command, env=environment, check=False).returncode
    if status:
        raise TrainingError(
            f"one of {len(gpus)} processes ended with status {status}; its message stands above"
        )
