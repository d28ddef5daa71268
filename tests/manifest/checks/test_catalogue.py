"""Each fault of the catalogue, made in a correct cohort, is found; the generator is `faulty.py`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from faulty import FAULTS, Case, Cohort, base, copy_of, make, tree
from faulty_check import GIB, Answer, call, check, measured
from faulty_files import gzip_bomb

DEPTHS = ("table", "header", "voxels")
SUBJECT = "sub-002"


@dataclass(frozen=True)
class Spoiled:
    """A cohort with one fault, what the deepest check said, and the files before and after it."""

    case: Case
    cohort: Cohort
    concerned: set[str]
    answer: Answer
    before: dict
    after: dict


@pytest.fixture(scope="module")
def correct(tmp_path_factory):
    """Correct cohorts, each made once."""
    return cache(lambda kind: make(kind, tmp_path_factory.mktemp(kind.replace(" ", "-")) / "cohort"))


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.slow] if case.big else []) for name, case in FAULTS.items()
    ],
)
def spoiled(request, correct, tmp_path_factory) -> Spoiled:
    case = FAULTS[request.param]
    cohort = copy_of(correct(case.kind), tmp_path_factory.mktemp("faulty") / "cohort")
    concerned = case.apply(cohort, SUBJECT)
    before = tree(cohort.folder)
    answer = check(cohort.path)
    after = tree(cohort.folder)
    return Spoiled(case, cohort, {SUBJECT} if concerned is None else concerned, answer, before, after)


def test_it_is_found(spoiled):
    if spoiled.case.code:
        assert spoiled.case.code in spoiled.answer.codes


def test_it_is_said_of_its_subject(spoiled):
    subjects = {each["subject"] for each in spoiled.answer.findings if each["code"] == spoiled.case.code}
    if spoiled.concerned:
        assert subjects <= spoiled.concerned


def test_nothing_else_is_found(spoiled):
    others = [
        each
        for each in spoiled.answer.findings
        if each["code"] != spoiled.case.code and each["code"] not in spoiled.case.also
    ]
    assert others == []


def test_the_exit_code_is_1_for_errors_and_0_for_warnings(spoiled):
    assert spoiled.answer.exit_code == int(spoiled.case.is_error)


def test_a_finding_says_all_in_one_line(spoiled):
    for finding in spoiled.answer.findings:
        assert finding.keys() == {"code", "severity", "subject", "path", "found", "expected", "todo"}
        assert finding["severity"] == {"E": "error", "W": "warning"}[finding["code"][0]]
        for key in ("found", "expected", "todo"):
            assert finding[key].strip()
            assert "\n" not in finding[key]
            assert len(finding[key]) < 600
        if spoiled.case.depth != "table" and spoiled.concerned:
            assert finding["path"]


def test_nothing_is_changed_on_disk(spoiled):
    assert spoiled.after == spoiled.before


def test_it_is_found_at_the_depth_that_suffices(spoiled):
    if spoiled.case.code and spoiled.case.depth != "voxels":
        assert spoiled.case.code in check(spoiled.cohort.path, depth=spoiled.case.depth).codes


def test_a_shallower_check_finds_nothing_else(spoiled):
    for depth in DEPTHS[:2]:
        assert check(spoiled.cohort.path, depth=depth).codes <= {spoiled.case.code, *spoiled.case.also}


def test_the_table_for_people_names_code_and_subject(spoiled):
    words = ("--depth", spoiled.case.depth, "--jobs", "1", "--no-cache")
    answer = call("manifest", "check", spoiled.cohort.path, *words)
    assert answer.exit_code == int(spoiled.case.is_error)
    assert "Traceback" not in answer.stdout + answer.stderr
    if spoiled.case.code:
        assert any(spoiled.case.code in line for line in (answer.stdout + answer.stderr).splitlines())


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if case.big or name.startswith("45") else [])
        for name, case in FAULTS.items()
        if case.bounded
    ],
)
def test_a_bomb_costs_little_time_and_memory(name, correct, tmp_path):
    case = FAULTS[name]
    cohort = copy_of(correct(case.kind), tmp_path / "cohort")
    case.apply(cohort, SUBJECT)
    answer = _check_measured(cohort)
    assert answer.codes == {case.code}
    assert answer.seconds < 60
    assert answer.peak_bytes < 2 * GIB


@pytest.mark.slow
def test_a_gzip_bomb_of_4_gb_costs_little_time_and_memory(tmp_path):
    cohort = Cohort(base(tmp_path / "cohort", n=3))
    gzip_bomb(cohort, SUBJECT, side=1588)
    answer = _check_measured(cohort)
    assert answer.codes == {"E108"}
    assert answer.seconds < 60
    assert answer.peak_bytes < 2 * GIB


def test_a_folder_that_links_to_its_parent_is_walked_once(tmp_path):
    from monai_mri.manifest import plan_manifest

    cohort = Cohort(base(tmp_path / "cohort"))
    (cohort.folder / "images" / "sub-001" / "up").symlink_to("..")
    options = {"image_pattern": "flair.nii.gz", "mask_pattern": "mask.nii.gz"}
    assert len(plan_manifest("nifti-pairs", cohort.folder / "images", **options).samples) == 6


def test_more_folds_than_subjects_are_refused(tmp_path):
    cohort = Cohort(base(tmp_path / "cohort"))
    before = tree(cohort.folder)
    answer = call("manifest", "split", cohort.path, "--folds", 20)
    assert (answer.exit_code, "E602" in answer.stderr) == (1, True)
    assert tree(cohort.folder) == before


def test_a_fold_without_a_class_is_refused(tmp_path):
    cohort = Cohort(base(tmp_path / "cohort", n=12))
    for subject in cohort.subjects()[2:]:
        cohort.set(subject, label="relapsing")
    before = tree(cohort.folder)
    answer = call("manifest", "split", cohort.path, "--folds", 5, "--stratify", "label")
    assert (answer.exit_code, "E603" in answer.stderr) == (1, True)
    assert tree(cohort.folder) == before


def _check_measured(cohort: Cohort) -> Answer:
    return measured(
        "manifest", "check", cohort.path, "--depth", "voxels", "--format", "json", "--jobs", 1, "--no-cache"
    )
