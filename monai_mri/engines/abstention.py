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
from monai_mri.engines.weights import load_weights, save_weights
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
        accuracy: share of kept predictions that must be right; None chooses nothing.

    Returns:
        The threshold, in [0, 1]; None where none reaches that accuracy, or none was asked for.
    """
    if accuracy is None:
        return None
    record = load_weights(evaluator.network, run_folder.root)
    shares = distributed.gathered(predict(evaluator, what="choosing when to abstain"))
    predictions = [one for share in shares for one in share]
    names = evaluator.dataset.names
    truth = np.array([names.index(str(one.truth)) for one in predictions])
    probabilities = np.array([one.probabilities for one in predictions])
    found = choose_abstention_threshold(truth, probabilities, accuracy=accuracy)
    threshold = None if np.isnan(found) else float(found)
    if distributed.rank() == 0:
        save_weights(evaluator.network, run_folder.root, replace(record, threshold=threshold))
        if threshold is None:
            say(f"abstention: no threshold reaches an accuracy of {accuracy:g} on the validation part")
        else:
            kept = f"from probability {threshold:.3f} on"
            say(f"abstention: {kept}, {accuracy:g} of the validation part is right")
    distributed.wait()
    return threshold
