from __future__ import annotations

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nibabel.quaternions import quat2mat

from monai_mri.errors import ImageError
from monai_mri.images.nifti_header import parse_nifti_header, require_header

KINDS = {"1": nibabel.Nifti1Header, "2": nibabel.Nifti2Header}
steps = st.floats(0.25, 5, width=32)


@pytest.mark.parametrize("version", KINDS)
@pytest.mark.parametrize("endian", "<>")
@pytest.mark.parametrize("unit", ["mm", "meter", "micron", "unknown"])
def test_every_field_is_what_nibabel_reads(version, endian, unit):
    header = KINDS[version](endianness=endian)
    header.set_data_shape((4, 5, 6, 2))
    header.set_data_dtype(np.int16)
    header.set_zooms((1.5, 2, 3, 4))
    header.set_xyzt_units(unit)
    header.set_slope_inter(0.5, 3)
    header["vox_offset"] = 544
    ours = parse_nifti_header(header.binaryblock)
    assert ours.shape == header.get_data_shape()
    assert ours.pixdim[1:5] == (1.5, 2, 3, 4)
    assert (ours.datatype, ours.bits) == (4, 16)
    assert (ours.slope, ours.intercept) == header.get_slope_inter()
    assert ours.data_end == 544 + 4 * 5 * 6 * 2 * 2
    assert ours.unit_mm == {"meter": 1000, "micron": 0.001}.get(unit, 1)
    assert ours.big_endian == (endian == ">")


@given(
    st.tuples(*[st.floats(-1, 1, width=32)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1),
    st.tuples(steps, steps, steps),
    st.booleans(),
)
def test_the_qform_is_nibabels(quaternion, zooms, mirrored):
    affine = np.eye(4)
    affine[:3, :3] = quat2mat(np.array(quaternion) / np.linalg.norm(quaternion)) * np.array(zooms)
    affine[:3, 0] *= -1 if mirrored else 1
    affine[:3, 3] = (7, -8, 9)
    header = nibabel.Nifti1Header()
    header.set_data_shape((3, 3, 3))
    header.set_qform(affine, code=1)
    ours = parse_nifti_header(header.binaryblock)
    np.testing.assert_allclose(ours.qform, header.get_qform()[:3], atol=2e-5)
    assert ours.affine == ours.qform


def test_the_sform_goes_first_and_without_codes_there_is_no_affine():
    header = nibabel.Nifti1Header()
    header.set_sform(np.diag([2.0, 3.0, 4.0, 1.0]), code=2)
    header.set_qform(np.eye(4), code=1)
    assert parse_nifti_header(header.binaryblock).affine == ((2, 0, 0, 0), (0, 3, 0, 0), (0, 0, 4, 0))
    header.set_sform(None, code=0)
    header.set_qform(None, code=0)
    assert parse_nifti_header(header.binaryblock).affine is None


@pytest.mark.parametrize(("head", "code"), [(b"\x1f" * 100, "E101"), (bytes(544), "E109")])
def test_what_is_no_header_is_refused(tmp_path, head, code):
    assert parse_nifti_header(head) is None
    with pytest.raises(ImageError) as error:
        require_header(head, tmp_path / "x.nii")
    assert error.value.fault.code == code
