"""How much better one variant of a study is than another, over all its folds and repeats, person by person.

    python benchmarks/compare_variants.py studies/nmosd two_view_18 two_view_18_scratch

Each person is tested once in each repeat. A person's score under a variant is the share of repeats in which
the variant was right; the difference of two variants is the mean over people, and its interval are the 2.5th
and 97.5th percentile of draws of people. That is the spread of other people from the same clinic, given these
trainings; the trainings' own spread is in it only as far as the repeats average it out.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import click
import numpy as np


def shares_right(study: Path, variant: str) -> tuple[dict[str, float], int]:
    """Share of repeats in which each person was told rightly, and the number of trainings."""
    right = defaultdict(list)
    runs = sorted((study / variant).glob("repeat-*_fold-*/evaluation/predictions.csv"))
    for path in runs:
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                right[row["subject_id"]].append(float(row["correct"]))
    if not right:
        raise SystemExit(f"{study / variant}: no finished runs; run the study first")
    return {person: float(np.mean(values)) for person, values in right.items()}, len(runs)


@click.command()
@click.argument("study", type=click.Path(path_type=Path, exists=True))
@click.argument("variants", nargs=-1, required=True)
@click.option("--draws", default=10_000, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(*, study: Path, variants: tuple[str, ...], draws: int, seed: int) -> None:
    """Print the accuracy of each variant, and the difference of each to the first."""
    found = {name: shares_right(study, name) for name in variants}
    people = sorted(set.intersection(*(set(shares) for shares, _ in found.values())))
    table = np.array([[found[name][0][person] for person in people] for name in variants])
    rng = np.random.default_rng(seed)
    drawn = table[:, rng.integers(0, len(people), (draws, len(people)))].mean(axis=2)
    click.echo(f"{len(people)} people; intervals: {draws} draws of people, 95 %")
    for place, name in enumerate(variants):
        low, high = np.percentile(drawn[place], [2.5, 97.5])
        accuracy = f"accuracy {table[place].mean():.3f} [{low:.3f}, {high:.3f}]"
        line = f"{name:24} {found[name][1]:3} trainings  {accuracy}"
        if place:
            low, high = np.percentile(drawn[0] - drawn[place], [2.5, 97.5])
            difference = table[0].mean() - table[place].mean()
            line += f"  {variants[0]} is better by {difference:+.3f} [{low:+.3f}, {high:+.3f}]"
        click.echo(line)


if __name__ == "__main__":
    main()
