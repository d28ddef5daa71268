"""NIfTI and Analyze headers."""

from __future__ import annotations

import gzip
import struct
from io import BytesIO

import nibabel
import numpy as np
import pydicom
import pytest

from monai_mri.manifest.identity import identity_faults

KINDS = {"a.nii": nibabel.Nifti1Image, "a.nii.gz": nibabel.Nifti1Image, "b.nii": nibabel.Nifti2Image}


@pytest.fixture(params=KINDS)
def save(request, tmp_path):
    def save(**fields):
        image = KINDS[request.param](np.zeros((4, 4, 4), np.uint8), np.eye(4))
        for name, value in fields.items():
            image.header[name] = value
        nibabel.save(image, tmp_path / request.param)
        return tmp_path / request.param

    return save


def codes(path):
    faults = identity_faults(path, where="here")
    assert all("Smith" not in str(fault) and "jsmith" not in str(fault) for fault in faults)
    return [fault.code for fault in faults]


def dicom_bytes(**tags):
    dataset = pydicom.Dataset()
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    stream = BytesIO()
    pydicom.dcmwrite(stream, dataset, implicit_vr=False, little_endian=True)
    return stream.getvalue()


def test_a_bare_header_is_clean(save):
    assert codes(save()) == []


@pytest.mark.parametrize("text", ["FSL5.0", "SPM12", "5.0.11", "spm - algebra", "TE=4.2;phase=1"])
def test_strings_of_software_are_clean(save, text):
    assert codes(save(descrip=text)) == []


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("descrip", "lady Smith", "W802"),
        ("descrip", "Smith, John", "W804"),
        ("descrip", "scan 1996-09-09", "W804"),
        ("descrip", "jsmith@clinic.org", "E801"),
        ("aux_file", "/home/jsmith/t1.nii", "W804"),
        ("intent_name", "Smith", "W802"),
    ],
)
def test_text_fields_are_judged(save, field, text, code):
    assert codes(save(**{field: text})) == [code]


def test_the_patient_in_db_name_is_seen(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((4, 4, 4), np.uint8), np.eye(4))
    image.header["db_name"] = "SmithJ4711234"
    nibabel.save(image, tmp_path / "a.nii")
    assert codes(tmp_path / "a.nii") == ["W804"] or codes(tmp_path / "a.nii") == ["W802"]


@pytest.mark.parametrize(
    ("code", "content", "found"),
    [
        (6, b"written for lady Smith", ["W802"]),
        (6, b"FSL5.0", []),
        (
            4,
            b"<AFNI_attributes><AFNI_atr atr_name='HISTORY'>/home/jsmith/x</AFNI_atr></AFNI_attributes>",
            ["W804"],
        ),
        (44, b"\0\1\2abc", ["W802"]),
        (2, b"nothing that DICOM could be", ["E801"]),
        (2, dicom_bytes(PatientName="Smith^John"), ["E801"]),
        (2, dicom_bytes(EchoTime="4.2", PatientName="Anonymous"), []),
    ],
)
def test_extensions_are_judged(save, code, content, found):
    path = save()
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    size = struct.unpack_from("<i", raw)[0]
    content += b"\0" * (-(len(content) + 8) % 16)
    block = b"\1\0\0\0" + struct.pack("<ii", len(content) + 8, code) + content
    head = bytearray(raw[:size])
    struct.pack_into(*(("<f", head, 108) if size == 348 else ("<q", head, 168)), size + len(block))
    path.write_bytes(gzip.compress(head + block) if path.suffix == ".gz" else head + block)
    assert codes(path) == found


def test_bytes_hidden_between_header_and_voxels_are_seen(tmp_path):
    raw = bytearray(nibabel.Nifti1Image(np.zeros((4, 4, 4), np.uint8), np.eye(4)).to_bytes())
    struct.pack_into("<f", raw, 108, 384)
    (tmp_path / "a.nii").write_bytes(raw[:352] + b"Smith".ljust(32, b"\0") + raw[352:])
    assert codes(tmp_path / "a.nii") == ["W802"]


def test_what_an_older_longer_text_left_after_the_first_nul_is_seen(tmp_path):
    raw = bytearray(nibabel.Nifti1Image(np.zeros((4, 4, 4), np.uint8), np.eye(4)).to_bytes())
    raw[148:165] = b"FSL5.0\0lady Smith"
    (tmp_path / "a.nii").write_bytes(raw)
    assert codes(tmp_path / "a.nii") == ["W802"]


def test_the_patient_of_an_analyze_header_is_seen(tmp_path):
    raw = bytearray(348)
    struct.pack_into("<i", raw, 0, 348)
    (tmp_path / "a.hdr").write_bytes(raw)
    assert codes(tmp_path / "a.hdr") == []
    raw[283:288] = b"Smith"
    (tmp_path / "a.hdr").write_bytes(raw)
    assert codes(tmp_path / "a.hdr") == ["E801"]


def test_voxels_are_not_read(tmp_path):
    header = nibabel.Nifti1Image(np.zeros((4, 4, 4), np.uint8), np.eye(4)).to_bytes()[:352]
    (tmp_path / "a.nii").write_bytes(header)
    assert codes(tmp_path / "a.nii") == []


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b", b"\x1f\x8b\x08" + b"x" * 600, b"n" * 600])
def test_a_damaged_file_gives_nothing(tmp_path, content):
    for name in ("a.nii", "a.nii.gz"):
        (tmp_path / name).write_bytes(content)
        assert codes(tmp_path / name) == []
