from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from monai_mri.images.nifti_faults import nifti_faults, squeezed
from monai_mri.images.nifti_header import parse_nifti_header

EYE = np.eye(4)
TURNED = np.array([[0.0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


def header(shape=(12, 12, 12), *, sform=EYE, qform=EYE, codes=(1, 1), **fields):
    made = nibabel.Nifti1Header()
    made.set_data_shape(shape)
    made.set_qform(qform, code=codes[0], strip_shears=True)
    made.set_sform(sform, code=codes[1])
    for name, value in fields.items():
        made[name] = value
    return parse_nifti_header(made.binaryblock)


def codes_of(found, **settings) -> list[str]:
    return [fault.code for fault in nifti_faults(found, Path("x.nii"), **settings)]


def sheared(degrees: float):
    affine = np.eye(4)
    affine[0, 1] = np.tan(np.radians(degrees))
    return affine


@pytest.mark.parametrize(
    ("found", "codes"),
    [
        (header(), []),
        (header((12, 12, 12, 1)), []),
        (header((12, 12, 12, 5)), ["E201"]),
        (header((12, 12)), ["E202"]),
        (header(dim=[3, -4, 5, 6, 1, 1, 1, 1]), ["E109"]),
        (header(dim=[9, 4, 5, 6, 1, 1, 1, 1]), ["E109"]),
        (header(datatype=9999), ["E109"]),
        (header(datatype=128), ["E210"]),
        (header(datatype=32), ["E210"]),
        (header(qform=np.diag([-1, -1, 1, 1])), ["E203"]),
        (header(qform=TURNED), ["E203"]),
        (header(codes=(1, 0)), ["W204"]),
        (header(codes=(0, 1)), []),
        (header(codes=(0, 0)), ["E205"]),
        (header(sform=sheared(17), codes=(0, 1)), ["W207"]),
        (header(sform=sheared(0.5), codes=(0, 1)), []),
        (header(pixdim=[1, 0, 1, 1, 1, 1, 1, 1]), ["E208"]),
        (header(sform=np.diag([1.0, 1, 0, 1])), ["E208"]),
        (header(sform=np.array([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])), ["E208"]),
        (header(scl_slope=np.inf), ["W303"]),
        (header(scl_slope=0, scl_inter=5), ["W303"]),
        (header(scl_slope=0, scl_inter=0), []),
        (header(scl_slope=np.nan, scl_inter=np.nan), []),
    ],
)
def test_each_fault_of_a_header_has_its_code(found, codes):
    assert codes_of(found) == codes


def test_all_faults_are_said_in_one_pass():
    found = header((12, 12, 12, 5), codes=(0, 0), scl_slope=np.inf, datatype=32)
    assert codes_of(found) == ["E201", "E210", "W303", "E205"]


def test_declared_volumes_are_accepted():
    assert codes_of(header((12, 12, 12, 5)), volumes=5) == []
    assert codes_of(header((12, 12, 12, 4)), volumes=5) == ["E201"]


def test_rounding_in_the_qform_is_no_disagreement():
    nudged = np.eye(4)
    nudged[:3, 3] = 1e-4
    assert codes_of(header(sform=nudged)) == []


def test_only_trailing_axes_beyond_the_third_are_dropped():
    assert squeezed((5, 1, 1, 1, 1)) == (5, 1, 1)
