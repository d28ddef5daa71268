"""Networks of the studies that MONAI does not have."""

from monai_mri.networks.lesion_cnn import LesionCNN
from monai_mri.networks.migraine_cnn import MigraineCNN
from monai_mri.networks.plaque_fcn import PlaqueFCN

__all__ = ["LesionCNN", "MigraineCNN", "PlaqueFCN"]
