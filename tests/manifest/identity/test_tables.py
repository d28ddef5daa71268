"""Text tables of any delimiter."""

from __future__ import annotations

import csv

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


FIRM = """
    Patientenname Telefon Fallnummer Adresse Strasse Straße Hausarzt Versichertennummer Geb Geb. Geburtsdatum
    Vorname Nachname prénom date_de_naissance adresse téléphone apellido fecha_de_nacimiento dirección
    teléfono cognome data_di_nascita codice_fiscale geboortedatum BSN achternaam PESEL nazwisko data_urodzenia
    data_nascimento endereço CPF TC_kimlik_no doğum_tarihi soyadı Hausärztin
"""
VAGUE = "Pat-ID Name nom NIR nombre DNI nome naam imię"
HARMLESS = """
    age sex label geburtsgewicht study_name modality_name edss ms_type group nr ort adi ad number_of_lesions
    lesion_id scan_id flair geburtsland nominal naming addition adresseable telemetry gebiet dauer
"""


@pytest.mark.parametrize("name", FIRM.split())
def test_columns_about_persons_are_known_in_other_languages(name):
    (found,) = column_traces({name: ["abc", "def"]})
    assert found.code == "E803"
    assert found.what == "what the column's name says"


@pytest.mark.parametrize("name", VAGUE.split())
def test_a_column_that_may_name_persons_is_a_warning_and_an_error_with_names_in_it(name):
    (found,) = column_traces({name: ["4711", "4712"]})
    assert found.code == "W804"
    (found,) = column_traces({name: ["Huber, Anna", "Meier, Max"]})
    assert found.code == "E803"


@pytest.mark.parametrize("name", HARMLESS.split())
def test_columns_that_only_sound_alike_give_no_alarm(name):
    assert list(column_traces({name: ["abc", "31"]})) == []


def test_an_age_over_89_with_a_decimal_comma_is_told():
    (found,) = column_traces({"age": ["91,5", "31,5"]})
    assert (found.what, found.cells) == ("an age over 89", 1)


def test_excels_line_about_the_separator_is_no_header(tmp_path):
    (tmp_path / "a.csv").write_text("sep=;\nid;age,years\np1;31\n")
    assert read_columns(tmp_path / "a.csv") == {"id": ["p1"], "age,years": ["31"]}


def test_long_cells_are_read_in_their_column_and_the_limit_of_everybody_stays(tmp_path, monkeypatch):
    long = 'x, "y"\n' * 30_000
    rows = [["id", "note", "end"], ["1", long, "a"], ["2", "short", "b"], ["3", "z" * 200_000, 'c"']]
    with (tmp_path / "a.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)

    def touched(*_):
        raise AssertionError("another thread may be reading a table")

    monkeypatch.setattr("csv.field_size_limit", touched)
    assert read_columns(tmp_path / "a.csv") == {
        "id": ["1", "2", "3"],
        "note": [long, "short", "z" * 200_000],
        "end": ["a", "b", 'c"'],
    }


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r"])
def test_a_long_quote_without_an_end_is_one_cell(tmp_path, end):
    (tmp_path / "a.csv").write_bytes(f'a,b{end or chr(10)}1,"{"x," * 100_000}{end}'.encode())
    assert read_columns(tmp_path / "a.csv")["b"] == ["x," * 100_000 + end]
