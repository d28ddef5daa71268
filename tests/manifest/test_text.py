from __future__ import annotations

import os

import pytest

from monai_mri.errors import ManifestError
from monai_mri.manifest.text import read_csv_text


def faults(tmp_path, content: bytes):
    path = tmp_path / "m.csv"
    path.write_bytes(content)
    return read_csv_text(path).faults


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "E103", "empty"),
        (b" \n", "E103", "empty"),
        ("a,b\n1,é\n".encode("latin-1"), "E501", "Latin-1"),
        ("a,b\n1,2\n".encode("utf-16"), "E501", "UTF-16"),
        (b"a,b\n1,\0\n", "E501", "NUL"),
        (b"a;b\n1;2\n", "E502", "semicolons"),
        (b"a\tb\n1\t2\n", "E502", "tabs"),
        (b"a,b\n1\n", "E505", "1 cells"),
        (b'a,b\n1,"2\n', "E505", "not CSV"),
        (b"a,b\n1," + b"x" * 200_000 + b"\n", "E505", "field larger"),
    ],
)
def test_what_cannot_be_parsed_is_one_fault_with_a_line(tmp_path, content, code, words):
    (fault,) = faults(tmp_path, content)
    assert fault.code == code
    assert words in fault.found


def test_every_ragged_row_is_said_and_the_others_are_kept(tmp_path):
    path = tmp_path / "m.csv"
    path.write_bytes(b"a,b\n1,2\n3\n4,5\n6,7,8\n")
    text = read_csv_text(path)
    assert [fault.where for fault in text.faults] == [f"{path}:3", f"{path}:5"]
    assert (text.rows, text.lines) == ([["1", "2"], ["4", "5"]], [2, 4])


def test_a_byte_order_mark_is_noticed_and_taken_off(tmp_path):
    path = tmp_path / "m.csv"
    path.write_bytes("\ufeffa,b\n1,2\n".encode())
    text = read_csv_text(path)
    assert text.bom
    assert text.columns == {"a": ("1",), "b": ("2",)}


def test_an_endless_line_is_refused_before_memory_is_full(tmp_path):
    path = tmp_path / "m.csv"
    with path.open("wb") as stream:
        stream.truncate(2**31 - 1)  # sparse: zeros without a line's end
    (fault,) = read_csv_text(path).faults
    assert "a line of more than 16 MiB" in fault.found


def test_a_pipe_is_refused_and_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "m.csv")
    with pytest.raises(ManifestError, match="not a regular file"):
        read_csv_text(tmp_path / "m.csv")
