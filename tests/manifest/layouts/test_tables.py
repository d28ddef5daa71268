from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest.layouts._tables import (
    MOST_BYTES,
    by_subject,
    id_column,
    manifest_columns,
    match_subjects,
    read_subject_table,
)


@pytest.fixture
def table(tmp_path):
    def make(content: str | bytes, name="participants.tsv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_subject_table(path)

    return make


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "id\tage\n001\t31\n002\tn/a\n"),
        ("a.csv", "id,age\r\n001,31\r\n002,n/a\r\n"),
        ("a.csv", "\ufeffid;age\n001;31\n002;n/a\n"),
        ("a.csv", '"id", age\n"001",31 \n\n , \n002,\n'),
        ("a.tsv", "id,age\n001,31\n002,\n"),
        ("a.csv", "id,age,,\n001,31,,\n002,,,\n"),
        ("a.txt", "id|age\n001|31\n002|N/A\n"),
    ],
)
def test_every_usual_way_to_write_a_table_gives_the_same_text(table, name, content):
    read = table(content, name)
    assert read.columns == ("id", "age")
    assert read.rows == ({"id": "001", "age": "31"}, {"id": "002", "age": ""})


def test_ids_and_words_stay_as_they_are(table):
    rows = table("id\tx\nNA\tNone\n007\t1e5\n='1\t'=1+1\n").rows
    assert [tuple(row.values()) for row in rows] == [("NA", "None"), ("007", "1e5"), ("='1", "=1+1")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id;naïve\n1;2\n".encode("latin-1"), r"p\.csv:1: not UTF-8, looks like Latin-1.*\[E501\]"),
        ("id,x\n1,2\n".encode("utf-16"), r"looks like UTF-16.*\[E501\]"),
        (b"id,x\n1,2\n2,\0\n", r"p\.csv:3: a NUL byte.*\[E501\]"),
        (b"\xef\xbb\xbf \n", r"an empty file.*\[E103\]"),
        (b"id,x,x\n1,2,3\n", r"p\.csv:1: column 'x' twice.*\[E504\]"),
        (b"id,x\n1,2\n2,3,4\n", r"p\.csv:3: 3 cells, expected 2.*\[E505\]"),
        (b"id,x\n1\n", r"p\.csv:2: 1 cells, expected 2.*\[E505\]"),
        (b'id,x\n1,"2\n', r"\[E505\]"),
        (b"id,x\n1," + b"z" * 10**7, r"\[E505\]"),
        (b"id,x\n", "no row under a header"),
        (b",,\n;\n", "no row under a header"),
        ("\u2003\u2028\n".encode(), "no row under a header"),
    ],
)
def test_what_is_no_table_is_said_in_one_line(table, content, message):
    with pytest.raises(ManifestError, match=message) as caught:
        table(content, "p.csv")
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


def test_a_missing_or_huge_table_is_not_read(tmp_path):
    with pytest.raises(ManifestError, match=r"no such file.*\[E111\]"):
        read_subject_table(tmp_path / "none.csv")
    with (tmp_path / "huge.csv").open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)
    with pytest.raises(ManifestError, match=r"expected a table of at most 256 MiB.*\[E108\]"):
        read_subject_table(tmp_path / "huge.csv")


@pytest.mark.parametrize(
    ("header", "name", "found"),
    [
        ("participant_id\tid", "", "participant_id"),
        ("age\tID", "", "ID"),
        ("id\tsubject_id", "", "subject_id"),
        ("id\tPatient ID", "patient id", "Patient ID"),
    ],
)
def test_the_column_of_subjects_is_found(table, header, name, found):
    assert id_column(table(f"{header}\n1\t2\n"), name) == found


def test_a_column_that_is_not_there_is_said_with_those_that_are(table):
    read = table("who\tage\n1\t2\n")
    with pytest.raises(ManifestError, match="no column of subjects among who, age"):
        id_column(read)
    with pytest.raises(UsageError, match="did you mean 'age'"):
        id_column(read, "agee")


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["01", "02", "01"], r":4: the subject of line 2 again"),
        (["sub-01", "01"], r":3: the subject of line 2 again"),
        (["01", ""], r":3: id is empty"),
    ],
)
def test_a_subject_without_id_or_twice_is_refused_and_not_named(table, ids, message):
    read = table("id\tage\n" + "".join(f"{one}\t3\n" for one in ids))
    with pytest.raises(ManifestError, match=message) as caught:
        by_subject(read)
    assert "sub-01" not in str(caught.value)


@pytest.mark.parametrize(
    ("wanted", "written"),
    [("sub-01", "01"), ("01", "sub-01"), ("patient01", "1"), ("7", "P007"), ("Sub_3", "sub-003")],
)
def test_ids_match_whatever_their_zeros_and_prefixes(table, wanted, written):
    read = table(f"id\tage\nother\t2\n{written}\t31\n")
    found = match_subjects([wanted], by_subject(read), table=read.path)
    assert found[wanted].cells == {"age": "31"}


def test_an_exact_id_wins_over_one_that_is_like_it(table):
    read = table("id\tage\n1\t10\n01\t20\n")
    found = match_subjects(["01", "1"], by_subject(read), table=read.path)
    assert [found[subject].cells["age"] for subject in ("1", "01")] == ["10", "20"]


@pytest.mark.parametrize(
    ("ids", "wanted", "message"),
    [
        (["01", "001"], ["1"], "lines 2 and 3 both fit the subject '1'"),
        (["01"], ["01", "1"], "line 2 fits the subjects '01' and '1'"),
    ],
)
def test_ids_that_fit_twice_are_refused(table, ids, wanted, message):
    read = table("id\tx\n" + "".join(f"{one}\t3\n" for one in ids))
    with pytest.raises(ManifestError, match=message) as caught:
        match_subjects(wanted, by_subject(read), table=read.path)
    assert caught.value.fault.code == "E503"


def test_names_that_the_manifest_needs_are_not_taken_by_the_table(table):
    read = table("id\tlabel\tDx group\tmask\ta b\ta_b\n" + "1\t" * 5 + "1\n")
    names = manifest_columns(read, drop={"id"}, taken={"mask"}, label="dx_group")
    assert names == {
        "Dx group": "label",
        "label": "label_in_table",
        "mask": "mask_in_table",
        "a b": "a_b",
        "a_b": "a_b_in_table",
    }


@given(
    content=st.one_of(st.binary(max_size=80), st.text(alphabet='ab0,;\t"\r\n =\u2028\ufeffé', max_size=60))
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_a_table_or_one_line(tmp_path, content):
    path = tmp_path / "t.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    message = ""
    try:
        by_subject(read_subject_table(path))
    except ManifestError as error:
        message = str(error)
    assert len(message.splitlines()) <= 1


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\nid;a,b\n1;x\n",
        "\ufeffSEP=;\r\nid;a,b\r\n1;x\r\n",
        '"sep=;"\nid;a,b\n1;x\n',
        "sep=;;\nid;a,b\n1;x\n",
    ],
)
def test_excels_line_about_the_separator_is_understood_and_skipped(table, content):
    found = table(content, "t.csv")
    assert found.columns == ("id", "a,b")
    assert found.rows == ({"id": "1", "a,b": "x"},)
    assert found.lines == (3,)
