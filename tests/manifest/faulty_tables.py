"""Faults of the table and of its splits: section E of the catalogue."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import numpy as np
from faulty_case import Case, Concerned
from faulty_cohort import LABELS, SITES, Cohort, anatomy, save_nifti

from monai_mri.manifest import Splits, read_manifest, read_splits, splits_path, write_splits


def as_bytes(cohort: Cohort, _: str, *, change: Callable[[str], bytes]) -> Concerned:
    cohort.path.write_bytes(change(cohort.path.read_text("utf-8")))
    return set()


def in_latin_1(cohort: Cohort, subject: str) -> Concerned:
    cohort.set(subject, note="Zürich")
    return as_bytes(cohort, subject, change=lambda text: text.encode("latin-1"))


def ids(cohort: Cohort, subject: str, *, names: tuple[str, str]) -> Concerned:
    partner = cohort.partner(subject)
    cohort.set(subject, subject_id=names[0])
    cohort.set(partner, subject_id=names[1])
    return set(names)


def column_twice(cohort: Cohort, _: str) -> Concerned:
    header, rows = cohort.read()
    age = header.index("age")
    cohort.write([*header, "age"], [[*row, row[age]] for row in rows])
    return set()


def unquoted_comma(cohort: Cohort, subject: str) -> Concerned:
    text = cohort.path.read_text()
    line = next(line for line in text.splitlines() if line.startswith(subject))
    cohort.path.write_text(text.replace(line, line + ",see above"))
    return set()


def label(cohort: Cohort, subject: str, *, change: Callable[[str], str]) -> Concerned:
    cohort.set(subject, label=change(cohort.row(subject)["label"]))
    return set()


def formula(cohort: Cohort, subject: str, *, cell: str) -> Concerned:
    cohort.set(subject, note=cell)
    return {subject, ""}


def row_twice(cohort: Cohort, subject: str) -> Concerned:
    cohort.add(subject)
    return {subject, ""}


def image_path(cohort: Cohort, subject: str, *, change: Callable[[str], str]) -> Concerned:
    old = cohort.row(subject)["flair"]
    cohort.set(subject, flair=change(old))
    cohort.forget(old)
    return {subject, ""}


def absolute_path(cohort: Cohort, subject: str) -> Concerned:
    return image_path(cohort, subject, change=lambda cell: f"{cohort.folder}/{cell}")


def other_case(cohort: Cohort, subject: str) -> None:
    """As it works on macOS and Windows, where IMAGES/x is images/x."""
    image_path(cohort, subject, change=lambda cell: cell.replace("images", "Images"))


def no_id(cohort: Cohort, subject: str) -> Concerned:
    cohort.set(subject, subject_id="")
    return {""}


def no_image(cohort: Cohort, subject: str) -> None:
    image_path(cohort, subject, change=lambda _: "")


def subject_twice_in_splits(cohort: Cohort, subject: str) -> Concerned:
    part = read_splits(cohort.splits).part_of(subject)
    other = "test" if part == "train" else "train"
    here = f'"{subject}": "{part}"'
    text = cohort.splits.read_text().replace(here, f'{here}, "{subject}": "{other}"', 1)
    cohort.splits.write_text(text)
    return {subject, ""}


def sessions_in_two_parts(cohort: Cohort, subject: str) -> Concerned:
    """A second session of a subject, and splits that deal sessions."""
    row = cohort.row(subject)
    paths = {column: row[column].replace(f"{column}.", f"{column}2.") for column in ("flair", "mask")}
    array, affine = cohort.voxels(subject)
    head, lesions = anatomy(array.shape, seed=1, number=77)
    save_nifti(cohort.folder / paths["flair"], head.astype(np.int16), affine)
    save_nifti(cohort.folder / paths["mask"], lesions.astype(np.uint8), affine)
    parts = dict(read_splits(cohort.splits).units_by_part())
    sessions = {f"{each}-1": part for each, part in parts.items()}
    other = "test" if parts[subject] == "train" else "train"
    for each in cohort.subjects():
        cohort.set(each, session_id=f"{each}-1")
    cohort.add(subject, session_id=f"{subject}-2", **paths)
    for path in paths.values():
        cohort.record(path)
    _deal(cohort, {**sessions, f"{subject}-2": other}, unit="session_id")
    return {subject, ""}


def siblings_in_two_parts(cohort: Cohort, subject: str) -> Concerned:
    partner = cohort.partner(subject)
    for number, each in enumerate(cohort.subjects()):
        cohort.set(each, family_id=f"fam-{0 if each in {subject, partner} else number + 1}")
    return {subject, partner, "", "fam-0"}


def one_class_in_test(cohort: Cohort, _: str) -> Concerned:
    header, rows = cohort.read()
    of = {row[header.index("subject_id")]: row[header.index("label")] for row in rows}
    held_out = {value: [each for each in of if of[each] == value] for value in LABELS}
    parts = dict.fromkeys(of, "train")
    parts |= dict.fromkeys(held_out[LABELS[0]][:2], "test")
    parts |= {each[2]: "validation" for each in held_out.values()}
    _deal(cohort, parts)
    return set()


def site_is_label(cohort: Cohort, _: str) -> Concerned:
    for subject in cohort.subjects():
        cohort.set(subject, site=SITES[LABELS.index(cohort.row(subject)["label"])])
    return set()


def _deal(cohort: Cohort, parts: dict[str, str], *, unit: str = "subject_id") -> None:
    path = splits_path(cohort.path)
    content = json.loads(path.read_text())
    content |= {"parts": [[parts]], "unit": unit, "manifest_sha256": read_manifest(cohort.path).sha256}
    write_splits(path, Splits.model_validate(content))


FAULTS = {
    "47 byte-order mark": Case("", partial(as_bytes, change=lambda text: text.encode("utf-8-sig")), "table"),
    "48 Latin-1": Case("E501", in_latin_1, "table", parsed=False),
    "48 UTF-16": Case(
        "E501", partial(as_bytes, change=lambda text: text.encode("utf-16")), "table", parsed=False
    ),
    "49 semicolons": Case(
        "E502", partial(as_bytes, change=lambda text: text.replace(",", ";").encode()), "table", parsed=False
    ),
    "49 tabs": Case(
        "E502", partial(as_bytes, change=lambda text: text.replace(",", "\t").encode()), "table", parsed=False
    ),
    "50 ids 001 and 1": Case("E503", partial(ids, names=("001", "1")), "table"),
    "50 ids 1 and 2, no zeros": Case("", partial(ids, names=("1", "2")), "table"),
    "51 ids NA and None": Case("", partial(ids, names=("NA", "None")), "table"),
    "52 column twice": Case("E504", column_twice, "table"),
    "53 unquoted comma": Case("E505", unquoted_comma, "table", parsed=False),
    "54 label in capitals": Case("E506", partial(label, change=str.upper), "table"),
    "54 label with a space": Case("E506", partial(label, change=lambda cell: f"{cell} "), "table"),
    "54 label misspelt": Case(
        "E506", partial(label, change=lambda cell: cell.replace("e", "ee", 1)), "table"
    ),
    "55 formula": Case("E507", partial(formula, cell='=HYPERLINK("x","y")'), "table"),
    "55 formula of +": Case("E507", partial(formula, cell="+cmd|' /C calc'!A0"), "table"),
    "55 formula of @": Case("E507", partial(formula, cell="@SUM(A1:A9)"), "table"),
    "55 negative number": Case("", partial(formula, cell="-1.5"), "table"),
    "55 formula escaped": Case("", partial(formula, cell="'=1+1"), "table"),
    "56 row twice": Case("E508", row_twice, "table"),
    "57 absolute path": Case("E509", absolute_path, "table"),
    "57 drive letter": Case("E509", partial(image_path, change=lambda cell: f"C:\\data\\{cell}"), "table"),
    "57 UNC path": Case("E509", partial(image_path, change=lambda cell: f"\\\\pacs\\x\\{cell}"), "table"),
    "57 climbing path": Case("E509", partial(image_path, change=lambda cell: f"../x/{cell}"), "table"),
    "57 home path": Case("E509", partial(image_path, change=lambda cell: f"~/{cell}"), "table"),
    "58 other case": Case("E510", other_case, "header"),
    "59 missing modality": Case("E511", no_image, "table"),
    "row without an id": Case("E512", no_id, "table"),
    **{
        name: Case(case.code, case.apply, case.depth, kind="split volumes")
        for name, case in {
            "60 subject twice in splits": Case("E601", subject_twice_in_splits, "table"),
            "61 sessions in two parts": Case("E601", sessions_in_two_parts, "table"),
            "61 siblings in two parts": Case("E601", siblings_in_two_parts, "table"),
            "63 one class in test": Case("E603", one_class_in_test, "table"),
            "65 site is label": Case("W604", site_is_label, "table"),
        }.items()
    },
}
