from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from monai_mri.errors import LeakError, ManifestError, UsageError
from monai_mri.manifest import (
    PARTS,
    Manifest,
    Splits,
    make_sidecar,
    make_splits,
    read_manifest,
    read_splits,
    rows_of_part,
    splits_path,
    write_manifest,
    write_splits,
)
from monai_mri.manifest.jsonfile import write_model
from monai_mri.manifest.table import as_table

TEN = {f"sub-{number:02}": ["ms" if number % 2 else "control"] * (1 + number % 3) for number in range(10)}
COHORTS = st.dictionaries(
    st.text("ab12", min_size=1, max_size=5),
    st.lists(st.sampled_from(["ms", "control"]), min_size=1, max_size=4),
    min_size=8,
    max_size=25,
)


def sizes(splits, **place) -> Counter:
    return Counter(splits.units_by_part(**place).values())


@settings(max_examples=40, deadline=None)
@given(cohort=COHORTS, folds=st.integers(1, 4), repeats=st.integers(1, 2), seed=st.integers(0, 99))
def test_no_subject_is_in_two_parts_and_every_row_is_in_one(in_memory, cohort, folds, repeats, seed):
    manifest = in_memory(cohort)
    splits = make_splits(manifest, folds=folds, repeats=repeats, seed=seed)
    for repeat in range(repeats):
        for fold in range(folds):
            place = {"repeat": repeat, "fold": fold}
            rows = {part: rows_of_part(manifest, splits, part, **place) for part in PARTS}
            subjects = [{row["subject_id"] for row in found} for found in rows.values()]
            assert sum(map(len, subjects)) == len(cohort)
            assert sum(map(len, rows.values())) == len(manifest.table)


