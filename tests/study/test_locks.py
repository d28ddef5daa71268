from __future__ import annotations

import subprocess
import sys
import time

import pytest

from monai_mri.errors import UsageError
from monai_mri.study.locks import folder_lock

HOLDER = """
import sys, time, pathlib
from monai_mri.study.locks import folder_lock
with folder_lock(pathlib.Path(sys.argv[1]), busy="wait"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_refused_and_told_who_holds_the_folder(holder, tmp_path):
    said = rf"process {holder.pid} on .* works there; come back"
    with pytest.raises(UsageError, match=said), folder_lock(tmp_path, busy="come back"):
        pass


def test_the_lock_of_a_killed_process_is_free(holder, tmp_path):
    holder.kill()
    holder.wait()
    with folder_lock(tmp_path, busy="come back"):
        assert (tmp_path / ".lock").is_file()


def test_who_has_patience_waits_for_the_other_to_let_go(holder, tmp_path):
    started = time.monotonic()
    with pytest.raises(UsageError), folder_lock(tmp_path, busy="come back", patience_seconds=0.5):
        pass
    assert time.monotonic() - started >= 0.5
    holder.kill()
    with folder_lock(tmp_path, busy="come back", patience_seconds=30):
        pass
