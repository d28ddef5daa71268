from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest
import torch

from monai_mri.errors import CheckpointError
from monai_mri.networks.published import from_hugging_face, from_torch_hub

CLOSED = "http://127.0.0.1:9"
REPOSITORY = "timm/inception_v3.tv_in1k"
BRING = "from monai_mri.networks.published import *; print(from_hugging_face({repository!r}, {files}))"
FILES = ("model.safetensors", "pytorch_model.bin")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def end_headers(self):
        self.send_header("ETag", '"1"')
        self.send_header("X-Repo-Commit", "0" * 40)
        super().end_headers()


@pytest.fixture
def served(tmp_path):
    """A folder, and the address under which its files can be had."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch) -> Path:
    for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    constants = pytest.importorskip("huggingface_hub.constants", reason="the extra imagenet is not installed")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))

    def at(address: str) -> Path:
        monkeypatch.setattr(constants, "ENDPOINT", address)
        return tmp_path / "hub"

    return at


def named(content: bytes) -> str:
    return f"net-{hashlib.sha256(content).hexdigest()[:8]}.pth"


def test_a_file_in_the_cache_of_torch_hub_is_taken_without_asking(caches):
    name = named(b"weights")
    caches.mkdir(parents=True)
    (caches / name).write_bytes(b"weights")
    assert from_torch_hub(f"{CLOSED}/{name}") == caches / name


def test_a_file_that_is_missing_is_brought_into_the_cache_once(caches, served):
    folder, address = served
    name = named(b"weights")
    (folder / name).write_bytes(b"weights")
    path = from_torch_hub(f"{address}/{name}")
    assert (path, path.read_bytes()) == (caches / name, b"weights")
    (folder / name).unlink()
    assert from_torch_hub(f"{address}/{name}") == path


def test_a_damaged_download_does_not_stay_in_the_cache(caches, served):
    folder, address = served
    (folder / named(b"weights")).write_bytes(b"weight")
    with pytest.raises(CheckpointError, match=r"cannot be brought .*invalid hash value"):
        from_torch_hub(f"{address}/{named(b'weights')}")
    assert list(caches.iterdir()) == []


def test_a_file_in_the_cache_with_other_digits_than_its_name_is_refused(caches):
    caches.mkdir(parents=True)
    (caches / named(b"weights")).write_bytes(b"weight")
    with pytest.raises(CheckpointError, match=r"its SHA-256 begins with \w{8}, expected \w{8}; .* delete it"):
        from_torch_hub(f"{CLOSED}/{named(b'weights')}")


@pytest.mark.parametrize("server", ["closed", "without the file"])
def test_without_reach_the_error_names_file_folder_address_and_the_other_ways(caches, served, server):
    address = f"{CLOSED if server == 'closed' else served[1]}/net-12345678.pth"
    with pytest.raises(CheckpointError) as caught:
        from_torch_hub(address)
    message = str(caught.value)
    assert f"net-12345678.pth is not in {caches}" in message
    assert ("out of reach" if server == "closed" else "has no such file") in message
    assert f"bring {address} as {caches / 'net-12345678.pth'}" in message
    assert "or give a .safetensors or .pth file in its place, or none" in message


def test_hf_hub_offline_forbids_the_network_to_both(monkeypatch, served, hub):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder, address = served
    (folder / named(b"weights")).write_bytes(b"weights")
    hub(address)
    with pytest.raises(CheckpointError, match="HF_HUB_OFFLINE forbids the network"):
        from_torch_hub(f"{address}/{named(b'weights')}")
    with pytest.raises(CheckpointError, match="HF_HUB_OFFLINE forbids the network"):
        from_hugging_face(REPOSITORY, FILES)


def test_a_file_in_hugging_faces_cache_is_taken_without_asking(publish_to_hub, monkeypatch):
    path = publish_to_hub(REPOSITORY, {"a": torch.zeros(1)})
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert from_hugging_face(REPOSITORY, FILES) == path


def test_without_reach_the_error_names_repository_cache_and_command(hub):
    cache = hub(CLOSED)
    with pytest.raises(CheckpointError) as caught:
        from_hugging_face(REPOSITORY, FILES)
    message = str(caught.value)
    assert f"model.safetensors of {REPOSITORY} is not in {cache}" in message
    assert f"hf download {REPOSITORY} model.safetensors" in message
    assert f"{CLOSED}/{REPOSITORY}/resolve/main/model.safetensors" in message
    assert f"copy {cache / 'models--timm--inception_v3.tv_in1k'}" in message
    assert "in its place, or none" in message


def test_the_second_name_is_taken_where_the_first_is_not_published(served, tmp_path, monkeypatch):
    pytest.importorskip("huggingface_hub", reason="the extra imagenet is not installed")
    folder, address = served
    home = folder / REPOSITORY / "resolve" / "main"
    home.mkdir(parents=True)
    (home / "pytorch_model.bin").write_bytes(b"weights")
    monkeypatch.setenv("HF_ENDPOINT", address)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    done = subprocess.run(
        [sys.executable, "-c", BRING.format(repository=REPOSITORY, files=FILES)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    path = Path(done.stdout.strip())
    assert (path.name, done.returncode) == ("pytorch_model.bin", 0), done.stderr
    assert path.read_bytes() == b"weights"
    assert path.is_relative_to(tmp_path / "home" / "hub")


def test_a_repository_without_any_of_the_files_is_an_error(served, hub):
    hub(served[1])
    with pytest.raises(CheckpointError, match="has no such file"):
        from_hugging_face(REPOSITORY, FILES)
