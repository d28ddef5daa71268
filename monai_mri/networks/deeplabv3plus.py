"""DeepLabV3+ on MONAI's ResNets: slices in, maps of the same size out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from monai_mri.errors import ConfigError
from monai_mri.networks.backbones import dilate, resnet
from monai_mri.networks.pretrained import load_pretrained
from monai_mri.networks.pyramid import AtrousPyramid, convolution
from monai_mri.networks.standardise import standardise


class DeepLabV3Plus(nn.Module):
    """Encoder, atrous pyramid and decoder after Chen et al., ECCV 2018.

    The encoder is a ResNet whose last stage is dilated instead of strided, so its maps have a 16th of the
    image's side. The pyramid (`AtrousPyramid`) looks at them with several rates. Its maps are enlarged to
    those after the first stage, a fourth of the image's side, which are reduced to `low_level_channels` and
    concatenated; two 3x3 convolutions [→ BatchNorm → ReLU] and one of 1x1 make the map, which is enlarged to
    the image. 59,339,169 parameters with ResNet-101, three channels and one map.

    Input (B, C, H, W) of any H, W >= 1, values in [0, 1]; output (B, out_channels, H, W), logits of any real
    value. Enlarging is bilinear with aligned corners, so an odd side needs no padding.

    `refine` and `decoder_convolutions` are there because the widely used implementation in
    segmentation_models_pytorch has another decoder: `separable`, `refine`, one decoder convolution and rates
    of 12, 24, 36 give exactly that one.

    The constructor draws fresh weights from PyTorch's generator, so `torch.manual_seed` repeats them, and
    touches neither disk nor network; `load_pretrained` reads what `weights` names. Channels other than three
    are handled as in `ImageClassifier`.

    Args:
        in_channels: number of input channels.
        out_channels: number of maps.
        encoder: "resnet18", "resnet34", "resnet50" or "resnet101"; the last in the brain_tumor paper.
        weights: "none", "imagenet", a file in torchvision's naming, or the run folder of a training with the
            same encoder; they fill the encoder only.
        atrous_rates: dilation of each 3x3 branch of the pyramid, in pixels of its maps.
        low_level_channels: channels that the early maps are reduced to.
        decoder_channels: channels of the pyramid's branches and of the decoder.
        separable: whether the 3x3 convolutions of pyramid and decoder are split into one for each channel
            and one of 1x1, which saves most of their parameters.
        refine: whether one more 3x3 convolution follows the pyramid; not in the paper.
        decoder_convolutions: number of 3x3 convolutions after the concatenation; two in the paper.
        normalize: as in `ImageClassifier`.
        dropout: share of the pyramid's values that are dropped in training, in [0, 1).

    Raises:
        ConfigError: a setting is out of range.

    Example:
        >>> net = DeepLabV3Plus(encoder="resnet18").eval()
        >>> net(torch.zeros(1, 3, 33, 50)).shape
        torch.Size([1, 1, 33, 50])
    """

    def __init__(  # noqa: PLR0913 - all that is varied in the field
        self,
        in_channels: int = 3,
        out_channels: int = 1,
        *,
        encoder: str = "resnet101",
        weights: str = "none",
        atrous_rates: Sequence[int] = (6, 12, 18),
        low_level_channels: int = 48,
        decoder_channels: int = 256,
        separable: bool = False,
        refine: bool = False,
        decoder_convolutions: int = 2,
        normalize: bool = True,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        self.low_level_channels, self.decoder_channels = low_level_channels, decoder_channels
        self.decoder_convolutions, self.weights = decoder_convolutions, weights
        _check(self, atrous_rates, dropout)
        made = resnet(encoder, in_channels=in_channels)
        self._published = made.published
        self.standardise = standardise(in_channels, mean=made.mean, spread=made.spread, use=normalize)
        self.encoder = made.module
        dilate(self.encoder.get_submodule("layer4"))
        width = decoder_channels
        self.pyramid = AtrousPyramid(
            made.features, width, rates=atrous_rates, separable=separable, dropout=dropout
        )
        self.refine = convolution(width, width, separable=separable) if refine else nn.Identity()
        self.low_level = convolution(made.features // 8, low_level_channels, kernel_size=1)
        widths = [low_level_channels + width, *[width] * decoder_convolutions]
        self.decoder = nn.Sequential(*[convolution(a, b, separable=separable) for a, b in pairwise(widths)])
        self.head = nn.Conv2d(width, out_channels, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Logits, shape (B, out_channels, H, W), for images of shape (B, C, H, W).

        Raises:
            ValueError: the images have other axes or channels.
        """
        early, late = self._encode(self.standardise(image))
        context = _enlarge(self.refine(self.pyramid(late)), early)
        joined = torch.cat([context, self.low_level(early)], dim=1)
        return _enlarge(self.head(self.decoder(joined)), image)

    def load_pretrained(self) -> None:
        """Read what `weights` names into the encoder; all else keeps its fresh weights.

        Raises:
            CheckpointError: there is no such file, it is damaged or out of reach, or it does not fit.
        """
        load_pretrained(self.encoder, self.weights, published=self._published, first="conv1")

    def _encode(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Maps of the first stage, a fourth of the side, and of the last, a 16th."""
        net = self.encoder
        stem: Tensor = net.maxpool(net.act(net.bn1(net.conv1(image))))  # type: ignore[operator]
        early: Tensor = net.layer1(stem)  # type: ignore[operator]
        late: Tensor = net.layer4(net.layer3(net.layer2(early)))  # type: ignore[operator]
        return early, late


def _enlarge(maps: Tensor, to: Tensor) -> Tensor:
    return F.interpolate(maps, size=to.shape[-2:], mode="bilinear", align_corners=True)


def _check(network: DeepLabV3Plus, rates: Sequence[int], dropout: float) -> None:
    for name in (
        "in_channels",
        "out_channels",
        "low_level_channels",
        "decoder_channels",
        "decoder_convolutions",
    ):
        if getattr(network, name) < 1:
            raise ConfigError(
                f"DeepLabV3Plus: {name} is {getattr(network, name)}, expected at least 1; correct it"
            )
    if not rates or min(rates) < 1:
        raise ConfigError(
            f"DeepLabV3Plus: atrous_rates are {tuple(rates)}, expected at least one, each of 1 or more; "
            "correct them"
        )
    if not 0 <= dropout < 1:
        raise ConfigError(f"DeepLabV3Plus: dropout is {dropout}, expected 0 to below 1; correct it")
