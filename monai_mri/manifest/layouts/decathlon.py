"""Layout "decathlon": a `dataset.json` of the Medical Segmentation Decathlon, of MONAI, or of nnU-Net."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from json import JSONDecodeError, loads
from pathlib import Path
from typing import Any

from monai_mri.errors import ManifestError
from monai_mri.faults import Fault
from monai_mri.images.names import is_image_name
from monai_mri.manifest.core import Skipped
from monai_mri.manifest.layouts._nofile import why_no_file
from monai_mri.manifest.layouts._official import official_part
from monai_mri.manifest.layouts._samples import Collected, Sample, compiled, files_below, matched
from monai_mri.manifest.layouts._shared_name import shared_name

CORE = ("subject_id", "session_id", "site")
TAKEN = (*CORE, "mask", "label", "official_part")
FOLDERS = {"train": "Tr", "test": "Ts"}

_CHANNEL = re.compile(r"(?P<case>.+)_(?P<number>\d{4})")


@dataclass(frozen=True)
class _Dataset:
    """The JSON file and what its header says: names of the channels, names of class numbers."""

    path: Path
    content: dict[str, Any]
    names: tuple[str, ...]
    words: dict[str, str]

    def fault(self, where: str, found: object, expected: str) -> Exception:
        """One line for what is wrong with an entry."""
        kind = {dict: "an object", list: "a list", type(None): "missing"}.get(type(found), repr(found)[:80])
        what = f"{self.path}: {where} is {kind}"
        return ManifestError(f"{what}, expected {expected}; correct it")

    def file(self, text: str) -> Path:
        """A file that the JSON names, `.` and `..` resolved; an absolute path stays."""
        return Path(os.path.normpath(self.path.parent / text))


@dataclass(frozen=True)
class _Row:
    """An entry: its files, whether they exist or not, and the texts beside them."""

    images: dict[str, Path]
    mask: Path | None = None
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def files(self) -> tuple[Path, ...]:
        return (*self.images.values(), *([] if self.mask is None else [self.mask]))


def collect(root: Path, *, json: str = "dataset.json", subject_pattern: str = "") -> Collected:
    """Decathlon or MONAI dataset.json (training, validation, test lists), or an nnU-Net raw folder.

    `root` is the folder with the file `json`, or that file. Paths in it are relative to its own folder.
    `image` is a path, or a list of paths that become a column each, named by `modality` or `channel_names`;
    one 4D image with several of them is the column `image`, and its volumes have these names. `label` is
    a path (the mask), or a class: its number is spelled out by `labels`; beside a mask the class may stand in
    `class`. Other plain values, such as
    `fold`, become columns, and a key whose value is the path of an image that exists a column of images;
    `subject_id`, `session_id` and `site` fill those. `official_part` is the list. Without any
    list the files of imagesTr, imagesTs (`CASE_0000.nii.gz`, one a channel), labelsTr and labelsTs are taken.

    The subject is what `subject_pattern` finds in the first image's path; without it the image's name
    without ending and nnU-Net's _0000, what several images' names share, or where all are called alike the
    name of their folder.

    Raises:
        UsageError: the pattern is not a regular expression.
        ManifestError: the file is missing, not JSON, or not such a description.
    """
    pattern = compiled(subject_pattern, option="subject_pattern")
    dataset = _read(Path(os.path.normpath(root if root.is_file() else root / json)))
    skipped: list[Skipped] = []
    lists = {key: value for key, value in dataset.content.items() if official_part(key)}
    rows = list(_listed(dataset, lists, skipped) if lists else _nnunet(dataset, skipped))
    ids = _default_subjects(rows)
    base = dataset.path.parent
    samples = []
    for row, own in zip(rows, ids, strict=True):
        first = os.path.relpath(row.files[0], base).replace(os.sep, "/")
        subject = row.texts.get("subject_id", "") or own
        if subject_pattern:
            subject = matched(pattern, first)
        missed = (
            "" if subject else f"no subject: subject_pattern {subject_pattern!r} finds nothing in its path"
        )
        if why := _unusable(row) or missed:
            skipped.append(Skipped(first, why))
            continue
        extra = {name: text for name, text in row.texts.items() if name not in CORE}
        session, site = row.texts.get("session_id", ""), row.texts.get("site", "")
        samples.append(Sample(subject, row.images, row.mask, session, site, extra))
    columns = tuple(dict.fromkeys(name for sample in samples for name in sample.images))
    channels = {"image": dataset.names} if "image" in columns and len(dataset.names) > 1 else {}
    left = _unlisted(dataset, rows, skipped)
    return Collected(columns, tuple(samples), (*skipped, *left), channels)


def _read(path: Path) -> _Dataset:
    todo = "name another file with json=NAME, or correct it"
    try:
        content = loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        found = error.strerror or str(error)
        raise Fault("", str(path), found, "a dataset.json", todo).error() from error
    except UnicodeDecodeError as error:
        raise Fault("E501", str(path), "not UTF-8", "UTF-8 JSON", "save it again as UTF-8").error() from error
    except JSONDecodeError as error:
        where = f"{path}:{error.lineno}"
        raise Fault("", where, f"not JSON ({error.msg})", "a dataset.json", todo).error() from error
    except (ValueError, RecursionError) as error:
        raise Fault("", str(path), f"not JSON ({error})", "a dataset.json", todo).error() from error
    empty = _Dataset(path, {}, (), {})
    if not isinstance(content, dict):
        raise empty.fault("the file", content, "an object with lists training, test")
    names = content.get("channel_names", content.get("modality"))
    return _Dataset(path, content, _channel_names(empty, names), _words(empty, content.get("labels")))


def _channel_names(dataset: _Dataset, names: Any) -> tuple[str, ...]:
    """Column names of the channels 0, 1, …, each once; none where the file has none."""
    if isinstance(names, dict):
        if not all(re.fullmatch(r"\d{1,4}", key) for key in names):
            raise dataset.fault("modality", sorted(names), 'numbers as keys, as in {"0": "FLAIR"}')
        names = [names[key] for key in sorted(names, key=int)]
    names = [names] if isinstance(names, str) else names or []
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise dataset.fault("modality", names, 'names, as in {"0": "FLAIR"}')
    tidy: list[str] = []
    for name in names:
        plain = re.sub(r"\W+", "_", name.strip().lower()).strip("_") or "image"
        plain = f"image_{plain}" if plain in TAKEN else plain
        again = f"{plain}_{sum(one == plain or one.startswith(f'{plain}_') for one in tidy) + 1}"
        tidy.append(again if plain in tidy else plain)
    return tuple(tidy)


def _words(dataset: _Dataset, labels: Any) -> dict[str, str]:
    """Names of class numbers, from {"1": "tumor"} as well as from nnU-Net's {"tumor": 1}."""
    if labels is None:
        return {}
    if not isinstance(labels, dict):
        raise dataset.fault("labels", labels, 'names, as in {"0": "background"}')
    words = {str(value): key for key, value in labels.items() if isinstance(value, int)}
    return words | {key: value for key, value in labels.items() if isinstance(value, str)}


