"""Layout "kaggle-lgg": the slices of TCGA lower-grade gliomas as Kaggle's `lgg-mri-segmentation` has them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monai_mri.errors import ImageError, UsageError
from monai_mri.manifest.core import Skipped
from monai_mri.manifest.layouts._people import People, about, read_people
from monai_mri.manifest.layouts._samples import Collected, Sample, files_below

CHANNELS = ("pre", "flair", "post")
COPIES = {0: "pre", 2: "post"}
PEOPLE = {"age_at_initial_pathologic": "age", "gender": "sex"}
THREADS = 8

_VISIT = re.compile(r"(?P<patient>TCGA_(?P<site>[A-Z0-9]{2})_[A-Z0-9]{4})_(?P<date>\d{8})")
_SLICE = re.compile(r"_(?P<index>\d+)(?P<mask>_mask)?\.tiff?", re.IGNORECASE)

Key = tuple[str, str, int]  # patient, date, slice


@dataclass(frozen=True)
class _Pixels:
    """What the pixels of one slice say; `why` is not empty when the slice cannot be used."""

    why: str = ""
    tumor: bool = False
    equal: frozenset[int] = frozenset()
    plain: bool = False


def collect(root: Path, *, keep_dates: str = "no") -> Collected:
    """Kaggle's lgg-mri-segmentation (kaggle_3m): patient folders of 3-channel TIFF slices and masks.

    The subject is the patient (`TCGA_CS_4941`), the site the code of the hospital in it (`CS`). The session
    is the number of the visit (1, 2, … in the order of dates), or with `keep_dates=yes` its date; paths hold
    the date in any case. Extra columns: `slice_index`; `label`, "tumor" where the mask has a pixel, else
    "no_tumor"; `copied_channels`, which of the channels pre-contrast, FLAIR, post-contrast are copies of the
    FLAIR in every slice of a visit ("pre", "post", "pre+post", or empty); `age` and `sex` as `data.csv`
    beside the patient folders has them.

    Raises:
        UsageError: `keep_dates` is neither yes nor no.
        ManifestError: the folder is missing, or `data.csv` is broken.
    """
    if keep_dates not in ("yes", "no"):
        raise UsageError(f"keep_dates: {keep_dates!r}, expected yes or no; choose one")
    found: dict[bool, dict[Key, Path]] = {False: {}, True: {}}
    skipped = [note for path in files_below(root) if (note := _sort(path, root, found))]
    skipped += _without_partner(found, root)
    keys = sorted(found[False].keys() & found[True].keys())
    pixels = _read_all({key: (found[False][key], found[True][key]) for key in keys})
    skipped += [Skipped(_below(root, found[False][key]), pixels[key].why) for key in keys if pixels[key].why]
    used = [key for key in keys if not pixels[key].why]
    copies, sessions = _copies(pixels, used), _sessions(used, keep_dates=keep_dates == "yes")
    people: dict[Path, People] = {}
    samples = []
    for key in used:
        image, mask = found[False][key], found[True][key]
        table = image.parent.parent / "data.csv"
        if table not in people:
            people[table] = read_people(table, key="Patient", columns=PEOPLE)
        extra = {
            "slice_index": str(key[2]),
            "label": "tumor" if pixels[key].tumor else "no_tumor",
            "copied_channels": copies[key[:2]],
            **about(people[table], key[0], PEOPLE.values() if people[table] else ()),
        }
        site = key[0].split("_")[1]
        samples.append(Sample(key[0], {"image": image}, mask, sessions[key[:2]], site, extra))
    return Collected(("image",), tuple(samples), tuple(skipped))


def _sort(path: Path, root: Path, found: dict[bool, dict[Key, Path]]) -> Skipped | None:
    """Put a file where it belongs, or say why it belongs nowhere; `data.csv` is read later."""
    name, folder = _below(root, path), path.parent.name
    visit = _VISIT.fullmatch(folder)
    if visit is None:
        tables = path.name == "data.csv" and any(map(_VISIT.fullmatch, _names(path.parent)))
        return None if tables else Skipped(name, "not in a patient's folder TCGA_XX_XXXX_DATE")
    part = _SLICE.fullmatch(path.name.removeprefix(folder)) if path.name.startswith(folder) else None
    if part is None:
        return Skipped(name, "not named as its folder with _NUMBER.tif or _NUMBER_mask.tif")
    key = (visit["patient"], visit["date"], int(part["index"]))
    first = found[part["mask"] is not None].setdefault(key, path)
    # Kaggle's archive holds the whole set twice, once more below lgg-mri-segmentation.
    return None if first == path else Skipped(name, f"a second copy of {_below(root, first)}")


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _without_partner(found: dict[bool, dict[Key, Path]], root: Path) -> list[Skipped]:
    images, masks = found[False], found[True]
    no_mask = [
        Skipped(_below(root, images[key]), f"no mask {images[key].stem}_mask.tif")
        for key in sorted(images.keys() - masks.keys())
    ]
    return no_mask + [
        Skipped(_below(root, masks[key]), "no slice to this mask")
        for key in sorted(masks.keys() - images.keys())
    ]


def _below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _read_all(pairs: Mapping[Key, tuple[Path, Path]]) -> dict[Key, _Pixels]:
    with ThreadPoolExecutor(THREADS) as pool:
        return dict(zip(pairs, pool.map(lambda pair: _read(*pair), pairs.values()), strict=True))


def _read(image: Path, mask: Path) -> _Pixels:
    """What the pixels of a slice and its mask say."""
    from monai_mri.images.read import read_mask

    try:
        channels, drawn = _channels(image), read_mask(mask)
    except ImageError as error:
        return _Pixels(str(error).replace(f"{image.parent}/", ""))
    if channels.ndim != 3 or channels.shape[2] != len(CHANNELS):
        count = channels.shape[2] if channels.ndim == 3 else 1
        return _Pixels(f"{count} channels, expected {len(CHANNELS)}: pre-contrast, FLAIR, post-contrast")
    if channels.shape[:2] != drawn.shape:
        return _Pixels(f"{_size(channels)} pixels, but its mask {mask.name} has {_size(drawn)}")
    flair = channels[..., 1]
    equal = frozenset(number for number in COPIES if (channels[..., number] == flair).all())
    return _Pixels("", bool(drawn.any()), equal, bool((flair == flair.flat[0]).all()))


def _channels(path: Path) -> Any:
    """The pixels of a TIFF as they are stored, (rows, columns, channels)."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path, formats=("TIFF",)) as picture:
            return np.asarray(picture)
    except (OSError, SyntaxError, TypeError, ValueError, Image.DecompressionBombError) as cause:
        raise ImageError(f"{path}: E101 not a sound TIFF ({cause}); copy the file again") from cause


def _size(array: Any) -> str:
    return f"{array.shape[0]} x {array.shape[1]}"


def _copies(pixels: Mapping[Key, _Pixels], used: list[Key]) -> dict[tuple[str, str], str]:
    """Which channels of a visit are the FLAIR again in all its slices; empty slices say nothing."""
    telling: dict[tuple[str, str], list[frozenset[int]]] = defaultdict(list)
    for key in used:
        alike = pixels[key].plain and len(pixels[key].equal) == len(COPIES)
        telling[key[:2]] += [] if alike else [pixels[key].equal]
    always = {visit: frozenset.intersection(*sets) if sets else () for visit, sets in telling.items()}
    return {
        visit: "+".join(COPIES[number] for number in COPIES if number in numbers)
        for visit, numbers in always.items()
    }


def _sessions(used: list[Key], *, keep_dates: bool) -> dict[tuple[str, str], str]:
    """The session of each visit: its date, or its number among the patient's visits."""
    visits = sorted({key[:2] for key in used})
    dates: dict[str, list[str]] = defaultdict(list)
    for patient, date in visits:
        dates[patient].append(date)
    return {
        (patient, date): date if keep_dates else str(dates[patient].index(date) + 1)
        for patient, date in visits
    }
