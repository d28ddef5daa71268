from __future__ import annotations

from pathlib import Path

import pytest
from voting import Brightness, classifier

from monai_mri.engines.members import Member
from monai_mri.engines.pipeline.classes import Positive
from monai_mri.engines.weights import WeightsRecord
from monai_mri.errors import ConfigError


def voter(name, classes, labels=()):
    record = WeightsRecord(*("test", "", 1, "", ""), classes=tuple(classes), labels=tuple(map(tuple, labels)))
    return Member(name, classifier(Brightness(), []), Path("run"), record)


def test_the_labels_of_the_training_say_what_means_a_tumour():
    labels = [["no_tumor", "notumor"], ["glioma", "pituitary"]]
    found = Positive.of([voter("a", ["no_tumor", "tumor"], labels)], "tumor")
    assert found.names == ("no_tumor", "tumor")
    assert found.columns == [1]
    assert found.labels == {"no_tumor": False, "notumor": False, "glioma": True, "pituitary": True}


def test_weights_without_labels_take_their_classes_for_them():
    found = Positive.of([voter("a", ["no", "gl", "me"])], ["gl", "me"])
    assert found.names == ("no", "gl+me")
    assert found.labels == {"no": False, "gl": True, "me": True}


def test_voters_of_different_classes_or_order_are_refused():
    with pytest.raises(ConfigError, match="weights::b: know the classes tumor, no, those of a no, tumor"):
        Positive.of([voter("a", ["no", "tumor"]), voter("b", ["tumor", "no"])], "tumor")


@pytest.mark.parametrize("positive", ["ill", [], ["no", "tumor"]])
def test_no_class_all_classes_or_another_are_refused(positive):
    with pytest.raises(ConfigError, match="expected one or some, not all, of the classes of the weights: no"):
        Positive.of([voter("a", ["no", "tumor"])], positive)