def _listed(dataset: _Dataset, lists: dict[str, Any], skipped: list[Skipped]) -> Iterator[_Row]:
    """The entries of the lists, in their order; values that fit in no cell are named once a key."""
    dropped: dict[str, None] = {}
    for key, entries in lists.items():
        if not isinstance(entries, list):
            raise dataset.fault(key, entries, "a list of entries")
        for number, entry in enumerate(entries):
            where = f"{key}[{number}]"
            entry = {"image": entry} if isinstance(entry, str) else entry
            if not isinstance(entry, dict):
                raise dataset.fault(where, entry, 'a path or an object with "image"')
            yield _entry(dataset, where, entry, {"official_part": official_part(key)}, dropped)
    note = "only texts and numbers become columns"
    skipped += [Skipped(f"{dataset.path.name} key {name!r}", note) for name in dropped]


def _entry(
    dataset: _Dataset, where: str, entry: dict[str, Any], texts: dict[str, str], dropped: dict[str, None]
) -> _Row:
    images = _images(dataset, f"{where}.image", entry["image"]) if "image" in entry else {}
    mask, said = _mask_or_class(dataset, where, entry)
    texts = texts | said
    core = ("image", "label", "mask", *(("class",) if _class_beside_mask(entry) else ()))
    for name, value in entry.items():
        if name in core:
            continue
        if not name.strip() or isinstance(value, (dict, list)):
            dropped.setdefault(name)
        elif isinstance(value, str) and is_image_name(value) and dataset.file(value).is_file():
            images = {**images, name.strip(): dataset.file(value)}
        elif name.strip() not in images:
            texts = {**texts, name.strip(): _text(value)}
    if not images:
        raise dataset.fault(f"{where}.image", entry.get("image"), "a path or a list of paths")
    return _Row(images, mask, texts)


