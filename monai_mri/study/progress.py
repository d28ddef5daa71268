"""What a person sees of a study: how much there is to do, a line a run, and the time that is left."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monai_mri.study.design import Design
from monai_mri.study.runs import Run

if TYPE_CHECKING:
    from monai_mri.study.processes import Outcome


class Progress:
    """Lines on standard error.

    Args:
        total: runs that are asked for.
        done: those of them that were finished before.
    """

    def __init__(self, total: int, *, done: int) -> None:
        self.total, self.count = total, done
        self.before = done
        self.seconds: list[float] = []

    def begin(self, design: Design, *, output: Path, protocol_variants: list[str]) -> None:
        """How many runs there are, and of what."""
        variants = f"{len(protocol_variants)} variants ({', '.join(protocol_variants)})"
        if len(protocol_variants) == 1:
            variants = f"variant {protocol_variants[0]}"
        _say(f"{output}: {design.study}, {variants}, {design.protocol} protocol: {_many(self.total, 'run')}")
        if self.before:
            _say(f"{self.before} of them finished before, {self.total - self.before} to do")

    def ended(self, run: Run, outcome: Outcome, *, metric: float, name: str) -> None:
        """A run has ended, well or not."""
        self.count += 1
        self.seconds.append(outcome.seconds)
        took = f"({spoken_time(outcome.seconds)})"
        if outcome.error is not None:
            _say(f"{self.count}/{self.total} {run.name}: failed: {outcome.error} {took}; log: {run.log}")
            return
        value = "undefined" if math.isnan(metric) else f"{metric:.3f}"
        _say(f"{self.count}/{self.total} {run.name}: {name.split('.')[-1]} {value} {took}{self._left()}")

    def refused(self, run: Run, why: str) -> None:
        """A run was not begun."""
        self.count += 1
        _say(f"{self.count}/{self.total} {run.name}: not run: {why}")

    def stopped(self, signal: str) -> None:
        """The study was asked to stop."""
        _say(
            f"{signal}: stopped after {self.count} of {self.total} runs; the same command goes on from there"
        )

    def _left(self) -> str:
        runs = self.total - self.count
        mean = sum(self.seconds) / len(self.seconds)
        return f", about {spoken_time(mean * runs)} left" if runs else ""


def spoken_time(seconds: float) -> str:
    """Seconds as a person says them.

    >>> spoken_time(12.3), spoken_time(150), spoken_time(40_000)
    ('12 s', '2.5 min', '11.1 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _many(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def _say(message: str) -> None:
    click.echo(message, err=True)
