"""Trained weights and what must travel with them: the threshold, and who was trained on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from monai_mri.engines.durable import write_durably
from monai_mri.errors import CheckpointError, LeakError

NAME = "model.safetensors"
LISTS = ("subjects", "selected_on", "classes", "images_from")
NO_RECORD = "safetensors without this package's record"
_KEY = "monai_mri"


@dataclass(frozen=True)
class Start:
    """The training that another one started from: its weights, its data, and whom it knew, as hashes."""

    tensors_sha256: str
    manifest_sha256: str
    splits_sha256: str
    subjects: tuple[str, ...]


@dataclass(frozen=True)
class WeightsRecord:
    """What is known of a network's training, stored in the header of its safetensors file.

    Subjects are stored as salted hashes: enough to refuse an evaluation on them, no list of names. A hash is
    a pseudonym, not anonymity: short ids can be guessed. `images_from` are the manifest's columns of the
    channels, `labels` the labels of each class, in the order of `classes`, `images_kind` is "nifti" or
    "picture" by the files of the images, empty where both were among them; `settings` are those that change
    what the weights say (`answering.answer_settings`). All are empty where an older version wrote the file.
    `starts` are the trainings that this one started from, by way of pretrained weights.
    """

    study: str
    network: str
    epoch: int
    manifest_sha256: str
    splits_sha256: str
    protocol: str = ""
    subjects: tuple[str, ...] = ()
    selected_on: tuple[str, ...] = ()
    collapsed: bool = False
    classes: tuple[str, ...] = ()
    labels: tuple[tuple[str, ...], ...] = ()
    images_from: tuple[str, ...] = ()
    images_kind: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    threshold: float | None = None
    raw_threshold: float | None = None
    tensors_sha256: str = ""
    starts: tuple[Start, ...] = ()

    def with_subjects(self, *, trained_on: Iterable[str], selected_on: Iterable[str] = ()) -> WeightsRecord:
        """The record with the subjects that were trained on, and those that the best epoch was chosen on."""
        return replace(self, subjects=self._hashes(trained_on), selected_on=self._hashes(selected_on))

    def refuse_trained(self, subjects: Sequence[str]) -> None:
        """Raise where a subject of an evaluation was trained on, or took part in choosing the best epoch.

        The same person under another id cannot be found out here.

        Raises:
            LeakError: names the subjects.
        """
        for seen, what in (
            (self._among(subjects, self.subjects), "trained on"),
            (self._among(subjects, self.selected_on), "used to choose the best epoch"),
            (self._known_to_start(subjects), "trained on by the weights that this training started from"),
        ):
            if seen:
                raise LeakError(
                    f"{len(seen)} of the subjects to evaluate were {what} ({', '.join(seen[:5])}); "
                    "evaluate on a part that the weights have not seen, or split and train anew; "
                    "to score them all the same, as a published protocol may, set allow_trained_subjects"
                )

    def known(self, subjects: Iterable[str]) -> list[str]:
        """Those of the subjects that were trained on, or took part in choosing the best epoch, sorted."""
        own = self._among(subjects, (*self.subjects, *self.selected_on))
        return sorted({*own, *self._known_to_start(subjects)})

    def namesakes(self, subjects: Iterable[str]) -> list[str]:
        """Those of the subjects whose ids a training knew that this one started from, on another manifest.

        They may be other people under the same id, as sub-001 of two data sets; only the user can tell.
        """
        others = [start for start in self.starts if start.manifest_sha256 != self.manifest_sha256]
        return sorted({one for one in subjects for start in others if _hashed(one, start) in start.subjects})

    def as_start(self) -> tuple[Start, ...]:
        """What a training that starts from these weights must remember."""
        known = (*self.subjects, *self.selected_on)
        own = Start(self.tensors_sha256, self.manifest_sha256, self.splits_sha256, known)
        return (own, *self.starts)

    def require_trained(self, subjects: Iterable[str]) -> None:
        """Raise where a subject that the threshold would be chosen on was not trained on.

        Raises:
            LeakError: names the subjects.
        """
        foreign = sorted({subject for subject in subjects if self._hashed(subject) not in self.subjects})
        if foreign:
            raise LeakError(
                f"the threshold would be chosen on {len(foreign)} subjects that were not trained on "
                f"({', '.join(foreign[:5])}); choose it on the training part of the split of the weights"
            )

    def _among(self, subjects: Iterable[str], known: Sequence[str]) -> list[str]:
        return sorted(subject for subject in set(subjects) if self._hashed(subject) in known)

    def _known_to_start(self, subjects: Iterable[str]) -> list[str]:
        same = [start for start in self.starts if start.manifest_sha256 == self.manifest_sha256]
        return sorted({one for one in subjects for start in same if _hashed(one, start) in start.subjects})

    def _hashes(self, subjects: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted({self._hashed(subject) for subject in subjects}))

    def _hashed(self, subject: str) -> str:
        return _hashed(subject, self)


def _hashed(subject: str, training: WeightsRecord | Start) -> str:
    return hashlib.sha256(f"{training.splits_sha256}/{subject}".encode()).hexdigest()[:16]


def save_weights(network: nn.Module, folder: Path, record: WeightsRecord) -> Path:
    """Write `model.safetensors` with the record, and `model.pt` for MONAI's own loaders.

    Returns:
        The path of the first.
    """
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    record = replace(record, tensors_sha256=_digest(state))
    header = {_KEY: json.dumps(asdict(record), sort_keys=True)}
    write_durably(folder / "model.pt", lambda path: torch.save(state, path))
    return write_durably(folder / NAME, lambda path: save_file(state, path, metadata=header))


def load_weights(network: nn.Module, source: Path) -> WeightsRecord:
    """Load weights into `network` from a safetensors file, or from the run folder that holds one.

    Raises:
        CheckpointError: there is no such file, it is damaged, or it belongs to another network.
    """
    path = source / NAME if source.is_dir() else source
    if not path.is_file():
        raise CheckpointError(
            f"{path}: no trained weights there; train first, or set weights to a run folder "
            "or a .safetensors file"
        )
    record, state = read_weights(path)
    _refuse_other_shapes(path, network, state)
    network.load_state_dict(state)
    return record


def read_weights(path: Path) -> tuple[WeightsRecord, dict[str, torch.Tensor]]:
    """The record and the tensors of a file that this package wrote, as they were written.

    Raises:
        CheckpointError: the file is damaged, or not of this package.
    """
    record = read_record(path)
    try:
        with safe_open(path, framework="pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except SafetensorError as error:
        raise CheckpointError(
            f"{path}: damaged weights ({error}); copy the file again or train anew"
        ) from error
    if not record.tensors_sha256:
        raise CheckpointError(f"{path}: written by an older version, without SHA-256; train anew")
    if record.tensors_sha256 != _digest(state):
        raise CheckpointError(
            f"{path}: damaged weights (E705: SHA-256 differs); copy the file again or train anew"
        )
    return record, state


def read_record(path: Path) -> WeightsRecord:
    """The record in a safetensors file's header.

    Raises:
        CheckpointError: no safetensors file, or one that this package has not written.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {}).get(_KEY)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: not a readable safetensors file ({error})") from error
    if header is None:
        raise CheckpointError(f"{path}: {NO_RECORD}; train it with one of our bundles")
    try:
        values = json.loads(header)
        lists = {name: tuple(values.get(name, ())) for name in LISTS}
        labels = tuple(tuple(group) for group in values.get("labels", ()))
        starts = starts_of(values.get("starts", ()))
        return WeightsRecord(**{**values, **lists, "labels": labels, "starts": starts})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(
            f"{path}: its record is damaged or of a newer version ({error}); copy the file again, or update"
        ) from error


def starts_of(values: Iterable[Mapping[str, Any]]) -> tuple[Start, ...]:
    """What `asdict` made of some starts, read back from JSON."""
    return tuple(Start(**{**start, "subjects": tuple(start["subjects"])}) for start in values)


def _digest(state: dict[str, torch.Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes: safetensors itself loads a flipped bit in silence."""
    digest = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _refuse_other_shapes(path: Path, network: nn.Module, state: dict[str, torch.Tensor]) -> None:
    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise CheckpointError(
                f"{path}: weights of another network: {name} is {found.get(name, 'missing')} there and "
                f"{wanted.get(name, 'missing')} in network_def; "
                "give network_def the settings it was trained with"
            )
