"""Several trained networks that are asked together: their weights, each told by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from monai_mri.engines.answering import load_trained
from monai_mri.engines.console import say
from monai_mri.engines.evaluator import Evaluator
from monai_mri.engines.weights import NAME, WeightsRecord, read_record
from monai_mri.errors import CheckpointError, ConfigError, MonaiMRIError, UsageError

Kind = Literal["classifier", "segmenter"]
Source = str | Path | None
Maker = Evaluator | partial[Evaluator] | None


@dataclass(frozen=True)
class Member:
    """One of several networks, with its weights loaded."""

    name: str
    evaluator: Evaluator
    source: Path
    record: WeightsRecord

    @property
    def facts(self) -> dict[str, Any]:
        """What a summary says of it."""
        return {
            "network": self.record.network,
            "weights": str(self.source),
            "weights_sha256": self.record.tensors_sha256,
            "epoch": self.record.epoch,
            "training_protocol": self.record.protocol,
            "manifest_sha256": self.record.manifest_sha256,
            "splits_sha256": self.record.splits_sha256,
        }


def load_members(
    evaluators: Mapping[str, Maker],
    weights: Mapping[str, Source],
    *,
    kind: Kind,
    how_to_train: Mapping[str, str] | None = None,
) -> list[Member]:
    """The networks whose weights are named, in their order; the others are left out, and that is said.

    Args:
        evaluators: each with a network of its own; one that is only made when called, as with `_mode_:
            callable` in YAML for it and its network, is not made where it is left out. None leaves one out.
        weights: run folder or safetensors file by the evaluator's name; null leaves one out.
        kind: what the weights must be of.
        how_to_train: command that trains a network, by its name, for the error's line.

    Raises:
        CheckpointError: weights are missing or damaged, or of another network or kind; names the key.
        ConfigError: two evaluators share one network, or are given the same weights, or a network is built
            or applied otherwise than in its training.
        UsageError: none is left.
    """
    members = []
    for name, evaluator in evaluators.items():
        source = weights.get(name)
        if evaluator is None or source is None:
            say(f"{kind} {name} is left out: weights::{name} is null")
            continue
        how = (how_to_train or {}).get(name, "")
        members.append(
            _loaded(name, evaluator, path=_path(name, Path(source), how), source=Path(source), kind=kind)
        )
    if not members:
        asked = " or ".join(f"weights::{name}" for name in evaluators) or "weights"
        raise UsageError(
            f"{asked}: no {kind} to ask, expected at least one; set one to a run folder or a .safetensors "
            "file"
        )
    _require_own(members)
    return members


def refuse_unknown(weights: Mapping[str, Source], known: Sequence[str]) -> None:
    """Refuse weights for a name that no network has.

    Raises:
        ConfigError: names it.
    """
    for name in weights:
        if name not in known:
            raise ConfigError(
                f"weights::{name}: no network of that name, expected some of {', '.join(known)}; correct it"
            )


@contextmanager
def named(name: str) -> Iterator[None]:
    """Put a network's name before the message of an error of this package."""
    try:
        yield
    except MonaiMRIError as error:
        raise type(error)(f"{name}: {error}") from error


@contextmanager
def showing(evaluator: Evaluator, dataset: Any) -> Iterator[None]:
    """Let an evaluator see other samples for a while."""
    own = evaluator.dataset
    evaluator.dataset = dataset
    try:
        yield
    finally:
        evaluator.dataset = own


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _path(name: str, source: Path, how: str) -> Path:
    """The file of the weights."""
    path = source / NAME if source.is_dir() else source
    if not path.is_file():
        todo = f"train it: {how}" if how else "train it first"
        raise CheckpointError(
            f"weights::{name}: {path}: no trained weights there; {todo}; "
            "or set the key to a run folder, a .safetensors file, or null to do without it"
        )
    return path


def _loaded(
    name: str, maker: Evaluator | partial[Evaluator], *, path: Path, source: Path, kind: Kind
) -> Member:
    with named(f"weights::{name}"):
        found: Kind = "classifier" if read_record(path).classes else "segmenter"
        if found != kind:
            raise CheckpointError(f"{path}: weights of a {found}, expected those of a {kind}; name these")
        evaluator = _made(maker)
        record = load_trained(evaluator, path)
    return Member(name, evaluator, source, record)


def _made(maker: Evaluator | partial[Evaluator]) -> Evaluator:
    """The evaluator, made now where it was only described, and so its network."""
    if isinstance(maker, Evaluator):
        return maker
    network = maker.keywords.get("network")
    return maker(network=network()) if isinstance(network, partial) else maker()


def _require_own(members: Sequence[Member]) -> None:
    """Two that share a network, or weights, would be one voter that counts twice."""
    for one, other in combinations(members, 2):
        if one.evaluator.network is other.evaluator.network:
            raise ConfigError(
                f"{one.name} and {other.name} share one network, expected one each; give each its own"
            )
        if one.record.tensors_sha256 == other.record.tensors_sha256:
            raise ConfigError(
                f"weights::{one.name} and weights::{other.name} hold the same weights, expected one training "
                "each; correct one, or set it to null"
            )
