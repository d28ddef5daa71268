from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from monai_mri.errors import DataError
from monai_mri.manifest import (
    FileRecord,
    Manifest,
    Sidecar,
    Splits,
    splits_path,
    write_manifest,
    write_splits,
)
from monai_mri.manifest.summary import summarise_manifest
from monai_mri.report.cohort import write_cohort_page

LOADING = {"src", "srcset", "href", "xlink:href", "data", "poster", "action", "background"}
VOID = {"meta", "img", "br", "link", "hr", "input"}


class Page(HTMLParser):
    """What a browser would load, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.loads, self.tags = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [value for key, value in attrs if key in LOADING and not value.startswith("#")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def make_cohort(tmp_path):
    """Forty subjects of two sites; `site` is what the second is called."""

    def make(*, site: str = "Oslo", bare: bool = False) -> Manifest:
        rows = [{"subject_id": f"s{n}", "t1": f"{n}.nii"} for n in range(40)]
        for n, row in enumerate(rows if not bare else ()):
            row |= {"site": site if n % 2 else "Berlin", "label": "MS" if n % 3 else "control"}
            row |= {"age": "" if n == 7 else str(30 + n), "sex": "FM"[n % 2]}
        files = {
            row["t1"]: FileRecord(sha256=f"{n:064x}", shape=(4, 4, 4), spacing_mm=(1, 1, 1 + n % 3))
            for n, row in enumerate(rows)
        }
        sidecar = None if bare else Sidecar(modalities=("t1",), files=files)
        manifest = write_manifest(tmp_path / "ms.csv", rows, sidecar=sidecar)
        if not bare:
            parts = {f"s{n}": "test" if n < 12 else "train" for n in range(40)}
            write_splits(
                splits_path(manifest.path), Splits(manifest_sha256=manifest.sha256, parts=((parts,),))
            )
        return manifest

    return make


def text_of(manifest, out, **settings):
    return write_cohort_page(summarise_manifest(manifest, **settings), out / "c.html").read_text(
        encoding="utf-8"
    )


def test_the_page_has_table_and_four_plots_and_loads_nothing(make_cohort, tmp_path):
    text = text_of(make_cohort(), tmp_path)
    page = Page(text)
    assert page.open == []
    assert page.loads == []
    assert "script" not in page.tags
    assert page.tags.count("table") == 1
    assert len(re.findall(r'<svg class="curve"', text)) == 4
    assert "40 subjects, 40 scans." in text
    assert all(word in text for word in ("Berlin", "mean ± SD", "1 x 1 x 2", "without t1", "SMD"))


def test_colours_follow_the_page_in_dark_and_on_paper(make_cohort, tmp_path):
    text = text_of(make_cohort(), tmp_path)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert "var(--c1)" in text
    assert not re.search(
        r"#0[a-z0-9]0[a-z0-9]0\d\b", re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    )


def test_a_sites_name_is_text_and_no_markup(make_cohort, tmp_path):
    text = text_of(make_cohort(site="<script>alert(1)</script>\x1b中"), tmp_path)
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_what_cannot_be_drawn_is_said(make_cohort, tmp_path):
    text = text_of(make_cohort(bare=True), tmp_path)
    assert "<svg" not in text
    said = (
        "No column of ages.",
        "No column site and none label, or nothing in it.",
        "tells no voxel size",
        "No cell is missing.",
    )
    assert all(words in text for words in said)
    assert "no sidecar" in text


def test_masked_counts_are_masked_on_the_page_too(make_cohort, tmp_path):
    text = text_of(make_cohort(), tmp_path, min_count=5)
    assert "&lt;5" in text
    assert not re.search(r"<td>[1-4]( \(|</td>)", text)


def test_a_large_difference_stands_out(make_cohort, tmp_path):
    text = text_of(make_cohort(), tmp_path)
    age = re.search(r">age, subjects</th>.*?</tr>", text).group()
    assert "<b>" in age


def test_a_folder_is_no_page(make_cohort, tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        write_cohort_page(summarise_manifest(make_cohort()), tmp_path)


LABELS_BY_SITE = re.compile(r"(No column (?!of)[^<]*|The column[^<]*|A small count[^<]*masked\.)")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"by": "site"}, "The column site makes the groups."),
        ({"min_count": 12}, "A small count in it is masked."),
    ],
)
def test_only_the_reason_that_applies_is_said(make_cohort, tmp_path, settings, reason):
    text = text_of(make_cohort(), tmp_path, **settings)
    assert LABELS_BY_SITE.findall(text) == [reason]


def test_many_sites_and_numeric_labels_are_said(tmp_path):
    rows = [
        {"subject_id": f"s{n}", "t1": f"{n}.nii", "site": f"h{n}", "label": "ab"[n % 2]} for n in range(40)
    ]
    assert LABELS_BY_SITE.findall(text_of(write_manifest(tmp_path / "a.csv", rows), tmp_path)) == [
        "The columns site and label have too many values for a picture."
    ]
    rows = [{**row, "site": "x", "label": str(n)} for n, row in enumerate(rows)]
    assert LABELS_BY_SITE.findall(text_of(write_manifest(tmp_path / "b.csv", rows), tmp_path)) == [
        "The column label holds numbers, not categories."
    ]


def test_a_difference_from_a_part_of_one_subject_is_undefined_and_not_bold(make_cohort, tmp_path):
    manifest = make_cohort()
    parts = {f"s{n}": "test" if n == 3 else "train" for n in range(40)}
    splits = Splits(manifest_sha256=manifest.sha256, parts=((parts,),))
    write_splits(splits_path(manifest.path), splits)
    text = text_of(manifest, tmp_path)
    table = re.search(r"<tbody>.*?</tbody>", text, re.DOTALL).group()
    assert "<b>" not in table
