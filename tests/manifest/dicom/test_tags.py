from __future__ import annotations

import struct
import zlib

import pytest
from pydicom.errors import BytesLengthException

from monai_mri.manifest.dicom.tags import Instance, read_instance


def test_tags_of_a_slice_are_read(write_series, tmp_path):
    image = read_instance(write_series(tmp_path)[2])
    assert isinstance(image, Instance)
    assert (image.tr_ms, image.te_ms, image.ti_ms, image.field_t) == (9000, 120, 2500, 3)
    assert image.voxel_mm == (1.25, 1.5, 3.0)
    assert image.positions == ((-5.0, -7.0, 17.0),)
    assert image.text.strip() == "t2_flair"
    assert not image.broken


def test_a_patient_without_an_id_is_told_by_name_and_birth_date(write_series, tmp_path):
    image = read_instance(write_series(tmp_path, PatientID="")[0])
    assert image.patient == "Doe^Jane/19700101"
    assert image.patient_id == ""
    nobody = read_instance(write_series(tmp_path / "b", PatientID="", PatientName="")[0])
    assert nobody.patient == ""


@pytest.mark.parametrize(
    "content", [b"hello", b"\0" * 400, b"\x08\x00\x05\x00", b"DICM", b"\x89PNG\r\n\x1a\n" * 40]
)
def test_what_is_no_dicom_is_said_and_never_raises(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    assert isinstance(read_instance(tmp_path / "x"), str)


@pytest.mark.parametrize("cut", range(100, 1400, 117))
def test_a_file_cut_anywhere_is_refused_or_called_broken(write_series, tmp_path, cut):
    path = write_series(tmp_path, slices=[0])[0]
    content = path.read_bytes()
    path.write_bytes(content[: min(cut, len(content) - 1)])
    image = read_instance(path)
    assert isinstance(image, str) or image.broken


def test_values_that_are_no_numbers_are_missing(write_series, tmp_path):
    path = write_series(tmp_path, slices=[0])[0]
    path.write_bytes(path.read_bytes().replace(b"9000", b"fast"))
    assert read_instance(path).tr_ms is None


def test_no_refusal_quotes_an_identifying_value(write_series, tmp_path):
    path = write_series(tmp_path, slices=[0])[0]
    content = path.read_bytes()
    for cut in range(0, len(content), 61):
        path.write_bytes(content[:cut])
        said = read_instance(path)
        text = said if isinstance(said, str) else said.broken
        assert not any(secret in text for secret in ("4711", "Doe", "1970", "Elsewhere"))


@pytest.mark.filterwarnings("ignore:Invalid value")
@pytest.mark.parametrize("text", [b"inf", b"nan", b"1e999", b"-inf"])
@pytest.mark.parametrize("tag", ["SeriesNumber", "EchoTime", "MagneticFieldStrength"])
def test_numbers_without_a_value_are_missing_or_skip_the_file(write_series, tmp_path, text, tag):
    path = write_series(tmp_path, slices=[0], **{tag: 777777})[0]
    assert path.read_bytes().count(b"777777") == 1
    path.write_bytes(path.read_bytes().replace(b"777777", text.ljust(6)))
    image = read_instance(path)
    assert isinstance(image, str) or None in (image.number, image.te_ms, image.field_t)


@pytest.mark.parametrize(
    "kind",
    [NotImplementedError, BytesLengthException, struct.error, zlib.error, OverflowError, RecursionError],
)
def test_whatever_pydicom_raises_skips_the_file_and_names_the_kind(write_series, tmp_path, monkeypatch, kind):
    def fail(*_, **__):
        raise kind("Doe^Jane")

    path = write_series(tmp_path, slices=[0])[0]
    monkeypatch.setattr("pydicom.dcmread", fail)
    assert read_instance(path) == f"not readable as DICOM ({kind.__name__})"


def test_an_unknown_kind_of_value_skips_the_file(write_series, tmp_path):
    path = write_series(tmp_path, slices=[0])[0]
    raw = path.read_bytes()
    at = raw.index(b"\x28\x00\x10\x00US")
    path.write_bytes(raw[: at + 4] + b"ZZ" + raw[at + 6 :])
    assert isinstance(read_instance(path), str)


def test_rows_of_an_odd_length_skip_the_file(write_series, tmp_path):
    path = write_series(tmp_path, slices=[0])[0]
    raw = path.read_bytes()
    at = raw.index(b"\x28\x00\x10\x00US")
    path.write_bytes(raw[: at + 6] + b"\x03\x00" + raw[at + 8 : at + 10] + b"\0" + raw[at + 10 :])
    assert read_instance(path) == "not readable as DICOM (BytesLengthException)"
