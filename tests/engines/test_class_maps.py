"""Settings of maps, and the regions and the truth that are read once."""

from __future__ import annotations

import pytest

from monai_mri.engines.class_maps import MapSettings
from monai_mri.errors import ConfigError


@pytest.mark.parametrize(("given", "taken"), [("mean", "mean"), ("0.5", 0.5), (1, 1.0)])
def test_a_cover_is_the_mean_or_a_number_also_as_text(given, taken):
    assert MapSettings.checked(["summed"], cover=given).cover == taken


def test_the_slow_occlusion_is_drawn_last_so_that_other_faults_show_first():
    assert MapSettings.checked(["occlusion", "cam", "summed"]).methods == ("cam", "summed", "occlusion")


@pytest.mark.parametrize("cover", ["", "none", "inf", None])
def test_a_cover_that_is_no_number_is_named(cover):
    with pytest.raises(ConfigError, match="occlusion_cover"):
        MapSettings.checked(["occlusion"], cover=cover)
