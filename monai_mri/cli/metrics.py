"""`monai-mri metrics`: score one mask against another."""

from __future__ import annotations

import math
from pathlib import Path

import click

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("pred", type=FILE)
@click.argument("truth", type=FILE)
@click.option("style", "--format", type=click.Choice(["table", "json"]), default="table", show_default=True)
def metrics(*, pred: Path, truth: Path, style: str) -> None:
    """Score the mask PRED against the mask TRUTH: overlap, distances in mm, lesions.

    Both are NIfTI files on one grid, or JPG, PNG or TIFF pictures of one size, whose distances are undefined
    because their pixel size is unknown.
    """
    scores = score_files(pred, truth)
    click.echo(_as_json(scores) if style == "json" else _as_table(scores))


def score_files(pred: Path, truth: Path) -> dict[str, float | int]:
    """All scores of one mask file against another; nan where undefined.

    Raises:
        ImageError: a file cannot be read as a mask, or the grids differ (E209).
    """
    from monai_mri.images.picture import check_same_grid
    from monai_mri.images.read import lesions, read_image
    from monai_mri.metrics import lesion_scores, segmentation_scores

    found, true = read_image(pred), read_image(truth)
    check_same_grid(true, found)
    found_mask, true_mask = lesions(found), lesions(true)
    counted = lesion_scores(found_mask, true_mask)
    return {
        **segmentation_scores(found_mask, true_mask, spacing_mm=true.spacing_mm),
        "lesions_truth": counted.truth_count,
        "lesions_pred": counted.pred_count,
        "lesions_detected": counted.detected,
        "lesions_missed": counted.missed,
        "lesions_false": counted.false,
        "lesions_merges": counted.merges,
        "lesions_splits": counted.splits,
        "lesions_precision": counted.precision,
        "lesions_recall": counted.recall,
        "lesions_f1": counted.f1,
    }


def _as_json(scores: dict[str, float | int]) -> str:
    import json

    return json.dumps(
        {name: value if math.isfinite(value) else None for name, value in scores.items()}, indent=1
    )


def _as_table(scores: dict[str, float | int]) -> str:
    width = max(map(len, scores))
    return "\n".join(f"{name:<{width}}  {_cell(value):>9}" for name, value in scores.items())


def _cell(value: float | int) -> str:
    if isinstance(value, int):
        return str(value)
    return f"{value:.4f}" if math.isfinite(value) else "undefined"
