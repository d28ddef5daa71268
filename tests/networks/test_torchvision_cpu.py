from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from monai_mri.errors import ConfigError
from monai_mri.networks.torchvision_cpu import import_timm, import_torchvision


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)


def test_importing_the_networks_imports_neither_monai_nor_timm_nor_torchvision():
    done = run(
        "import sys, monai_mri.networks\n"
        "print(sorted({'monai', 'timm', 'torchvision', 'huggingface_hub'} & set(sys.modules)))"
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_timm_and_a_model_of_torchvision_work_without_a_warning_in_a_new_process(timm):
    done = run(
        "from monai_mri.networks.torchvision_cpu import import_timm\n"
        "timm = import_timm()\n"
        "from torchvision.models import resnet18\n"
        "resnet18()\n"
        "print(timm.__name__)"
    )
    assert (done.stdout.strip(), done.stderr, done.returncode) == ("timm", "", 0)


def test_a_torchvision_that_loads_is_left_alone(torchvision):
    assert import_torchvision() is torchvision is sys.modules["torchvision"]


def test_an_import_of_torchvision_that_failed_before_does_no_harm(timm):
    done = run(
        "try:\n"
        "    import torchvision\n"
        "except RuntimeError:\n"
        "    pass\n"
        "from monai_mri.networks.torchvision_cpu import import_torchvision\n"
        "print(import_torchvision().models.resnet18().fc.out_features)"
    )
    assert (done.stdout.strip(), done.returncode) == ("1000", 0), done.stderr


def test_resizing_by_torchvision_works_beside_the_guard(torchvision):
    resize = torchvision.transforms.functional.resize
    assert resize(torch.zeros(3, 4, 4), [2, 2]).shape == (3, 2, 2)


def test_without_timm_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ConfigError, match=r"timm cannot be imported.*pip install 'monai-mri\[imagenet\]'"):
        import_timm()


def test_without_torchvision_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr("monai_mri.networks.torchvision_cpu.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"'torchvision'.*pip install 'monai-mri\[imagenet\]'"):
        import_timm()
