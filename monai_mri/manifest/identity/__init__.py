"""Find what leads back to a person: in headers, tags, sidecars, pictures, names, tables and in the face."""

from monai_mri.manifest.identity.face import face_fault
from monai_mri.manifest.identity.files import identity_faults
from monai_mri.manifest.identity.names import name_faults

__all__ = ["face_fault", "identity_faults", "name_faults"]
