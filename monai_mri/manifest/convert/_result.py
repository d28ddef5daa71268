"""What a form hands back, and what several forms share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from monai_mri.errors import UsageError


@dataclass(frozen=True)
class Converted:
    """Where it was written, one line about it, and what its user should know."""

    path: Path
    said: str
    notes: tuple[str, ...] = ()


def refuse_folder(out: Path) -> None:
    """Make sure that a form that is one file does not replace a folder.

    Raises:
        UsageError: `out` is a folder.
    """
    if out.is_dir():
        raise UsageError(f"{out}: is a folder, expected the path of a file; add a file name")


def switch(text: str, *, option: str) -> bool:
    """A setting that is yes or no.

    Raises:
        UsageError: it is neither.

    >>> switch("yes", option="folds")
    True
    """
    return choice(text, ("yes", "no"), option=option) == "yes"


def choice(text: str, known: tuple[str, ...], *, option: str) -> str:
    """A setting that is one of a few words.

    Raises:
        UsageError: it is none of them.
    """
    if text not in known:
        raise UsageError(f"{option}: {text!r}, expected {' or '.join(known)}; write {option}={known[0]}")
    return text


def number(text: str, *, option: str) -> int | None:
    """A setting that counts from 0; None where it is empty.

    Raises:
        UsageError: it is no such number.
    """
    if text and not (text.isascii() and text.isdigit()):
        raise UsageError(f"{option}: {text!r}, expected a number from 0; write {option}=0")
    return int(text) if text else None
