from __future__ import annotations

import math

import pytest
from study_folders import finish, scores

from monai_mri.study.figures import Figure, figure_of, look_up, over_runs, primary_of
from monai_mri.study.table_spec import Column

HISTORY = "epoch,val_loss,val_accuracy\n1,1.0,0.5\n2,,\n3,3.0,0.7\n"


@pytest.fixture
def run(begun):
    _, design, (run,) = begun("honest")
    finish(run, design, scores(0.55, log_loss=1.06), HISTORY)
    return run


def test_a_score_has_its_interval_where_the_column_asks_for_it(run):
    assert figure_of(run, Column(title="A", value="scores.accuracy")) == pytest.approx(
        Figure(0.55), nan_ok=True
    )
    with_ends = figure_of(run, Column(title="A", value="scores.accuracy", interval=True))
    assert (with_ends.low, with_ends.high) == pytest.approx((0.45, 0.65))


def test_mean_and_sd_over_epochs_leave_out_those_without_a_value(run):
    assert figure_of(run, Column(title="L", history="val_loss", over_epochs="mean")).value == 2.0
    sd = figure_of(run, Column(title="S", history="val_loss", over_epochs="sd")).value
    assert sd == pytest.approx(math.sqrt(2))  # sample SD of 1 and 3


@pytest.mark.parametrize("path", ["scores.recall", "scores", "nothing.there", "scores.accuracy.value.more"])
def test_what_is_not_in_the_summary_is_undefined(run, path):
    assert math.isnan(figure_of(run, Column(title="A", value=path)).value)


def test_a_column_that_the_history_has_not_is_undefined(run):
    assert math.isnan(figure_of(run, Column(title="F", history="val_f1", over_epochs="mean")).value)


def test_items_of_a_list_are_found_by_their_name():
    summary = {"methods": [{"name": "raw_50", "f1": 0.1}, {"name": "network", "f1": 0.5}]}
    assert primary_of(summary, "methods.network.f1") == 0.5
    assert look_up(summary, "methods.raw_45.f1") is None


def test_one_run_keeps_its_interval_and_several_have_mean_and_sample_sd():
    one = Figure(0.5, 0.4, 0.6)
    assert over_runs([one]) is one
    several = over_runs([one, Figure(0.7), Figure()])
    assert (several.value, several.sd) == pytest.approx((0.6, math.sqrt(0.02)))
    assert math.isnan(several.low)
