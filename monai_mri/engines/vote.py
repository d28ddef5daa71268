"""Score several classifiers together on a part that none has seen: each, their vote, their mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.engines.class_dataset import ClassDataset
from monai_mri.engines.class_evaluate import predict, require_classes, require_same_data
from monai_mri.engines.class_scores import (
    Prediction,
    abstention_of,
    majority_of,
    predictions_table,
    scores_of,
)
from monai_mri.engines.class_shapes import require_shapes
from monai_mri.engines.console import say
from monai_mri.engines.durable import write_text_durably
from monai_mri.engines.entry import bundle_step
from monai_mri.engines.members import Maker, Member, Source, listed, load_members, named, refuse_unknown
from monai_mri.engines.run_folder import RunFolder, plain, surroundings
from monai_mri.engines.settings import source_of
from monai_mri.engines.starting import note_namesakes
from monai_mri.engines.weights import NAME
from monai_mri.errors import ConfigError, UsageError
from monai_mri.metrics import (
    agreement,
    class_report,
    confusion_matrix,
    majority_vote,
    mean_probability,
    report_lines,
    summarise_classification,
)

VOTE, MEAN = "vote", "mean"
OF_LABELS = ("accuracy", "balanced_accuracy", "sensitivity", "specificity", "macro_f1")


@bundle_step
def evaluate_vote(  # noqa: PLR0913 - one argument a line of the bundle's YAML
    voters: Mapping[str, Maker],
    *,
    weights: Mapping[str, Source],
    run_folder: RunFolder,
    trained_on: Any,
    positive: str | None = None,
    draws: int = 2000,
    seed: int = 0,
    allow_trained_subjects: bool = False,
    how_to_train: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Score classifiers one by one and together; write `summary.json` and `predictions.csv` to `evaluation/`.

    The scores are those of the mean of the probabilities. Beside them stand those of the majority's label
    ("vote"), how far the voters agree, and precision, recall and F of each voter, the vote and the mean. A
    tie of the vote goes to the class that is more probable on average.

    Args:
        voters: evaluators over one dataset with classes, each with a network of its own, by name.
        weights: run folder or safetensors file of each; null leaves a voter out.
        run_folder: where to write; a folder of its own, not that of a training.
        trained_on: the training part, for the majority class.
        positive: the class that sensitivity speaks of; by default the last of two.
        draws: bootstrap draws of subjects.
        seed: seed of the draws.
        allow_trained_subjects: score subjects that a voter was trained or selected on all the same; said in
            the summary.
        how_to_train: command that trains a voter, by its name, for the error where its weights are missing.

    Returns:
        The summary, as written.

    Raises:
        LeakError: a voter was trained on a subject, or its best epoch was chosen on one.
        CheckpointError: weights are missing, or are of no classifier.
        ConfigError: weights are of other classes, labels or image columns, two voters are one, or `positive`
            is no class.
        ImageError: an image has another shape than a network takes.
        UsageError: the folder is that of a training, or no voter is left.
    """
    _refuse_training(run_folder)
    refuse_unknown(weights, list(voters))
    members = load_members(voters, weights, kind="classifier", how_to_train=how_to_train)
    dataset = _checked_dataset(members, positive, allow_trained_subjects=allow_trained_subjects)
    told = _Told.by(members, dataset.names)
    run_folder.note_command()
    summary: dict[str, Any] = plain(
        {
            "study": run_folder.study,
            "kind": "classification",
            "protocol": run_folder.protocol,
            "training_protocol": ", ".join(sorted({member.record.protocol for member in members})),
            "part": source_of(dataset).part,
            "members": {member.name: member.facts for member in members},
            "trained_subjects_allowed": any(member.record.known(dataset.subjects) for member in members),
            "classes": dataset.names,
            "images_from": source_of(dataset).columns,
            "positive": positive or (dataset.names[1] if len(dataset.names) == 2 else None),
            "images": len(told.mean),
            "subjects": len(dataset.subjects),
            "left_out": dataset.left_out,
            **scores_of(told.mean, dataset.names, positive=positive, draws=draws, seed=seed),
            "majority": majority_of(trained_on, told.mean),
            "abstention": abstention_of(told.mean, dataset.names),
            "vote": told.scores_of_vote(positive=positive, draws=draws, seed=seed),
            "agreement": told.agreement(),
            "report": told.reports(draws=draws, seed=seed),
        }
    )
    _write(run_folder, summary, told, members)
    _announce(run_folder, summary)
    return summary


