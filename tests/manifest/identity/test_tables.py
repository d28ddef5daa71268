"""Text tables of any delimiter."""

from __future__ import annotations

import pytest

from monai_mri.manifest.identity.tables import column_traces, read_columns


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_every_delimiter_is_read(tmp_path, mark):
    (tmp_path / "a.csv").write_text(f"id{mark}age\np1{mark}31\np2\n")
    assert read_columns(tmp_path / "a.csv") == {"id": ["p1", "p2"], "age": ["31", ""]}


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\xff\xfe\0", b"a,a\n1,2\n", b'"', b"a\n" + b"x" * 300_000]
)
def test_hostile_tables_are_read_without_an_error(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    list(column_traces(read_columns(tmp_path / "a.csv")))


def test_latin_1_and_a_byte_order_mark_are_read(tmp_path):
    (tmp_path / "a.csv").write_bytes("\ufeffnote\nmüde\n".encode())
    assert read_columns(tmp_path / "a.csv") == {"note": ["müde"]}
    (tmp_path / "a.csv").write_bytes("note\nmüde\n".encode("latin-1"))
    assert read_columns(tmp_path / "a.csv") == {"note": ["müde"]}


def test_columns_of_the_same_name_are_kept_apart(tmp_path):
    (tmp_path / "a.csv").write_text("a,a\n1,2\n")
    assert read_columns(tmp_path / "a.csv") == {"a": ["1"], "a (2)": ["2"]}


def test_equal_cells_are_counted_and_the_first_row_is_named():
    (found,) = column_traces({"scan": ["", "x", "1996-09-09", "1996-09-09"]})
    assert (found.cells, found.row) == (2, 4)
