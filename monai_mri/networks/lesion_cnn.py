"""The 3D network that tells remyelinating from demyelinating lesions in patches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

Padding = Literal["same", "valid"]
Center = Literal["channel", "voxel"]


class LesionCNN(nn.Module):
    """Three convolutions and one fully connected layer: a patch around a lesion in, one logit a class out.

    The training mean is subtracted, then 3 x [Conv 3x3x3, stride 1 → BatchNorm → ReLU → max-pool 2, stride 2]
    with 64, 64 and 128 channels → FC 2 (ms_lesion paper, Table 2). Pools drop an odd last voxel: 35 → 17 → 8
    → 4 with padding "same". 354,114 parameters with three channels of 35 x 35 x 35; 352,386 with two, 350,658
    with one; 339,778 with three and padding "valid". Softmax, the paper's last layer, is left to the loss.

    Input (B, C, N, N, N); output (B, classes), any real numbers.

    The mean is the buffer `mean`, shape (1, C, 1, 1, 1), so it is kept in checkpoints and exports. It is 0
    until `fit_input` or `set_mean` gives another. The paper says 'zerocenter', not whether the mean is one
    number a channel or one a voxel; ours is one a channel by default, the same for all 48 copies of a
    patch.

    With `scale`, every channel is then divided by its training standard deviation, the buffer `spread`. The
    paper does not do this, or its channels came in units alike; without it FLAIR in scanner units (hundreds)
    drowns QSM in ppm (hundredths).

    Padding and initial weights are not in the paper either. Ours are "same" and Glorot-uniform with biases 0,
    drawn from PyTorch's generator, so `torch.manual_seed` repeats them.

    `features` ends with the last ReLU, before its pooling, and gives (B, 128, 8, 8, 8) as published; 8 is
    `feature_size`. "features" is the name to give to Grad-CAM. The other blocks are pooled before their ReLU,
    which gives the same numbers with an eighth of the work.

    Args:
        in_channels: number of input channels, or a list of their names; in the paper FLAIR, QSM and mask.
        patch_size: side N of the patch in voxels.
        filters: output channels of every convolution, so that its length is the depth.
        kernel_size: odd side of the convolutions in voxels.
        padding: "same" keeps the size with zeros, "valid" loses `kernel_size - 1` voxels at each convolution.
        classes: number of classes.
        center: "channel" subtracts one mean a channel, "voxel" the mean patch.
        scale: whether `fit_input` takes the standard deviations, too; not in the paper.

    Raises:
        ValueError: a setting is out of range, or the patch is too small for the depth.

    Example:
        >>> net = LesionCNN(in_channels=3, patch_size=35)
        >>> sum(p.numel() for p in net.parameters()), net.feature_size, tuple(net.mean.shape)
        (354114, 8, (1, 3, 1, 1, 1))
    """

    mean: Tensor
    spread: Tensor

    def __init__(
        self,
        in_channels: int | Sequence[str] = 3,
        patch_size: int = 35,
        *,
        filters: Sequence[int] = (64, 64, 128),
        kernel_size: int = 3,
        padding: Padding = "same",
        classes: int = 2,
        center: Center = "channel",
        scale: bool = False,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels if isinstance(in_channels, int) else len(in_channels)
        self.patch_size, self.filters = patch_size, tuple(filters)
        self.kernel_size, self.padding, self.classes, self.center = kernel_size, padding, classes, center
        self.scale = scale
        _check(self)
        self.feature_size = self._feature_size()
        side = patch_size if center == "voxel" else 1
        self.register_buffer("mean", torch.zeros(1, self.in_channels, side, side, side))
        self.register_buffer("spread", torch.ones(1, self.in_channels, 1, 1, 1))
        self.features = self._features()
        self.pool = nn.MaxPool3d(2)
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(self.filters[-1] * (self.feature_size // 2) ** 3, classes)
        )
        _initialise(self)

    def forward(self, patch: Tensor) -> Tensor:
        """Logits, shape (B, classes), for patches of shape (B, C, N, N, N).

        Raises:
            ValueError: the patches have other channels or voxels than the network was made for.
        """
        self._check_patch(patch)
        logits: Tensor = self.classifier(self.pool(self.features((patch - self.mean) / self.spread)))
        return logits

    @torch.no_grad()
    def set_mean(self, mean: Tensor | Sequence[float]) -> None:
        """Subtract this from now on.

        Args:
            mean: finite; one number a channel, shape (C,) or (C, 1, 1, 1); or (C, N, N, N) with
                `center="voxel"`.

        Raises:
            ValueError: the shape is another, or a value is not finite.
        """
        given = torch.as_tensor(mean).to(self.mean)
        shaped = given.reshape(-1, 1, 1, 1) if given.ndim == 1 else given
        if tuple(shaped.shape) not in ((self.in_channels, 1, 1, 1), tuple(self.mean.shape[1:])):
            raise ValueError(
                f"LesionCNN: a mean of shape {tuple(given.shape)}, expected ({self.in_channels},) or "
                f"{tuple(self.mean.shape[1:])}"
            )
        if not bool(shaped.isfinite().all()):
            raise ValueError(
                "LesionCNN: a mean with NaN or infinite values, expected finite ones; check the patches"
            )
        self.mean.copy_(shaped.expand_as(self.mean))

    @torch.no_grad()
    def fit_input(self, patches: Iterable[Tensor]) -> None:
        """Take the mean of the training patches, and with `scale` their spread.

        The spread is one standard deviation a channel, over all voxels of all patches around the channel's
        mean (divided by n, not n - 1), and 1 where a channel does not vary.

        Args:
            patches: batches (B, C, N, N, N), as in `(batch["image"] for batch in loader)`. Training patches
                only, not augmented, or the mean knows what the network must not.

        Raises:
            ValueError: there is none, one has another shape, or a value is not finite.
        """
        total, count = torch.zeros_like(self.mean[0], dtype=torch.float64), 0
        squares = torch.zeros_like(self.spread[0], dtype=torch.float64)
        for batch in patches:
            self._check_patch(batch)
            patch = batch.to(device=total.device, dtype=torch.float64)
            total += patch.sum(0) if self.center == "voxel" else patch.mean((2, 3, 4), keepdim=True).sum(0)
            squares += patch.square().mean((2, 3, 4), keepdim=True).sum(0)
            count += len(patch)
        if not count:
            raise ValueError("LesionCNN: no patches to take the mean of, expected those of the training part")
        mean = total / count
        self.set_mean(mean)
        if self.scale:
            centre = mean.mean((1, 2, 3), keepdim=True)
            spread = (squares / count - centre.square()).clamp(min=0).sqrt()
            constant = spread <= 1e-6 * centre.abs()  # what rounding leaves of squares that cancel
            self.spread.copy_(torch.where(constant, 1.0, spread))

    def _check_patch(self, patch: Tensor) -> None:
        wanted = (self.in_channels, *[self.patch_size] * 3)
        if tuple(patch.shape[1:]) != wanted:
            raise ValueError(
                f"LesionCNN: patches {tuple(patch.shape)}, expected (B, {', '.join(map(str, wanted))}); "
                "cut them anew or set in_channels and patch_size"
            )

    def _feature_size(self) -> int:
        size, lost = self.patch_size, 0 if self.padding == "same" else self.kernel_size - 1
        for _ in self.filters[:-1]:
            size = (size - lost) // 2
        size -= lost
        if size < 2:
            raise ValueError(
                f"LesionCNN: patch_size {self.patch_size} leaves no voxel after {len(self.filters)} poolings "
                f"with padding {self.padding!r}, expected more; cut larger patches or use fewer filters"
            )
        return size

    def _features(self) -> nn.Sequential:
        widths = [self.in_channels, *self.filters]
        layers: list[nn.Module] = []
        for place, outputs in enumerate(self.filters):
            last = place == len(self.filters) - 1
            padding = self.kernel_size // 2 if self.padding == "same" else 0
            layers.append(nn.Conv3d(widths[place], outputs, self.kernel_size, padding=padding))
            layers.append(nn.BatchNorm3d(outputs))
            if not last:
                layers.append(nn.MaxPool3d(2))
            layers.append(nn.ReLU(inplace=not last))  # hooks on the last maps must see them unchanged
        return nn.Sequential(*layers)


def _check(network: LesionCNN) -> None:
    if not network.filters:
        raise ValueError("LesionCNN: filters is empty, expected the channels of at least one convolution")
    for name in ("in_channels", "patch_size", "filters"):
        value = getattr(network, name)
        if min(value if isinstance(value, tuple) else (value,)) < 1:
            raise ValueError(f"LesionCNN: {name} is {value}, expected whole numbers of at least 1")
    if network.classes < 2:
        raise ValueError(f"LesionCNN: classes is {network.classes}, expected at least 2")
    if network.kernel_size < 1 or network.kernel_size % 2 == 0:
        raise ValueError(f"LesionCNN: kernel_size is {network.kernel_size}, expected an odd number")
    if network.padding not in ("same", "valid"):
        raise ValueError(f"LesionCNN: padding is {network.padding!r}, expected 'same' or 'valid'")
    if network.center not in ("channel", "voxel"):
        raise ValueError(f"LesionCNN: center is {network.center!r}, expected 'channel' or 'voxel'")


def _initialise(network: nn.Module) -> None:
    for layer in network.modules():
        if isinstance(layer, (nn.Conv3d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
