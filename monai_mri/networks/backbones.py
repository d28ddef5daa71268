"""Backbones of 2D networks by name: MONAI's ResNets, and all others from timm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from monai_mri.errors import CheckpointError, ConfigError
from monai_mri.networks.published import from_hugging_face, from_torch_hub
from monai_mri.networks.standardise import IMAGENET_MEAN, IMAGENET_SPREAD
from monai_mri.networks.torchvision_cpu import import_timm

_LAYERS: dict[str, tuple[str, tuple[int, ...]]] = {
    "resnet18": ("basic", (2, 2, 2, 2)),
    "resnet34": ("basic", (3, 4, 6, 3)),
    "resnet50": ("bottleneck", (3, 4, 6, 3)),
    "resnet101": ("bottleneck", (3, 4, 23, 3)),
}
RESNETS = tuple(_LAYERS)
_ADDRESS = "https://download.pytorch.org/models/"
_RESNET_FILES = {
    "resnet18": "resnet18-f37072fd.pth",
    "resnet34": "resnet34-b627a593.pth",
    "resnet50": "resnet50-11ad3fa6.pth",
    "resnet101": "resnet101-cd907fc2.pth",
}
_SMALLEST = {"inception_v3": 75, "inception_resnet_v2": 75}
_HUB_FILES = ("model.safetensors", "pytorch_model.bin")


@dataclass(frozen=True)
class Backbone:
    """A network without its head, and what must be known to use it.

    `module` takes (B, C, H, W) and gives (B, features). `mean` and `spread` are those of the three colours in
    [0, 1] that it was pretrained with. `first` names its first convolution. `published` gives the path of the
    ImageNet weights. `smallest` is the least side of an image in pixels, `only` its one size (H, W) where
    there is no other.
    """

    module: nn.Module
    features: int
    first: str
    published: Callable[[], Path]
    mean: Sequence[float] = IMAGENET_MEAN
    spread: Sequence[float] = IMAGENET_SPREAD
    smallest: int = 1
    only: tuple[int, int] | None = None


def make_backbone(name: str, *, in_channels: int) -> Backbone:
    """The backbone of this name with fresh weights.

    ResNets of 18, 34, 50 and 101 layers are MONAI's, laid out as torchvision's. Any other name is timm's.

    Raises:
        ConfigError: no such backbone, no channels, or the backbone is timm's, which is not installed.
    """
    if in_channels < 1:
        raise ConfigError(
            f"backbone {name}: in_channels is {in_channels}, expected at least 1; correct that number"
        )
    if name in RESNETS:
        return resnet(name, in_channels=in_channels)
    return _from_timm(name, in_channels)


def resnet(name: str, *, in_channels: int) -> Backbone:
    """A 2D ResNet, "resnet18" to "resnet101" (He et al., CVPR 2016), by MONAI, laid out as torchvision's.

    The published weights are torchvision's: of the 18 and 34 layers the only ones there are (recipe V1, 69.8
    and 73.3 % top-1 accuracy on ImageNet), of 50 and 101 layers the better ones (recipe V2, 80.9 and 81.9 %,
    against 76.1 and 77.4 % with V1), which is what torchvision's `DEFAULT` gives. To start from V1, as
    studies from before 2021 did, give its file, such as `resnet50-0676ba61.pth`, as `weights`.

    Raises:
        ConfigError: no such ResNet here.
    """
    if name not in RESNETS:
        raise ConfigError(f"ResNet {name!r} found, expected one of {', '.join(RESNETS)}; choose one of those")
    from monai.networks.nets.resnet import ResNet  # importing MONAI takes seconds

    block, layers = _LAYERS[name]
    module = ResNet(
        block,
        list(layers),
        [64, 128, 256, 512],
        spatial_dims=2,
        n_input_channels=in_channels,
        conv1_t_stride=2,
        bias_downsample=False,
        feed_forward=False,
    )
    published = partial(from_torch_hub, _ADDRESS + _RESNET_FILES[name])
    return Backbone(module, 512 if block == "basic" else 2048, "conv1", published)


def dilate(stage: nn.Module, *, rate: int = 2) -> None:
    """Keep the size of a ResNet's stage, and let its 3x3 convolutions see as far as with the stride.

    Every convolution gets stride 1; those of 3x3 are dilated (Chen et al., ECCV 2018, section 3.1).
    """
    for layer in stage.modules():
        if isinstance(layer, nn.Conv2d):
            layer.stride = (1, 1)
            layer.dilation = (rate, rate)
            layer.padding = tuple(side // 2 * rate for side in layer.kernel_size)


def _from_timm(name: str, in_channels: int) -> Backbone:
    timm = import_timm()
    if not timm.is_model(name):
        near = [
            *get_close_matches(name, [*RESNETS, *_SMALLEST], n=1, cutoff=0.8),
            *get_close_matches(name, timm.list_models(), n=1),
        ]
        meant = " or ".join(repr(one) for one in dict.fromkeys(near))
        hint = f"did you mean {meant}?" if near else "timm.list_models() has the names"
        raise ConfigError(
            f"backbone {name!r} found, expected one of {', '.join(RESNETS)} or a name of timm's; {hint}"
        )
    module = timm.create_model(name, pretrained=False, num_classes=0, in_chans=in_channels)
    config = module.pretrained_cfg
    first = config.get("first_conv")
    if not isinstance(first, str):
        raise ConfigError(
            f"backbone {name}: timm names {first} as its first convolution, expected one; "
            "choose another backbone"
        )
    return Backbone(
        module,
        int(getattr(module, "head_hidden_size", None) or module.num_features),
        first,
        partial(_published_by_timm, name, config),
        mean=config["mean"],
        spread=config["std"],
        smallest=_SMALLEST.get(name.split(".")[0], 1),
        only=tuple(config["input_size"][1:]) if config.get("fixed_input_size") else None,
    )


def _published_by_timm(name: str, config: dict[str, Any]) -> Path:
    if config.get("hf_hub_id") and not config.get("custom_load"):
        own = config.get("hf_hub_filename")
        return from_hugging_face(config["hf_hub_id"], (own,) if own else _HUB_FILES)
    if config.get("url") and not config.get("custom_load"):
        return from_torch_hub(config["url"])
    raise CheckpointError(
        f"backbone {name}: timm knows no published weights of it that can be read here; give a file, or none"
    )
