from __future__ import annotations

from math import isnan

import pytest

from monai_mri.errors import DataError
from monai_mri.report.run_folder import read_run_folder
from monai_mri.report.segment_results import read_segment_results


def read(run):
    return read_segment_results(read_run_folder(run))


def test_everything_the_engines_write_is_read(make_run):
    results = read(make_run())
    assert results.threshold.slices == 322
    assert [m.name for m in results.methods] == ["network", "raw_50", "raw_45", "raw_40", "raw_tuned"]
    assert len(results.subjects) == 20
    assert not results.collapsed


def test_null_is_nan(make_run):
    assert isnan(read(make_run()).methods[1].per_scan["assd_mm"].mean)


def test_run_that_was_only_trained_has_none(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    results = read(tmp_path)
    assert (results.threshold, results.summary, results.subjects, results.methods) == (None, None, [], [])


def test_evaluation_said_to_be_collapsed_makes_the_network_collapsed_and_no_baseline(make_run, edit_json):
    run = make_run()
    edit_json(run / "evaluation" / "summary.json", collapsed=True)
    results = read(run)
    assert results.collapsed
    assert [m.collapsed for m in results.methods] == [True, False, False, False, False]


def test_curve_of_unequal_lists_is_a_data_error(make_run, edit_json):
    run = make_run(scans=("sub-003",))
    edit_json(run / "threshold.json", curve={"threshold": [0.1, 0.2], "f1": [0.5]})
    with pytest.raises(DataError, match=r"threshold\.json: curve is .* lists of one length"):
        read(run)
