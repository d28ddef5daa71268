"""Layout "class-folders": pictures in one folder a class, with or without a folder a part above."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from monai_mri.errors import UsageError
from monai_mri.images.names import PICTURE_SUFFIXES, image_suffix
from monai_mri.manifest.core import Skipped
from monai_mri.manifest.layouts._official import official_part
from monai_mri.manifest.layouts._samples import Collected, Sample, compiled, files_below, matched

PRESETS = {
    "brisc2025": {
        "images": "classification_task",
        "masks": "segmentation_task/*/masks",
        "name_pattern": r"brisc2025_(?P<official_part>train|test)_\d+_"
        r"(?P<label>gl|me|pi|no)_(?P<plane>ax|co|sa)_t1",
        "codes": "gl=glioma,me=meningioma,pi=pituitary,no=no_tumor,ax=axial,co=coronal,sa=sagittal",
    },
    "kaggle-4class": {"classes": "glioma,meningioma,notumor,pituitary"},
}
CORE = ("subject_id", "session_id", "site")
RESERVED = ("mask",)

MaskKey = tuple[str, str, str]  # part, class, stem; part and class may be empty


@dataclass(frozen=True)
class _Picture:
    path: Path
    name: str  # below the root
    inside: str  # below the folder of images, without the ending
    part: str
    label: str

    @property
    def stem(self) -> str:
        return self.inside.rpartition("/")[2]


def collect(
    root: Path,
    *,
    modality: str = "image",
    images: str = "",
    masks: str = "",
    classes: str = "",
    subject_pattern: str = "",
    name_pattern: str = "",
    codes: str = "",
) -> Collected:
    """Pictures (JPG, PNG, TIFF) in one folder a class: <class>/* or train/<class>/*, test/<class>/*.

    `label` is the class's folder; `official_part` (train, validation, test) is the folder above it, where
    that is called so (also Training, Testing, val, …). `images` is the folder below `root` to look in.
    `masks` is a folder below `root`, or a glob of folders: a mask has the stem of its picture, and the part
    and class where its own path names them. `classes` takes only these (comma list).

    The subject is what `subject_pattern` finds in the name without ending; without it each picture is its
    own subject. The groups of `name_pattern`, which must match the whole name without ending, become extra
    columns (`(?P<plane>ax|co)`); `subject_id`, `session_id` and `site` fill those, `label` and
    `official_part` must agree with the folders. `codes` spells group values out (`gl=glioma,ax=axial`).

    Raises:
        UsageError: a pattern is not a regular expression, a code not KEY=VALUE, or a class has no picture.
        ManifestError: a folder is missing.
    """
    subject_of = compiled(subject_pattern, option="subject_pattern")
    name_of = _name_pattern(name_pattern, modality)
    words = _words(codes)
    drawn = _mask_folders(root, masks) if masks else []
    pictures, skipped = _pictures(root, root / images, drawn, _wanted(classes))
    by_key = _masks(root, drawn, {picture.label for picture in pictures}, skipped)
    ids = _own_ids(pictures)
    samples, used = [], set()
    for picture in pictures:
        values, why = _values(picture, name_of, words)
        subject = values.pop("subject_id", "") or ids[picture.name]
        if not why and subject_pattern and not (subject := matched(subject_of, picture.stem)):
            why = f"subject_pattern {subject_pattern!r} finds nothing in its name"
        mask = _mask_of(picture, by_key)
        used.add(mask)  # also that of a picture that is left out: its reason stands there
        if why:
            skipped.append(Skipped(picture.name, why))
            continue
        session, site = values.pop("session_id", ""), values.pop("site", "")
        extra = {"label": picture.label, **_part(picture), **values}
        samples.append(Sample(subject, {modality: picture.path}, mask, session, site, extra))
    alone = [path for path in by_key.values() if path not in used]
    skipped += [Skipped(_below(root, path), "no picture of this stem was found") for path in alone]
    return Collected((modality,), tuple(samples), (*skipped, *_elsewhere(root, root / images, drawn)))


def _mask_folders(root: Path, masks: str) -> list[Path]:
    folders = [] if Path(masks).is_absolute() else sorted(filter(Path.is_dir, root.glob(masks)))
    if not folders:
        raise UsageError(f"masks: no folder {masks!r} below {root}, expected one or a glob; correct it")
    return folders


def _pictures(
    root: Path, folder: Path, drawn: list[Path], wanted: tuple[str, ...]
) -> tuple[list[_Picture], list[Skipped]]:
    """The pictures below the folder of images, masks left out, and what is none of them."""
    found, skipped = [], []
    for path in files_below(folder):
        if any(path.is_relative_to(one) for one in drawn):
            continue
        *above, name = path.relative_to(folder).parts
        part = official_part(above[0]) if above else ""
        label = "".join(above[1:2] if part else above[:1])
        suffix, below = image_suffix(name), _below(root, path)
        if suffix not in PICTURE_SUFFIXES:
            skipped.append(Skipped(below, "not a JPG, PNG or TIFF picture"))
        elif not label:
            skipped.append(Skipped(below, "in no class's folder"))
        elif wanted and label not in wanted:
            skipped.append(Skipped(below, f"class {label!r} is not among those to take"))
        else:
            inside = _below(folder, path)[: -len(suffix)]
            found.append(_Picture(path, below, inside, part, label))
    for name in wanted:
        if all(picture.label != name for picture in found):
            raise UsageError(f"classes: no picture of class {name!r} below {folder}; correct the list")
    return found, skipped


def _masks(
    root: Path, folders: Iterable[Path], labels: set[str], skipped: list[Skipped]
) -> dict[MaskKey, Path]:
    """Masks by part, class and stem; several of one key are told from their pictures by nothing."""
    found: dict[MaskKey, list[Path]] = defaultdict(list)
    for path in sorted({path for folder in folders for path in files_below(folder)}):
        suffix = image_suffix(path.name)
        if suffix not in PICTURE_SUFFIXES:
            skipped.append(Skipped(_below(root, path), "not a JPG, PNG or TIFF picture"))
            continue
        above = path.relative_to(root).parts[:-1]
        part = next(filter(None, map(official_part, above)), "")
        label = next((name for name in above if name in labels), "")
        found[part, label, path.name[: -len(suffix)]].append(path)
    for paths in found.values():
        names = ", ".join(_below(root, path) for path in paths)
        for path in paths if len(paths) > 1 else ():
            skipped.append(Skipped(_below(root, path), f"several masks of one name: {names}"))
    return {key: paths[0] for key, paths in found.items() if len(paths) == 1}


def _mask_of(picture: _Picture, by_key: Mapping[MaskKey, Path]) -> Path | None:
    part, label, stem = picture.part, picture.label, picture.stem
    keys = [(part, label, stem), (part, "", stem), ("", label, stem), ("", "", stem)]
    return next((by_key[key] for key in keys if key in by_key), None)


def _values(
    picture: _Picture, pattern: re.Pattern[str] | None, words: Mapping[str, str]
) -> tuple[dict[str, str], str]:
    """The named groups of a picture's name, spelled out; else why it is not taken."""
    if pattern is None:
        return {}, ""
    found = pattern.fullmatch(picture.stem)
    if found is None:
        return {}, "name_pattern does not match its name"
    values = {name: words.get(value, value) for name, value in found.groupdict(default="").items()}
    for name, folder in (("label", picture.label), ("official_part", picture.part)):
        said = values.pop(name, "")
        said = official_part(said) or said if name == "official_part" else said
        if said and folder and said != folder:
            return {}, f"its name says {name} {said!r}, its folder {folder!r}"
        if said and name == "official_part":
            values[name] = said
    return values, ""


def _part(picture: _Picture) -> dict[str, str]:
    return {"official_part": picture.part} if picture.part else {}


def _own_ids(pictures: list[_Picture]) -> dict[str, str]:
    """A subject id for each picture: its stem, or its path where two pictures share the stem.

    Sets whose numbers start again in each folder have `image(1).jpg` in several.
    """
    ids: dict[str, str] = {}
    spellings: tuple[Callable[[_Picture], str], ...] = (
        lambda picture: picture.stem,
        lambda picture: picture.inside.replace("/", "_"),
        lambda picture: picture.name,
    )
    for spell in spellings:
        left = [picture for picture in pictures if picture.name not in ids]
        names = {picture.name: spell(picture) for picture in left}
        counts = Counter(names.values()) + Counter(ids.values())
        ids |= {name: own for name, own in names.items() if counts[own] == 1}
    return ids


def _elsewhere(root: Path, folder: Path, drawn: list[Path]) -> list[Skipped]:
    if folder == root:
        return []
    own = (folder, *drawn)
    others = [path for path in files_below(root) if not any(path.is_relative_to(one) for one in own)]
    return [Skipped(_below(root, path), f"outside the folder of images {folder.name}/") for path in others]


def _below(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _wanted(classes: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in classes.split(",") if name.strip())


def _words(codes: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in codes.split(",") if pair.strip()]
    for short, sign, _ in pairs:
        if not sign:
            raise UsageError(f"codes: {short!r}, expected CODE=WORD, separated by commas; correct it")
    return {short.strip(): word.strip() for short, _, word in pairs}


def _name_pattern(name_pattern: str, modality: str) -> re.Pattern[str] | None:
    pattern = compiled(name_pattern, option="name_pattern")
    for name in pattern.groupindex.keys() & {*RESERVED, modality}:
        raise UsageError(f"name_pattern: group {name!r} is a column with paths; give it another name")
    return pattern if name_pattern else None
