from __future__ import annotations

from math import nan

from monai_mri.report.samples import choose_samples
from monai_mri.report.segment_results import Sample


def test_best_median_and_worst_come_first_and_undefined_last():
    samples = [Sample(sample_id=str(n), f1=f) for n, f in enumerate([0.5, nan, 0.1, 0.9, 0.3, 0.7, 0.2, 0.8])]
    chosen = choose_samples(samples)
    assert [(role, s.sample_id) for role, s in chosen[:3]] == [("best", "3"), ("median", "0"), ("worst", "2")]
    assert len(chosen) == 6
    assert len({s.sample_id for _, s in chosen}) == 6
    assert choose_samples(samples[:2])[-1][1].sample_id == "1"
    assert [role for role, _ in choose_samples(samples[:1])] == [""]
