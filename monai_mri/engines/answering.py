"""Settings that change what trained weights say of an image, though no shape of theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monai_mri.engines.evaluator import Evaluator
from monai_mri.engines.settings import describe, first_difference
from monai_mri.engines.weights import WeightsRecord, load_weights
from monai_mri.errors import ConfigError

SAME_ANSWER = ("weights", "inplace", "momentum")  # read where a training starts, or while it runs
HELD = {"ImageClassifier": {"normalize"}, "LesionCNN": {"scale"}}  # in buffers, and so among the weights
WAY_OUT = "give network_def, and the size that the network sees, the settings of the training"


def answer_settings(described: Any, evaluator: Evaluator | None) -> dict[str, Any]:
    """What a record keeps of a network and of how it is applied.

    Args:
        described: the network, as `settings.describe` tells it.
        evaluator: what applies it; only the size that its inferer brings an image to counts.
    """
    found = {"network_def": _answering(described)}
    if evaluator is not None:
        found["inferer"] = {"spatial_size": describe(getattr(evaluator.inferer, "spatial_size", None))}
    return found


def load_trained(evaluator: Evaluator, source: Path) -> WeightsRecord:
    """Load weights into the network of an evaluator that applies them as they were trained; gives the record.

    Dropout and what a training starts from do not count. Of a setting that only one of both versions of a
    library knows, and of weights that an older version of this package wrote, nothing is known.

    Raises:
        CheckpointError: as `load_weights`.
        ConfigError: a setting differs from that of the training; names it.
    """
    record = load_weights(evaluator.network, source)
    asked = answer_settings(describe(evaluator.network), evaluator)
    if difference := first_difference(*_common(dict(record.settings), asked)):
        raise ConfigError(f"{difference}, and the weights of {source} would give other answers; {WAY_OUT}")
    evaluator.record = record
    return record


def _answering(described: Any) -> Any:
    if isinstance(described, list):
        return [_answering(item) for item in described]
    if not isinstance(described, dict):
        return described
    not_counted = {*SAME_ANSWER, *HELD.get(_kind(described), ())}
    kept = {
        name: _answering(value)
        for name, value in described.items()
        if name not in not_counted and "dropout" not in f"{name} {_kind(value)}".lower()
    }
    return kept | ({"_target_": _kind(described)} if "_target_" in described else {})


def _kind(described: Any) -> str:
    """The class of a component, without the module that a version of a library keeps it in."""
    target = described.get("_target_", "") if isinstance(described, dict) else ""
    return str(target).rpartition(".")[2]


def _common(found: Any, wanted: Any) -> tuple[Any, Any]:
    """Both without what only one of them has."""
    if not isinstance(found, dict) or not isinstance(wanted, dict):
        return found, wanted
    pairs = {name: _common(found[name], wanted[name]) for name in found.keys() & wanted.keys()}
    return {name: one for name, (one, _) in pairs.items()}, {name: two for name, (_, two) in pairs.items()}
