"""Guess from its tags what an MR series shows: T1w, T2w, FLAIR, SWI or DWI."""

from __future__ import annotations

import re
from typing import Literal

from monai_mri.manifest.dicom.tags import Instance

SEQUENCES = ("T1w", "T2w", "FLAIR", "PDw", "T2starw", "SWI", "DWI", "other")

_WORDS: tuple[tuple[str, str], ...] = (
    ("DWI", r"dwi|diff|dti|\badc\b|trace"),
    ("SWI", r"swi|swan|suscep|venobold|qsm"),
    ("FLAIR", r"flair|dark.?fluid|tirm"),
    ("T2starw", r"t2\s?\*|t2_?star|hemo|medic"),
    ("T1w", r"t1|mp2?rage|bravo|spgr|\btfe\b|vibe"),
    ("T2w", r"t2|ciss|space"),
    ("PDw", r"\bpd|proton"),
)
# Words of several languages; letters and digits around would make another word of one, `_` would not.
_START, _END = r"(?<![^\W_])", r"(?![^\W_])"
_CONTRAST = re.compile(
    rf"{_START}(?:km|gd|gad|gado[^\W\d_]*|ce|post|kontrast[^\W\d_]*|inj(?:ect[^\W\d_]*)?|mdc){_END}"
    rf"|\+\s?c{_END}|{_START}c\+|{_START}post.?con"
    rf"|{_START}(?:with|w|mit|after|nach|avec|apr[eè]s|con|com|met|po)[\W_]*contrast[^\W\d_]*"
)
_WITHOUT = re.compile(
    rf"{_START}(?:ohne|vor|kein|sans|avant|non|no|without|w/o|wo|pre|pr[aä]e?|before|senza|sin|sem|zonder|bez)"
    rf"[\W_]*(?:i\.?v\.?[\W_]*)?$"
)
_LOCALIZER = re.compile(r"\bloc(\b|_|ali[sz]er)|locali[sz]er|scout|survey|3.?plane|three.?plane|scano")


def guess_sequence(image: Instance) -> tuple[str, Literal["", "type", "name", "timing"]]:
    """The kind of a series, one of `SEQUENCES`, and what it was told by.

    In this order: a b-value or the image type (diffusion, SWI); the words of the series description,
    protocol and sequence name; TR, TE and TI. A "T1 FLAIR" (TE below 50 ms) is T1w. By timing, in ms:
    FLAIR has TI of 1500 and more with TE of 60 and more; spin echo is T1w with TE up to 30 and TR up to
    1000, T2w with TE of 70 and TR of 2000 and more, PDw with TE up to 40 and TR of 1500 and more;
    gradient echo is T1w with TE up to 10 and TR up to 50, or with TI of 400 to 1500, T2starw with TE of
    15 and more. Echo-planar images are not told by timing. The rest is "other".
    """
    kinds = set(image.image_type)
    if image.diffusion or kinds & {"DIFFUSION", "ADC", "TRACEW", "FA"}:
        return "DWI", "type"
    if kinds & {"SWI", "SUSCEPTIBILITY", "QSM"}:
        return "SWI", "type"
    for name, words in _WORDS:
        if re.search(words, image.text):
            short = image.te_ms is not None and image.te_ms < 50
            return ("T1w" if name == "FLAIR" and "t1" in image.text and short else name), "name"
    timed = _by_timing(image)
    return (timed, "timing") if timed else ("other", "")


def has_contrast(image: Instance) -> bool:
    """Whether a contrast agent is said, in its own tag or in the description. False may mean "not said".

    In the description it is a word such as gd, gado…, ce, +c, post, KM, Kontrast, injecté or mdc, unless a
    word such as without, pre, ohne or sans stands before it.
    """
    found = _CONTRAST.finditer(image.text)
    return image.contrast or any(not _WITHOUT.search(image.text[: match.start()]) for match in found)


def is_localizer(image: Instance) -> bool:
    """Whether image type or description call it a localizer, scout or survey."""
    return "LOCALIZER" in image.image_type or _LOCALIZER.search(image.text) is not None


def part_of_signal(image: Instance) -> str:
    """`phase`, `real` or `imag` where the image type says so, else empty: a magnitude.

    The words are those of the BIDS entity `part`.
    """
    parts = {"P": "phase", "PHASE": "phase", "PHASE MAP": "phase", "R": "real", "REAL": "real"}
    parts |= {"I": "imag", "IMAGINARY": "imag"}
    return next((parts[kind] for kind in image.image_type[2:] if kind in parts), "")


def _by_timing(image: Instance) -> str:
    tr, te, ti = image.tr_ms or 0.0, image.te_ms or 0.0, image.ti_ms or 0.0
    if not (tr and te) or "EP" in image.scanning:
        return ""
    if ti >= 1500 and te >= 60:
        return "FLAIR"
    gradient = "GR" in image.scanning
    rules = {
        "T1w": (te <= 10 and (tr <= 50 or 400 <= ti <= 1500)) if gradient else te <= 30 and tr <= 1000,
        "T2starw": gradient and te >= 15,
        "T2w": not gradient and te >= 70 and tr >= 2000,
        "PDw": not gradient and te <= 40 and tr >= 1500,
    }
    return next((name for name, holds in rules.items() if holds), "")