@settings(max_examples=40, deadline=None)
@given(cohort=COHORTS, seed=st.integers(0, 99), random=st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_a_second_call_changes_the_splits(in_memory, cohort, seed, random):
    shuffled = list(cohort.items())
    random.shuffle(shuffled)
    one = make_splits(in_memory(cohort), folds=3, seed=seed)
    assert one == make_splits(in_memory(cohort), folds=3, seed=seed)
    assert one.parts == make_splits(in_memory(dict(shuffled)), folds=3, seed=seed).parts


@settings(max_examples=40, deadline=None)
@given(cohort=COHORTS, test=st.floats(0.1, 0.4), validation=st.floats(0.1, 0.4))
def test_sizes_are_within_one_subject_of_the_shares(in_memory, cohort, test, validation):
    counts = sizes(make_splits(in_memory(cohort), test=test, validation=validation))
    assert abs(counts["test"] - test * len(cohort)) <= 1
    assert abs(counts["validation"] - validation * len(cohort)) <= 1


def test_repeats_and_seeds_differ(in_memory):
    splits = make_splits(in_memory(TEN), repeats=3, seed=0)
    assert len({json.dumps(folds) for folds in splits.parts}) == 3
    assert splits.parts[0] != make_splits(in_memory(TEN), seed=1).parts[0]


def test_parts_hold_every_class_in_proportion(in_memory):
    manifest = in_memory(TEN)
    splits = make_splits(manifest, test=0.4, validation=0.2, stratify=("label",))
    for part, expected in (("train", 2), ("validation", 1), ("test", 2)):
        rows = {row["subject_id"]: row["label"] for row in rows_of_part(manifest, splits, part)}
        assert Counter(rows.values()) == {"ms": expected, "control": expected}


def test_a_subject_counts_as_its_most_frequent_class(in_memory):
    cohort = {f"{number}": ["a", "b", "b"] for number in range(4)}
    with pytest.raises(ManifestError, match="E603"):
        make_splits(in_memory(cohort | {"x": ["a", "b"]}), stratify=("label",))
    make_splits(in_memory(cohort | {"x": ["b", "a", "b"]}), stratify=("label",))


def test_a_small_cohort_still_has_every_part(in_memory):
    splits = make_splits(in_memory({unit: ["ms"] for unit in "abc"}))
    assert sizes(splits) == {"train": 1, "validation": 1, "test": 1}


def test_a_share_of_zero_leaves_its_part_out(in_memory):
    splits = make_splits(in_memory(TEN), test=0.3, validation=0)
    assert sizes(splits) == {"train": 7, "test": 3}


def test_named_subjects_go_where_they_are_sent_and_the_rest_is_split(in_memory):
    assign = {"sub-00": "train", "sub-09": "test"}
    for folds in (1, 4):
        splits = make_splits(in_memory(TEN), folds=folds, assign=assign)
        for fold in range(folds):
            assert splits.part_of("sub-00", fold=fold) == "train"
            assert splits.part_of("sub-09", fold=fold) == "test"
            assert sizes(splits, fold=fold) == {"train": 6, "validation": 1, "test": 3}
        assert splits.assign == assign


def test_all_subjects_may_be_assigned(in_memory):
    splits = make_splits(in_memory({"a": [""], "b": [""]}), assign={"a": "train", "b": "test"}, validation=0)
    assert splits.units_by_part() == {"a": "train", "b": "test"}


@pytest.mark.parametrize(
    ("subjects", "request_", "error", "message"),
    [
        (10, {"folds": 0}, UsageError, "folds 0"),
        (10, {"repeats": 0}, UsageError, "repeats 0"),
        (10, {"test": 0.9, "validation": 0.1}, UsageError, "sum below 1"),
        (10, {"test": -0.1}, UsageError, "at least 0"),
        (10, {"test": float("nan")}, UsageError, "at least 0"),
        (10, {"folds": 2, "validation": 0.5}, UsageError, "sum below 1"),
        (10, {"folds": 5, "test": 0.2}, UsageError, "one of the two"),
        (10, {"rotate": "train"}, UsageError, "expected test or validation"),
        (10, {"rotate": "validation"}, UsageError, "with 1 fold, expected at least 2"),
        (10, {"rotate": "validation", "folds": 5, "validation": 0.1}, UsageError, "leave out the share"),
        (10, {"rotate": "validation", "folds": 5, "leave_one_out": "site"}, UsageError, "and rotate"),
        (10, {"rotate": "validation", "folds": 5, "test": float("nan")}, UsageError, "at least 0"),
        (10, {"rotate": "validation", "folds": 5, "test": 10}, ManifestError, "left to train on"),
        (10, {"rotate": "validation", "folds": 9}, ManifestError, "8 subjects for 9 folds.*E602"),
        (10, {"rotate": "validation", "folds": 5, "stratify": ("label",)}, ManifestError, "E603"),
        (10, {"stratify": ("scanner",)}, UsageError, "'scanner'"),
        (10, {"stratify": ("label:1",)}, UsageError, "from 2 on"),
        (10, {"stratify": ("label:3",)}, UsageError, "holds text"),
        (10, {"stratify": ("subject_id",)}, UsageError, "10 values among 10 units"),
        (10, {"unit": "family"}, UsageError, "'family' to divide by"),
        (10, {"unit": "site"}, LeakError, "site of subject 'sub-00' is empty.*E601"),
        (10, {"balance": "sex"}, UsageError, "'sex' to balance"),
        (10, {"balance": "site"}, ManifestError, "site of 10 units is empty"),
        (10, {"balance": "label", "assign": {"sub-01": "test"}}, UsageError, "balance and assign"),
        (10, {"balance": "label", "test": 3}, UsageError, "ask for 2 or 4"),
        (10, {"test": 1.5}, UsageError, "a share below 1 or a whole number"),
        (10, {"test": float("inf")}, UsageError, "a share below 1 or a whole number"),
        (10, {"test": 6, "validation": 4}, ManifestError, "left to train on"),
        (10, {"folds": 5, "validation": 8}, ManifestError, "2 units to test on and 8 to validate on"),
        (10, {"hold_out": {"city": ["a"]}}, UsageError, "'city' to hold out"),
        (10, {"hold_out": {"label": ["mss"]}}, UsageError, "did you mean 'ms'"),
        (10, {"hold_out": {"label": ["ms"]}, "test": 0.1}, UsageError, "hold_out and test"),
        (10, {"leave_one_out": "label", "folds": 3}, UsageError, "leave_one_out and folds"),
        (10, {"leave_one_out": "site"}, ManifestError, "site of 10 units is empty"),
        (10, {"leave_one_out": "city"}, UsageError, "'city' to leave out"),
        (10, {"folds": 10, "repeats": 10**6}, ManifestError, "ask for fewer folds"),
        (10, {"assign": {"sub-1": "test"}}, UsageError, "did you mean 'sub-01'"),
        (10, {"assign": {"sub-01": "tset"}}, UsageError, "did you mean 'test'"),
        (3, {"folds": 5}, ManifestError, "E602"),
        (3, {"folds": 3, "assign": {"sub-00": "train"}}, ManifestError, "E602"),
        (2, {}, ManifestError, "left for train"),
        (2, {"assign": {"sub-00": "test", "sub-01": "test"}}, ManifestError, "left for train"),
        (3, {"stratify": ("label",)}, ManifestError, "E603"),
        (10, {"folds": 6, "stratify": ("label",)}, ManifestError, "E603"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(in_memory, subjects, request_, error, message):
    with pytest.raises(error, match=message) as caught:
        make_splits(in_memory(dict(list(TEN.items())[:subjects])), **request_)
    assert "\n" not in str(caught.value)


def test_what_is_written_is_what_is_read(in_memory, tmp_path):
    splits = make_splits(in_memory(TEN), folds=2, repeats=2, validation=0.2, stratify=("label",), seed=3)
    write_splits(splits_path(tmp_path / "m.csv"), splits)
    read = read_splits(tmp_path / "m.splits.json")
    assert read == splits
    assert read.sha256 == splits.sha256


def test_a_unit_twice_in_the_file_is_a_leak(in_memory, tmp_path):
    write_splits(tmp_path / "m.splits.json", make_splits(in_memory(TEN)))
    text = (tmp_path / "m.splits.json").read_text().replace('"sub-00": "', '"sub-01": "moved", "sub-00": "')
    (tmp_path / "m.splits.json").write_text(text)
    with pytest.raises(LeakError, match="'sub-01' stands twice"):
        read_splits(tmp_path / "m.splits.json")


def test_splits_of_another_manifest_are_refused(tmp_path):
    rows = [{"subject_id": unit, "flair": f"{unit}.nii"} for unit in "abcd"]
    splits = make_splits(write_manifest(tmp_path / "m.csv", rows))
    assert rows_of_part(read_manifest(tmp_path / "m.csv"), splits, part="test")
    write_manifest(tmp_path / "m.csv", [*rows, {"subject_id": "e", "flair": "e.nii"}])
    with pytest.raises(ManifestError, match="make them again"):
        rows_of_part(read_manifest(tmp_path / "m.csv"), splits, part="test")


def by_image(manifest, parts) -> Splits:
    return Splits(manifest_sha256=manifest.sha256, unit="flair", parts=((parts,),))


def test_a_subject_on_both_sides_is_a_leak(in_memory):
    manifest = in_memory({"a": ["ms", "ms"]})
    splits = by_image(manifest, {"a/0.nii.gz": "train", "a/1.nii.gz": "test"})
    with pytest.raises(LeakError, match=r"subject_id 'a' is in train and in test.*E601"):
        rows_of_part(manifest, splits, "train")


def test_one_image_under_two_subjects_on_both_sides_is_a_leak(tmp_path):
    rows = [{"subject_id": "a", "flair": "x.nii"}, {"subject_id": "b", "flair": "./x.nii"}]
    manifest = write_manifest(tmp_path / "m.csv", rows)
    with pytest.raises(LeakError, match=r"file '\./x\.nii'"):
        make_splits(manifest, validation=0, assign={"a": "train", "b": "test"})
    splits = Splits(manifest_sha256=manifest.sha256, parts=(({"a": "train", "b": "test"},),))
    with pytest.raises(LeakError, match=r"file '\./x\.nii'"):
        rows_of_part(manifest, splits, "train")


def test_unknown_parts_and_units_are_refused(in_memory):
    manifest = in_memory(TEN)
    with pytest.raises(UsageError, match="train, validation, test"):
        rows_of_part(manifest, make_splits(manifest), "held_out")
    splits = Splits(manifest_sha256=manifest.sha256, unit="family", parts=(({"x": "train"},),))
    with pytest.raises(ManifestError, match="'family'"):
        rows_of_part(manifest, splits, "train")


def test_one_image_under_two_subjects_in_two_parts_is_a_leak(tmp_path):
    for subject in ("a", "b", "c"):
        (tmp_path / f"{subject}.png").write_bytes(picture(0 if subject != "c" else 1))
    rows = [{"subject_id": subject, "flair": f"{subject}.png"} for subject in ("a", "b", "c")]
    sidecar = make_sidecar(rows, folder=tmp_path, modalities=("flair",), source="", licence="")
    manifest = write_manifest(tmp_path / "m.csv", rows, sidecar=sidecar)
    assign = {"a": "train", "b": "test", "c": "train"}
    splits = Splits(manifest_sha256=manifest.sha256, parts=((assign,),))
    says = r"a\.png is in train, and b\.png in test has the same bytes.*E110"
    with pytest.raises(LeakError, match=says):
        rows_of_part(manifest, splits, "test")
    made = make_splits(manifest, test=0, validation=0, assign=assign)
    assert made.warnings[0].startswith("a.png is in train, and b.png in test has the same bytes: ")
    assert not make_splits(manifest, test=0, validation=0, assign=dict.fromkeys("abc", "train")).warnings


def picture(value: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((4, 4), value, dtype=np.uint8)).save(buffer, format="PNG")
    return buffer.getvalue()


def people(number: int, **columns) -> list[dict[str, str]]:
    """A row for each of so many subjects; a column is a function of the subject's number."""
    return [
        {"subject_id": f"s{n:03}", "flair": f"{n}.nii"} | {name: str(of(n)) for name, of in columns.items()}
        for n in range(number)
    ]


def in_rows(rows) -> Manifest:
    return Manifest(Path("m.csv"), as_table(rows, where=Path("m.csv")))


def test_unrelated_columns_change_nothing():
    plain, more = people(20), people(20, weight=lambda n: n * 7)
    assert make_splits(in_rows(plain), folds=4).parts == make_splits(in_rows(more), folds=4).parts


def test_what_is_dealt_is_the_same_on_every_platform():
    rows = people(
        40,
        label=lambda n: "ab"[n % 2],
        site=lambda n: "XYZ"[n % 3],
        age=lambda n: 20.5 + n,
        family_id=lambda n: n,
    )
    requests = [
        {"folds": 4, "repeats": 2, "stratify": ("label", "age:3")},
        {"leave_one_out": "site", "stratify": ("label",)},
        {"balance": "label", "test": 8, "validation": 4},
        {"unit": "family_id", "hold_out": {"site": ["X"]}},
    ]
    dealt = [make_splits(in_rows(rows), **request).parts for request in requests]
    assert (
        hashlib.sha256(json.dumps(dealt).encode()).hexdigest()
        == "3728316fe1ef8f736ea3c6625f6055e633225bad0be5a8dbc720273872ac550a"
    )
    later = [
        {"folds": 3, "repeats": 2, "rotate": "validation", "test": 7, "stratify": ("label",)},
        {"test": 4, "only_train": {"site": ["X"]}},
    ]
    dealt = [make_splits(in_rows(rows), **request).parts for request in later]
    assert (
        hashlib.sha256(json.dumps(dealt).encode()).hexdigest()
        == "c2e76f56df2566668be09577c84e43c73ff9572ee22dc32efc1a9a4f91ad82fb"
    )


def test_the_file_is_the_same_as_json_indents_it(tmp_path):
    rows = [{"subject_id": name, "flair": f"{n}.nii"} for n, name in enumerate(['a"b', "é", "c", "d", "e"])]
    splits = make_splits(in_rows(rows), folds=2, repeats=2)
    write_splits(tmp_path / "a.json", splits)
    write_model(tmp_path / "b.json", splits)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_fields_that_are_not_used_are_not_written_and_do_not_change_the_hash(tmp_path):
    splits = make_splits(in_rows(people(10)))
    assert not {"hold_out", "balance", "fold_names", "warnings"} & splits.model_dump().keys()
    text = json.dumps(splits.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    assert splits.sha256 == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("other", ["1", "001 ", "1.0"])
def test_one_person_under_two_spellings_is_not_divided(in_memory, other):
    cohort = {"001": ["ms"], other: ["ms"]} | {f"s{n}": ["ms"] for n in range(9)}
    with pytest.raises(ManifestError, match="E503"):
        make_splits(in_memory(cohort))


def test_a_class_in_two_spellings_is_not_divided_by(in_memory):
    manifest = in_memory(TEN | {"x": ["MS"]})
    assert make_splits(manifest)
    with pytest.raises(ManifestError, match="E506"):
        make_splits(manifest, stratify=["label"])
