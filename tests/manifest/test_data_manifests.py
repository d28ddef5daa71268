"""The schemas, examples and datasheets that the repository ships are what their own code makes."""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from monai_mri.manifest import parts_of_rows, read_manifest, read_splits, splits_path
from monai_mri.manifest.checks import check_manifest

FOLDER = Path(__file__).resolve().parents[2] / "data_manifests"
STUDIES = sorted(path.name.removesuffix(".schema.json") for path in FOLDER.glob("*.schema.json"))
FILES = (".md", ".schema.json", ".example.csv", ".example.json", ".example.splits.json")

SNIPPET = re.compile(r"```python\n(.*?)```", re.DOTALL)
FINDINGS = re.compile(r"^## What the check says\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
COUNT = re.compile(r"^\| ([EW]\d{3}) \((\d+)\) \|", re.MULTILINE)
SHA256 = re.compile(rb'"sha256": "[0-9a-f]{64}"')
OTHER_ZLIB = "ng" in zlib.ZLIB_RUNTIME_VERSION  # packs the same voxels into other bytes


def _datasheet(study: str) -> str:
    return (FOLDER / f"{study}.md").read_text(encoding="utf-8")


STATED = [study for study in STUDIES if FINDINGS.search(_datasheet(study))]


@pytest.fixture(scope="module")
def made(request, tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """A study, and the folder in which the code of its datasheet has written its files.

    The images of an example are open data, below MONAI_MRI_DATA, or that code makes them, below the folder
    that another variable names (of ms_lesion it is MONAI_MRI_PATCHES).
    """
    study = request.param
    variable = json.loads((FOLDER / f"{study}.example.json").read_text())["root"].removeprefix("env:")
    work = tmp_path_factory.mktemp(study)
    if variable == "MONAI_MRI_DATA":
        images = request.getfixturevalue("real_data").resolve()
    else:
        images = work / "images"
        images.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(work)
        patch.setenv(variable, str(images))
        for code in SNIPPET.findall(_datasheet(study)):
            exec(code, {})
        yield study, work / "data_manifests"


def test_every_study_has_a_schema_an_example_and_a_datasheet():
    started = {path.name.split(".")[0] for path in FOLDER.iterdir()} - {"README"}
    assert sorted(started) == STUDIES
    assert [study + end for study in STUDIES for end in FILES if not (FOLDER / (study + end)).exists()] == []


@pytest.mark.parametrize("study", STUDIES)
def test_the_schema_file_is_what_the_datasheet_makes(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = (code for code in SNIPPET.findall(_datasheet(study)) if "write_study_schema" in code)
    exec(code, {})
    name = f"{study}.schema.json"
    assert (tmp_path / "data_manifests" / name).read_bytes() == (FOLDER / name).read_bytes()


@pytest.mark.parametrize("study", STUDIES)
def test_the_example_fits_the_schema(study):
    schema = json.loads((FOLDER / f"{study}.schema.json").read_text())
    rows = jsonschema.Draft202012Validator(schema)
    assert all(rows.is_valid(row) for row in read_manifest(FOLDER / f"{study}.example.csv").rows())
    sidecar = json.loads((FOLDER / f"{study}.example.json").read_text())
    jsonschema.validate(sidecar, {**schema["$defs"]["Sidecar"], "$defs": schema["$defs"]})


@pytest.mark.parametrize("study", STUDIES)
def test_the_sidecar_says_whose_the_images_are_and_has_a_checksum_of_each(study):
    manifest = read_manifest(FOLDER / f"{study}.example.csv")
    sidecar = manifest.sidecar
    assert sidecar.source
    assert sidecar.licence
    assert sidecar.root.startswith("env:")
    listed = {row[column] for row in manifest.rows() for column in manifest.path_columns}
    assert listed - {""} == sidecar.files.keys()


@pytest.mark.parametrize("study", STUDIES)
def test_the_example_is_split_by_subject(study):
    manifest = read_manifest(FOLDER / f"{study}.example.csv")
    splits = read_splits(splits_path(manifest.path))
    subjects = [row["subject_id"] for row in manifest.rows()]
    assert splits.unit == "subject_id"
    for repeat in range(splits.repeats):
        parts = parts_of_rows(manifest, splits, repeat=repeat)  # refuses a subject in two parts
        assert {"train", "test"} <= set(parts)
        assert len(set(zip(subjects, parts, strict=True))) == len(set(subjects))
    assert all(splits.part_of(subject) == part for subject, part in splits.assign.items())


@pytest.mark.parametrize("made", STUDIES, indirect=True)
def test_the_datasheet_makes_the_very_files(made):
    study, folder = made
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(study + end for end in FILES if end != ".md")
    for name in names:
        found, expected = (folder / name).read_bytes(), (FOLDER / name).read_bytes()
        if OTHER_ZLIB and name.endswith(".example.json"):
            found, expected = (SHA256.sub(b"", content) for content in (found, expected))
        assert found == expected, name


@pytest.mark.parametrize("made", STATED, indirect=True)
def test_the_check_finds_what_the_datasheet_says(made):
    study, folder = made
    told = COUNT.findall(FINDINGS.search(_datasheet(study)).group(1))
    result = check_manifest(
        folder / f"{study}.example.csv", depth="voxels", schema=folder / f"{study}.schema.json", jobs=2
    )
    found = Counter(finding.code for finding in result.findings)
    assert found == {code: int(count) for code, count in told}
