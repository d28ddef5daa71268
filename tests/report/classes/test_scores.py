from __future__ import annotations

from math import isnan

import pytest
from pydantic import ValidationError

from monai_mri.report.classes.results import ClassSummary
from monai_mri.report.classes.scores import Score, as_score


def test_a_bare_figure_is_a_score_without_an_interval():
    assert as_score(0.5) == {"value": 0.5}
    assert as_score({"value": 0.5, "low": 0.4}) == {"value": 0.5, "low": 0.4}
    found = ClassSummary.model_validate({"scores": {"accuracy": 0.5}}).score("accuracy")
    assert found.value == 0.5
    assert isnan(found.low)


def test_null_is_undefined_and_a_negative_count_refused():
    assert isnan(Score.model_validate({"value": None}).value)
    with pytest.raises(ValidationError):
        ClassSummary.model_validate({"classes": ["a"], "confusion": [[-1]]})
