"""What a training starts from: fresh weights, published ones, or those of another training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from monai_mri.engines import distributed
from monai_mri.engines.checkpoint import Checkpoints
from monai_mri.engines.console import say
from monai_mri.engines.run_folder import RunFolder
from monai_mri.engines.weights import NAME, NO_RECORD, Start, WeightsRecord, read_weights, starts_of
from monai_mri.errors import CheckpointError

FACT = "started_from"  # in run.json


def start_from_pretrained(network: nn.Module, folder: RunFolder) -> None:
    """Let a network read the weights that it starts from, and note them; not where a training goes on.

    A network that can has `weights`, "none", "imagenet" or a path, and `load_pretrained()`, which reads them.

    Raises:
        CheckpointError: there are no such weights, or they are damaged or do not fit.
    """
    load = getattr(network, "load_pretrained", None)
    if load is None or Checkpoints(folder.checkpoints).any_there:
        return
    weights = str(getattr(network, "weights", "none"))
    try:
        starts = _starts(weights)
        load()
    except CheckpointError as error:
        raise CheckpointError(f"pretrained, the weights of network_def: {error}") from error
    if distributed.rank() == 0:
        folder.update_run(**{FACT: {"weights": weights, "starts": [asdict(start) for start in starts]}})


def starts_noted(folder: RunFolder) -> tuple[Start, ...]:
    """The trainings that the run in a folder started from, as noted when it began."""
    fact: dict[str, Any] = folder.read_json("run.json").get(FACT) or {}
    return starts_of(fact.get("starts", ()))


def note_namesakes(record: WeightsRecord, subjects: Sequence[str]) -> int:
    """Say where ids to score are those of people whom the starting weights knew; gives their number."""
    namesakes = record.namesakes(subjects)
    if namesakes:
        say(
            f"note: {len(namesakes)} of {len(set(subjects))} ids to score ({', '.join(namesakes[:5])}) were "
            "known to the weights that this training started from, on another manifest; if they are the same "
            "people, the scores flatter"
        )
    return len(namesakes)


def _starts(weights: str) -> tuple[Start, ...]:
    """Whom another training knew, if the weights are of one; nobody is known of published weights."""
    path = Path(weights) / NAME if Path(weights).is_dir() else Path(weights)
    if path.suffix != ".safetensors" or not path.is_file():
        return ()
    try:
        return read_weights(path)[0].as_start()
    except CheckpointError as error:
        if NO_RECORD in str(error):
            return ()
        raise