@dataclass(frozen=True)
class _Told:
    """What the voters said of the same images: probabilities (V, n, K), and what comes of them."""

    names: list[str]
    classes: list[str]
    mean: list[Prediction]
    probabilities: NDArray[np.float64]
    voted: list[str]
    ties: int

    @classmethod
    def by(cls, members: list[Member], classes: list[str]) -> _Told:
        predictions = {member.name: predict(member.evaluator, what=member.name) for member in members}
        first, *others = predictions.values()
        for name, other in zip([member.name for member in members[1:]], others, strict=True):
            if [(one.sample_id, one.truth) for one in other] != [(one.sample_id, one.truth) for one in first]:
                raise ConfigError(
                    f"{name}: other images than {members[0].name}'s, expected one dataset for all"
                )
        table = np.array([[one.probabilities for one in several] for several in predictions.values()])
        vote, mean = majority_vote(table), mean_probability(table)
        return cls(
            names=list(predictions),
            classes=classes,
            mean=[replace(one, probabilities=row) for one, row in zip(first, mean, strict=True)],
            probabilities=table,
            voted=[classes[place] for place in vote.places],
            ties=int(vote.tied.sum()),
        )

    @property
    def labels(self) -> dict[str, list[str]]:
        """The class that each voter says of each image."""
        places = self.probabilities.argmax(axis=2)
        return {
            name: [self.classes[place] for place in row] for name, row in zip(self.names, places, strict=True)
        }

    @property
    def truth(self) -> list[str]:
        return [str(one.truth) for one in self.mean]

    @property
    def groups(self) -> list[str]:
        return [one.subject_id for one in self.mean]

    def scores_of_vote(self, *, positive: str | None, draws: int, seed: int) -> dict[str, Any]:
        """Scores of the majority's label; those that need probabilities are not of it."""
        sure = np.eye(len(self.classes))[[self.classes.index(name) for name in self.voted]]
        scores = summarise_classification(
            self.truth,
            sure,
            classes=self.classes,
            positive=positive,
            groups=self.groups,
            draws=draws,
            seed=seed,
        )
        kept = {
            name: score
            for name, score in scores.items()
            if name in OF_LABELS or name.startswith(("sensitivity_", "specificity_"))
        }
        confusion = confusion_matrix(self.truth, self.voted, self.classes).tolist()
        return {"scores": kept, "confusion": confusion, "ties": self.ties}

    def agreement(self) -> dict[str, Any] | None:
        """How far the voters agree; None for a single one."""
        if len(self.names) < 2:
            return None
        return agreement(list(self.labels.values()), self.classes)._asdict()

    def reports(self, *, draws: int, seed: int) -> dict[str, Any]:
        """Precision, recall and F of each voter, the vote and the mean."""
        of_mean = [self.classes[int(one.probabilities.argmax())] for one in self.mean]
        return {
            name: class_report(
                self.truth, said, classes=self.classes, groups=self.groups, draws=draws, seed=seed
            )
            for name, said in {**self.labels, VOTE: self.voted, MEAN: of_mean}.items()
        }


def _refuse_training(folder: RunFolder) -> None:
    if (folder.root / NAME).exists() or folder.checkpoints.exists():
        raise UsageError(
            f"{folder.root}: holds a training, whose own evaluation would be lost; set output_dir to a "
            "folder for the vote"
        )


def _checked_dataset(
    members: list[Member], positive: str | None, *, allow_trained_subjects: bool
) -> ClassDataset:
    """The images that all voters are asked about, if each of them may be."""
    dataset: ClassDataset = members[0].evaluator.dataset
    if positive is not None and positive not in dataset.names:
        raise ConfigError(
            f"positive: {positive!r} found, expected one of classes: {', '.join(dataset.names)}"
        )
    for member in members:
        if member.name in (VOTE, MEAN):
            raise ConfigError(f"voters::{member.name}: that name means all voters together; choose another")
        with named(f"weights::{member.name}"):
            images: ClassDataset = member.evaluator.dataset
            require_classes(member.record, images.names)
            require_same_data(member.record, images)
            if not allow_trained_subjects:
                member.record.refuse_trained(images.subjects)
            note_namesakes(member.record, images.subjects)
            require_shapes(images, member.evaluator.network)
    if dataset.left_out:
        say(dataset.left_out_line)
    return dataset


def _write(folder: RunFolder, summary: dict[str, Any], told: _Told, members: list[Member]) -> None:
    """The evaluation, and what `run.json` says of a run that trained nothing."""
    source = source_of(members[0].evaluator.dataset)
    folder.update_run(
        study=folder.study,
        protocol=folder.protocol,
        network=f"{listed(told.names)}, together" if len(told.names) > 1 else told.names[0],
        device=str(members[0].evaluator.state.device),
        members=summary["members"],
        manifest_sha256=source.manifest.sha256,
        splits_sha256=source.splits.sha256 if source.splits_path.is_file() else None,
        **surroundings(),
    )
    folder.write_json("evaluation/summary.json", summary)
    said = {f"voter_{name}": labels for name, labels in told.labels.items()}
    table = predictions_table(told.mean, told.classes, beside={**said, VOTE: told.voted})
    write_text_durably(folder.evaluation / "predictions.csv", table)


def _announce(folder: RunFolder, summary: dict[str, Any]) -> None:
    titles = {VOTE: "majority vote", MEAN: "mean probability"}
    for name, report in summary["report"].items():
        for line in report_lines(titles.get(name, name), report):
            say(line)
    if (found := summary["agreement"]) is not None:
        kappa = "undefined" if found["kappa"] is None else f"{found['kappa']:.3f}"
        say(f"all {found['voters']} voters agree on {found['unanimous']:.3f} of the images, kappa {kappa}")
    majority = summary["majority"]
    say(f"always {majority['class']!r}, the commonest class in training: accuracy {majority['accuracy']:.3f}")
    say(f"scores and predictions in {folder.evaluation}")
