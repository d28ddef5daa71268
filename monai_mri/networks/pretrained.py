"""Read pretrained weights into the backbone of a network, strictly."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from monai_mri.errors import CheckpointError

RUN_WEIGHTS = "model.safetensors"
_PICKLED = (".pth", ".pt", ".bin")
_HEADS = ("fc", "classifier", "last_linear", "classif", "head", "AuxLogits")
_COUNTER = "num_batches_tracked"
_FITTED = (1, 3)  # channels of pictures; what other numbers stand for is not known
State = dict[str, Tensor]


def load_pretrained(
    backbone: nn.Module,
    weights: str | os.PathLike[str],
    *,
    published: Callable[[], Path],
    first: str,
    leave: Collection[str] = (),
) -> None:
    """Read weights into a backbone; "none" leaves it as it is.

    The names in a file may stand behind a prefix, such as `backbone.` in what this package's training wrote:
    then what stands beside the prefix is another network's own head and is left out. So is a head under one
    of the usual names (`fc`, `classifier`, …), and an auxiliary one. Everything else must be there in the
    same shape, and nothing more.

    The first convolution may have been trained on one channel or three where this one has others: see
    `fit_channels`. Other numbers are not fitted, for nothing says which channels they are of.

    Args:
        backbone: the network without its head.
        weights: "none", "imagenet", a file (.safetensors, or .pth, .pt and .bin without code), or a run
            folder that holds `model.safetensors`.
        published: gives the path of the published ImageNet weights.
        first: name of the first convolution in the backbone.
        leave: names of the backbone's modules that keep their own weights.

    Raises:
        CheckpointError: there is no such file, it is damaged, or it belongs to another network; names the
            first tensor that does not fit, both shapes, and the numbers of tensors. Or its first convolution
            takes channels that cannot be fitted.
    """
    if str(weights) == "none":
        return
    path = published() if str(weights) == "imagenet" else _file(Path(weights))
    state = _without_prefix(path, read_state(path), backbone)
    kept = {
        name: tensor for name, tensor in backbone.state_dict().items() if _is_in(name, leave) or _counts(name)
    }
    state = {name: tensor for name, tensor in state.items() if not _is_in(name, leave)}
    kernel, own = state.get(f"{first}.weight"), backbone.state_dict()[f"{first}.weight"]
    if kernel is not None and kernel.ndim == own.ndim and len(kernel) == len(own):
        _refuse_channels(path, kernel.shape[1], own.shape[1])
        state[f"{first}.weight"] = fit_channels(kernel, own.shape[1])
    full = kept | state
    _refuse_other(path, full, backbone)
    backbone.load_state_dict(full)


def read_state(path: Path) -> State:
    """The tensors of a file by name; pickled files are read without running code.

    Raises:
        CheckpointError: no such file, another kind of file, or a damaged one.
    """
    if path.suffix != ".safetensors" and path.suffix not in _PICKLED:
        raise CheckpointError(
            f"{path}: expected weights as .safetensors, {', '.join(_PICKLED)} or a run folder; convert it"
        )
    try:
        found: Any = (
            load_file(path)
            if path.suffix == ".safetensors"
            else torch.load(path, map_location="cpu", weights_only=True)
        )
    except (SafetensorError, UnpicklingError, RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        cause = str(error).strip().split("\n")[0]
        raise CheckpointError(
            f"{path}: not readable as weights, which are tensors by name and no code ({cause}); "
            "copy the file again, or save its state_dict"
        ) from error
    if isinstance(found, dict) and isinstance(found.get("state_dict"), dict):
        found = found["state_dict"]
    return _tensors(path, found)


def fit_channels(kernel: Tensor, channels: int) -> Tensor:
    """Kernels of a first convolution for another number of input channels.

    One channel takes the sum over the kernels, so it answers as the image copied to all channels would. More
    channels take the kernels in turn, scaled by old / new, so that the answer keeps its size: it is exactly
    the same for equal channels where new is a multiple of old.

    Args:
        kernel: shape (filters, old, height, width).
        channels: new number of input channels.

    Returns:
        Shape (filters, channels, height, width); the kernel itself where nothing changes.
    """
    old = kernel.shape[1]
    if channels == old:
        return kernel
    if channels == 1:
        return kernel.sum(1, keepdim=True)
    return kernel[:, torch.arange(channels) % old] * (old / channels)


def _file(path: Path) -> Path:
    path = path.expanduser()
    path = path / RUN_WEIGHTS if path.is_dir() else path
    if not path.is_file():
        raise CheckpointError(
            f"{path}: no weights there, expected none, imagenet, a .safetensors or .pth file, "
            "or the folder of a run; give one of these"
        )
    return path


def _tensors(path: Path, found: Any) -> State:
    if not isinstance(found, dict) or not found:
        raise CheckpointError(
            f"{path}: holds {type(found).__name__}, expected tensors by name; save a state_dict"
        )
    for name, value in found.items():
        if not isinstance(value, Tensor):
            raise CheckpointError(
                f"{path}: {name} is {type(value).__name__}, expected a tensor; save a state_dict alone"
            )
        if not bool(value.isfinite().all()):
            raise CheckpointError(f"{path}: {name} has NaN or infinite values; the file is damaged")
    return dict(found)


def _without_prefix(path: Path, state: State, backbone: nn.Module) -> State:
    """The part of the file that a backbone of these names wrote, its head left out."""
    wanted = [name for name in backbone.state_dict() if not _counts(name)]
    ends = [name for name in state if any(name == end or name.endswith(f".{end}") for end in wanted[:9])]
    starts = {name.removesuffix(end) for name in ends for end in wanted[:9] if name.endswith(end)}
    hits = {start: sum(start + name in state for name in wanted) for start in starts}
    if not hits:
        raise CheckpointError(
            f"{path}: no names of this backbone: {next(iter(state))}, … found, {wanted[0]}, … expected; "
            "give weights of the same backbone, or none"
        )
    twins = sorted(start for start, count in hits.items() if count == len(wanted))
    if len(twins) > 1:
        raise CheckpointError(
            f"{path}: this backbone twice, behind {twins[0]!r} and {twins[1]!r}; save the one to take"
        )
    start = max(sorted(hits), key=lambda start: hits[start])
    part = {name.removeprefix(start): tensor for name, tensor in state.items() if name.startswith(start)}
    own = {name.split(".")[0] for name in wanted}
    heads = [name for name in _HEADS if name not in own]
    return {name: tensor for name, tensor in part.items() if not _is_in(name, heads)}


def _refuse_channels(path: Path, found: int, wanted: int) -> None:
    """Refuse a first convolution that was trained on something else than grey or coloured pictures."""
    if found != wanted and found not in _FITTED:
        raise CheckpointError(
            f"{path}: its first convolution takes {found} channels, expected {wanted} as here, or 1 or 3, "
            "which can be fitted; it was trained on something else, such as compressed volumes: give weights "
            f"that were trained on {wanted} channels or on pictures, or none"
        )


def _refuse_other(path: Path, state: State, backbone: nn.Module) -> None:
    wanted = {name: tuple(tensor.shape) for name, tensor in backbone.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    names = [name for name in dict.fromkeys([*wanted, *found]) if not _counts(name)]
    other = [name for name in names if wanted.get(name) != found.get(name)]
    if other:
        raise CheckpointError(
            f"{path}: weights of another backbone: {other[0]} is {found.get(other[0], 'missing')} there and "
            f"{wanted.get(other[0], 'missing')} here; {len(other)} of {len(names)} tensors differ; "
            "give weights of the same backbone, or none"
        )


def _is_in(name: str, modules: Collection[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def _counts(name: str) -> bool:
    """Whether this is BatchNorm's number of batches, which older files do not hold."""
    return name.endswith(_COUNTER)
