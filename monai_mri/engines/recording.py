"""What a training writes into the header of its weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from monai_mri.engines.class_dataset import classes_of
from monai_mri.engines.run_folder import RunFolder
from monai_mri.engines.settings import source_of
from monai_mri.engines.starting import starts_noted
from monai_mri.engines.trainer import Trainer
from monai_mri.engines.weights import WeightsRecord
from monai_mri.images.names import NIFTI_SUFFIXES, image_suffix


def record_of(
    trainer: Trainer,
    folder: RunFolder,
    *,
    epoch: int,
    selected_on: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
) -> WeightsRecord:
    """The record of the weights that a training has after an epoch.

    Args:
        trainer: what trains.
        folder: where it writes.
        epoch: the epoch, from 1.
        selected_on: subjects that the best epoch is chosen on.
        settings: those that change what the weights say, as `answering.answer_settings` gives them.
    """
    source = source_of(trainer.dataset)
    images = classes_of(trainer.dataset)
    return WeightsRecord(
        study=folder.study,
        protocol=folder.protocol,
        network=type(trainer.plain_network).__name__,
        epoch=epoch,
        manifest_sha256=source.manifest.sha256,
        splits_sha256=source.splits.sha256,
        classes=() if images is None else tuple(images.classes),
        labels=() if images is None else tuple(map(tuple, images.classes.values())),
        images_from=tuple(getattr(source, "columns", ())),
        images_kind=kind_of(row["image"] for row in source.rows),
        settings=dict(settings or {}),
        starts=starts_noted(folder),
    ).with_subjects(trained_on=trainer.dataset.subjects, selected_on=selected_on)


def kind_of(images: Iterable[str | Sequence[str]]) -> str:
    """Kind of the files of images by their endings, "nifti" or "picture"; empty where both are among them.

    >>> kind_of([["a_flair.nii.gz", "a_mask.nii"]]), kind_of(["a.png", "b.tif"]), kind_of(["a.png", "b.nii"])
    ('nifti', 'picture', '')
    """
    kinds = {
        "nifti" if image_suffix(str(name)) in NIFTI_SUFFIXES else "picture"
        for files in images
        for name in ([files] if isinstance(files, str) else files)
    }
    return kinds.pop() if len(kinds) == 1 else ""
