"""The course of a training that was selected by its validation loss, as SVG markup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context

from monai_mri.report.marks import draw_point
from monai_mri.report.run_folder import Epoch
from monai_mri.report.svg import NETWORK, SECOND, SOFT, STYLE, new_figure, to_svg

__all__ = ["has_losses", "loss_curves"]

HEADROOM = 1.25  # of an axis, for the legend


def has_losses(history: Sequence[Epoch]) -> bool:
    """Whether an epoch has a validation loss."""
    return bool(np.isfinite([row.val_loss for row in history]).any())


def loss_curves(history: Sequence[Epoch]) -> str | None:
    """Losses of training and validation above, validation Dice below; None without a validation loss.

    The epoch of the lowest validation loss is marked.
    """
    if not has_losses(history):
        return None
    epochs = [row.epoch for row in history]
    train, validation = ([getattr(row, name) for row in history] for name in ("train_loss", "val_loss"))
    dice = [row.val_dice for row in history]
    best = int(np.nanargmin(validation))
    style: dict[str, Any] = {"marker": "o" if len(epochs) < 15 else None, "markersize": 2.5}
    with rc_context(STYLE):
        figure = new_figure()
        above, below = figure.subplots(2, 1, sharex=True)
        above.plot(epochs, train, color=SECOND, label="training", **style)
        above.plot(epochs, validation, color=NETWORK, label="validation", **style)
        highest = max(value for value in [*train, *validation] if np.isfinite(value))
        above.set(ylabel="loss", ylim=(0, highest * HEADROOM if highest > 0 else None))
        above.legend(loc="upper right", ncols=2, labelcolor="linecolor", frameon=False)
        draw_point(above, epochs[best], validation[best], colour=NETWORK)
        below.plot(epochs, dice, color=NETWORK, **style)
        below.set(ylabel="validation Dice", ylim=(0, 1.18), xlabel="epoch", yticks=[0, 0.25, 0.5, 0.75, 1])
        if np.isfinite(dice).any():
            draw_point(below, epochs[best], dice[best], colour=NETWORK)
        else:
            below.text(
                0.5, 0.5, "undefined in every epoch", transform=below.transAxes, ha="center", color=SOFT
            )
        below.xaxis.get_major_locator().set_params(integer=True)
        figure.align_ylabels()
        return to_svg(figure, "Losses and validation Dice per epoch", salt="losses")
