from __future__ import annotations

import pytest

from monai_mri.errors import DataError
from monai_mri.report.classes.predictions import Prediction, read_predictions, surest_wrong_first

HEAD = "sample_id,subject_id,truth,predicted,correct,p_a,p_b\n"


@pytest.fixture
def write(tmp_path):
    def write(text: str):
        path = tmp_path / "predictions.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_lines_are_read_with_the_probability_of_the_truth(write):
    (one,) = read_predictions(write(HEAD + "x,s,b,a,0,0.7,0.3\n"), classes=["a", "b"])
    assert one == Prediction("x", "s", "b", "a", (0.7, 0.3), 0.3)
    assert not one.right
    assert one.sureness == 0.7


def test_no_file_and_no_line_are_empty(write, tmp_path):
    assert read_predictions(tmp_path / "none.csv", classes=["a"]) == []
    assert read_predictions(write(HEAD), classes=["a", "b"]) == []


def test_image_of_unknown_class_is_kept(write):
    (one,) = read_predictions(write(HEAD + "x,s,,a,,0.7,0.3\n"), classes=["a", "b"])
    assert one.truth == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sample_id,truth,predicted,p_a\nx,a,a,1\n", r"has no column 'p_b', expected sample_id"),
        ("truth,predicted,p_a,p_b\na,a,1,0\n", r"has no column 'sample_id'"),
        (HEAD + "x,s,c,a,0,0.7,0.3\n", r"csv:2: truth is 'c', expected one of a, b"),
        (HEAD + "x,s,a,a,1,0.7,0.3\nx,s,a,,0,0.7,0.3\n", r"csv:3: predicted is '', expected one of a, b"),
        (HEAD + "x,s,a,a,1,much,0.3\n", r"csv:2: p_a is 'much', expected a probability"),
        (HEAD + "x,s,a,a,1,nan,0.3\n", r"p_a is 'nan'"),
        (HEAD + "x,s,a,a,1,1.2,0.3\n", r"p_a is '1\.2'"),
        (HEAD + "x,s,a,a,1\n", r"p_a is ''"),
    ],
)
def test_broken_file_is_a_data_error_in_one_line(write, text, message):
    with pytest.raises(DataError, match=message) as caught:
        read_predictions(write(text), classes=["a", "b"])
    assert "\n" not in str(caught.value)


def test_file_that_is_no_text_is_a_data_error(tmp_path):
    path = tmp_path / "predictions.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="is no table"):
        read_predictions(path, classes=["a"])


def test_surest_wrong_one_is_on_top_and_surest_right_one_last():
    shares = {"right sure": ("a", 0.9), "right": ("a", 0.6), "wrong": ("b", 0.7), "wrong sure": ("b", 0.95)}
    several = [Prediction(name, "", truth, "a", (p, 1 - p)) for name, (truth, p) in shares.items()]
    assert [one.sample_id for one in surest_wrong_first(several)] == [
        "wrong sure",
        "wrong",
        "right",
        "right sure",
    ]
