"""Randomness as a pure function of the seed and the step.

A run that was killed and resumed must end like one that was not. State of random generators inside a
checkpoint is not enough for that, so nothing here has state: each draw's generator is made from (seed,
purpose, step).
"""

from __future__ import annotations

import zlib

import numpy as np
import torch


def generator(seed: int, purpose: str, *steps: int) -> np.random.Generator:
    """NumPy generator for one purpose at one step, such as ("shuffle", epoch).

    Example:
        >>> int(generator(0, "shuffle", 3).integers(100)) == int(generator(0, "shuffle", 3).integers(100))
        True
    """
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), *steps])


def seed_torch(seed: int, purpose: str, *steps: int) -> None:
    """Seed PyTorch's generators (CPU and GPU) for one purpose at one step."""
    torch.manual_seed(int(generator(seed, purpose, *steps).integers(2**63)))
