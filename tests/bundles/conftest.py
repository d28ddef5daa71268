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


@pytest.fixture
def monai_mri(tmp_path, monkeypatch):
    """Runs `monai-mri` with the words of a line, in the test's own folder; fails where the command does."""
    from click.testing import CliRunner

    from monai_mri.cli import main

    monkeypatch.chdir(tmp_path)

    def run(line: str, *more: str) -> str:
        done = CliRunner().invoke(main, [*line.split(), *more])
        assert done.exit_code == 0, f"{line}: {done.output}{done.exception!r}"
        return done.output

    return run


@pytest.fixture
def one_and_two(bundle_run, cohort_of, tmp_path):
    """Trains a bundle for two epochs on its phantom in one process and in two; gives the two run folders."""

    def train(bundle: Path, **more: object) -> tuple[Path, Path]:
        configs, phantom = bundle / "configs", phantom_of(bundle)
        settings = phantom["settings"] | {
            "max_epochs": 2,
            "device": "cpu",
            "manifest": str(cohort_of(bundle)),
            **more,
        }
        words = [word for key, value in settings.items() for word in (f"--{key}", str(value))]
        layers = f"['{configs / 'train.yaml'}','{configs / 'multi_gpu_train.yaml'}']"
        launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")
        for name, files, start in (("one", str(configs / "train.yaml"), ()), ("two", layers, launcher)):
            done = bundle_run(
                *("run", "--config_file", files, "--output_dir", name, *words), cwd=tmp_path, launcher=start
            )
            assert done.returncode == 0, done.stderr
        return tmp_path / "one", tmp_path / "two"

    return train
