from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from monai_mri.engines.durable import write_durably, write_text_durably
from monai_mri.errors import CheckpointError

OLD, NEW = "old " * 10_000, "new " * 10_000


def test_text_is_written_as_utf8_and_missing_folders_are_made(tmp_path):
    path = write_text_durably(tmp_path / "a" / "b.txt", "Läsion\n")
    assert path.read_bytes() == "Läsion\n".encode()
    assert [file.name for file in path.parent.iterdir()] == ["b.txt"]


def test_an_empty_text_replaces_a_full_one(tmp_path):
    write_text_durably(tmp_path / "a", OLD)
    write_text_durably(tmp_path / "a", "")
    assert (tmp_path / "a").read_text() == ""


@pytest.mark.parametrize(
    "error", [OSError("No space left on device"), RuntimeError("inline_container: write failed")]
)
def test_a_full_disk_leaves_the_old_file_alone_and_is_said_in_one_error(tmp_path, error):
    write_text_durably(tmp_path / "state", OLD)

    def fail_half_way(temporary):
        temporary.write_text("half")
        raise error

    with pytest.raises(
        CheckpointError, match=r"state: could not be written .* MiB free.*previous file is kept"
    ):
        write_durably(tmp_path / "state", fail_half_way)
    assert (tmp_path / "state").read_text() == OLD
    assert [file.name for file in tmp_path.iterdir()] == ["state"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError, TypeError])
def test_any_other_exception_passes_and_leaves_the_old_file_and_no_temporary_one(tmp_path, error):
    write_text_durably(tmp_path / "state", OLD)

    def interrupted(temporary):
        temporary.write_text("half")
        raise error

    with pytest.raises(error):
        write_durably(tmp_path / "state", interrupted)
    assert (tmp_path / "state").read_text() == OLD
    assert [file.name for file in tmp_path.iterdir()] == ["state"]


def test_a_writer_that_writes_nothing_is_an_error_and_leaves_the_old_file(tmp_path):
    write_text_durably(tmp_path / "state", OLD)
    with pytest.raises(CheckpointError, match="state"):
        write_durably(tmp_path / "state", lambda temporary: None)
    assert (tmp_path / "state").read_text() == OLD


def test_a_folder_under_that_name_is_an_error_and_stays(tmp_path):
    (tmp_path / "state").mkdir()
    with pytest.raises(CheckpointError, match="state"):
        write_text_durably(tmp_path / "state", NEW)
    assert [file.name for file in tmp_path.iterdir()] == ["state"]


def test_a_file_where_the_folder_should_be_is_said_as_our_error(tmp_path):
    (tmp_path / "run").write_text("a file")
    with pytest.raises(CheckpointError, match="run"):
        write_text_durably(tmp_path / "run" / "state", NEW)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission_is_said_as_our_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(CheckpointError, match="could not be written"):
        write_text_durably(tmp_path / "state", NEW)


def test_a_symbolic_link_to_the_old_file_is_replaced_or_followed_but_reads_new(tmp_path):
    (tmp_path / "elsewhere").write_text(OLD)
    (tmp_path / "state").symlink_to(tmp_path / "elsewhere")
    write_text_durably(tmp_path / "state", NEW)
    assert (tmp_path / "state").read_text() == NEW


WRITER = """
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("durable", sys.argv[1])
durable = importlib.util.module_from_spec(spec)
spec.loader.exec_module(durable)
texts = sys.argv[3:]
def slowly(temporary):
    with temporary.open("w") as stream:
        for start in range(0, len(texts[0]), 4000):
            stream.write(texts[0][start:start + 4000])
            stream.flush()
print("ready", flush=True)
while True:
    durable.write_durably(Path(sys.argv[2]), slowly)
    texts.reverse()
"""


@pytest.mark.slow
def test_a_process_killed_while_it_writes_leaves_the_old_or_the_new_file_whole(tmp_path):
    path = write_text_durably(tmp_path / "state", OLD)
    module = sys.modules[write_durably.__module__].__file__
    command = [sys.executable, "-c", WRITER, module, str(path), NEW, OLD]
    for number in range(8):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.003 * number)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert path.read_text() in (OLD, NEW)
