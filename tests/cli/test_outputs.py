from __future__ import annotations

import pytest

from monai_mri.cli.outputs import pairs, printable, refuse_overwriting
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


@pytest.mark.parametrize("letter", ["\x00", "\x1b", "\x7f", "\x9b", "\u202e", "\u200b", "\udcff", "\ufeff"])
def test_what_a_terminal_would_obey_or_cannot_show_is_replaced(letter):
    assert printable(f"a{letter}b") == "a\ufffdb"
    printable(letter).encode()


@pytest.mark.parametrize("letter", ["\t", "\n", "\r", "\v", "\x85", "\u2028", "\x1c", "\xa0"])
def test_white_space_of_any_kind_is_a_space(letter):
    assert printable(f"a{letter}b") == "a b"


def test_text_of_any_language_stays():
    assert printable("Läsion 病变 آفة 🧠 a b") == "Läsion 病变 آفة 🧠 a b"
