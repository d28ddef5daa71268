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


def layer_files(
    bundle: Path,
    mode: str,
    *,
    protocol: str = "honest",
    layers: Sequence[str] = (),
    several: bool = False,
) -> list[Path]:
    """The config files of a mode, in the order in which they are laid over each other.

    Args:
        bundle: its folder.
        mode: one of `MODES`.
        protocol: "honest" or "paper".
        layers: names of files in the bundle's `configs/`, or paths of other YAML files.
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
    own = [_layer(configs, mode, layer) for layer in layers]
    return [
        configs / f"{first}.yaml",
        *own,
        *(configs / f"{name}.yaml" for name in (*others, *paper, *together)),
    ]


def _layer(configs: Path, mode: str, layer: str) -> Path:
    """The file of a layer: the user's own by its path, or the bundle's by its name, over train.yaml only."""
    if layer.endswith((".yaml", ".yml", ".json")):
        if not Path(layer).is_file():
            raise UsageError(
                f"layer {layer}: no such file, expected YAML of the user's own; correct the path"
            )
        return Path(layer)
    there = {path.stem for path in configs.glob("*.yaml")} - {*chain(*LAYERS.values()), "protocol"}
    if layer not in there:
        raise UsageError(
            f"layer {layer!r} asked for, expected some of {', '.join(sorted(there))}, "
            "or the path of a YAML file"
        )
    if mode == "infer":
        raise UsageError(
            f"layer {layer!r}: lies over train.yaml, and infer has a config of its own; set its keys, "
            "or give a file of your own by its path"
        )
    return configs / f"{layer}.yaml"
