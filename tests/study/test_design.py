from __future__ import annotations

import pytest

from monai_mri.errors import DataError, UsageError
from monai_mri.study.design import read_design, refuse_foreign, require_design


def test_a_design_is_read_as_it_was_written(begun):
    folder, design, _ = begun("honest", "gap", repeats=3, settings={"lr": None, "sizes": [1, 2.5]})
    assert read_design(folder) == design


def test_a_folder_of_something_else_is_refused_and_an_empty_one_is_not(tmp_path):
    refuse_foreign(tmp_path / "new")
    refuse_foreign(tmp_path)
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(UsageError, match=r"holds thesis\.doc and no study\.json"):
        refuse_foreign(tmp_path)
    with pytest.raises(UsageError, match="is a file"):
        refuse_foreign(tmp_path / "thesis.doc")


def test_no_study_and_that_of_another_bundle_are_refused(begun, tmp_path):
    with pytest.raises(UsageError, match="no study there"):
        require_design(tmp_path / "nothing", study="migraine")
    folder, _, _ = begun("honest")
    with pytest.raises(UsageError, match="a study of migraine, expected one of ms_lesion"):
        require_design(folder, study="ms_lesion")


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]"])
def test_a_damaged_design_is_named(begun, text):
    folder, _, _ = begun("honest")
    (folder / "study.json").write_text(text)
    with pytest.raises(DataError, match=r"study\.json: damaged"):
        read_design(folder)


def test_the_design_of_two_calls_asks_for_the_runs_of_both(design_of):
    both = design_of("a", repeats=2).with_runs_of(design_of("b", repeats=5))
    assert (set(both.variants), both.repeats) == ({"a", "b"}, 5)


def test_a_variants_own_metric_is_taken_before_the_studys_and_makes_no_other_run(design_of):
    design = design_of("a", "b")
    own = design.variants["a"].model_copy(update={"primary_metric": "per_slice.scores.dice"})
    changed = design.model_copy(update={"variants": {**design.variants, "a": own}})
    assert [changed.metric_of(name) for name in "ab"] == ["per_slice.scores.dice", "scores.accuracy"]
    assert changed.identity("a", 0, 0) == design.identity("a", 0, 0)
