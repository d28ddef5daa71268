from __future__ import annotations

import json
import os

import pytest

from monai_mri.errors import LeakError, ManifestError
from monai_mri.manifest.jsonfile import read_model, write_model
from monai_mri.manifest.schema import Sidecar


def test_a_model_is_read_as_it_was_written(tmp_path):
    sidecar = Sidecar(modalities=("flair",), source="Žiga, 2017")
    write_model(tmp_path / "x.json", sidecar)
    assert read_model(tmp_path / "x.json", Sidecar, again="make it again") == sidecar
    assert "Žiga" in (tmp_path / "x.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "not JSON"),
        (b'{\n"modalities": [,]}', ":2: not JSON"),
        (b"\xff\xfe", "E501"),
        (b"[" * 100_000, "not JSON"),
        (b"1" * 10_000, "not JSON"),
        (b"[]", "expected a valid Sidecar"),
        (b'{"modalities": ["a"], "rot": "."}', "rot: Extra inputs"),
        (b'{"modalities": ["a"], "schema_version": "9"}', "schema_version"),
        (b'{"modalities": ["a"], "modalities": ["b"]}', "stands twice"),
        (b'{"modalities": ["a"], "files": {"a": {"sha256": "", "shape": [NaN]}}}', "and 1 more"),
    ],
)
def test_a_faulty_file_is_refused_in_one_line(tmp_path, content, expected):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(ManifestError, match=expected) as caught:
        read_model(tmp_path / "x.json", Sidecar, again="make it again")
    assert str(caught.value).startswith(str(tmp_path / "x.json"))
    assert "make it again" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ManifestError, match="No such file"):
        read_model(tmp_path / "x.json", Sidecar, again="make it again")


def test_a_key_with_two_values_raises_what_the_caller_asks_for(tmp_path):
    (tmp_path / "x.json").write_text('{"source": "a", "source": "b"}')
    with pytest.raises(LeakError):
        read_model(tmp_path / "x.json", Sidecar, again="make it again", twice=LeakError)


def test_a_key_with_two_long_values_is_told_in_short(tmp_path):
    (tmp_path / "x.json").write_text(
        f'{{"{"k" * 900}": "{"a" * 900}", "{"k" * 900}": {json.dumps([1] * 900)}}}'
    )
    with pytest.raises(ManifestError, match="stands twice") as caught:
        read_model(tmp_path / "x.json", Sidecar, again="make it again")
    assert len(str(caught.value)) < len(str(tmp_path)) + 300


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.json")
    with pytest.raises(ManifestError, match="not a regular file"):
        read_model(tmp_path / "x.json", Sidecar, again="make it again")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(ManifestError, match="a folder"):
        read_model(tmp_path, Sidecar, again="make it again")
