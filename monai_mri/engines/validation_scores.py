"""Score the part that the best epoch was chosen on, as cross-validations are reported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from monai_mri.engines.answering import load_trained
from monai_mri.engines.console import say
from monai_mri.engines.dataset import Sample
from monai_mri.engines.entry import bundle_step
from monai_mri.engines.evaluator import Evaluator
from monai_mri.engines.key_metric import as_array
from monai_mri.engines.run_folder import RunFolder, plain
from monai_mri.engines.settings import source_of
from monai_mri.engines.volumes import SliceBook, Volumes
from monai_mri.errors import UsageError


@bundle_step
def evaluate_validation(
    evaluator: Evaluator,
    *,
    run_folder: RunFolder,
    weights: str | Path | None = None,
    threshold: float = 0.5,
    volumes: Volumes | None = None,
) -> dict[str, Any]:
    """Add scores by slice and by volume of the validation part to the summary of an evaluation.

    They stand under "validation" in `evaluation/summary.json`, as those of the test part stand there, and
    flatter: the best epoch was chosen on this part. Nothing is added where the splits have no such part.

    Args:
        evaluator: network, and slices of the validation part with masks.
        run_folder: folder of the run, whose test part has been evaluated.
        weights: run folder or safetensors file; the run folder itself by default.
        threshold: probability from which a pixel is marked.
        volumes: how slices make volumes.

    Returns:
        What was added; empty without a validation part.

    Raises:
        LeakError: a subject was trained on.
        UsageError: there is no evaluation to add to.
    """
    source = source_of(evaluator.dataset)
    if source.is_empty:
        say(f"part {source.part!r} is empty in the splits: no scores of it")
        return {}
    record = load_trained(evaluator, Path(weights or run_folder.root))
    replace(record, selected_on=()).refuse_trained(source.subjects)
    own = record.protocol in ("", run_folder.protocol)
    name = f"{'evaluation' if own else f'evaluation-{run_folder.protocol}'}/summary.json"
    summary = run_folder.read_json(name)
    if summary.get("weights_sha256") != record.tensors_sha256:
        raise UsageError(f"{run_folder.root / name}: not of these weights; evaluate the test part first")
    book = SliceBook(volumes or Volumes(), source)

    def add(sample: Sample, output: Sample) -> None:
        truth = as_array(output["label"])[0] > 0
        book.add(sample, as_array(output["pred"])[0] >= threshold, truth)

    evaluator.run_over_samples(add, what="validation part")
    found: dict[str, Any] = plain({"part": source.part} | book.summary(book.volumes()))
    run_folder.write_json(name, {**summary, "validation": found})
    dice = found["per_slice"]["scores"]["dice"]
    value = float("nan") if dice["value"] is None else dice["value"]
    say(f"validation part, on which the epoch was chosen: Dice {value:.3f} of {dice['n']} slices")
    return found
