"""One fault never hides another: two at random, of different subjects, are both found."""

from __future__ import annotations

import random
import sys
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from faulty import FAULTS, Case, copy_of, make

from monai_mri.manifest.checks import check_manifest

# Each takes a subject and, where it needs a second one, the subject that follows.
SUBJECTS = {"volumes": ("sub-001", "sub-004"), "pictures": ("sub-001", "sub-004")}
# These change rows of which the other fault speaks, or the whole cohort, and are tested alone.
NOT_IN_PAIRS = {"42 half in colour", "slices of one scan as subjects"}
SEEDS = [pytest.param(seed, marks=[pytest.mark.slow] if seed >= 40 else []) for seed in range(500)]


@pytest.fixture(scope="module")
def correct(tmp_path_factory):
    return cache(lambda kind: make(kind, tmp_path_factory.mktemp(kind) / "cohort", side=24))


@pytest.mark.parametrize("seed", SEEDS)
def test_both_are_found(seed, correct, tmp_path):
    names, kind = _pair(random.Random(seed))
    cohort = copy_of(correct(kind), tmp_path / "cohort")
    wanted = []
    for name, subject in zip(names, SUBJECTS[kind], strict=True):
        concerned = FAULTS[name].apply(cohort, subject)
        wanted.append((FAULTS[name].code, {subject} if concerned is None else concerned))
    findings = check_manifest(cohort.path, depth="voxels", jobs=1, cache=None).findings
    for name, (code, subjects) in zip(names, wanted, strict=True):
        found = {finding.subject for finding in findings if finding.code == code}
        assert not code or found & (subjects or found), f"{name} is hidden by the other of {names}"


def _pair(dice: random.Random) -> tuple[list[str], str]:
    kind = dice.choice(["volumes", "volumes", "volumes", "pictures"])
    return dice.sample(sorted(name for name, case in FAULTS.items() if _fits(name, case, kind)), 2), kind


def _fits(name: str, case: Case, kind: str) -> bool:
    small = not case.big and not name.startswith("45")
    return case.kind == kind and case.parsed and small and name not in NOT_IN_PAIRS
