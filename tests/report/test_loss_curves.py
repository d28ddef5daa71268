from __future__ import annotations

from math import nan
from xml.etree import ElementTree

from monai_mri.report.loss_curves import has_losses, loss_curves
from monai_mri.report.run_folder import Epoch

EPOCHS = [
    Epoch(epoch=n, train_loss=1 / n, val_loss=nan if n == 1 else abs(n - 3) / 10, val_dice=n / 10)
    for n in range(1, 6)
]


def test_losses_and_dice_are_drawn_as_one_small_svg():
    svg = loss_curves(EPOCHS)
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert len(svg) < 60_000
    for text in ("loss", "validation Dice", "training", "validation", "epoch"):
        assert f">{text}</text>" in svg


def test_without_a_validation_loss_there_is_no_curve():
    bare = [Epoch(epoch=1, train_loss=0.5, val_f1=0.2)]
    assert not has_losses(bare)
    assert loss_curves(bare) is None
    assert loss_curves([]) is None


def test_dice_that_is_never_defined_is_called_so():
    svg = loss_curves([Epoch(epoch=1, train_loss=0.5, val_loss=0.4)])
    assert "undefined in every epoch" in svg


def test_same_history_gives_the_same_bytes():
    assert loss_curves(EPOCHS) == loss_curves(EPOCHS)
