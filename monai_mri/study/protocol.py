"""A study's design, as `configs/protocol.yaml` of its bundle states it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, field_validator

from monai_mri.errors import ConfigError, UsageError
from monai_mri.study.table_spec import TableSpec

NAME = r"^[A-Za-z0-9][\w.-]*$"  # a variant is a folder, too
REFERENCE = r"^@[\w:]+$"


class Variant(BaseModel):
    """What one variant of a study changes: layers beside train.yaml, and settings by their keys.

    `primary_metric` is its own where the study's is none of it, as accuracy of a segmenter; else empty.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    layers: tuple[str, ...] = ()
    settings: dict[str, Any] = Field(default_factory=dict)
    primary_metric: str = ""


class ComplexitySpec(BaseModel):
    """What a network is given in `study complexity`: channels, then sizes; `@key` refers to the config."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: tuple[PositiveInt | Annotated[str, Field(pattern=REFERENCE)], ...] = Field(min_length=2)


class Protocol(BaseModel):
    """What is repeated, compared and reported.

    `variants` maps a name to what it changes. `published` holds the paper's figures: a number, a list with
    one for each run, or a mapping from the name of a row; `table` says which of ours stand beside them.
    `complexity` is what the networks are given where only their cost is measured. `networks` names, for each
    network of inference.yaml by its key, the variant that trains it, where there are several.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str
    primary_metric: str
    parts: dict[str, float] = Field(default_factory=dict)
    repeats: int = Field(default=1, ge=1)
    folds: int = Field(default=1, ge=1)
    variants: dict[str, Variant] = Field(min_length=1)
    networks: dict[str, str] = Field(default_factory=dict)
    phantom: dict[str, Any] = Field(default_factory=dict)
    demo: dict[str, Any] = Field(default_factory=dict)
    published: dict[str, Any] = Field(default_factory=dict)
    table: TableSpec | None = None
    complexity: ComplexitySpec | None = None

    @field_validator("variants", mode="before")
    @classmethod
    def _from_yaml(cls, value: Any) -> Any:
        """`{layers: [paper], lr: 1}` in YAML: all but `layers` and `primary_metric` are settings."""
        if not isinstance(value, Mapping):
            return value
        return {name: _variant(changes) for name, changes in value.items()}

    @field_validator("variants")
    @classmethod
    def _has_names_of_folders(cls, value: dict[str, Variant]) -> dict[str, Variant]:
        import re

        for name in value:
            if not re.match(NAME, name):
                raise ValueError(f"variant {name!r}: letters, digits, '_', '-' and '.' only")
        return value


def read_protocol(bundle: Path) -> Protocol:
    """Read `configs/protocol.yaml` of the bundle in the folder `bundle`.

    Raises:
        UsageError: there is no such bundle.
        ConfigError: the file is missing, is no YAML, or a key of it is wrong.
    """
    path = Path(bundle) / "configs" / "protocol.yaml"
    if not path.parent.is_dir():
        raise UsageError(f"{bundle}: no bundle there, expected a folder with configs/, as bundles/ms_plaque")
    if not path.is_file():
        raise ConfigError(f"{path}: no such file, expected the study's design; add it to the bundle")
    try:
        return Protocol.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is no YAML ({' '.join(str(error).split())}); correct it") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = "::".join(str(part) for part in first["loc"]) or "the whole file"
        raise ConfigError(
            f"{path}: {key} is {str(first['input'])!r:.80}, expected otherwise ({first['msg']}); correct it"
        ) from error


def stack(own: Iterable[str], *, layers: Iterable[str], protocol: str) -> tuple[list[str], str]:
    """Layers over train.yaml, a variant's own last, and the protocol: the layer "paper" is the paper's.

    >>> stack(["paper"], layers=["demo"], protocol="honest")
    (['demo'], 'paper')
    """
    names = [*layers, *own]
    return [name for name in names if name != "paper"], "paper" if "paper" in names else protocol


def chosen_variants(protocol: Protocol, names: Iterable[str], *, mode: str) -> dict[str, Variant]:
    """The variants that a call asks for, by default all, in the order of protocol.yaml.

    Where `mode` is "paper" all are run as published: the variant "honest" is left out then, and so are,
    unless they are named, variants that come to the same as one before them.

    Raises:
        UsageError: there is no such variant, or none is left.
    """
    asked = list(names)
    for name in asked:
        if name not in protocol.variants:
            near = get_close_matches(name, protocol.variants, n=1)
            hint = f"did you mean {near[0]}?" if near else f"expected some of {', '.join(protocol.variants)}"
            raise UsageError(f"--variant {name}: no such variant in protocol.yaml; {hint}")
        if mode == "paper" and name == "honest":
            raise UsageError("--variant honest: not under --protocol paper; leave one of the two out")
    chosen: dict[str, Variant] = {}
    for name, variant in protocol.variants.items():
        wanted = name in asked if asked else not (mode == "paper" and name == "honest")
        if wanted and (asked or not _is_twin(variant, chosen.values(), mode=mode)):
            chosen[name] = variant
    return chosen


def _variant(changes: Any) -> Any:
    if changes is None:
        return {}
    if not isinstance(changes, Mapping):
        return changes
    own = {key: changes[key] for key in ("layers", "primary_metric") if key in changes}
    return {**own, "settings": {key: value for key, value in changes.items() if key not in own}}


def _is_twin(variant: Variant, others: Iterable[Variant], *, mode: str) -> bool:
    def essence(one: Variant) -> tuple[list[str], dict[str, Any]]:
        return [layer for layer in one.layers if (mode, layer) != ("paper", "paper")], one.settings

    return any(essence(variant) == essence(other) for other in others)
