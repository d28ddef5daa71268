"""The 3D network that tells migraine from control in white-matter maps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

Head = Literal["flatten", "gap"]


class MigraineCNN(nn.Module):
    """Three convolutions and three fully connected layers: a volume in, one logit a class out.

    Conv 20 → Conv 10, max-pool 2 → Conv 5, max-pool 2 → FC 300 → FC 100 → FC 2; 3x3x3 with zero 'same'
    padding, ReLU, pools of stride 2 that drop an odd last voxel. 48,637,927 parameters at 121 x 145 x 121, of
    them 48,600,300 in the first fully connected layer (Ng et al., ICANN 2018, section 2.2). Weights are
    Glorot-uniform, biases 0, as Keras makes them; they are drawn from PyTorch's generator, so
    `torch.manual_seed` repeats them. Softmax, the paper's last layer, is left to the loss.

    Input (B, C, I, J, K); output (B, classes), any real numbers.

    For maps of what the network looks at: `features` ends with the last convolution's ReLU, before its
    pooling, and gives ``(B, filters[-1], *feature_shape)``, 5 maps of 60 x 72 x 60 at full shape.
    "features" is the name to give to Grad-CAM. With `head="gap"` the maps are averaged over space and the
    last layer, `classifier[-1]`, is the only linear one, so that its weights times the maps are the class
    activation map of Zhou et al. (CVPR 2016).

    A pooled convolution is pooled before its ReLU, which gives the same numbers with an eighth of the work.

    Args:
        spatial_shape: voxels of the input along I, J, K. With `head="gap"` other sizes can be given, too.
        in_channels: number of input channels.
        filters: output channels of every convolution, so that its length is the depth.
        pooled: for every convolution, whether it is pooled; by default all but the first.
        hidden: units of the hidden fully connected layers; by default (300, 100), and none with `head="gap"`.
        classes: number of classes.
        head: "flatten", the paper's fully connected layers, or "gap"; that one does not pool the last maps.
        kernel_size: odd side of the convolutions in voxels.

    Raises:
        ValueError: a setting is out of range, lengths do not match, or the poolings leave no voxel.

    Example:
        >>> import torch
        >>> with torch.device("meta"):  # counts without memory
        ...     net = MigraineCNN()
        >>> sum(p.numel() for p in net.parameters()), net.feature_shape
        (48637927, (60, 72, 60))
        >>> MigraineCNN((8, 10, 8), filters=(5, 10, 20))(torch.zeros(2, 1, 8, 10, 8)).shape
        torch.Size([2, 2])
    """

    def __init__(
        self,
        spatial_shape: Sequence[int] = (121, 145, 121),
        *,
        in_channels: int = 1,
        filters: Sequence[int] = (20, 10, 5),
        pooled: Sequence[bool] | None = None,
        hidden: Sequence[int] | None = None,
        classes: int = 2,
        head: Head = "flatten",
        kernel_size: int = 3,
    ) -> None:
        super().__init__()
        self.spatial_shape = tuple(int(side) for side in spatial_shape)
        self.in_channels, self.filters, self.kernel_size = in_channels, tuple(filters), kernel_size
        self.pooled = (False, *[True] * (len(self.filters) - 1)) if pooled is None else tuple(pooled)
        self.hidden = tuple(hidden) if hidden is not None else (300, 100) if head == "flatten" else ()
        self.classes, self.head = classes, head
        self._check()
        self.feature_shape = tuple(side // 2 ** sum(self.pooled[:-1]) for side in self.spatial_shape)
        self.features = self._features()
        self.pool, self.classifier = self._pool(), self._classifier()
        _initialise(self)

    def forward(self, volume: Tensor) -> Tensor:
        """Logits, shape (B, classes), for volumes of shape (B, C, I, J, K).

        Raises:
            ValueError: the volumes have other channels or voxels than the network was made for.
        """
        shape = tuple(volume.shape[1:])
        fits = len(shape) == 4 and shape[0] == self.in_channels
        if not fits or (self.head == "flatten" and shape[1:] != self.spatial_shape):
            raise ValueError(
                f"MigraineCNN: volumes {tuple(volume.shape)}, expected (B, {self.in_channels}, "
                f"{', '.join(map(str, self.spatial_shape))}); "
                "resample them or set spatial_shape and in_channels"
            )
        logits: Tensor = self.classifier(self.pool(self.features(volume)))
        return logits

    def _features(self) -> nn.Sequential:
        widths = [self.in_channels, *self.filters]
        layers: list[nn.Module] = []
        for place, pooled in enumerate(self.pooled):
            last = place == len(self.filters) - 1
            padding = self.kernel_size // 2
            layers.append(nn.Conv3d(widths[place], widths[place + 1], self.kernel_size, padding=padding))
            if pooled and not last:
                layers.append(nn.MaxPool3d(2))
            layers.append(nn.ReLU(inplace=not last))  # hooks on the last maps must see them unchanged
        return nn.Sequential(*layers)

    def _pool(self) -> nn.Module:
        if self.head == "gap":
            return nn.AdaptiveAvgPool3d(1)
        return nn.MaxPool3d(2) if self.pooled[-1] else nn.Identity()

    def _classifier(self) -> nn.Sequential:
        voxels = math.prod(side // 2 ** sum(self.pooled) for side in self.spatial_shape)
        widths = [self.filters[-1] * (1 if self.head == "gap" else voxels), *self.hidden]
        layers: list[nn.Module] = [nn.Flatten()]
        for inputs, outputs in zip(widths, self.hidden, strict=False):
            layers += [nn.Linear(inputs, outputs), nn.ReLU(inplace=True)]
        return nn.Sequential(*layers, nn.Linear(widths[-1], self.classes))

    def _check(self) -> None:
        _check_numbers(self)
        if self.head not in ("flatten", "gap"):
            raise ValueError(f"MigraineCNN: head is {self.head!r}, expected 'flatten' or 'gap'")
        if self.head == "gap" and self.hidden:
            raise ValueError(
                f"MigraineCNN: hidden is {self.hidden} with head 'gap', expected none; "
                "its class maps need one linear layer after the average"
            )
        if len(self.pooled) != len(self.filters):
            raise ValueError(
                f"MigraineCNN: {len(self.pooled)} values in pooled for {len(self.filters)} filters, "
                "expected one for each"
            )
        poolings = sum(self.pooled[:-1]) if self.head == "gap" else sum(self.pooled)
        if min(self.spatial_shape) < 2**poolings:
            raise ValueError(
                f"MigraineCNN: {poolings} poolings leave no voxel of spatial_shape {self.spatial_shape}, "
                f"expected at least {2**poolings} along each axis; give larger volumes or pool fewer layers"
            )


def _check_numbers(network: MigraineCNN) -> None:
    if len(network.spatial_shape) != 3:
        raise ValueError(
            f"MigraineCNN: spatial_shape is {network.spatial_shape}, expected three lengths in voxels"
        )
    if not network.filters:
        raise ValueError("MigraineCNN: filters is empty, expected the channels of at least one convolution")
    counts = {
        "spatial_shape": network.spatial_shape,
        "in_channels": (network.in_channels,),
        "filters": network.filters,
        "hidden": network.hidden,
    }
    for name, values in counts.items():
        if any(value < 1 for value in values):
            raise ValueError(f"MigraineCNN: {name} {values} found, expected whole numbers of at least 1")
    if network.classes < 2:
        raise ValueError(f"MigraineCNN: classes is {network.classes}, expected at least 2")
    if network.kernel_size < 1 or network.kernel_size % 2 == 0:
        raise ValueError(
            f"MigraineCNN: kernel_size is {network.kernel_size}, expected an odd number for 'same' padding"
        )


def _initialise(network: nn.Module) -> None:
    for layer in network.modules():
        if isinstance(layer, (nn.Conv3d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
