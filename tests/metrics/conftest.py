"""Masks that the tests of the metrics share."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

REFERENCE = Path(__file__).with_name("panoptica_reference.json")


@pytest.fixture(scope="session")
def panoptica_cases() -> list[dict]:
    """Masks with the figures of panoptica 2.1.7 (see make_panoptica_reference.py)."""
    cases = json.loads(REFERENCE.read_text())["cases"]
    return [case | {part: _unpack(case[part], case["shape"]) for part in ("pred", "truth")} for case in cases]


@pytest.fixture(scope="session")
def adversarial_pairs() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pairs of masks, neither empty, that have tripped implementations of surface distances."""
    rng = np.random.default_rng(1)
    pairs = {
        f"random {share} in {len(shape)}D": tuple(rng.random((2, *shape)) < share)
        for share in (0.05, 0.4, 0.95)
        for shape in ((13, 17), (9, 8, 11))
    }
    one, corner, full, hollow, slab = np.zeros((5, 7, 6, 9), dtype=bool)
    one[3, 2, 4] = corner[0, 0, 0] = full[:] = hollow[1:6, 1:5, 1:8] = slab[0] = True
    hollow[3, 3, 3:6] = False
    pairs |= {
        "one voxel and itself": (one, one),
        "one voxel and a corner": (one, corner),
        "full and full": (full, full),
        "full and one voxel": (full, one),
        "corner and full": (corner, full),
        "a hole, and a slab at the border": (hollow, slab),
        "a hole, and one voxel inside it": (hollow, one),
    }
    return pairs


def _unpack(text: str, shape: list[int]) -> np.ndarray:
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(text), dtype=np.uint8), count=int(np.prod(shape)))
    return bits.reshape(shape).astype(bool)
