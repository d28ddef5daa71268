"""Apply a trained classifier to images whose class is not known."""

from __future__ import annotations

from pathlib import Path

from monai_mri.engines.class_evaluate import predict
from monai_mri.engines.class_scores import Prediction, predictions_table
from monai_mri.engines.console import say
from monai_mri.engines.durable import write_text_durably
from monai_mri.engines.entry import bundle_step
from monai_mri.engines.evaluator import Evaluator
from monai_mri.engines.weights import load_weights
from monai_mri.errors import CheckpointError, UsageError


@bundle_step
def infer_classes(
    evaluator: Evaluator, *, weights: str | Path, output_dir: str | Path, overwrite: bool = False
) -> list[Prediction]:
    """Write `predictions.csv`: a probability for each class, a line an image.

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
    """
    out = Path(output_dir) / "predictions.csv"
    if out.exists() and not overwrite:
        raise UsageError(f"{out}: exists already, expected a new file; set overwrite or another output_dir")
    record = load_weights(evaluator.network, Path(weights))
    if not record.classes:
        raise CheckpointError(f"{weights}: no classes in it, expected the weights of a classifier; name them")
    predictions = predict(evaluator, what="images")
    write_text_durably(out, predictions_table(predictions, list(record.classes)))
    say(f"{len(predictions)} images, {', '.join(record.classes)}: {out}")
    return predictions
