"""Networks of the studies that MONAI does not have."""

from monai_mri.networks.deeplabv3plus import DeepLabV3Plus
from monai_mri.networks.image_classifier import ImageClassifier
from monai_mri.networks.lesion_cnn import LesionCNN
from monai_mri.networks.migraine_cnn import MigraineCNN
from monai_mri.networks.plaque_fcn import PlaqueFCN
from monai_mri.networks.two_view_resnet import TwoViewResNet

__all__ = [
    "DeepLabV3Plus",
    "ImageClassifier",
    "LesionCNN",
    "MigraineCNN",
    "PlaqueFCN",
    "TwoViewResNet",
]
