from __future__ import annotations

import pytest

from monai_mri.manifest.spelling import near_spellings, same_id


@pytest.mark.parametrize("other", ["1", "001", "01"])
def test_ids_that_differ_by_zeros_are_one(other):
    assert same_id(other) == same_id("1")


@pytest.mark.parametrize(
    ("one", "other"), [("1", "10"), ("10", "100"), ("sub-1", "sub-2"), ("a", "b"), ("0", "")]
)
def test_other_ids_are_two(one, other):
    assert same_id(one) != same_id(other)


@pytest.mark.parametrize("other", ["SUB-01", "sub-01 ", "sub-1"])
def test_case_and_spaces_do_not_make_another_id(other):
    assert same_id(other) == same_id("sub-01")


@pytest.mark.parametrize("rare", ["tumor", "Tumor ", "TUMOR", "tumour", "Tumro", "Tu mor"])
def test_a_second_spelling_is_found(rare):
    assert list(near_spellings({"Tumor": 9, rare: 1, "control": 9}, typing_errors=True)) == [(rare, "Tumor")]


@pytest.mark.parametrize(
    "values",
    [
        ("male", "female"),
        ("grade1", "grade2"),
        ("typeA", "typeB"),
        ("T1", "T2"),
        ("RR", "SP", "PP", "CIS"),
        ("hypointense", "hyperintense"),
        ("MS", "NMOSD"),
        ("tumor", "no_tumor"),
        ("site-a", "site-b"),
        ("1", "01"),
        ("1.5", "15"),
        ("", " "),
    ],
)
def test_other_words_are_left_alone(values):
    assert list(near_spellings(dict.fromkeys(values, 3), typing_errors=True)) == []


def test_typing_errors_are_looked_for_only_when_asked():
    assert list(near_spellings({"Tumor": 2, "tumour": 1}, typing_errors=False)) == []
