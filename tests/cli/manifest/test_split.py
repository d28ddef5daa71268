from __future__ import annotations

import json

import pytest

from monai_mri.manifest import read_splits, splits_path, write_manifest


@pytest.fixture
def table(tmp_path):
    rows = [
        {
            "subject_id": f"s{n:02}",
            "session_id": visit,
            "site": "AB"[n % 2],
            "label": "ms" if n < 8 else "control",
            "age": str(20 + n),
            "family_id": f"f{n}",
            "flair": f"{n}_{visit}.nii",
        }
        for n in range(20)
        for visit in ("1", "2")
    ]
    return write_manifest(tmp_path / "m.csv", rows).path


def test_split_shows_the_parts_before_it_writes(run, table):
    result = run("manifest", "split", table, "--stratify", "label", "--stratify", "age:2")
    assert result.exit_code == 0, result.stderr
    assert "label control" in result.stdout
    assert result.stdout.endswith(f"{splits_path(table)}: subjects 14 train, 2 validation, 4 test\n")
    assert read_splits(splits_path(table)).stratify == ("label", "age:2")


def test_a_dry_run_writes_nothing_and_needs_no_force(run, table):
    assert run("manifest", "split", table).exit_code == 0
    before = splits_path(table).read_bytes()
    result = run("manifest", "split", table, "--dry-run", "--seed", 5)
    assert result.exit_code == 0
    assert "not written" in result.stdout
    assert splits_path(table).read_bytes() == before


def test_sites_are_held_out_by_name(run, table):
    result = run("manifest", "split", table, "--hold-out", "site=A", "--validation", 2)
    assert "subjects 8 train, 2 validation, 10 test" in result.stdout
    assert read_splits(splits_path(table)).hold_out == {"site": ("A",)}


def test_each_site_is_left_out_once(run, table):
    result = run("manifest", "split", table, "--leave-one-out", "site")
    assert "a fold for each site: A, B" in result.stdout
    assert read_splits(splits_path(table)).fold_names == ("A", "B")


def test_classes_are_balanced_in_counts(run, table):
    result = run("manifest", "split", table, "--balance", "label", "--test", 4, "--validation", 2)
    assert "subjects 10 train, 2 validation, 4 test, 4 unused" in result.stdout


def test_a_finer_unit_is_warned_of_and_the_warning_stays(run, table):
    result = run("manifest", "split", table, "--unit", "session_id")
    assert "warning: subjects stand in several parts" in result.stdout
    assert "units 28 train" in result.stdout
    assert read_splits(splits_path(table)).warnings


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--hold-out", "site"), 2, "KEY=VALUE"),
        (("--only-train", "site"), 2, "--only-train: 'site' is not of the form KEY=VALUE"),
        (("--only-train", "site=C"), 2, "'C' only trained on"),
        (("--folds", 4, "--rotate", "validation", "--validation", 0.1), 2, "leave out the share"),
        (("--hold-out", "site=C"), 2, "'C' held out"),
        (("--stratify", "age"), 2, "age:4"),
        (("--unit", "visit"), 2, "'visit' to divide by"),
        (("--folds", 30), 1, "E602"),
        (("--folds", 9, "--stratify", "label"), 1, "E603"),
        (("--balance", "label", "--assign", "s01=test"), 2, "balance and assign"),
    ],
)
def test_what_cannot_be_done_ends_in_one_line(run, table, words, code, says):
    result = run("manifest", "split", table, *words)
    assert result.exit_code == code
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert not splits_path(table).exists()


def test_validation_rotates_beside_one_test_part_and_the_check_finds_nothing(run, table):
    words = ("--folds", 2, "--rotate", "validation", "--test", 4, "--only-train", "site=B")
    result = run("manifest", "split", table, "--stratify", "label", *words)
    assert result.exit_code == 0, result.stderr
    assert "only for training in every fold: site B (10 subjects)" in result.stdout
    assert "1 x 2 folds, subjects of the first: 13 train, 3 validation, 4 test" in result.stdout
    splits = read_splits(splits_path(table))
    assert (splits.rotate, splits.only_train) == ("validation", {"site": ("B",)})
    checked = run("manifest", "check", table, "--depth", "table", "--format", "json")
    assert not [one for one in json.loads(checked.stdout) if "splits" in str(one)]
