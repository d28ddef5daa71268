"""When groups are compared, and what is said where they are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from classing import class_data, evaluator, network

from monai_mri.engines import explain_classes
from monai_mri.engines.class_groups import GroupMaps, require_permutations, strongest_inside
from monai_mri.errors import ConfigError
from monai_mri.images import Picture


def people(*classes, subjects=None):
    """Maps of one person a class name; only their number and classes count here."""
    maps = GroupMaps(Path("nowhere"), "high")
    picture = Picture(np.zeros((2, 2, 2), np.float32), np.eye(4), (1.0, 1.0, 1.0), Path("i.nii"), "nifti")
    for number, name in enumerate(classes):
        subject = subjects[number] if subjects else f"s{number}"
        maps.add(picture, np.ones((2, 2, 2), dtype=bool), subject=subject, name=name)
    return maps


def test_maps_of_people_who_were_trained_on_are_not_compared(trained):
    manifest, run = trained
    found = explain_classes(
        evaluator(network(), class_data(manifest, "all")),
        run_folder=run,
        methods=["summed"],
        target="high",
        sheets=0,
    )
    assert found["groups"] == []
    assert "were trained on" in found["groups_note"]


def test_too_few_people_are_not_compared(trained):
    manifest, run = trained
    found = explain_classes(
        evaluator(network(), class_data(manifest, "test")), run_folder=run, methods=["summed"], sheets=0
    )
    assert found["groups"] == []
    assert "2 people of 'high' and 2 others" in found["groups_note"]


def test_enough_people_of_both_groups_can_be_compared():
    assert people(*["high", "low"] * 4).reason_against() == ""


def test_too_few_people_and_people_without_a_class_are_two_reasons():
    assert people(*["high", "low"] * 3).reason_against() == (
        "3 people of 'high' and 3 others, at least 4 of each are needed"
    )
    assert people(*["high", "low"] * 4, None, None).reason_against() == (
        "2 of 10 images have no class, so their people belong to no group"
    )


def test_several_images_of_one_person_are_not_compared():
    maps = people(*["high", "low"] * 4, subjects=["s0", "s0", *"abcdef"])
    assert "not independent" in maps.reason_against()


def test_voxels_tied_at_the_threshold_share_what_is_left():
    t = np.zeros(1000)
    t[:500] = -3.0  # 500 are tied for 10 places
    inside = np.arange(1000) < 250
    assert strongest_inside(t, inside) == pytest.approx({"top_share": 0.5, "chance": 0.25})


def test_the_share_of_the_strongest_is_undefined_where_all_are_the_same():
    found = strongest_inside(np.zeros(100), np.arange(100) < 10)
    assert np.isnan(found["top_share"])
    assert found["chance"] == 0.1


def test_no_comparison_or_one_that_can_reach_a_level_is_asked_for():
    for permutations in (0, 20, 2000):
        require_permutations(permutations)
    with pytest.raises(ConfigError, match="or 0 for no comparison"):
        require_permutations(5)
