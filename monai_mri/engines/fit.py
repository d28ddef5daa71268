"""Train, keep the best weights, and lose nothing when killed."""

from __future__ import annotations

import time
from typing import Literal

from monai_mri.engines import distributed
from monai_mri.engines.answering import answer_settings
from monai_mri.engines.class_dataset import ClassDataset, classes_of
from monai_mri.engines.class_shapes import require_shapes
from monai_mri.engines.console import say
from monai_mri.engines.course import Course
from monai_mri.engines.entry import bundle_step
from monai_mri.engines.evaluator import Evaluator
from monai_mri.engines.run_folder import RunFolder, peak_memory_mb, surroundings
from monai_mri.engines.settings import source_of
from monai_mri.engines.starting import start_from_pretrained
from monai_mri.engines.stopping import stop_requests
from monai_mri.engines.trainer import Trainer
from monai_mri.engines.weights import NAME, read_record
from monai_mri.errors import ConfigError, ManifestError

LACKS = "The validation part has no image of class"


@bundle_step
def fit(
    trainer: Trainer,
    *,
    run_folder: RunFolder,
    evaluator: Evaluator | None = None,
    val_interval: int = 1,
    patience: int | None = None,
    keep: Literal["best", "last"] = "best",
) -> None:
    """Train until the last epoch, from where an earlier, unfinished run in the same folder stood.

    After each epoch: validation, best weights, history, checkpoint. A run that was killed and started again
    ends with the same weights and history, to the bit on the same CPU, as one that was not. SIGTERM, SIGUSR1
    and Ctrl-C save a checkpoint after the current step, then exit with 143, 138 or 130.

    Args:
        trainer: what trains.
        run_folder: where everything is written.
        evaluator: what validates; without it the last weights are kept.
        val_interval: epochs from one validation to the next.
        patience: stop after so many validations without a better one; None never stops early.
        keep: the weights of the best validation, or of the last epoch.

    Raises:
        NonFiniteLossError: the loss became NaN or infinite.
        CheckpointError: the folder holds the state of a run with other data or settings.
        ManifestError: files are missing, or a class has no image to train on.
        ImageError: an image to classify has another shape than the network or the other images.
    """
    started = time.monotonic()
    if keep not in ("best", "last"):
        raise ConfigError(f"keep: {keep!r} found, expected best or last")
    if val_interval < 1:
        raise ConfigError(f"val_interval: {val_interval} found, expected at least 1")
    source = source_of(trainer.dataset)
    source.require_files()
    answer = answer_settings(trainer.settings["network"], evaluator)
    if evaluator is not None and source_of(evaluator.dataset).is_empty:
        say("no validation part in the splits: the weights of the last epoch are kept")
        evaluator = None
    notes = _notes_on_classes(trainer, evaluator)
    start_from_pretrained(trainer.plain_network, run_folder)
    trainer.prepare()
    run_folder.root.mkdir(parents=True, exist_ok=True)
    if evaluator is not None:
        evaluator.prepare()
    _require_shapes(trainer, evaluator)
    _fit_input(trainer)
    with stop_requests() as request:
        course = Course(
            trainer,
            run_folder,
            evaluator=evaluator,
            val_interval=val_interval,
            patience=patience,
            request=request,
            keep=keep,
            answer=answer,
        )
        if distributed.rank() == 0:
            _open(run_folder, notes)
        course.run()
    if distributed.rank() == 0:
        run_folder.update_run(
            **course.facts(), **_facts(trainer, run_folder, seconds=time.monotonic() - started)
        )
        if (run_folder.root / NAME).is_file():
            run_folder.set_evaluation_aside(unless=read_record(run_folder.root / NAME).tensors_sha256)
    distributed.wait()
    trainer.network = trainer.plain_network  # what ties it to other processes must not outlive their group


def _notes_on_classes(trainer: Trainer, evaluator: Evaluator | None) -> list[str]:
    """Refuse a class without images to train on, say which images are left out; what validation lacks."""
    notes: list[str] = []
    for step in (trainer, evaluator):
        images = None if step is None else classes_of(step.dataset)
        if images is None:
            continue
        if images.left_out and distributed.rank() == 0:
            say(images.left_out_line)
        absent = ", ".join(map(repr, images.absent))
        if absent and step is trainer:
            raise ManifestError(
                f"{images.data.splits_path}: part {images.data.part!r} has no image of class {absent}, "
                "expected some of each class; split the manifest anew, stratified, or correct classes"
            )
        if absent:
            notes.append(f"{LACKS} {absent}: scores of the validation say nothing of it.")
            if distributed.rank() == 0:
                say(f"warning: {notes[-1]}")
    return notes


def _require_shapes(trainer: Trainer, evaluator: Evaluator | None) -> None:
    if (images := classes_of(trainer.dataset)) is not None:
        require_shapes(images, trainer.plain_network, alike=trainer.batch_size > 1)
    if evaluator is not None and (images := classes_of(evaluator.dataset)) is not None:
        require_shapes(images, trainer.plain_network)


def _fit_input(trainer: Trainer) -> None:
    """Give a network that normalises its input the statistics of the training images, not augmented."""
    fit_input = getattr(trainer.plain_network, "fit_input", None)
    if fit_input is None:
        return
    images = trainer.dataset
    while not isinstance(images, ClassDataset) and hasattr(images, "data"):
        images = images.data
    device = trainer.state.device
    fit_input(images[place]["image"].as_tensor()[None].to(device) for place in range(len(images)))


def _open(folder: RunFolder, notes: list[str]) -> None:
    folder.remove_leftovers()
    kept = [note for note in folder.read_json("run.json").get("notes", []) if not note.startswith(LACKS)]
    notes = [*kept, *notes]
    folder.update_run(study=folder.study, protocol=folder.protocol, notes=notes, **surroundings())
    folder.note_command()


def _facts(trainer: Trainer, folder: RunFolder, *, seconds: float) -> dict[str, object]:
    network = trainer.plain_network
    source = source_of(trainer.dataset)
    earlier = float(folder.read_json("run.json").get("seconds", 0.0))
    return {
        "seed": trainer.seed,
        "network": type(network).__name__,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "filters": getattr(network, "filters", None),
        "device": str(trainer.state.device),
        "manifest_sha256": source.manifest.sha256,
        "splits_sha256": source.splits.sha256,
        "seconds": round(earlier + seconds, 1),
        "peak_memory_mb": round(peak_memory_mb()),
    }
