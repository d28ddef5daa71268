"""DICOM trees: read tags, find series, tell what they show, convert them without the patient's name."""

from monai_mri.manifest.dicom.convert import Converted, Rejected, convert_series
from monai_mri.manifest.dicom.sequence import guess_sequence
from monai_mri.manifest.dicom.series import Series, find_series, unsuitable
from monai_mri.manifest.dicom.tags import Instance, read_instance
from monai_mri.manifest.dicom.who import pseudonyms, visits

__all__ = [
    "Converted",
    "Instance",
    "Rejected",
    "Series",
    "convert_series",
    "find_series",
    "guess_sequence",
    "pseudonyms",
    "read_instance",
    "unsuitable",
    "visits",
]
