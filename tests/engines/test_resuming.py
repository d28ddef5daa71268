"""A trainer's state, taken and put back."""

from __future__ import annotations

import pytest
import torch
from building import build_dataset, build_trainer
from monai.transforms import Compose, RandRotated, RandScaleIntensityd

from monai_mri.engines import RunFolder, SliceDataset
from monai_mri.engines.resuming import identity_of, require_same_run, restore, state_of
from monai_mri.errors import CheckpointError
from monai_mri.networks import PlaqueFCN


def trained(cohort, *, epochs):
    trainer = build_trainer(cohort, max_epochs=epochs, lr_schedule=None)
    trainer.prepare()
    trainer.run()
    return trainer


def test_trainer_with_the_state_of_another_goes_on_as_that_one_would(cohort, tmp_path):
    first, whole = trained(cohort, epochs=1), trained(cohort, epochs=2)
    second = build_trainer(cohort, max_epochs=2, lr_schedule=None)
    second.prepare()
    restore(second, state_of(first), folder=RunFolder(tmp_path, study="x"))
    assert (second.state.epoch, second.mean_loss) == (1, first.mean_loss)
    second.run()
    for found, expected in zip(second.network.parameters(), whole.network.parameters(), strict=True):
        assert torch.equal(found, expected)


def test_state_of_another_network_is_refused(cohort, tmp_path):
    state = state_of(trained(cohort, epochs=1))
    state["network"] = PlaqueFCN(filters=(3, 3, 3, 3, 3)).state_dict()
    trainer = build_trainer(cohort)
    trainer.prepare()
    with pytest.raises(CheckpointError, match="state of another network or optimiser"):
        restore(trainer, state, folder=RunFolder(tmp_path, study="x"))


def test_run_selected_on_other_people_is_refused(cohort, tmp_path):
    trainer, folder = build_trainer(cohort), RunFolder(tmp_path, study="x")
    trainer.prepare()
    identity = identity_of(trainer, folder, selected_on=["sub-005"])
    require_same_run(folder, identity, dict(identity))
    with pytest.raises(CheckpointError, match="selected_on"):
        require_same_run(folder, identity, identity_of(trainer, folder, selected_on=["sub-006"]))


def test_what_a_transform_drew_is_no_setting(cohort, tmp_path):
    def slices():
        augment = RandRotated(keys=["image", "label"], prob=1.0, range_x=0.3, mode=["bilinear", "nearest"])
        return SliceDataset(data=build_dataset(cohort, "train"), augment=augment)

    folder = RunFolder(tmp_path, study="x")
    first = build_trainer(cohort, dataset=slices())
    first.prepare()
    first.dataset[(1, 0)]
    again = build_trainer(cohort, dataset=slices())
    again.prepare()
    require_same_run(folder, *(identity_of(one, folder, selected_on=[]) for one in (first, again)))
    assert "bilinear" in str(first.settings)


def test_another_strength_of_augmentation_is_refused_by_name(cohort, tmp_path):
    folder = RunFolder(tmp_path, study="x")
    found, wanted = (
        build_trainer(
            cohort,
            dataset=SliceDataset(
                data=build_dataset(cohort, "train"),
                augment=Compose([RandScaleIntensityd(keys="image", factors=factors)]),
            ),
        )
        for factors in (0.2, 0.9)
    )
    for trainer in (found, wanted):
        trainer.prepare()
    with pytest.raises(CheckpointError, match=r"scaler::factor: was -0.2, is -0.9"):
        require_same_run(folder, *(identity_of(one, folder, selected_on=[]) for one in (found, wanted)))
