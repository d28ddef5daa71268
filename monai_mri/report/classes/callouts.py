"""What a reader must know before the figures of a classification, each in a few plain sentences."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import NamedTuple

from monai_mri.report.classes.maps import Maps
from monai_mri.report.classes.results import ClassResults, ClassSummary
from monai_mri.report.run_folder import RunFolder
from monai_mri.report.tables import to_count

__all__ = ["Callout", "alarms", "hints"]

WIDE = 0.2  # an interval of the accuracy from here on is called out
FEW_PEOPLE = 5  # fewer are called out, however narrow the interval


class Callout(NamedTuple):
    """A heading and what it means; `tone` is a class of the style sheet."""

    heading: str
    text: str
    tone: str = ""


def alarms(results: ClassResults) -> list[Callout]:
    """What makes the figures worthless or too good."""
    summary = results.summary
    if summary is None:
        return []
    return list(_present(_collapsed(summary), _one_class(summary), _other_predictions(results)))


def hints(folder: RunFolder, results: ClassResults, maps: Maps) -> list[Callout]:
    """What makes them weaker than they look."""
    found = [_no_validation(folder), _other_weights(results.summary, maps)]
    if results.summary is not None:
        found += [_few_people(results.summary), _few_images(results.summary), _no_better(results.summary)]
    return list(_present(*found))


def _present(*callouts: Callout | None) -> Iterable[Callout]:
    return (callout for callout in callouts if callout is not None)


def _collapsed(summary: ClassSummary) -> Callout | None:
    name = summary.only_said
    if not name:
        return None
    return Callout(
        "This run has collapsed.",
        f"The network says one class to everyone: {name}. It is right for the share of the images that are "
        f"{name}, as anyone would be who says so without a look at them. Train longer, or with another loss, "
        "initialisation, balance of the classes or learning rate.",
        "alarm",
    )


def _one_class(summary: ClassSummary) -> Callout | None:
    there = [name for name, count in zip(summary.classes, summary.counts, strict=False) if count]
    if len(there) != 1:
        return None
    return Callout(
        "Only one class was there to be found.",
        f"All images of the {summary.part} part are {there[0]}. Whether the network tells the classes apart "
        "cannot be seen from them. Split again with every class in every part.",
        "alarm",
    )


def _other_predictions(results: ClassResults) -> Callout | None:
    summary = results.summary
    scored, listed = summary.images if summary else None, len(results.predictions)
    if not listed or scored is None or scored == listed:
        return None
    return Callout(
        "Summary and predictions do not belong together.",
        f"evaluation/summary.json speaks of {to_count(scored)} images, evaluation/predictions.csv holds "
        f"{to_count(listed)}: tables and curves are not of one evaluation. Evaluate again.",
        "alarm",
    )


def _no_validation(folder: RunFolder) -> Callout | None:
    parts = folder.run.parts
    validation = parts.get("validation")
    if not parts or (validation is not None and validation.images != 0):
        return None
    return Callout(
        "No validation part.",
        "The weights are those of the last epoch, for there was nothing to choose the best one on, nor a "
        "threshold for abstaining. Split again with a validation part to have both.",
    )


def _other_weights(summary: ClassSummary | None, maps: Maps) -> Callout | None:
    scored = summary.weights_sha256 if summary else None
    explained = maps.summary.weights_sha256 if maps.summary else None
    if not scored or not explained or scored == explained:
        return None
    return Callout(
        "The maps are of other weights.",
        "They were drawn with weights that are not those that were evaluated. Evaluate and explain again.",
        "alarm",
    )


def _few_people(summary: ClassSummary) -> Callout | None:
    people = summary.subjects
    if people is None or not 0 < people < FEW_PEOPLE:
        return None
    said = "1 person stands" if people == 1 else f"{people} people stand"
    return Callout(
        "Few people.",
        f"{said} behind these figures, however many images there are of them. "
        "That is too few to say anything about others.",
    )


def _few_images(summary: ClassSummary) -> Callout | None:
    accuracy = summary.score("accuracy")
    width = accuracy.high - accuracy.low
    if not (isfinite(width) and width >= WIDE):
        return None
    low, high = (round(100 * end) for end in (accuracy.low, accuracy.high))
    subjects = "" if summary.subjects is None else f" of {_several(summary.subjects, 'subject')}"
    images = _several(summary.images, "image") if summary.images is not None else "Few images"
    return Callout(
        "Few images, wide interval.",
        f"{images}{subjects} were scored. A network that is right for {low} of 100 images and one that is "
        f"right for {high} of 100 could both have given this accuracy: {high - low} points lie between. "
        "Small differences between runs mean nothing here.",
    )


def _no_better(summary: ClassSummary) -> Callout | None:
    accuracy, majority = summary.score("accuracy"), summary.majority
    if majority is None or summary.only_said or not accuracy.low <= majority.accuracy:
        return None
    worse = accuracy.high < majority.accuracy
    return Callout(
        "Worse than always saying one class."
        if worse
        else "Not shown to be better than always saying one class.",
        f"Always saying {majority.name or 'the commonest class'}, the commonest class in training, is right "
        f"for {majority.accuracy:.3f} of the images, which is {'above' if worse else 'within'} the interval "
        "of the accuracy.",
    )


def _several(count: int, name: str) -> str:
    return f"{to_count(count)} {name}{'' if count == 1 else 's'}"
