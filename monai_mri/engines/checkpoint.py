"""The training state on disk, from which a killed run goes on."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from monai_mri.engines.console import say
from monai_mri.engines.durable import write_durably
from monai_mri.errors import CheckpointError

State = dict[str, Any]
DAMAGED = (RuntimeError, OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile)


class Checkpoints:
    """The newest training states of a run in one folder; two are kept, so that one is always whole.

    A state holds tensors, numbers, strings, lists and dicts only, and is read with `weights_only=True`.

    Args:
        folder: where the files lie; made when first written.
        keep: how many are kept.
    """

    def __init__(self, folder: Path, *, keep: int = 2) -> None:
        self.folder, self.keep = folder, keep

    @property
    def any_there(self) -> bool:
        """Whether a training was begun here; its files may be damaged."""
        return bool(self._files())

    def save(self, state: State, *, iteration: int) -> Path:
        """Write the state after `iteration` steps, then remove the oldest beyond `keep`."""
        path = self.folder / f"step_{iteration:09d}.pt"
        write_durably(path, lambda temporary: torch.save(state, temporary))
        for old in self._files()[: -self.keep]:
            old.unlink()
        return path

    def newest(self) -> State | None:
        """The newest state that is whole, None where there is none.

        A file that is damaged, or holds what no state holds, is skipped with a note, the one before it taken.

        Raises:
            CheckpointError: there are files, and none of them can be read.
        """
        files = self._files()
        for path in reversed(files):
            try:
                return _read(path)
            except pickle.UnpicklingError:  # the archive is whole, by its checksums
                say(
                    f"{path}: skipped, holds other objects than a training's state; is it of another program?"
                )
            except DAMAGED as error:
                reason = str(error).partition("\n")[0]
                say(f"{path}: damaged checkpoint skipped ({reason})")
        if files:
            raise CheckpointError(
                f"{self.folder}: none of its {len(files)} checkpoints can be read, for the reasons above; "
                "choose another --output_dir, or remove that folder to train anew"
            )
        return None

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("step_*.pt"))


def _read(path: Path) -> State:
    with zipfile.ZipFile(path) as archive:  # PyTorch itself loads flipped bits in silence
        if damaged := archive.testzip():
            raise zipfile.BadZipFile(f"checksum of {damaged} differs")
    state: State = torch.load(path, weights_only=True, map_location="cpu")
    return state
