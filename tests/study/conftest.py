"""Study folders without trainings, and a tiny migraine cohort for real ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from monai_mri.study.design import Design, DesignVariant, write_design
from monai_mri.study.runs import Run, runs_of

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def migraine(repository) -> Path:
    return repository / "bundles" / "migraine"


@pytest.fixture(scope="session")
def lesion(repository) -> Path:
    return repository / "bundles" / "ms_lesion"


@pytest.fixture(scope="session")
def cohort(tmp_path_factory) -> Path:
    """Manifest of twelve phantom maps, split three times."""
    from monai_mri.manifest import make_splits, read_manifest, splits_path, write_splits
    from monai_mri.phantom import make_migraine_cohort

    folder = tmp_path_factory.mktemp("study") / "cohort"
    path = make_migraine_cohort(folder, subjects=12, shape=(16, 18, 16), progress=False)
    splits = make_splits(read_manifest(path), test=4, validation=4, stratify=["label"], repeats=3, seed=0)
    write_splits(splits_path(path), splits)
    return path


@pytest.fixture
def design_of() -> Callable[..., Design]:
    """A design of these variants."""

    def make(*variants: str, study="migraine", repeats=1, folds=1, **changes) -> Design:
        one = DesignVariant(layers=(), settings={}, config_sha256={"train.yaml": "0" * 64})
        facts = {
            "study": study,
            "primary_metric": "scores.accuracy",
            "protocol": "honest",
            "layers": (),
            "settings": {},
            "variants": dict.fromkeys(variants, one),
            "repeats": repeats,
            "folds": folds,
            "manifest_sha256": "a" * 64,
            "splits_sha256": "b" * 64,
        }
        return Design(**(facts | changes))

    return make


@pytest.fixture
def begun(tmp_path, design_of) -> Callable[..., tuple[Path, Design, list[Run]]]:
    """A study folder with a design, and the runs it asks for."""

    def make(*variants: str, **changes) -> tuple[Path, Design, list[Run]]:
        design = design_of(*variants, **changes)
        write_design(tmp_path, design)
        return tmp_path, design, list(runs_of(design, tmp_path))

    return make
