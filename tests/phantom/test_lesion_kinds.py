from __future__ import annotations

import numpy as np
import pytest

from monai_mri.phantom.lesion_kinds import (
    PAPER_COUNTS,
    PATTERNS_PPM,
    SPREAD_PPM,
    depth_mm,
    draw_lesion,
    occupancy,
    susceptibility_ppm,
)

AXIS_MM = np.arange(-18, 19, dtype=np.float32)
OFFSETS = np.stack(np.meshgrid(AXIS_MM, AXIS_MM, AXIS_MM, indexing="ij"), axis=-1)


def lesion_of(label, seed=0):
    return draw_lesion(
        label, shapes=np.random.default_rng(seed), kinds=np.random.default_rng(seed + 99), flair=0.5
    )


def test_class_sizes_are_the_papers():
    assert PAPER_COUNTS == {"1": 3664, "2": 460, "3": 214, "4": 19, "5": 841, "6": 71}


@pytest.mark.parametrize("seed", range(5))
def test_shape_and_flair_do_not_depend_on_the_class(seed):
    lesions = [lesion_of(label, seed) for label in PAPER_COUNTS]
    depths = [depth_mm(lesion, OFFSETS) for lesion in lesions]
    for lesion, depth in zip(lesions, depths, strict=True):
        np.testing.assert_array_equal(depth, depths[0])
        assert (lesion.flair, lesion.spread_ppm) == (lesions[0].flair, lesions[0].spread_ppm)
        assert (lesion.vein is None) == (lesions[0].vein is None)


@pytest.mark.parametrize("label", list(PATTERNS_PPM))
def test_core_and_rim_have_the_classes_contrast(label):
    lesion = lesion_of(
        label, seed=next(s for s in range(50) if depth_mm(lesion_of("2", s), OFFSETS).max() > 4)
    )
    depth = depth_mm(lesion, OFFSETS)
    added = susceptibility_ppm(lesion, OFFSETS, depth, effect=1.0) - lesion.spread_ppm
    core, rim = PATTERNS_PPM[label]
    np.testing.assert_allclose(added[depth > 2.5], core, atol=1e-6)
    np.testing.assert_allclose(added[(depth > 0) & (depth < 1)], rim, atol=1e-6)


def test_unclassified_lesions_are_patchworks_of_the_others():
    for seed in range(6):
        lesion = lesion_of("1", seed)
        assert len(lesion.parts) in (2, 3)
        assert set(lesion.parts) <= set(PATTERNS_PPM)


def test_without_effect_the_class_changes_nothing():
    for label in PAPER_COUNTS:
        lesion = lesion_of(label)
        depth = depth_mm(lesion, OFFSETS)
        added = susceptibility_ppm(lesion, OFFSETS, depth, effect=0.0)
        np.testing.assert_allclose(added, lesion.spread_ppm, atol=1e-9)


def test_sizes_are_log_normal_and_lie_inside_the_reach():
    volumes_ml = []
    for seed in range(60):
        lesion = lesion_of("5", seed)
        inside = occupancy(depth_mm(lesion, OFFSETS)) >= 0.5
        volumes_ml.append(inside.sum() / 1000)
        if inside.any():
            assert np.linalg.norm(OFFSETS[inside], axis=-1).max() <= lesion.reach_mm
    logs = np.log(volumes_ml)
    assert 0.15 < np.exp(np.median(logs)) < 0.4
    assert 0.4 < logs.std() < 1.0


def test_spread_between_lesions_is_as_stated():
    spreads = [lesion_of("2", seed).spread_ppm for seed in range(200)]
    assert np.std(spreads) == pytest.approx(SPREAD_PPM, rel=0.2)
