"""Score a trained classifier on a part that it has not seen, beside the majority class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monai_mri.engines.answering import load_trained
from monai_mri.engines.class_dataset import ClassDataset, classes_of
from monai_mri.engines.class_scores import (
    Prediction,
    abstention_of,
    majority_of,
    predictions_table,
    printed_scores,
    scores_of,
)
from monai_mri.engines.class_shapes import require_shapes
from monai_mri.engines.console import say
from monai_mri.engines.dataset import Sample
from monai_mri.engines.durable import write_text_durably
from monai_mri.engines.entry import bundle_step
from monai_mri.engines.evaluator import Evaluator
from monai_mri.engines.run_folder import RunFolder, plain
from monai_mri.engines.settings import source_of
from monai_mri.engines.starting import note_namesakes
from monai_mri.engines.weights import WeightsRecord
from monai_mri.errors import ConfigError


@bundle_step
def evaluate_classes(
    evaluator: Evaluator,
    *,
    run_folder: RunFolder,
    trained_on: Any,
    weights: str | Path | None = None,
    positive: str | None = None,
    draws: int = 2000,
    seed: int = 0,
    allow_trained_subjects: bool = False,
) -> dict[str, Any]:
    """Score the evaluator's images; write `summary.json` and `predictions.csv` to `evaluation/`.

    Args:
        evaluator: network and images with classes.
        run_folder: where to write.
        trained_on: the training part, or copies of its samples, for the majority class.
        weights: run folder or safetensors file; the run folder itself by default.
        positive: the class that sensitivity speaks of; by default the last of two.
        draws: bootstrap draws of subjects.
        seed: seed of the draws.
        allow_trained_subjects: score subjects that the weights were trained or selected on all the same; said
            in the summary.

    Returns:
        The summary, as written.

    Raises:
        LeakError: a subject was trained on, or took part in choosing the best epoch.
        CheckpointError: there are no weights.
        ConfigError: the weights are of other classes, labels or image columns, or of a network that was built
            or applied otherwise, or `positive` is no class.
        ImageError: an image has another shape than the network takes.
    """
    dataset: ClassDataset = evaluator.dataset
    if positive is not None and positive not in dataset.names:
        raise ConfigError(
            f"positive: {positive!r} found, expected one of classes: {', '.join(dataset.names)}"
        )
    record = load_trained(evaluator, Path(weights or run_folder.root))
    require_classes(record, dataset.names)
    require_same_data(record, dataset)
    if not allow_trained_subjects:
        record.refuse_trained(dataset.subjects)
    namesakes = note_namesakes(record, dataset.subjects)
    if dataset.left_out:
        say(dataset.left_out_line)
    require_shapes(dataset, evaluator.network)
    predictions = predict(evaluator, what="evaluating")
    run_folder.note_command()
    own = record.protocol in ("", run_folder.protocol)
    folder = run_folder.evaluation if own else run_folder.root / f"evaluation-{run_folder.protocol}"
    summary: dict[str, Any] = plain(
        {
            "study": run_folder.study,
            "kind": "classification",
            "protocol": run_folder.protocol,
            "training_protocol": record.protocol,
            "part": source_of(dataset).part,
            "weights_sha256": record.tensors_sha256,
            "trained_subjects_allowed": bool(record.known(dataset.subjects)),
            "namesakes_of_start": namesakes,
            "classes": dataset.names,
            "images_from": source_of(dataset).columns,
            "positive": positive or (dataset.names[1] if len(dataset.names) == 2 else None),
            "images": len(predictions),
            "subjects": len(dataset.subjects),
            "left_out": dataset.left_out,
            **scores_of(predictions, dataset.names, positive=positive, draws=draws, seed=seed),
            "majority": majority_of(trained_on, predictions),
            "abstention": _abstention(predictions, dataset.names, record, draws=draws, seed=seed),
        }
    )
    run_folder.write_json(f"{folder.name}/summary.json", summary)
    write_text_durably(folder / "predictions.csv", predictions_table(predictions, dataset.names))
    for line in printed_scores(summary):
        say(line)
    majority = summary["majority"]
    say(f"always {majority['class']!r}, the commonest class in training: accuracy {majority['accuracy']:.3f}")
    say(f"scores and predictions in {folder}")
    return summary


def predict(evaluator: Evaluator, *, what: str) -> list[Prediction]:
    """What the network says of each image, in their order."""
    predictions: list[Prediction] = []

    def take(sample: Sample, output: Sample) -> None:
        predictions.append(Prediction.of(sample, output))

    evaluator.run_over_samples(take, what=what)
    return predictions


def require_classes(record: WeightsRecord, names: list[str]) -> None:
    """Make sure that weights know the classes asked for, in their order.

    Raises:
        ConfigError: they were trained on others.
    """
    if record.classes and list(record.classes) != names:
        raise ConfigError(
            f"classes: {', '.join(names)} asked for, the weights know {', '.join(record.classes)}; "
            "give the classes of the training"
        )


def require_same_data(record: WeightsRecord, dataset: Any) -> None:
    """Make sure that images come from the columns of the training, and classes from its labels.

    What is unknown is not checked: files or folders without columns, images without classes, weights that an
    older version wrote.

    Raises:
        ConfigError: they come from others, or from the same in another order, or are single files where the
            training took several for each image.
    """
    found = getattr(source_of(dataset), "columns", None)
    if len(record.images_from) > 1 and found is None:
        raise ConfigError(
            f"input: single files found, the weights were trained on {', '.join(record.images_from)} of each "
            "image; give a manifest with these columns"
        )
    if record.images_from and found is not None and list(record.images_from) != list(found):
        raise ConfigError(
            f"channels or modality: {', '.join(found)} asked for, the weights were trained on "
            f"{', '.join(record.images_from)}; give the columns of the training, in their order"
        )
    images = classes_of(dataset)
    if not record.labels or images is None:
        return
    known = dict(zip(record.classes, record.labels, strict=True))
    if {name: set(group) for name, group in known.items()} != {
        name: set(group) for name, group in images.classes.items()
    }:
        raise ConfigError(
            f"classes: {_mapping(images.classes)} asked for, the weights were trained with "
            f"{_mapping(known)}; give the labels of the training"
        )


def _mapping(classes: Mapping[str, Sequence[str]]) -> str:
    return "{" + ", ".join(f"{name}: [{', '.join(group)}]" for name, group in classes.items()) + "}"


def _abstention(
    predictions: list[Prediction], classes: list[str], record: WeightsRecord, *, draws: int, seed: int
) -> dict[str, Any]:
    """Accuracy of the surest predictions by how many are kept, and at the threshold chosen on validation."""
    found = abstention_of(predictions, classes)
    if record.threshold is not None:
        kept = [one for one in predictions if one.probabilities.max() >= record.threshold]
        found["chosen"] = {
            "threshold": record.threshold,
            "coverage": len(kept) / len(predictions),
            "n": len(predictions),
            "kept": len(kept),
            **_accuracy(kept, classes, draws=draws, seed=seed),
        }
    return found


def _accuracy(
    predictions: list[Prediction], classes: list[str], *, draws: int, seed: int
) -> dict[str, float | str]:
    """Accuracy of the predictions with its interval, all nan without one."""
    if not predictions:
        return dict.fromkeys(("accuracy", "low", "high"), float("nan"))
    scores: dict[str, Any] = scores_of(predictions, classes, positive=None, draws=draws, seed=seed)["scores"]
    score = scores["accuracy"]
    return {"accuracy": score["value"]} | {name: score[name] for name in ("low", "high", "interval")}
