from __future__ import annotations

import subprocess
import sys

import monai_mri.metrics


def test_importing_the_metrics_loads_neither_torch_nor_monai_nor_scipy():
    code = (
        "import sys, monai_mri.metrics\n"
        "print(*sorted({'torch', 'monai', 'scipy', 'edt', 'cc3d', 'pandas'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


def test_all_public_names_exist_and_are_documented():
    for name in monai_mri.metrics.__all__:
        assert getattr(monai_mri.metrics, name).__doc__, name
