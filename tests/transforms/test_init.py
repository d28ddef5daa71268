from __future__ import annotations

import subprocess
import sys

import pytest

import monai_mri.transforms as transforms


def test_every_public_name_is_there():
    for name in transforms.__all__:
        assert getattr(transforms, name).__doc__
    assert dir(transforms) == sorted(transforms.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = transforms.nothing


def test_only_reading_for_monai_needs_torch():
    code = (
        "import sys\n"
        "from monai_mri.transforms import augment_tile, plan_tiles, write_mask\n"
        "sys.exit(bool({'torch', 'monai'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
