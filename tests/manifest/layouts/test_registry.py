from __future__ import annotations

import pkgutil
from pathlib import Path

import pytest

from monai_mri.errors import UsageError
from monai_mri.manifest import layouts


def test_every_module_in_the_folder_is_a_layout():
    found = pkgutil.iter_modules(layouts.__path__)
    expected = {module.name.replace("_", "-") for module in found if not module.name.startswith("_")}
    assert layouts.available().keys() == expected >= {"image-pairs", "nifti-pairs"}


@pytest.mark.parametrize("name", sorted(layouts.available()))
def test_help_has_one_line_a_layout_and_presets_name_its_options(name):
    layout = layouts.find(name)
    assert 10 < len(layout.summary) < 100
    assert all(preset.keys() <= layout.options.keys() for preset in layout.presets.values())


def test_a_given_option_overrides_the_preset(tmp_path, make_picture):
    for folder in ("images", "masks"):
        make_picture(tmp_path / folder / "101002.png")
    layout = layouts.find("image-pairs")
    collected = layout.collect(tmp_path, {"preset": "ms60_mini", "modality": "t2"})
    assert collected.modalities == ("t2",)
    assert collected.samples[0].subject_id == "101"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"modalty": "t1"}, "did you mean 'modality'"),
        ({"preset": "ms60"}, "did you mean 'ms60_mini'"),
        ({"subject_pattern": "("}, "expected a regular expression"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        layouts.find("image-pairs").collect(Path("unused"), options)
