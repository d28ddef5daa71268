from __future__ import annotations

import inspect
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import yaml

from monai_mri.engines.entry import bundle_step
from monai_mri.errors import ConfigError, LeakError, MonaiMRIError, NonFiniteLossError


def step(error: BaseException | None = None, *, answer: int = 3) -> int:
    """Do one thing."""
    if error is not None:
        raise error
    return answer


@pytest.fixture
def _inside_monai(monkeypatch):
    main = SimpleNamespace(__spec__=SimpleNamespace(name="monai.bundle.__main__"))
    monkeypatch.setitem(sys.modules, "__main__", main)


def test_a_step_keeps_its_name_signature_and_answer():
    wrapped = bundle_step(step)
    assert wrapped(answer=4) == 4
    assert (wrapped.__name__, wrapped.__doc__) == ("step", "Do one thing.")
    assert inspect.signature(wrapped) == inspect.signature(step)


@pytest.mark.parametrize("error", [LeakError("a"), ConfigError("b"), ValueError("c")])
def test_everywhere_else_the_error_itself_is_raised(error):
    with pytest.raises(type(error)) as found:
        bundle_step(step)(error)
    assert found.value is error


@pytest.mark.parametrize(
    ("error", "status"), [(LeakError, 1), (ConfigError, 2), (NonFiniteLossError, 1), (MonaiMRIError, 1)]
)
@pytest.mark.usefixtures("_inside_monai")
def test_inside_monais_command_the_error_is_one_line_and_its_exit_status(capsys, error, status):
    with pytest.raises(SystemExit) as found:
        bundle_step(step)(error("manifest.csv: wrong"))
    assert found.value.code == status
    assert capsys.readouterr().err == "error: manifest.csv: wrong\n"


@pytest.mark.parametrize("error", [ValueError("c"), KeyboardInterrupt(), SystemExit(143)])
@pytest.mark.usefixtures("_inside_monai")
def test_other_errors_and_stops_pass_inside_monai_too(error, capsys):
    with pytest.raises(type(error)) as found:
        bundle_step(step)(error)
    assert found.value is error
    assert capsys.readouterr().err == ""


def test_a_main_module_without_a_specification_is_no_monai(monkeypatch):
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace())
    with pytest.raises(LeakError):
        bundle_step(step)(LeakError("a"))


@pytest.mark.slow
def test_monais_command_line_ends_with_one_line_and_the_exit_status(tmp_path):
    config = {"initialize": {"_target_": "monai_mri.engines.initialize", "seed": 0}, "run": ["$print('ran')"]}
    (tmp_path / "train.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", "train.yaml"]
    environment = os.environ | {"WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == ConfigError.exit_code == 2
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: 2 processes were started")
    assert "ran" not in done.stdout
