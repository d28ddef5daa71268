"""Which config files make a mode of a bundle, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from monai_mri.errors import UsageError

LAYERS = {
    "train": ["train"],
    "evaluate": ["train", "evaluate"],
    "infer": ["inference"],
    "explain": ["train", "explain"],
}
MODES = tuple(LAYERS)
LAYERED = {"evaluate": "evaluate", "explain": "explain", "infer": "inference"}  # modes with layers' files


def layer_files(
    bundle: Path,
    mode: str,
    *,
    protocol: str = "honest",
    layers: Sequence[str] = (),
    several: bool = False,
) -> list[Path]:
    """The config files of a mode, in the order in which they are laid over each other.

    A layer NAME lies over train.yaml. Where the bundle has evaluate_NAME.yaml, that file lies over
    evaluate.yaml in mode "evaluate", too; so does explain_NAME.yaml in mode "explain", and
    inference_NAME.yaml, alone, in mode "infer". A name may have only one of these files.

    Args:
        bundle: its folder.
        mode: one of `MODES`.
        protocol: "honest" or "paper".
        layers: names of layers in the bundle's `configs/`, or paths of other YAML files.
        several: whether several processes train together.

    Raises:
        UsageError: there is no such bundle, mode, protocol or layer.
    """
    configs = bundle / "configs"
    if not configs.is_dir():
        raise UsageError(f"{bundle}: no bundle there, expected a folder with configs/, as bundles/ms_plaque")
    if mode not in LAYERS:
        raise UsageError(f"mode {mode!r} asked for, expected one of {', '.join(MODES)}")
    if protocol not in ("honest", "paper"):
        raise UsageError(f"protocol {protocol!r} asked for, expected honest or paper")
    if mode == "explain" and not (configs / "explain.yaml").is_file():
        raise UsageError(f"{bundle}: has no explain.yaml, expected one for this mode; choose another bundle")
    paper = ["paper"] if protocol == "paper" and mode != "infer" else []
    together = ["multi_gpu_train"] if several and mode == "train" else []
    first, *others = LAYERS[mode]
    over_first = [path for layer in layers for path in _over_train(configs, mode, layer)]
    over_others = [path for name in (*layers, *paper) for path in _over_mode(configs, mode, name)]
    return [
        configs / f"{first}.yaml",
        *over_first,
        *(configs / f"{name}.yaml" for name in others),
        *(configs / f"{name}.yaml" for name in paper),
        *over_others,
        *(configs / f"{name}.yaml" for name in together),
    ]


def _over_train(configs: Path, mode: str, layer: str) -> list[Path]:
    """The file that a layer lays over train.yaml: the user's own by its path, or the bundle's by its name."""
    if _is_path(layer):
        if not Path(layer).is_file():
            raise UsageError(
                f"layer {layer}: no such file, expected YAML of the user's own; correct the path"
            )
        return [Path(layer)]
    plain, special = _names(configs)
    if layer not in plain | set(special):
        raise UsageError(
            f"layer {layer!r} asked for, expected some of {', '.join(sorted(plain | set(special)))}, "
            "or the path of a YAML file"
        )
    modes = special.get(layer, [])
    if mode == "infer" and mode not in modes:
        raise UsageError(
            f"layer {layer!r}: lies over train.yaml, and infer has a config of its own; set its keys, "
            "or give a file of your own by its path"
        )
    if layer not in plain and mode not in modes:
        raise UsageError(
            f"layer {layer!r}: has only {LAYERED[modes[0]]}_{layer}.yaml, so it is one of mode "
            f"{' or '.join(modes)}, not of {mode}; leave it out, or choose that mode"
        )
    return [configs / f"{layer}.yaml"] if layer in plain and mode != "infer" else []


def _over_mode(configs: Path, mode: str, layer: str) -> list[Path]:
    """The file that a layer of the bundle lays over that of the mode, if it has one."""
    path = configs / f"{LAYERED.get(mode, mode)}_{layer}.yaml"
    return [path] if mode in LAYERED and not _is_path(layer) and path.is_file() else []


def _names(configs: Path) -> tuple[set[str], dict[str, list[str]]]:
    """Layers with a file over train.yaml, and those with one over another mode's: name to modes."""
    stems = {path.stem for path in configs.glob("*.yaml")} - {*chain(*LAYERS.values()), "protocol"}
    special: dict[str, list[str]] = {}
    starts = {f"{name}_": mode for mode, name in LAYERED.items()}
    for start, mode in starts.items():
        for stem in sorted(stems):
            if stem.startswith(start):
                special.setdefault(stem.removeprefix(start), []).append(mode)
    return {stem for stem in stems if not stem.startswith(tuple(starts))}, special


def _is_path(layer: str) -> bool:
    return layer.endswith((".yaml", ".yml", ".json"))
