"""A cohort of two sites with two visits of one person, with splits."""

from __future__ import annotations

import pytest

from monai_mri.manifest import FileRecord, Sidecar, Splits, splits_path, write_manifest, write_splits

SUBJECTS = {  # part, site, label, age, sex, visits
    "a": ("train", "x", "MS", "30", "F", 2),
    "b": ("train", "x", "control", "40", "M", 1),
    "c": ("train", "y", "MS", "50", "F", 1),
    "d": ("test", "y", "control", "35", "F", 1),
    "e": ("test", "y", "MS", "n/a", "", 1),
}


@pytest.fixture
def cohort(tmp_path):
    """Five subjects, six scans; `c` has no T1, only `a` has a mask."""
    rows, files = [], {}
    for subject, (_, site, label, age, sex, visits) in SUBJECTS.items():
        for visit in range(1, visits + 1):
            row = {"subject_id": subject, "session_id": str(visit), "site": site}
            row |= {
                "flair": f"{subject}{visit}.nii.gz",
                "t1": "" if subject == "c" else f"{subject}{visit}_t1.nii",
            }
            row |= {"mask": f"{subject}_m.nii" if subject == "a" and visit == 1 else "", "label": label}
            rows.append({**row, "age": age, "sex": sex, "coil": f"{visit}"})
            files[row["flair"]] = FileRecord(
                sha256=f"{len(files):064x}", shape=(4, 5, 6), spacing_mm=(1, 1, 3 if site == "x" else 1)
            )
    sidecar = Sidecar(modalities=("flair", "t1"), files=files)
    manifest = write_manifest(tmp_path / "ms.csv", rows, sidecar=sidecar)
    parts = {subject: found[0] for subject, found in SUBJECTS.items()}
    write_splits(splits_path(manifest.path), Splits(manifest_sha256=manifest.sha256, parts=((parts,),)))
    return manifest
