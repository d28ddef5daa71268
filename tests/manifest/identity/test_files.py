"""JSON sidecars, text tables, and files of other kinds."""

from __future__ import annotations

import json

import pytest

from monai_mri.manifest.identity import identity_faults


def codes(path):
    faults = identity_faults(path, where="here")
    assert all("Smith" not in str(fault) and "1996-09" not in str(fault) for fault in faults)
    return [fault.code for fault in faults]


@pytest.fixture
def sidecar(tmp_path):
    def write(**content):
        path = tmp_path / "a.json"
        path.write_text(
            json.dumps({"EchoTime": 0.004, "Manufacturer": "Siemens", "ProtocolName": "t1_mpr"} | content)
        )
        return path

    return write


def test_a_sidecar_of_a_converter_that_took_names_out_is_clean(sidecar):
    content = {
        "AcquisitionTime": "11:54:20.125",
        "ConversionSoftwareVersion": "v1.0.20240202",
        "PatientPosition": "HFS",
    }
    assert codes(sidecar(**content, ImageType=["ORIGINAL", "PRIMARY"], SliceTiming=[0.1, 1234567.5])) == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"PatientName": "Smith^John"}, "E801"),
        ({"PatientID": "4711"}, "E801"),
        ({"PatientBirthDate": "1996-09-09"}, "E801"),
        ({"deep": {"list": [{"dob": "1996-09-09"}]}}, "E801"),
        ({"contact": "smith@clinic.org"}, "E801"),
        ({"AcquisitionDateTime": "1996-09-09T10:11:12"}, "W804"),
        ({"anything": "/home/jSmith/x"}, "W804"),
        ({"PatientAge": "091Y"}, "W804"),
        ({"age": 93}, "W804"),
        ({"InstitutionName": "Smith Clinic"}, "W806"),
        ({"InstitutionAddress": "1 Road"}, "W806"),
        ({"StationName": "MR1"}, "W806"),
        ({"DeviceSerialNumber": "12345"}, "W806"),
        ({"PatientComments": "lady Smith"}, "W802"),
    ],
)
def test_each_identity_of_a_sidecar_is_found(sidecar, content, code):
    assert codes(sidecar(**content)) == [code]


def test_broken_json_gives_nothing(tmp_path):
    (tmp_path / "a.json").write_text("[" * 100_000)
    assert codes(tmp_path / "a.json") == []


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt"])
def test_a_table_with_names_is_found_and_one_without_is_clean(tmp_path, name):
    mark = "\t" if name == "a.tsv" else ","
    (tmp_path / name).write_text(f"id{mark}age{mark}edss\np1{mark}31{mark}1.5\n")
    assert codes(tmp_path / name) == []
    (tmp_path / name).write_text(f"id{mark}surname\np1{mark}Smith\n")
    assert codes(tmp_path / name) == ["E803"]


def test_text_without_columns_is_looked_through(tmp_path):
    (tmp_path / "a.txt").write_text("a note\nMail smith@clinic.org\n")
    assert codes(tmp_path / "a.txt") == ["E803"]


def test_other_kinds_of_file_give_nothing(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"Smith John 1996-09-09")
    assert codes(tmp_path / "a.bin") == []


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        identity_faults(tmp_path / "none.nii", where="here")


def test_the_open_data_sets_hold_only_the_dates_that_a_photo_editor_wrote(real_data):
    files = [path for path in sorted(real_data.rglob("*")) if path.is_file()]
    found = {path.name: fault.code for path in files for fault in identity_faults(path, where=path.name)}
    assert found == {f"brisc2025_train_0{number}_me_ax_t1.jpg": "W804" for number in ("1251", "1270")}


def test_a_data_set_s_name_is_no_person_s(tmp_path):
    path = tmp_path / "dataset_description.json"
    path.write_text(
        json.dumps({"Name": "Sclerosis cohort 2", "reader": "NibabelReader", "BIDSVersion": "1.8.0"})
    )
    assert codes(path) == []
    path.write_text(json.dumps({"Name": "Smith, John"}))
    assert codes(path) == ["E801"]


@pytest.mark.parametrize(("uid", "found"), [("1.2.3.4", ["W806"]), ("2.25.7", []), ("1.2.840.10008.1", [])])
def test_unique_ids_of_a_hospital_are_told_from_public_ones(sidecar, uid, found):
    assert codes(sidecar(SeriesInstanceUID=uid)) == found


def test_json_of_more_than_64_mib_is_told_and_not_read(tmp_path):
    with (tmp_path / "a.json").open("wb") as file:
        file.write(b'{"PatientName": "Smith"')
        file.truncate(64 * 2**20 + 1)
    (fault,) = identity_faults(tmp_path / "a.json", where="here")
    assert fault.code == "W802"
    assert "too large to judge" in fault.found


def test_a_table_of_more_than_64_mib_is_judged_by_its_beginning_and_that_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("monai_mri.manifest.identity.tables.MOST_BYTES", 2**10)
    (tmp_path / "a.csv").write_text("id,surname\n1,Smith\n" + "2,\n" * 2**10)
    assert codes(tmp_path / "a.csv") == ["W802", "E803"]
