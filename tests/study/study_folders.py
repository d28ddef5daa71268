"""What runs leave in their folders, made without a training."""

from __future__ import annotations

import json

import numpy as np
from safetensors.numpy import save_file

from monai_mri.study.design import Design
from monai_mri.study.runs import Record, Run, results_of, write_record

TINY = {"max_epochs": 2, "batch_size": 4, "spatial_shape": [16, 18, 16], "network_def::filters": [2, 2, 2]}


def finish(run: Run, design: Design, summary: dict, history: str = "epoch,val_loss,val_accuracy\n") -> None:
    """Leave in the run's folder what a finished run leaves there."""
    (run.folder / "evaluation").mkdir(parents=True)
    digest = f"{run.variant} {run.repeat} {run.fold}"
    content = json.dumps({"weights_sha256": digest, **summary})
    (run.folder / "evaluation" / "summary.json").write_text(content)
    (run.folder / "history.csv").write_text(history)
    header = {"monai_mri": json.dumps({"tensors_sha256": digest})}
    save_file({"w": np.zeros(1, np.float32)}, run.folder / "model.safetensors", metadata=header)
    identity = design.identity(run.variant, run.repeat, run.fold)
    record = Record(variant=run.variant, repeat=run.repeat, fold=run.fold, identity=identity)
    write_record(run, record.model_copy(update={"results": results_of(run), "seconds": 1.0}))


def fail(run: Run, design: Design, why: str) -> None:
    """Leave what a failed run leaves."""
    run.folder.mkdir(parents=True)
    identity = design.identity(run.variant, run.repeat, run.fold)
    write_record(
        run, Record(variant=run.variant, repeat=run.repeat, fold=run.fold, identity=identity, error=why)
    )


def scores(accuracy: float, **more: float) -> dict:
    """A summary with these scores and an interval of 0.1 to either side."""
    ends = {"low": accuracy - 0.1, "high": accuracy + 0.1}
    found = {"accuracy": {"value": accuracy, **ends}} | {
        name: {"value": value} for name, value in more.items()
    }
    return {"scores": found, "classes": ["a", "b"]}
