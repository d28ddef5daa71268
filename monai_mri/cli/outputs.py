"""What commands share: settings as key=value, files not overwritten by accident, text fit for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from monai_mri.errors import UsageError


def pairs(texts: Sequence[str], *, option: str) -> dict[str, str]:
    """Settings given as ``key=value``.

    Raises:
        UsageError: one has no ``=`` or no key, or a key is given twice.

    >>> pairs(["modality=flair", "pattern=a=b"], option="--option")
    {'modality': 'flair', 'pattern': 'a=b'}
    """
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise UsageError(
                f"{option}: {text!r} is not of the form KEY=VALUE; write for instance {option} a=b"
            )
        if key in found:
            raise UsageError(f"{option}: {key!r} is given twice, expected once; leave one out")
        found[key] = value
    return found


def refuse_overwriting(*paths: Path, force: bool) -> None:
    """Make sure that no output is there already, unless ``force``.

    Raises:
        UsageError: naming the first that is.
    """
    for path in paths:
        if path.exists() and not force:
            raise UsageError(f"{path}: exists already, expected a new file; add --force to replace it")


def printable(text: str) -> str:
    r"""A text on one line, without characters that a terminal would obey or not show.

    White space of every kind becomes a space; control and formatting characters, which may also reverse the
    direction of writing, and bytes of a file name that are no text become U+FFFD.

    >>> printable("sub-01\tLäsion\n"), printable("a\x1b[2Jb") == "a\ufffd[2Jb"
    ('sub-01 Läsion ', True)
    """
    return "".join(
        " " if letter.isspace() else letter if letter.isprintable() else "\ufffd" for letter in text
    )
