from __future__ import annotations

import csv
import io
import json

import pytest

from monai_mri.manifest import write_manifest


@pytest.fixture
def table(tmp_path):
    rows = [
        {
            "subject_id": f"s{n:02d}",
            "t1": f"{n}.nii",
            "site": "xy"[n % 2],
            "age": str(30 + n),
            "coil": "ab"[n > 4],
        }
        for n in range(20)
    ]
    return write_manifest(tmp_path / "m.csv", rows).path


def test_the_table_of_the_parts_is_printed(run, table):
    assert run("manifest", "split", table).exit_code == 0
    result = run("manifest", "summary", table)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].split() == [
        "train",
        "validation",
        "test",
        "overall",
        "largest",
        "SMD",
    ]
    assert "mean ± SD" in result.stdout


def test_formats_are_text_csv_and_json(run, table):
    lines = list(csv.reader(io.StringIO(run("manifest", "summary", table, "--format", "csv").stdout)))
    assert lines[1] == ["subjects", "", "20", ""]
    content = json.loads(run("manifest", "summary", table, "--format", "json", "--by", "site").stdout)
    assert [group["name"] for group in content["groups"]] == ["x", "y", "overall"]


def test_further_columns_and_masked_counts_as_asked(run, table):
    result = run("manifest", "summary", table, "--columns", "coil", "--by", "site", "--min-count", "5")
    assert "coil, subjects (%)" in result.stdout
    assert "<5" in result.stdout


def test_a_page_is_written_but_nothing_replaced_without_force(run, table, tmp_path):
    words = ("manifest", "summary", table, "--page", tmp_path / "c.html")
    assert run(*words).exit_code == 0
    assert (tmp_path / "c.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    refused = run(*words)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert run(*words, "--force").exit_code == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--by", "sit"), 2, "did you mean 'site'?"),
        (("--fold", "1"), 2, "manifest split"),
        (("--columns", "t1"), 2, "names people or files"),
    ],
)
def test_what_cannot_be_told_is_one_line(run, table, words, code, says):
    result = run("manifest", "summary", table, *words)
    assert result.exit_code == code
    assert says in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", ["m.csv", "m.json", "m.splits.json"])
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_the_page_never_replaces_the_manifest(run, table, name, force):
    before = table.read_bytes()
    result = run("manifest", "summary", table, "--page", table.with_name(name), *force)
    assert result.exit_code == 2
    assert "belongs to the manifest itself" in result.stderr
    assert table.read_bytes() == before
    assert not table.with_suffix(".splits.json").exists()