def _mask_or_class(
    dataset: _Dataset, where: str, entry: dict[str, Any]
) -> tuple[Path | None, dict[str, str]]:
    """The mask of an entry, and its class as the column label."""
    label, mask = entry.get("label"), entry.get("mask")
    if isinstance(label, (dict, list)) or not isinstance(mask, (str, type(None))):
        raise dataset.fault(f"{where}.label or .mask", label or mask, "a path, or for label a class")
    if isinstance(label, str) and is_image_name(label):
        if mask is not None:
            raise dataset.fault(f"{where}.mask", mask, "none, for label is a path, too")
        label, mask = None, label
    number = int(label) if isinstance(label, float) and label.is_integer() else label
    said = {} if label is None else {"label": dataset.words.get(_text(number), _text(number))}
    if _class_beside_mask(entry):
        said = {"label": _text(entry["class"])}
    return (None if mask is None else dataset.file(mask)), said


def _class_beside_mask(entry: dict[str, Any]) -> bool:
    """Whether `class` is the class, since `label` is no class: `convert --to decathlon` writes both so."""
    label, found = entry.get("label"), entry.get("class")
    no_class = label is None or (isinstance(label, str) and is_image_name(label))
    is_text = isinstance(found, (str, int, float)) and not isinstance(found, bool)
    return no_class and (is_text or ("class" in entry and found is None))


def _images(dataset: _Dataset, where: str, image: Any) -> dict[str, Path]:
    """The files of `image` by column."""
    paths = image if isinstance(image, list) else [image]
    if not paths or not all(isinstance(path, str) and path for path in paths):
        raise dataset.fault(where, image, "a path or a list of paths")
    names = dataset.names
    if len(paths) == 1:
        columns = [names[0] if len(names) == 1 else "image"]
    else:
        known = len(names) == len(paths)
        columns = [names[number] if known else f"image_{number}" for number in range(len(paths))]
    return {column: dataset.file(path) for column, path in zip(columns, paths, strict=True)}


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value).strip()


def _nnunet(dataset: _Dataset, skipped: list[Skipped]) -> Iterator[_Row]:
    """The cases of an nnU-Net raw folder, whose JSON lists none."""
    base, ending = dataset.path.parent, dataset.content.get("file_ending", ".nii.gz")
    if not isinstance(ending, str):
        raise dataset.fault("file_ending", ending, "a text such as .nii.gz")
    if not (base / "imagesTr").is_dir():
        raise dataset.fault("every list", None, "training, validation or test, or nnU-Net's folder imagesTr")
    names = dataset.names or ("image",)
    for part, short in FOLDERS.items():
        folder = base / f"images{short}"
        cases: dict[str, dict[str, Path]] = defaultdict(dict)
        for path in files_below(folder) if folder.is_dir() else ():
            found = _CHANNEL.fullmatch(path.name.removesuffix(ending))
            number = int(found["number"]) if found and path.name.endswith(ending) else len(names)
            if found and number < len(names) and path.parent == folder:
                cases[found["case"]][names[number]] = path
            else:
                why = f"not named CASE_0000{ending} with a number of channel_names"
                skipped.append(Skipped(path.relative_to(base).as_posix(), why))
        for case, images in sorted(cases.items()):
            mask = base / f"labels{short}" / f"{case}{ending}"
            needed = part == "train" or mask.is_file()
            texts = {"subject_id": case, "official_part": part}
            ordered = {name: images[name] for name in names if name in images}
            yield _Row(ordered, mask if needed else None, texts)


def _unusable(row: _Row) -> str:
    """Why a row cannot be taken; empty when it can."""
    for path in row.files:
        if path.name.startswith("."):
            return f"{path.name} is a hidden file, which only macOS needs"
        if not is_image_name(path.name):
            return f"{path.name} is not a NIfTI file, JPG, PNG or TIFF"
        if why := why_no_file(path):
            short = f"{path.parent.name}/{path.name}"
            return f"there is no file {short}" if why == "no such file" else f"{short} is {why}"
    return ""


def _default_subjects(rows: list[_Row]) -> list[str]:
    """What the names of a row's images share; their folder, where that is nothing or the same everywhere."""
    ids = [shared_name([path.name for path in row.images.values()]) for row in rows]
    folders = [next(iter(row.images.values())).parent.name for row in rows]
    alike = len(rows) > 1 and len({*ids}) == 1
    return [folder if alike or not own else own for own, folder in zip(ids, folders, strict=True)]


def _unlisted(dataset: _Dataset, rows: list[_Row], skipped: list[Skipped]) -> list[Skipped]:
    base = dataset.path.parent
    known = {dataset.path, *(path for row in rows for path in row.files)}
    named = {skip.path for skip in skipped}
    left = [path for path in files_below(base) if path not in known]
    below = [path.relative_to(base).as_posix() for path in left]
    return [Skipped(name, f"not listed in {dataset.path.name}") for name in below if name not in named]
