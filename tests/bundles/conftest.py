"""Every bundle that lies in `bundles/`, and a small phantom cohort to run it on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
BUNDLES = sorted(path.parent.parent for path in (REPOSITORY / "bundles").glob("*/configs/metadata.json"))


def pytest_generate_tests(metafunc):
    if "bundle" in metafunc.fixturenames:
        metafunc.parametrize("bundle", BUNDLES, ids=[path.name for path in BUNDLES])


@pytest.fixture(scope="session")
def phantom_cohort(tmp_path_factory) -> Path:
    """Manifest of a coarse phantom cohort of four, split 2 / 1 / 1."""
    from monai_mri.manifest import make_splits, read_manifest, splits_path, write_splits
    from monai_mri.phantom import make_plaque_cohort

    folder = tmp_path_factory.mktemp("phantom")
    path = make_plaque_cohort(folder / "cohort", subjects=4, voxel_size_mm=(4.0, 4.0, 12.0), progress=False)
    manifest = read_manifest(path)
    write_splits(splits_path(path), make_splits(manifest, test=0.25, validation=0.25, seed=0))
    return path


@pytest.fixture
def bundle_run():
    """Runs `python -m monai.bundle COMMAND` with arguments and returns the finished process."""

    def run(
        command: str, *arguments: str, cwd: Path, launcher: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess:
        program = [sys.executable, "-W", "ignore", *launcher, "-m", "monai.bundle", command, *arguments]
        return subprocess.run(program, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)

    return run
