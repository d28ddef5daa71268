"""Whether maps find what was planted better in trainings on it than in trainings on a null cohort.

    python benchmarks/map_scores.py study/honest null-study/honest

Both folders hold runs that were explained with `truth` (see docs/studies/migraine.md). One network looks at
the same places in everyone, so its maps are one observation, not twenty: a training is the unit here. The
test is that of Mann and Whitney, one-sided, exact.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np
from scipy.stats import mannwhitneyu


def shares(folder: Path) -> dict[str, list[tuple[float, float, float]]]:
    """Of each method and run: hits of the pointing game, share of the strongest voxels inside, by chance."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for path in sorted(folder.glob("*/explanation/summary.json")):
        for row in json.loads(path.read_text())["methods"]:
            if row["n"]:
                figures = (row["hit_rate"], row["top_share"], row["chance"])
                found.setdefault(row["method"], []).append(figures)
    return found


@click.command()
@click.argument("planted", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("null", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(*, planted: Path, null: Path) -> None:
    """Print hits and shares of each method, mean over trainings, and the test of the share."""
    with_effect, without = shares(planted), shares(null)
    if not with_effect or not without:
        raise SystemExit("no explained run in one of the folders; run the explain mode of each with truth")
    click.echo(f"{'method':10} {'trainings':>12} {'hits':>13} {'share inside':>16} {'chance':>7} {'p':>7}")
    for method, runs in with_effect.items():
        others = without.get(method, [])
        if not others:
            continue
        (hit, share, chance), (null_hit, null_share, _) = np.mean(runs, axis=0), np.mean(others, axis=0)
        test = mannwhitneyu(
            [one[1] for one in runs], [one[1] for one in others], alternative="greater", method="exact"
        )
        click.echo(
            f"{method:10} {f'{len(runs)} / {len(others)}':>12} {f'{hit:.2f} / {null_hit:.2f}':>13} "
            f"{f'{share:.2f} / {null_share:.2f}':>16} {chance:7.2f} {test.pvalue:7.4f}"
        )


if __name__ == "__main__":
    main()
