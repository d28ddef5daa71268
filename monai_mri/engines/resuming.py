"""What a checkpoint holds of a trainer, and which run it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from monai_mri.engines import distributed
from monai_mri.engines.checkpoint import State
from monai_mri.engines.run_folder import RunFolder
from monai_mri.engines.settings import first_difference, source_of
from monai_mri.engines.trainer import Trainer
from monai_mri.errors import CheckpointError


def identity_of(trainer: Trainer, folder: RunFolder, *, selected_on: Sequence[str]) -> dict[str, Any]:
    """What must be the same for a run to go on: data, people, and every setting that changes a step."""
    source = source_of(trainer.dataset)
    return {
        "manifest": source.manifest.sha256,
        "splits": source.splits.sha256,
        "repeat": source.repeat,
        "fold": source.fold,
        "trained_on": trainer.dataset.subjects,
        "selected_on": list(selected_on),
        "seed": trainer.seed,
        "epoch_length": trainer.state.epoch_length,
        "protocol": folder.protocol,
        **trainer.settings,
    }


def require_same_run(folder: RunFolder, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Make sure that a checkpoint is of the run that shall go on.

    Raises:
        CheckpointError: names the first setting that differs.
    """
    if difference := first_difference(found, wanted):
        raise CheckpointError(
            f"{folder.checkpoints}: holds a run with other data or settings ({difference}); "
            "choose another --output_dir, or remove that folder to train anew"
        )


def state_of(trainer: Trainer) -> State:
    """Everything that the trainer's next step depends on; every process must ask."""
    sums = torch.tensor([trainer.loss_sum, trainer.loss_count], dtype=torch.float64)
    loss_sum, loss_count = distributed.total(sums.to(trainer.state.device)).tolist()
    return {
        "iteration": trainer.state.iteration,
        "network": trainer.plain_network.state_dict(),
        "optimizer": trainer.optimizer.state_dict(),
        "lr_schedule": trainer.lr_schedule.state_dict() if trainer.lr_schedule else None,
        "scaler": trainer.scaler.state_dict() if trainer.scaler else None,
        "loss": [loss_sum, int(loss_count)],
    }


def restore(trainer: Trainer, state: State, *, folder: RunFolder) -> None:
    """Put a prepared trainer where `state_of` found one.

    Raises:
        CheckpointError: the state is of another network or optimiser.
    """
    try:
        trainer.plain_network.load_state_dict(state["network"])
        trainer.optimizer.load_state_dict(state["optimizer"])
    except (RuntimeError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"{folder.checkpoints}: holds the state of another network or optimiser; "
            "choose another --output_dir or remove that folder"
        ) from error
    for part, saved in ((trainer.lr_schedule, "lr_schedule"), (trainer.scaler, "scaler")):
        if part is not None and state[saved] is not None:
            part.load_state_dict(state[saved])
    trainer.loss_sum, trainer.loss_count = state["loss"] if distributed.rank() == 0 else (0.0, 0)
    trainer.state.iteration = state["iteration"]
    trainer.state.epoch = state["iteration"] // trainer.state.epoch_length
