from __future__ import annotations

import pytest

import monai_mri.explain
import monai_mri.images
import monai_mri.manifest.copies
import monai_mri.transforms

LAZY = [monai_mri.explain, monai_mri.images, monai_mri.manifest.copies, monai_mri.transforms]


@pytest.mark.parametrize("package", LAZY, ids=lambda package: package.__name__)
def test_every_public_name_loads_and_no_other(package):
    assert dir(package) == sorted(package.__all__)
    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing
