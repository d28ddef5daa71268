from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "monai", "sklearn", "scipy", "nibabel", "PIL", "pandas.plotting._matplotlib")


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    code = "import sys, monai_mri.manifest as m; m.layouts.available(); print(*sys.modules)"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def test_a_manifest_is_read_without_the_heavy_libraries(loaded):
    assert not loaded & set(HEAVY)
