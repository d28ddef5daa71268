from __future__ import annotations

from monai_mri.errors import ImageError, ManifestError
from monai_mri.faults import Fault


def test_a_fault_without_a_code_shows_none():
    assert str(Fault("", "a.csv", "no rows", "some", "add rows")) == "a.csv: no rows, expected some; add rows"


def test_a_fault_becomes_the_error_asked_for():
    fault = Fault("E1", "a", "b", "c", "d")
    assert isinstance(fault.error(), ManifestError)
    assert isinstance(fault.error(ImageError), ImageError)
    assert str(fault.error()) == str(fault)
