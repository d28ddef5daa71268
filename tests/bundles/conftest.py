"""Every bundle that lies in `bundles/`, and a small phantom cohort to run it on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
BUNDLES = sorted(path.parent.parent for path in (REPOSITORY / "bundles").glob("*/configs/metadata.json"))


def pytest_generate_tests(metafunc):
    if "bundle" in metafunc.fixturenames:
        metafunc.parametrize("bundle", BUNDLES, ids=[path.name for path in BUNDLES])


def phantom_of(bundle: Path) -> dict:
    """What the bundle's protocol says of its phantom: who makes it, how small, and settings that fit it."""
    return yaml.safe_load((bundle / "configs" / "protocol.yaml").read_text())["phantom"]


@pytest.fixture(scope="session")
def cohort_of(tmp_path_factory) -> Callable[[Path], Path]:
    """Manifest of a bundle's tiny phantom cohort, split in half and quarters; made once."""
    from monai_mri.manifest import make_splits, read_manifest, splits_path, write_splits

    @cache
    def make(bundle: Path) -> Path:
        phantom = phantom_of(bundle)
        package, _, name = phantom["make"].rpartition(".")
        folder = tmp_path_factory.mktemp(bundle.name) / "cohort"
        path = getattr(import_module(package), name)(folder, **phantom["tiny"], progress=False)
        write_splits(splits_path(path), make_splits(read_manifest(path), test=0.25, validation=0.25, seed=0))
        return path

    return make


@pytest.fixture(scope="session")
def phantom_cohort(cohort_of) -> Path:
    """Manifest of the plaque study's phantom."""
    return cohort_of(REPOSITORY / "bundles/ms_plaque")


@pytest.fixture
def bundle_run():
    """Runs `python -m monai.bundle COMMAND` with arguments and returns the finished process."""

    def run(
        command: str, *arguments: str, cwd: Path, launcher: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess:
        program = [sys.executable, "-W", "ignore", *launcher, "-m", "monai.bundle", command, *arguments]
        return subprocess.run(program, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)

    return run
