from __future__ import annotations

import pytest

from monai_mri.cli.outputs import pairs, refuse_overwriting
from monai_mri.errors import UsageError


@pytest.mark.parametrize("text", ["modality", "=flair", ""])
def test_what_is_not_key_value_is_refused(text):
    with pytest.raises(UsageError, match="not of the form KEY=VALUE"):
        pairs([text], option="--option")


def test_a_key_given_twice_is_refused():
    with pytest.raises(UsageError, match="'a' is given twice"):
        pairs(["a=1", "a=2"], option="--assign")


def test_an_existing_file_is_replaced_only_by_force(tmp_path):
    there = tmp_path / "there.csv"
    there.touch()
    refuse_overwriting(there, force=True)
    refuse_overwriting(tmp_path / "new.csv", force=False)
    with pytest.raises(UsageError, match=r"there\.csv: exists already, .*--force"):
        refuse_overwriting(tmp_path / "new.csv", there, force=False)
