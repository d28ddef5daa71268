"""Apply a trained classifier to images whose class is not known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn
from torch.utils.data import Subset

from monai_mri.engines.answering import load_trained
from monai_mri.engines.class_evaluate import predict, require_same_data
from monai_mri.engines.class_scores import Prediction, predictions_table
from monai_mri.engines.class_shapes import fixed_shape, other_shape
from monai_mri.engines.console import say, track
from monai_mri.engines.durable import write_text_durably
from monai_mri.engines.entry import bundle_step
from monai_mri.engines.evaluator import Evaluator
from monai_mri.errors import CheckpointError, ImageError, MonaiMRIError, UsageError


@bundle_step
def infer_classes(
    evaluator: Evaluator, *, weights: str | Path, output_dir: str | Path, overwrite: bool = False
) -> list[Prediction]:
    """Write `predictions.csv`: a probability for each class, a line an image.

    Images that cannot be read, or do not fit the network, are left out and named at the end.

    Args:
        evaluator: network and images.
        weights: run folder or safetensors file.
        output_dir: folder of the result.
        overwrite: replace a result that is there already.

    Returns:
        The predictions, in the order of the images.

    Raises:
        UsageError: a result is there already.
        CheckpointError: there are no weights, or they are of no classifier.
        ConfigError: the weights are of other image columns, or of a network built or applied otherwise.
        ImageError: images were left out; the predictions of the others are written.
    """
    out = Path(output_dir) / "predictions.csv"
    if out.exists() and not overwrite:
        raise UsageError(f"{out}: exists already, expected a new file; set overwrite or another output_dir")
    record = load_trained(evaluator, Path(weights))
    if not record.classes:
        raise CheckpointError(f"{weights}: no classes in it, expected the weights of a classifier; name them")
    require_same_data(record, evaluator.dataset)
    usable, faults = _usable(evaluator.dataset, evaluator.network)
    if not usable:
        raise ImageError(f"none of {len(faults)} images can be used, first {faults[0]}")
    whole = evaluator.dataset
    evaluator.dataset = Subset(whole, usable) if faults else whole
    predictions = predict(evaluator, what="images")
    evaluator.dataset = whole
    write_text_durably(out, predictions_table(predictions, list(record.classes)))
    say(f"{len(predictions)} images, {', '.join(record.classes)}: {out}")
    if faults:
        for fault in faults:
            say(f"left out: {fault}")
        raise ImageError(
            f"{out}: without {len(faults)} of {len(faults) + len(usable)} images, first {faults[0]}; "
            "mend them and set overwrite"
        )
    return predictions


def _usable(dataset: Any, network: nn.Module) -> tuple[list[int], list[str]]:
    """Places of the images that can be read and fit, and what is wrong with the others.

    Each image is read here once more: a batch of the evaluator cannot be skipped.
    """
    usable, faults, expected = [], [], fixed_shape(network)
    for place in track(range(len(dataset)), what="reading"):
        try:
            image = dataset[place]["image"]
            found = tuple(int(side) for side in image.shape[1:])
            if expected is not None and found != expected:
                raise ImageError(other_shape(image, found=found, expected=expected))
            usable.append(place)
        except Exception as error:
            faults.append(_fault(error, dataset, place))
    return usable, faults


def _fault(error: BaseException, dataset: Any, place: int) -> str:
    """This package's error, also behind that of a MONAI transform; else the image and the error."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, MonaiMRIError):
            return str(link)
        error, link = link, link.__cause__
    where = dataset.paths[place] if hasattr(dataset, "paths") else f"image {place + 1}"
    return f"{where}: {type(error).__name__}: {error}"
