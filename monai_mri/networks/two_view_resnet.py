"""A volume compressed along two of its axes into a 2D ResNet."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from monai_mri.errors import ConfigError
from monai_mri.networks.backbones import resnet
from monai_mri.networks.pretrained import load_pretrained

KERNEL, STRIDE, FILTERS = 7, 3, 32
_STEM = ("conv1", "bn1")


class TwoViewResNet(nn.Module):
    """A cube of voxels in, one logit a class out, by way of 2D convolutions (nmosd paper, Model structure).

    For each view one axis of the volume becomes the channel axis, and a compression block [Conv 7x7, stride
    3, no padding, 32 filters → BatchNorm → ReLU] makes maps of the other two: 100 → 32. The maps of all views
    are concatenated and go into a 2D ResNet whose first convolution takes them; then dropout and one fully
    connected layer. 11,682,562 parameters with 18 layers, two views and one channel of 100 x 100 x 100;
    21,790,722 with 34 layers.

    Not in the paper, and ours: the compression's convolution has no bias, since BatchNorm follows; several
    channels are laid side by side, (C * S) in all; fresh weights are PyTorch's in the compression and MONAI's
    Kaiming-normal ones in the ResNet, so `torch.manual_seed` repeats them.

    Pretrained weights fill the ResNet but for its stem, the first convolution and the BatchNorm after it,
    whose statistics are those of that convolution's answers. The paper leaves the first convolution out.

    Input (B, C, S, S, S), any scale; output (B, num_classes), any real numbers. The constructor touches
    neither disk nor network; `load_pretrained` reads what `weights` names.

    Args:
        depth: layers of the ResNet, 18, 34, 50 or 101; 18 and 34 in the paper.
        image_size: side S of the volume in voxels, at least 7.
        num_classes: number of classes.
        in_channels: number of input channels.
        views: axes that become the channel axis, each 0, 1 or 2; one gives the single-view variant.
        weights: "none", "imagenet", a file in torchvision's naming, or the run folder of a training with a
            ResNet of this depth, such as an `ImageClassifier`.
        dropout: share of features that are dropped in training, in [0, 1).

    Raises:
        ConfigError: a setting is out of range.

    Example:
        >>> net = TwoViewResNet(18, 100)
        >>> sum(p.numel() for p in net.parameters()), net.spatial_shape
        (11682562, (100, 100, 100))
    """

    def __init__(
        self,
        depth: int = 18,
        image_size: int = 100,
        num_classes: int = 2,
        *,
        in_channels: int = 1,
        views: Sequence[int] = (0, 1),
        weights: str = "none",
        dropout: float = 0.15,
    ) -> None:
        super().__init__()
        self.depth, self.image_size, self.num_classes = depth, image_size, num_classes
        self.in_channels, self.views, self.weights = in_channels, tuple(views), weights
        self.spatial_shape = (image_size,) * 3
        _check(self, dropout)
        self.compress = nn.ModuleList(_compression(in_channels * image_size) for _ in self.views)
        made = resnet(f"resnet{depth}", in_channels=FILTERS * len(self.views))
        self.backbone = made.module
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(made.features, num_classes)
        self._published = made.published

    def forward(self, volume: Tensor) -> Tensor:
        """Logits, shape (B, num_classes), for volumes of shape (B, C, S, S, S).

        Raises:
            ValueError: the volumes have other channels or voxels than the network was made for.
        """
        wanted = (self.in_channels, *self.spatial_shape)
        if tuple(volume.shape[1:]) != wanted:
            raise ValueError(
                f"TwoViewResNet: volumes {tuple(volume.shape)}, expected (B, {', '.join(map(str, wanted))}); "
                "resize them or set in_channels and image_size"
            )
        maps = [
            block(volume.movedim(axis + 2, 2).flatten(1, 2))
            for axis, block in zip(self.views, self.compress, strict=True)
        ]
        logits: Tensor = self.classifier(self.dropout(self.backbone(torch.cat(maps, dim=1))))
        return logits

    def load_pretrained(self) -> None:
        """Read what `weights` names into the ResNet but for its stem.

        Raises:
            CheckpointError: there is no such file, it is damaged or out of reach, or it does not fit.
        """
        load_pretrained(self.backbone, self.weights, published=self._published, first="conv1", leave=_STEM)


def _compression(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, FILTERS, KERNEL, stride=STRIDE, bias=False),
        nn.BatchNorm2d(FILTERS),
        nn.ReLU(inplace=True),
    )


def _check(network: TwoViewResNet, dropout: float) -> None:
    views = network.views
    if network.depth not in (18, 34, 50, 101):
        raise ConfigError(f"TwoViewResNet: depth is {network.depth}, expected 18, 34, 50 or 101; correct it")
    if network.image_size < KERNEL:
        raise ConfigError(
            f"TwoViewResNet: image_size is {network.image_size}, expected at least {KERNEL}; correct it"
        )
    if not views or len(set(views)) < len(views) or not set(views) <= {0, 1, 2}:
        raise ConfigError(
            f"TwoViewResNet: views are {views}, expected 1 to 3 different ones of 0, 1, 2; correct it"
        )
    for name, least in (("in_channels", 1), ("num_classes", 2)):
        if getattr(network, name) < least:
            raise ConfigError(
                f"TwoViewResNet: {name} is {getattr(network, name)}, expected at least {least}; correct it"
            )
    if not 0 <= dropout < 1:
        raise ConfigError(f"TwoViewResNet: dropout is {dropout}, expected 0 to below 1; correct it")
