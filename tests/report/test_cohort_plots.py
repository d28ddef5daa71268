from __future__ import annotations

import pytest

from monai_mri.manifest import write_manifest
from monai_mri.manifest.summary import Missingness, summarise_manifest
from monai_mri.report import cohort_plots


@pytest.fixture
def make_cohort(tmp_path):
    def make(*, labels: int = 2, groups: int = 2):
        rows = [
            {"subject_id": f"{n:03d}", "t1": f"{n}.nii", "site": f"s{n % 2}"}
            | {"label": f"l{n % labels}", "age_years": f"{20 + n % 50}", "scanner": f"g{n % groups}"}
            for n in range(72)
        ]
        return summarise_manifest(write_manifest(tmp_path / "m.csv", rows), by="scanner")

    return make


def test_ages_have_a_panel_a_group_on_one_axis(make_cohort):
    svg = cohort_plots.age_histograms(make_cohort(groups=3))
    assert all(f">g{n}<" in svg for n in range(3))
    assert "age_years" in svg
    assert svg.count("var(--c3)") > 0


def test_more_groups_than_panels_are_left_out(make_cohort):
    svg = cohort_plots.age_histograms(make_cohort(groups=9))
    assert ">g5<" in svg
    assert ">g6<" not in svg


def test_more_labels_than_colours_are_not_drawn(make_cohort):
    assert cohort_plots.label_by_site(make_cohort(labels=8)) is not None
    assert cohort_plots.label_by_site(make_cohort(labels=9)) is None


def test_the_same_cohort_gives_the_same_picture(make_cohort):
    assert cohort_plots.label_by_site(make_cohort()) == cohort_plots.label_by_site(make_cohort())


def test_patterns_of_missing_cells_tell_their_rows():
    found = Missingness(("t1", "mask"), (((False, False), 7), ((False, True), "small")))
    svg = cohort_plots.missing_cells(found)
    assert all(word in svg for word in ("t1", "mask", "7", "few"))
    assert cohort_plots.missing_cells(Missingness(("t1",), (((False,), 9),))) is None
