"""A slice classifier: a backbone pretrained on ImageNet, and a new head."""

from __future__ import annotations

from torch import Tensor, nn

from monai_mri.errors import ConfigError
from monai_mri.networks.backbones import make_backbone
from monai_mri.networks.pretrained import load_pretrained
from monai_mri.networks.standardise import standardise


class ImageClassifier(nn.Module):
    """Slices in, one logit a class out, by transfer learning (brain_tumor paper, section 3.1).

    Backbone → global average pooling → dropout → one fully connected layer. The paper's "custom layers" are
    not described; ours is that one layer. Parameters without it: ResNet-18 11,176,512, ResNet-34 21,284,672,
    ResNet-50 23,508,032, ResNet-101 42,500,160, InceptionV3 21,785,568 (without its auxiliary head),
    InceptionResNetV2 54,306,464.

    Input (B, C, H, W), values in [0, 1]; output (B, num_classes), any real numbers. Softmax is left to the
    loss.

    The constructor draws fresh weights from PyTorch's generator, so `torch.manual_seed` repeats them, and
    touches neither disk nor network. `weights` is only remembered; `load_pretrained` reads them.

    Channels other than three: the first convolution's kernels are fitted, see
    `monai_mri.networks.pretrained.fit_channels`; mean and spread likewise.

    Args:
        backbone: "resnet18", "resnet34", "resnet50" or "resnet101" by MONAI, or any name of timm's, such as
            "inception_v3" and "inception_resnet_v2", with the extra `imagenet`.
        in_channels: number of input channels.
        num_classes: number of classes.
        weights: "none", "imagenet", a file in torchvision's or timm's naming, or the run folder of a training
            with the same backbone.
        normalize: True standardises the input inside the network with the mean and spread that the backbone
            was pretrained with, also where `weights` is "none"; False leaves [0, 1], as the paper does. Both
            are buffers and kept in checkpoints.
        dropout: share of features that are dropped in training, in [0, 1).

    Raises:
        ConfigError: a setting is out of range, there is no such backbone, or it needs timm, which is not
            installed.

    Example:
        >>> net = ImageClassifier("resnet18", num_classes=4)
        >>> sum(p.numel() for p in net.backbone.parameters()), net.classifier.in_features
        (11176512, 512)
    """

    def __init__(
        self,
        backbone: str = "resnet50",
        in_channels: int = 3,
        num_classes: int = 2,
        *,
        weights: str = "none",
        normalize: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        _check(num_classes, dropout)
        made = make_backbone(backbone, in_channels=in_channels)
        self.backbone_name, self.in_channels, self.num_classes = backbone, in_channels, num_classes
        self.weights, self.normalize = weights, normalize
        self.standardise = standardise(in_channels, mean=made.mean, spread=made.spread, use=normalize)
        self.backbone = made.module
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(made.features, num_classes)
        self._published, self._first = made.published, made.first
        self._smallest, self._only = made.smallest, made.only

    def forward(self, image: Tensor) -> Tensor:
        """Logits, shape (B, num_classes), for images of shape (B, C, H, W).

        Raises:
            ValueError: the images have other channels, or a size that the backbone cannot take.
        """
        self._check_size(image)
        logits: Tensor = self.classifier(self.dropout(self.backbone(self.standardise(image))))
        return logits

    def load_pretrained(self) -> None:
        """Read what `weights` names into the backbone; the head keeps its fresh weights.

        Raises:
            CheckpointError: there is no such file, it is damaged or out of reach, or it does not fit.
        """
        load_pretrained(self.backbone, self.weights, published=self._published, first=self._first)

    def _check_size(self, image: Tensor) -> None:
        height, width = image.shape[-2:]
        wanted = f"at least {self._smallest} x {self._smallest}"
        fits = min(height, width) >= self._smallest
        if self._only is not None:
            wanted, fits = f"{self._only[0]} x {self._only[1]}", (height, width) == self._only
        if not fits:
            raise ValueError(
                f"ImageClassifier: images of {height} x {width} pixels, {self.backbone_name} takes {wanted}; "
                "enlarge them or choose another backbone"
            )


def _check(num_classes: int, dropout: float) -> None:
    if num_classes < 2:
        raise ConfigError(f"ImageClassifier: num_classes is {num_classes}, expected at least 2; correct it")
    if not 0 <= dropout < 1:
        raise ConfigError(f"ImageClassifier: dropout is {dropout}, expected 0 to below 1; correct it")
