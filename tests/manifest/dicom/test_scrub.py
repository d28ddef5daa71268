from __future__ import annotations

import nibabel
import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Extension

from monai_mri.manifest.dicom.scrub import nameless_header, nameless_sidecar


@pytest.mark.parametrize("order", ["<", ">"])
def test_texts_and_extensions_go_and_voxels_stay(order):
    voxels = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    image = nibabel.Nifti1Image(voxels, np.diag([2.0, 3, 4, 1]), nibabel.Nifti1Header(endianness=order))
    image.header["descrip"], image.header["aux_file"] = b"Time=101112", b"Doe"
    image.header["db_name"], image.header["intent_name"] = b"Jane", b"4711"
    image.header.set_slope_inter(2.0, 1.0)
    image.header.extensions.append(Nifti1Extension("comment", b"Jane Doe"))
    clean = nameless_header(image.to_bytes())
    again = nibabel.Nifti1Image.from_bytes(clean)
    assert not any(secret in clean for secret in (b"1011", b"Doe", b"Jane", b"4711"))
    assert again.header.endianness == order
    np.testing.assert_array_equal(again.get_fdata(), 2.0 * voxels + 1.0)
    np.testing.assert_array_equal(again.affine, image.affine)


@pytest.mark.parametrize("raw", [b"", b"n+1", b"\0" * 400])
def test_what_is_no_nifti_is_refused(raw):
    with pytest.raises(ValueError, match="not a NIfTI-1 file"):
        nameless_header(raw)


def test_a_sidecar_keeps_the_acquisition_and_loses_the_person():
    entries = {
        "EchoTime": 0.12,
        "SliceTiming": [0, 1],
        "PatientPosition": "HFS",
        "ImageType": ["ORIGINAL", "M"],
        "ManufacturersModelName": "Prisma",
        "SeriesDescription": "flair of JANE",
        "ProtocolName": "flair",
        "PatientName": "x",
        "PatientAge": "40Y",
        "InstitutionName": "x",
        "StationName": "x",
        "DeviceSerialNumber": "x",
        "SeriesInstanceUID": "x",
        "AcquisitionDateTime": "x",
        "AcquisitionTime": "x",
        "ImageComments": "x",
        "ProcedureStepDescription": "x",
    }
    assert list(nameless_sidecar(entries, ["Jane"])) == [
        "EchoTime",
        "SliceTiming",
        "PatientPosition",
        "ImageType",
        "ManufacturersModelName",
        "ProtocolName",
    ]


def test_an_id_of_digits_does_not_cost_the_numbers():
    assert nameless_sidecar({"EchoTime": 0.120, "ImageType": ["A120"]}, ["120"]) == {"EchoTime": 0.120}
