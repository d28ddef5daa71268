"""Values are covered."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monai_mri.manifest.identity.redact import SHOWN, redact


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("John Smith", "J••• S••••"),
        ("1996-09-09", "19••-••-••"),
        ("19960909", "19••••••"),
        ("4711234", "•••••••"),
        ("a", "•"),
        ("", ""),
    ],
)
def test_values_are_covered(value, shown):
    assert redact(value) == shown


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=3, max_size=60))
def test_no_two_letters_and_no_three_digits_in_a_row_stay(value):
    shown = redact(value).removesuffix("…")
    assert len(shown) <= SHOWN
    assert not re.search(r"[^\W\d_•]{2}|\d{3}", shown)
