"""Fixtures that every package's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout under test."""
    return REPOSITORY


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of openly licensed MRI, or a skip that says how to have it."""
    folder = os.environ.get("MONAI_MRI_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("MONAI_MRI_DATA does not name a folder of the open data sets (see docs/data.md)")
    return Path(folder)
