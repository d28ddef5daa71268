"""Find what MONAI accepts in silence: keys that nothing reads, arguments that nothing takes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from pydoc import ErrorDuringImport, locate
from typing import Any

from monai.bundle import ComponentLocator, ConfigParser

from monai_mri.errors import ConfigError

Config = dict[str, Any]
SEPARATOR = "::"
RUN_KEYS = {"initialize", "run", "finalize"}
PROPERTY_KEYS = {"bundle_root", "dataset_dir", "device", "network_def", "dataset", "evaluator", "inferer"}
GROUPS = {"train", "validate"}
MONAI_NAMES = ComponentLocator()
REFERENCE = re.compile(r"[@%]([\w:#]+)")


def read_layers(files: Sequence[Path]) -> Config:
    """The config of several layers, later ones over earlier ones, as MONAI merges them; nothing is evaluated.

    Raises:
        ConfigError: a file is missing or is no config.
    """
    for path in files:
        if not path.is_file():
            raise ConfigError(
                f"{path}: no such file, expected a layer of the bundle's config; check the bundle's folder"
            )
    parser = ConfigParser()
    try:
        parser.read_config([str(path) for path in files])
    except Exception as error:  # YAML and MONAI raise many kinds here
        reason = " ".join(str(error).split())
        raise ConfigError(
            f"{', '.join(map(str, files))}: not a config that MONAI can read: {reason}"
        ) from error
    config: Config = {key: value for key, value in parser.get().items() if key != "_meta_"}
    return config


def check_settings(config: Config, settings: Mapping[str, Any]) -> None:
    """Refuse a setting whose key neither stands in the config nor is an argument of a component in it.

    Raises:
        ConfigError: names the key, and the one that was probably meant.
    """
    for key in settings:
        names = key.replace("#", SEPARATOR).split(SEPARATOR)
        parent = _at(config, names[:-1])
        arguments = _arguments(parent) if isinstance(parent, Mapping) else []
        if isinstance(parent, Mapping) and (names[-1] in parent or {names[-1], "**"} & set(arguments)):
            continue
        if isinstance(parent, list) and names[-1].isdecimal() and int(names[-1]) < len(parent):
            continue
        siblings = {*parent, *arguments} if isinstance(parent, Mapping) and len(names) > 1 else set()
        near = [SEPARATOR.join([*names[:-1], name]) for name in sorted(siblings) if not name.startswith("_")]
        raise ConfigError(f"--set {key}: no such key in this bundle{_meant(key, near or known_keys(config))}")


def check_components(config: Config) -> None:
    """Refuse an argument that its component does not take, and a component that does not exist.

    Raises:
        ConfigError: names the key.
    """
    for path, component in components(config):
        target = component["_target_"]
        if _located(target) is None:
            raise ConfigError(
                f"{path}: {target!r} does not exist; check its spelling, and that its package is installed"
            )
        for argument in component:
            allowed = _arguments(component)
            if not argument.startswith("_") and argument not in allowed and "**" not in allowed:
                where = SEPARATOR.join(filter(None, (path, argument)))
                raise ConfigError(f"{where}: {target} takes no such argument{_meant(argument, allowed)}")


def unread_keys(config: Config) -> list[str]:
    """Top-level keys that no reference names and MONAI does not know either."""
    referred = {name for text in _texts(config) for name in _referred(text)}
    expected = RUN_KEYS | PROPERTY_KEYS | GROUPS
    groups = {name.split(SEPARATOR)[0] for name in referred}
    return sorted(
        key for key in config if key not in expected and key not in groups and not key.startswith("_")
    )


def has_expressions(config: Config) -> bool:
    """Whether MONAI would evaluate Python code (`$`) from this config."""
    keys = (path.split(SEPARATOR)[-1] for path, _ in _walk(config))
    return any(text.lstrip().startswith("$") for text in (*_texts(config), *keys))


def value_at(config: Config, key: str) -> Any:
    """What the config holds under a key, nested as `a::b`; None where there is nothing."""
    return _at(config, key.replace("#", SEPARATOR).split(SEPARATOR))


def known_keys(config: Config) -> list[str]:
    """Every key of a config, nested ones as `a::b`."""
    return [path for path, _ in _walk(config) if path]


def components(config: Config) -> Iterator[tuple[str, Config]]:
    """Every component (a dict with a literal `_target_`) with its key."""
    for path, value in _walk(config):
        if isinstance(value, dict) and isinstance(value.get("_target_"), str):
            yield path, value


def _walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from _walk(item, f"{path}{SEPARATOR}{key}" if path else str(key))


def _texts(config: Config) -> Iterator[str]:
    return (value for _, value in _walk(config) if isinstance(value, str))


def _referred(text: str) -> list[str]:
    return [name.replace("#", SEPARATOR) for name in REFERENCE.findall(text)]


def _at(config: Any, names: Sequence[str]) -> Any:
    for name in names:
        if isinstance(config, list) and name.isdecimal() and int(name) < len(config):
            config = config[int(name)]
        elif isinstance(config, Mapping) and name in config:
            config = config[name]
        else:
            return None
    return config


def _arguments(component: Mapping[str, Any]) -> list[str]:
    """Names that the component's `_target_` takes; "**" among them where it takes any."""
    target = component.get("_target_")
    found = _located(target) if isinstance(target, str) else None
    if not callable(found):
        return []
    try:
        parameters = inspect.signature(found).parameters.values()
    except ValueError:  # written in C without a signature
        return ["**"]
    return ["**" if parameter.kind is parameter.VAR_KEYWORD else parameter.name for parameter in parameters]


def _located(target: str) -> Any:
    """What a `_target_` names: a dotted path, or a short name of MONAI's."""
    try:
        return locate(target) or locate(f"{MONAI_NAMES.get_component_module_name(target)}.{target}")
    except ErrorDuringImport as error:
        raise ConfigError(f"_target_ {target!r}: its module does not import: {error.value}") from error


def _meant(key: str, known: Sequence[str]) -> str:
    last = {name.split(SEPARATOR)[-1]: name for name in reversed(known)}
    close = get_close_matches(key, known, n=1) or [
        last[name] for name in get_close_matches(key.split(SEPARATOR)[-1], list(last), n=1)
    ]
    return f"; did you mean {close[0]}?" if close else "; look at the bundle's configs for those there are"
