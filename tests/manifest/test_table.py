from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monai_mri.errors import ManifestError
from monai_mri.manifest.table import as_table, escape, read_table, table_bytes, unescape

HEADER = b"subject_id,session_id,site,flair,mask\n"


def write(folder: Path, content: bytes) -> Path:
    path = folder / "cohort.csv"
    path.write_bytes(content)
    return path


def test_ids_stay_text(tmp_path):
    path = write(tmp_path, HEADER + b"001,NA,None,a.nii,\n1,,nan,b.nii,\n")
    table, _ = read_table(path)
    assert table["subject_id"].tolist() == ["001", "1"]
    assert table.loc[0, ["session_id", "site", "mask"]].tolist() == ["NA", "None", ""]
    assert table.loc[1, "site"] == "nan"


def test_a_byte_order_mark_and_windows_line_ends_are_tolerated(tmp_path):
    table, _ = read_table(
        write(tmp_path, b"\xef\xbb\xbf" + HEADER.replace(b"\n", b"\r\n") + b"1,,,a.nii,\r\n")
    )
    assert table.columns.tolist()[0] == "subject_id"
    assert len(table) == 1


def test_missing_core_columns_are_added_empty(tmp_path):
    table, _ = read_table(write(tmp_path, b"flair,subject_id\na.nii,1\n"))
    assert list(table.columns) == ["subject_id", "session_id", "site", "flair"]
    assert table.loc[0, "site"] == ""


@pytest.mark.parametrize(
    ("content", "line", "expected"),
    [
        (b"", "", "E103"),
        (b" \n", "", "E103"),
        (HEADER + b"M\xfcller,,,a.nii,\n", ":2", "E501"),
        (HEADER + b"1,,,a.nii,\n\n2,,,\xff.nii,\n", ":4", "Latin-1"),
        ("subject_id,site\n1,a\n".encode("utf-16"), ":1", "UTF-16"),
        (HEADER + b"1,,,a\0.nii,\n", ":2", "NUL"),
        (b"subject_id;flair\n1;a.nii\n", ":1", "E502"),
        (b"subject_id\tflair\n1\ta.nii\n", ":1", "tabs"),
        (b"subject_id,flair,flair\n1,a.nii,b.nii\n", ":1", "E504"),
        (b"subject_id, flair\n1,a.nii\n", ":1", "' flair'"),
        (b"subject_id,\n1,a.nii\n", ":1", "''"),
        (HEADER + b"1,,,a.nii,\n2,,,b.nii,,extra\n", ":3", "E505"),
        (HEADER + b'1,,"two\nlines",a.nii,\n2,,\n', ":4", "E505"),
        (HEADER + b'1,,,"a.nii"x,\n', ":2", "E505"),
        (HEADER + b'1,,,"never closed\n', ":2", "E505"),
        (b"patient,flair\n1,a.nii\n", ":1", "subject_id"),
        (HEADER, "", "no rows"),
        (HEADER + b"1,,,a.nii,\n ,,,b.nii,\n", ":3", "subject_id is empty"),
        (HEADER + b"1,,,a.nii,\n2,,,b.nii,\n1,,,a.nii,\n", ":4", "E508"),
        (HEADER + b"1,,,/data/a.nii,\n", ":2", "E509"),
        (HEADER + b"1,,,a.nii,../b.nii\n", ":2", "E509"),
        (HEADER + b"1,,,~/a.nii,\n", ":2", "E509"),
        (HEADER + b"1,,,C:/a.nii,\n", ":2", "E509"),
        (HEADER + b"1,,,\\\\server\\share\\a.nii,\n", ":2", "E509"),
        (HEADER + b"1,,," + b"x" * 200_000 + b",\n", ":2", "E505"),
    ],
)
def test_a_faulty_file_is_refused_in_one_line_with_its_place(tmp_path, content, line, expected):
    path = write(tmp_path, content)
    with pytest.raises(ManifestError) as caught:
        read_table(path)
    message = str(caught.value)
    assert message.startswith(f"{path}{line}: ")
    assert expected in message
    assert "\n" not in message
    assert len(message) < 1000


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ManifestError, match="No such file"):
        read_table(tmp_path / "none.csv")


def test_only_named_images_and_the_mask_are_checked_as_paths(tmp_path):
    path = write(tmp_path, b"subject_id,flair,note\n1,a.nii,/see/b.nii\n")
    assert read_table(path, images=["flair"])[0].loc[0, "note"] == "/see/b.nii"
    with pytest.raises(ManifestError, match="E509"):
        read_table(path)


@pytest.mark.parametrize("cell", ["=HYPERLINK(1)", "+1+1", "-A1", "@SUM(A1)", "\tx", "\rx", "'-1"])
def test_formula_cells_are_written_as_text_and_read_as_they_were(tmp_path, cell):
    table = as_table([{"subject_id": "1", "note": cell}], where=Path("x.csv"))
    content = table_bytes(table)
    assert b",'" + cell.encode() in content or b",\"'" + cell.encode() in content
    assert read_table(write(tmp_path, content))[0].loc[0, "note"] == cell


@given(st.text())
def test_escaping_loses_nothing(text):
    assert unescape(escape(text)) == text
    number = re.fullmatch(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", text)
    assert number or escape(text)[:1] not in {"=", "+", "-", "@", "\t", "\r"}


# A surrogate is no character, NUL is refused, and an image's name would make the column one of paths.
NOTES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).filter(
    lambda text: not text.lower().endswith((".nii", ".nii.gz", ".jpg", ".jpeg", ".png", ".tif", ".tiff"))
)


@given(notes=st.lists(NOTES, min_size=1, max_size=4))
def test_what_is_written_is_what_is_read(tmp_path_factory, notes):
    rows = [{"subject_id": str(number), "note": note} for number, note in enumerate(notes)]
    table = as_table(rows, where=Path("x.csv"))
    read, _ = read_table(write(tmp_path_factory.mktemp("round"), table_bytes(table)))
    pd.testing.assert_frame_equal(read, table)


def test_numbers_and_missing_values_become_text():
    rows = pd.DataFrame({"subject_id": [1, 2], "age": [30.5, None], "site": [pd.NA, "a"]})
    table = as_table(rows, where=Path("x.csv"))
    assert table.to_dict("records") == [
        {"subject_id": "1", "session_id": "", "site": "", "age": "30.5"},
        {"subject_id": "2", "session_id": "", "site": "a", "age": ""},
    ]


def test_rows_that_could_not_be_read_are_not_made():
    with pytest.raises(ManifestError, match=r"x\.csv:3.*E508"):
        as_table([{"subject_id": "1"}, {"subject_id": "1"}], where=Path("x.csv"))


@pytest.mark.parametrize("cell", ["-12.5", "+3", "-1e-5"])
def test_signed_numbers_are_no_formulas(tmp_path, cell):
    content = table_bytes(as_table([{"subject_id": "1", "note": cell}], where=Path("x.csv")))
    assert content.endswith(f",{cell}\n".encode())
    assert read_table(write(tmp_path, content))[0].loc[0, "note"] == cell
