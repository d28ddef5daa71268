"""DICOM tags."""

from __future__ import annotations

import tracemalloc
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from monai_mri.manifest.dicom.tags import read_instance
from monai_mri.manifest.identity import identity_faults
from monai_mri.manifest.identity.keyed import profile


@pytest.fixture
def save(tmp_path):
    def save(*, change=None, preamble=True, **tags):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
        meta.MediaStorageSOPInstanceUID = "2.25.1"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset = FileDataset("a.dcm", {}, file_meta=meta, preamble=b"\0" * 128)
        tags = {
            "SOPClassUID": meta.MediaStorageSOPClassUID,
            "SOPInstanceUID": "2.25.1",
            "Modality": "MR",
        } | tags
        for keyword, value in tags.items():
            setattr(dataset, keyword, value)
        if change:
            change(dataset)
        if preamble:
            dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
        else:
            dataset.preamble = None
            del dataset.file_meta
            pydicom.dcmwrite(
                tmp_path / "a.dcm", dataset, implicit_vr=False, little_endian=True, enforce_file_format=False
            )
        return tmp_path / "a.dcm"

    return save


def codes(path):
    faults = identity_faults(path, where="here")
    assert all("Smith" not in str(fault) and "19960909" not in str(fault) for fault in faults)
    return [fault.code for fault in faults]


def test_a_clean_file_gives_nothing(save):
    tags = {
        "PatientName": "Anonymous",
        "PatientID": "sub-01",
        "SeriesDescription": "t1_mprage_sag",
        "EchoTime": 4.2,
    }
    assert codes(save(**tags)) == []


@pytest.mark.parametrize(
    ("keyword", "value", "code"),
    [
        ("PatientName", "Smith^John", "E801"),
        ("PatientID", "Smith4711", "E801"),
        ("PatientBirthDate", "19960909", "E801"),
        ("OperatorsName", "Smith^Jane", "E801"),
        ("AccessionNumber", "A4711", "E801"),
        ("StudyDate", "19960909", "W804"),
        ("AcquisitionDateTime", "19960909101112", "W804"),
        ("PatientAge", "091Y", "W804"),
        ("PatientAge", "045Y", "W806"),
        ("PatientComments", "lady Smith", "W802"),
        ("SeriesDescription", "t1 for Smith", "W802"),
        ("InstitutionName", "Smith Clinic", "W806"),
        ("DeviceSerialNumber", "12345", "W806"),
        ("StationName", "MR1", "W806"),
        ("StudyInstanceUID", "1.2.3.4.5", "W806"),
        ("StudyTime", "101112", "W806"),
        ("BurnedInAnnotation", "YES", "W807"),
    ],
)
def test_tags_of_the_basic_profile_are_found(save, keyword, value, code):
    assert codes(save(**{keyword: value})) == [code]


def test_names_in_sequences_are_found(save):
    item = pydicom.Dataset()
    item.PatientName = "Smith^John"
    assert "E801" in codes(save(SharedFunctionalGroupsSequence=[item]))


def test_private_tags_overlays_and_curves_are_found(save):
    def change(dataset):
        block = dataset.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
        block.add_new(0x10, "OB", b"Smith")
        dataset.add_new(0x60003000, "OW", b"\1\0")
        dataset.add_new(0x50003000, "OW", b"\1\0")

    faults = identity_faults(save(change=change), where="here")
    assert [fault.code for fault in faults] == ["W802", "W807"]
    assert "private tags of group 0029" in faults[0].found


def test_not_burned_in_is_clean(save):
    assert codes(save(BurnedInAnnotation="NO")) == []


def test_a_file_without_preamble_is_read(save):
    assert codes(save(PatientName="Smith^John", preamble=False)) == ["E801"]


def test_a_damaged_file_gives_nothing(tmp_path):
    (tmp_path / "a.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 64)
    assert codes(tmp_path / "a.dcm") in ([], ["W802"])
    (tmp_path / "a.dcm").write_bytes(b"")
    assert codes(tmp_path / "a.dcm") == []


def test_each_name_of_the_profile_is_a_dicom_keyword():
    from pydicom.datadict import tag_for_keyword

    assert len(profile()) > 180
    assert not [keyword for keyword in profile() if tag_for_keyword(keyword) is None]


BOMB = bytes(80 * 2**20)


def deflated(save, *, tail=b"", packed=None):
    path = save(PatientName="Smith^John")
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    data.save_as(path, enforce_file_format=True)
    if packed is not None:
        head = path.read_bytes()
        meta = pydicom.filereader.read_file_meta_info(path)
        start = 132 + 12 + meta.FileMetaInformationGroupLength
        path.write_bytes(head[:start] + packed)
    path.write_bytes(path.read_bytes() + tail)
    return path


def test_deflated_tags_are_read(save):
    assert codes(deflated(save)) == ["E801"]


def bomb():
    engine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return engine.compress(BOMB) + engine.flush()


@pytest.mark.parametrize("kind", ["bomb", "damaged", "tail"])
def test_deflated_tags_that_cannot_be_judged_are_told_and_not_unpacked(save, kind, monkeypatch):
    def unpacked(*_, **__):
        raise AssertionError("unpacked without a limit")

    monkeypatch.setattr("zlib.decompress", unpacked)
    packed = {"bomb": bomb(), "damaged": b"\xff" * 50, "tail": None}[kind]
    path = deflated(save, packed=packed, tail=b"x" * 200_000 if kind == "tail" else b"")
    (fault,) = identity_faults(path, where="here")
    assert fault.code == "W802"
    assert "too large to judge" in fault.found
    assert isinstance(read_instance(path), str)


def test_a_nifti_extension_with_a_bomb_is_told_and_not_unpacked(save, tmp_path):
    content = b"x" * 128 + deflated(save, packed=bomb()).read_bytes()[128:]
    image = nibabel.Nifti1Image(np.zeros((2, 2, 2), np.uint8), np.eye(4))
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension(0, content))
    nibabel.save(image, tmp_path / "a.nii")
    raw = (tmp_path / "a.nii").read_bytes()
    (tmp_path / "a.nii").write_bytes(raw[:356] + (2).to_bytes(4, "little") + raw[360:])
    tracemalloc.start()
    faults = identity_faults(tmp_path / "a.nii", where="here")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "too large to judge" in faults[0].found
    assert peak < 16 * 2**20


@pytest.mark.filterwarnings("ignore:Invalid value")
def test_filters_of_warnings_are_as_before_after_many_threads(save):
    path, before = save(PatientName="Smith^John", StudyDate="not a date"), list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: codes(path), range(40)))
    assert all(one == found[0] for one in found)
    assert list(warnings.filters) == before
