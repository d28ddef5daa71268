"""The table of images: its schema, the layouts it is built from, its splits."""

from monai_mri.manifest import layouts
from monai_mri.manifest.core import (
    Manifest,
    Skipped,
    read_manifest,
    root_folder,
    sidecar_path,
    write_manifest,
)
from monai_mri.manifest.create import create_manifest, made_folder, plan_manifest
from monai_mri.manifest.join import join_manifests
from monai_mri.manifest.leaks import splits_faults
from monai_mri.manifest.preview import describe_splits
from monai_mri.manifest.schema import (
    CORE_COLUMNS,
    PARTS,
    FileRecord,
    Row,
    Sidecar,
    Splits,
    row_model,
    study_schema,
    write_study_schema,
)
from monai_mri.manifest.show import describe_manifest
from monai_mri.manifest.sidecar import file_record, make_sidecar, read_sidecar, write_sidecar
from monai_mri.manifest.splits import (
    make_splits,
    parts_of_rows,
    read_splits,
    rows_of_part,
    splits_path,
    write_splits,
)

__all__ = [
    "CORE_COLUMNS",
    "PARTS",
    "FileRecord",
    "Manifest",
    "Row",
    "Sidecar",
    "Skipped",
    "Splits",
    "create_manifest",
    "describe_manifest",
    "describe_splits",
    "file_record",
    "join_manifests",
    "layouts",
    "made_folder",
    "make_sidecar",
    "make_splits",
    "parts_of_rows",
    "plan_manifest",
    "read_manifest",
    "read_sidecar",
    "read_splits",
    "root_folder",
    "row_model",
    "rows_of_part",
    "sidecar_path",
    "splits_faults",
    "splits_path",
    "study_schema",
    "write_manifest",
    "write_sidecar",
    "write_splits",
    "write_study_schema",
]
