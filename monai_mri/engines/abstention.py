"""Choose how sure a classifier must be before its word is taken, on the validation part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from monai_mri.engines import distributed
from monai_mri.engines.class_evaluate import predict
from monai_mri.engines.console import say
from monai_mri.engines.entry import bundle_step
from monai_mri.engines.evaluator import Evaluator
from monai_mri.engines.run_folder import RunFolder
from monai_mri.engines.weights import WeightsRecord, load_weights, save_weights
from monai_mri.metrics import choose_abstention_threshold


@bundle_step
def choose_abstention(
    evaluator: Evaluator, *, run_folder: RunFolder, accuracy: float | None = 0.95
) -> float | None:
    """The least probability of the predicted class from which on predictions are right often enough.

    It is kept in the header of the run's weights, and an evaluation says how many images it keeps and how
    many of them are right.

    Args:
        evaluator: network and images of the validation part.
        run_folder: the run.
        accuracy: share of kept predictions that must be right; None keeps all, and an earlier threshold is
            taken out of the weights.

    Returns:
        The threshold, in [0, 1]; None where none reaches that accuracy, or none was asked for.
    """
    record = load_weights(evaluator.network, run_folder.root)
    if accuracy is None:
        _keep(evaluator, run_folder, record, threshold=None)
        return None
    shares = distributed.gathered(predict(evaluator, what="choosing when to abstain"))
    predictions = [one for share in shares for one in share]
    names = evaluator.dataset.names
    truth = np.array([names.index(str(one.truth)) for one in predictions])
    probabilities = np.array([one.probabilities for one in predictions])
    found = choose_abstention_threshold(truth, probabilities, accuracy=accuracy)
    threshold = None if np.isnan(found) else float(found)
    if distributed.rank() == 0:
        if threshold is None:
            say(f"abstention: no threshold reaches an accuracy of {accuracy:g} on the validation part")
        else:
            kept = int((probabilities.max(axis=1) >= threshold).sum())
            people = len({one.subject_id for one in predictions})
            say(
                f"abstention: from probability {threshold:.3f} on, at least {accuracy:g} of the {kept} kept "
                f"of {len(predictions)} validation images ({people} people) are right"
            )
    _keep(evaluator, run_folder, record, threshold=threshold)
    return threshold


def _keep(evaluator: Evaluator, folder: RunFolder, record: WeightsRecord, *, threshold: float | None) -> None:
    """Write the threshold to the weights; an evaluation of other weights is set aside."""
    if distributed.rank() == 0:
        if threshold != record.threshold:
            save_weights(evaluator.network, folder.root, replace(record, threshold=threshold))
        folder.set_evaluation_aside(unless=record.tensors_sha256)
        if threshold != record.threshold and folder.read_json("evaluation/summary.json"):
            say(f"abstention: {folder.evaluation} speaks of another threshold; evaluate again")
    distributed.wait()
