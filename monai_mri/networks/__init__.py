"""Networks of the studies that MONAI does not have."""

from monai_mri.networks.plaque_fcn import PlaqueFCN

__all__ = ["PlaqueFCN"]
