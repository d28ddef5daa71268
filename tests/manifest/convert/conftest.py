"""Manifests with real files to convert."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monai_mri.manifest import Manifest, make_sidecar, write_manifest


@pytest.fixture
def make_cohort(tmp_path, make_nifti) -> Callable[..., Manifest]:
    """Six subjects `pat_1` … with FLAIR, T1 and mask; `pat_1` has two visits, the last of two runs."""

    def make(*, masks: bool = True, modalities=("flair", "t1"), ending: str = ".nii.gz") -> Manifest:
        visits = [("pat_1", "v1", 1), ("pat_1", "v2", 1), ("pat_1", "v2", 2)]
        visits += [(f"pat_{n}", "", 1) for n in range(2, 7)]
        rows = []
        for number, (subject, session, run) in enumerate(visits):
            base = f"data/{subject}/{session or 'v'}_{run}"
            row = {"subject_id": subject, "session_id": session, "site": "xy"[int(subject[-1]) % 2]}
            row |= {name: f"{base}_{name}{ending}" for name in modalities}
            row |= {"mask": f"{base}_mask{ending}"} if masks else {}
            row |= {"label": "ms" if int(subject[-1]) % 3 else "control", "age": f"{30 + int(subject[-1])}"}
            row |= {"coil": f"c{number}"}
            for name in (*modalities, *(["mask"] if masks else [])):
                make_nifti(tmp_path / row[name], shape=(3, 4, 2), shift_mm=number)  # no bytes twice
            rows.append(row)
        sidecar = make_sidecar(rows, folder=tmp_path, modalities=modalities, source="a test", licence="CC0")
        return write_manifest(tmp_path / "ms.csv", rows, sidecar=sidecar)

    return make
