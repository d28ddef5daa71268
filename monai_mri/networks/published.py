"""Find a published file of weights in the cache, or bring it there; without a network say what to do."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import torch

from monai_mri.errors import CheckpointError

_SECONDS = 8
_OTHERWISE = "or give a .safetensors or .pth file in its place, or none"


def from_torch_hub(url: str) -> Path:
    """The file of this address in the cache of torch hub, brought there where it is missing.

    The cache is `checkpoints` in `torch.hub.get_dir()`, so the variable TORCH_HOME moves it. A name such as
    `resnet18-f37072fd.pth` holds the first digits of the SHA-256; they are checked each time, because a file
    that was carried over by hand can be cut short. PyTorch itself checks them after a download only.

    Raises:
        CheckpointError: the file is neither there nor within reach, or it is damaged.
    """
    name = url.rsplit("/", 1)[-1]
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    if not path.is_file():
        bring = f"bring {url} as {path}, {_OTHERWISE}"
        if not _require_reach(url, f"{name} is not in {path.parent}", bring):
            raise CheckpointError(f"{name} is not in {path.parent}, and {url} has no such file; {bring}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(path), _digits(name), progress=sys.stderr.isatty())
        except (OSError, RuntimeError) as error:
            raise CheckpointError(f"{name} cannot be brought to {path.parent} ({error}); {bring}") from error
    _require_digits(path)
    return path


def from_hugging_face(repository: str, names: Sequence[str]) -> Path:
    """The first of these files of a repository in Hugging Face's cache, brought there where none is.

    The cache is that of `huggingface_hub`, so the variables HF_HOME and HF_HUB_CACHE move it.

    Raises:
        CheckpointError: none of the files is there or within reach.
    """
    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache

    repository, _, revision = repository.partition("@")
    for name in names:
        found = try_to_load_from_cache(repository, name, revision=revision or None)
        if isinstance(found, str):
            return Path(found)
    cache = Path(constants.HF_HUB_CACHE)
    folder = cache / f"models--{repository.replace('/', '--')}"
    url = f"{constants.ENDPOINT}/{repository}/resolve/{revision or 'main'}"
    missing = f"{names[0]} of {repository} is not in {cache}"
    bring = (
        f"run 'hf download {repository} {names[0]}' where there is a network ({url}/{names[0]}) and copy "
        f"{folder}, {_OTHERWISE}"
    )
    for name in names:
        if _require_reach(f"{url}/{name}", missing, bring):
            try:
                return Path(hf_hub_download(repository, name, revision=revision or None))
            except (OSError, ValueError) as error:
                raise CheckpointError(f"{missing} and cannot be brought ({error}); {bring}") from error
    raise CheckpointError(f"{missing}, and {url} has no such file; {bring}")


def _require_reach(url: str, missing: str, bring: str) -> bool:
    """Whether the address has the file; asked once and shortly, since downloaders try for minutes.

    Raises:
        CheckpointError: there is no network, or it may not be used.
    """
    for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        if os.environ.get(variable, "").upper() in ("1", "ON", "YES", "TRUE"):
            raise CheckpointError(f"{missing}, and {variable} forbids the network; {bring}")
    try:
        with urlopen(Request(url, method="HEAD"), timeout=_SECONDS):
            return True
    except HTTPError as error:
        error.close()
        if error.code == 404:
            return False
        raise CheckpointError(f"{missing}, and {url} answers {error}; {bring}") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{missing}, and {url} is out of reach ({error}); {bring}") from error


def _digits(name: str) -> str | None:
    found = re.search(r"-([a-f0-9]{8,})\.", name)
    return found.group(1) if found else None


def _require_digits(path: Path) -> None:
    wanted = _digits(path.name)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    found = digest.hexdigest()
    if wanted and not found.startswith(wanted):
        raise CheckpointError(
            f"{path}: its SHA-256 begins with {found[: len(wanted)]}, expected {wanted}; "
            "the file is damaged or another one: delete it and bring it again"
        )
