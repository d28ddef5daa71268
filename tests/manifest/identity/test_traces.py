"""Dates, addresses, home folders, numbers and names in text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monai_mri.manifest.identity.traces import may_hold_traces, traces

DATES = [
    "19960909",
    "scan_19960909_t1",
    "1996-09-09",
    "1996/9/9",
    "1996:09:09 10:11:12",
    "09.09.1996",
    "9/30/1996",
    "30/9/1996",
    "9-Sep-96",
    "09Sep1996",
    "Sep 9, 1996",
    "20190315123456",
    "20190315T123456",
]
NO_DATES = [
    "100001",
    "105006",
    "10000101",
    "12345678",
    "20112012",
    "19961332",
    "20190230",
    "1901-02-03",
    "brisc2025_test_00003_gl_ax_t1",
    "0.19960909",
    "1.2.2019.4",
    "6.0.5:9e026117",
    "sub-001_ses-02_T1w",
    "marching 12 1999x",
    "-0.476330 1.086480 4.154",
]


@pytest.mark.parametrize("text", DATES)
def test_a_date_is_found(text):
    assert [trace.kind for trace in traces(text, names=True, numbers=True)] == ["date"]


@pytest.mark.parametrize("text", NO_DATES)
def test_what_is_no_date_is_not_taken_for_one(text):
    assert "date" not in [trace.kind for trace in traces(text, names=True, numbers=True)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("jane.miller@clinic.org", "e-mail address"),
        ("call +49 30 1234567", "telephone number"),
        ("(617) 555-0123", "telephone number"),
        ("617-555-0123", "telephone number"),
        ("/home/jmiller/mri/t1.nii", "home folder"),
        ("/Users/jmiller/t1.nii", "home folder"),
        (r"C:\Users\jmiller\t1.nii", "home folder"),
        ("C:/Users/jmiller/t1.nii", "home folder"),
        ("mrn 4711234", "long number"),
        ("Smith_John", "name"),
        ("Smith^John", "name"),
        ("Smith, John", "name"),
    ],
)
def test_each_kind_of_trace_is_found(text, kind):
    assert [trace.kind for trace in traces(text, names=True, numbers=True)] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "sub-001/sub-001_flair.nii.gz",
        "GOLD_STANDARD_N4_noneck_reduced_winsor_regtoFLAIR_regtoMNI.nii.gz",
        "Brain_Mask.nii.gz",
        "White Matter",
        "C:/data/t1.nii",
        "0.4763300000",
        "1e-10000000",
        "homework/users",
        "",
    ],
)
def test_ordinary_text_gives_nothing(text):
    assert not list(traces(text, names=True, numbers=True))


@given(st.text(alphabet="0129 .-/_:@+()smithSep", max_size=24))
def test_the_quick_look_misses_nothing_that_the_long_one_finds(text):
    if list(traces(text, names=True, numbers=True)):
        assert may_hold_traces(re.sub(r"\d", "0", text))


@pytest.mark.parametrize("text", DATES)
def test_the_quick_look_sees_each_date(text):
    assert may_hold_traces(re.sub(r"\d", "0", text))


def test_names_and_numbers_are_looked_for_only_when_asked():
    assert not list(traces("Smith_John 4711234"))
