from __future__ import annotations

import json
import os
import socket

import pytest

from monai_mri.manifest import plan_manifest
from monai_mri.manifest.layouts._nofile import why_no_file


@pytest.fixture
def pipe(tmp_path):
    os.mkfifo(tmp_path / "a.nii")
    return tmp_path


def test_each_kind_of_no_file_is_named(pipe, tmp_path):
    (tmp_path / "b.nii").symlink_to("nowhere")
    (tmp_path / "c.nii").touch()
    found = {name: why_no_file(tmp_path / f"{name}.nii") for name in "abc"}
    assert found == {"a": "a pipe (FIFO), not a file", "b": "a link that leads to no file", "c": ""}
    assert why_no_file(tmp_path / ("x" * 5000)) == "no such file"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "s"))
        assert why_no_file(tmp_path / "s") == "a socket, not a file"


def test_a_pipe_in_a_table_is_called_one(pipe):
    (pipe / "t.csv").write_text("id,flair\n1,a.nii\n")
    whys = [skipped.why for skipped in plan_manifest("csv", pipe).skipped]
    assert "flair: a pipe (FIFO), not a file (a.nii)" in whys


def test_a_pipe_in_a_json_is_called_one(pipe):
    (pipe / "dataset.json").write_text(json.dumps({"training": [{"image": "a.nii"}]}))
    whys = [skipped.why for skipped in plan_manifest("decathlon", pipe).skipped]
    assert any("a.nii is a pipe (FIFO), not a file" in why for why in whys)
