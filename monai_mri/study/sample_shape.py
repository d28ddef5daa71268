"""The shape of what a variant's network is given, from its protocol and config."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monai.bundle import ConfigParser

from monai_mri.errors import ConfigError
from monai_mri.study.protocol import Protocol

INPUT = "complexity_input"


def sample_shape(bundle: Path, protocol: Protocol, config: Mapping[str, Any]) -> tuple[int, ...]:
    """Channels and spatial size of one sample, (C, I, J) or (C, I, J, K).

    What the block `complexity: {input: [channels, size, …]}` of protocol.yaml says, where each item is a
    number, or refers to the variant's config, as `'@patch_size'`: to a number, for the channels also to a
    list of names, which are counted, for the size also to a list of numbers. Without that block it is the
    image of metadata.json.

    Raises:
        ConfigError: neither says it in whole numbers of at least 1.
    """
    if protocol.complexity is None:
        return _of_metadata(bundle)
    where = f"{bundle}/configs/protocol.yaml: complexity::input"
    asked = list(protocol.complexity.input)
    channels, *sizes = parsed(bundle, {**config, INPUT: asked}, INPUT)
    count = len(channels) if isinstance(channels, list) else channels
    flat = [one for size in sizes for one in (size if isinstance(size, list) else [size])]
    return _checked([count, *flat], where=where, asked=asked)


def parsed(bundle: Path, config: Mapping[str, Any], key: str) -> Any:
    """What stands under a key of a config, references followed and components built.

    Raises:
        ConfigError: it cannot be built, or refers to what is not there.
    """
    try:
        return ConfigParser(dict(config)).get_parsed_content(key)
    except Exception as error:  # MONAI wraps what a component raises, and raises many kinds itself
        raise ConfigError(
            f"{bundle}: {key} cannot be built ({root_of(error)}); correct it in the config, or its settings"
        ) from error


def root_of(error: BaseException) -> str:
    """The first line of the error behind an error."""
    while error.__cause__ is not None:
        error = error.__cause__
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def _of_metadata(bundle: Path) -> tuple[int, ...]:
    path = bundle / "configs" / "metadata.json"
    try:
        image = json.loads(path.read_text(encoding="utf-8"))["network_data_format"]["inputs"]["image"]
        asked = [image["num_channels"], *image["spatial_shape"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: names no input image ({root_of(error)}), expected num_channels and spatial_shape; "
            "say complexity: {input: [channels, size, …]} in protocol.yaml"
        ) from error
    return _checked(asked, where=f"{path}: the input image", asked=asked)


def _checked(values: list[Any], *, where: str, asked: list[Any]) -> tuple[int, ...]:
    whole = [one for one in values if isinstance(one, int) and not isinstance(one, bool) and one >= 1]
    if len(whole) != len(values) or not 3 <= len(whole) <= 4:
        raise ConfigError(
            f"{where} is {asked}, that is {values}, expected channels and two or three sizes from 1 on; say "
            "complexity: {input: [channels, size, …]} in protocol.yaml"
        )
    return tuple(whole)
