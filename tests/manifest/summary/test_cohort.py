from __future__ import annotations

from math import isnan

import pytest

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest import FileRecord, Sidecar, splits_path, write_manifest
from monai_mri.manifest.summary import summarise_manifest


def variable(cohort, name):
    return next(v for v in (*cohort.variables, *cohort.images, *cohort.missing) if v.name == name)


def test_parts_come_from_the_splits_beside_and_everybody_is_last(cohort):
    found = summarise_manifest(cohort)
    assert found.by == "part"
    sizes = [(group.name, group.subjects, group.scans) for group in found.groups]
    assert sizes == [("train", 3, 4), ("test", 2, 2), ("overall", 5, 6)]


def test_a_person_counts_once_however_many_scans(cohort):
    sex = variable(summarise_manifest(cohort), "sex")
    assert sex.levels == ("F", "M")
    assert sex.counts == ((2, 1, 3), (1, 0, 1))
    assert sex.missing == (0, 1, 1)


def test_ages_have_mean_deviation_and_quartiles_and_one_value_has_no_deviation(cohort):
    train, test, overall = variable(summarise_manifest(cohort), "age").numbers
    assert (train.n, train.mean, train.sd, train.median, train.q1, train.q3) == (3, 40, 10, 40, 35, 45)
    assert (test.n, test.missing, test.mean) == (1, 1, 35)
    assert isnan(test.sd)
    assert overall.n == 4


def test_the_difference_is_undefined_where_a_part_has_one_age(cohort):
    assert isnan(variable(summarise_manifest(cohort), "age").smd)


def test_without_splits_everybody_is_one_group(cohort):
    splits_path(cohort.path).unlink()
    found = summarise_manifest(cohort)
    assert (found.by, [group.name for group in found.groups]) == ("", ["overall"])
    assert variable(found, "age").histogram.series == ("overall",)


def test_groups_by_a_column_leave_that_column_out(cohort):
    found = summarise_manifest(cohort, by="site")
    assert [group.name for group in found.groups] == ["x", "y", "overall"]
    assert "site" not in [v.name for v in found.variables]
    assert found.cross is None


def test_voxel_sizes_and_shapes_are_the_sidecars(cohort):
    size = variable(summarise_manifest(cohort), "flair, voxel size in mm")
    assert size.levels == ("1 x 1 x 1", "1 x 1 x 3")
    assert size.counts == ((1, 2, 3), (3, 0, 3))
    assert variable(summarise_manifest(cohort), "flair, shape").levels == ("4 x 5 x 6",)


def test_missing_modalities_and_masks_are_counted(cohort):
    found = summarise_manifest(cohort)
    without = {v.name: v.counts[v.levels.index("none")] for v in found.missing}
    assert without == {"without flair": (0, 0, 0), "without t1": (1, 0, 1), "without mask": (3, 2, 5)}
    assert sum(count for _, count in found.missingness.patterns) == 6


def test_a_value_that_varies_within_a_person_is_noted_and_counted_by_scan(cohort):
    found = summarise_manifest(cohort, columns=["coil"])
    assert variable(found, "coil").unit == "scans"
    assert variable(found, "coil").counts == ((3, 2, 5), (1, 0, 1))
    assert "coil varies within 1 subjects: each scan counts" in found.notes


def test_people_in_several_groups_are_noted(cohort):
    found = summarise_manifest(cohort, by="session_id")
    assert any(note.startswith("1 subjects are in more than one group") for note in found.notes)


def test_labels_are_crossed_with_sites(cohort):
    cross = summarise_manifest(cohort).cross
    assert (cross.rows, cross.columns, cross.groups) == (("x", "y"), ("MS", "control"), ("train", "test"))
    assert cross.counts == (((1, 1), (1, 0)), ((0, 0), (1, 1)))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"by": "sit"}, "did you mean 'site'?"),
        ({"columns": ["nothing at all"]}, "no column 'nothing at all'"),
        ({"columns": ["subject_id"]}, "names people or files"),
        ({"columns": ["mask"]}, "names people or files"),
        ({"fold": 3}, "fold 3 asked for"),
        ({"min_count": 1}, "expected 2 or more"),
    ],
)
def test_what_cannot_be_summarised_is_a_usage_error(cohort, settings, says):
    with pytest.raises(UsageError, match=says.replace("?", r"\?")):
        summarise_manifest(cohort, **settings)


def test_a_fold_without_splits_is_a_usage_error(cohort):
    splits_path(cohort.path).unlink()
    with pytest.raises(UsageError, match=r"expected ms\.splits\.json beside it"):
        summarise_manifest(cohort, fold=0)


def test_splits_of_another_manifest_are_refused(cohort, tmp_path):
    changed = write_manifest(cohort.path, [*cohort.rows(), {**cohort.rows()[0], "session_id": "9"}])
    with pytest.raises(ManifestError, match="make them again"):
        summarise_manifest(changed)


def test_many_levels_become_one_and_too_many_groups_are_refused(tmp_path):
    rows = [{"subject_id": f"{n:03d}", "t1": f"{n}.nii", "site": f"site{n:02d}"} for n in range(50)]
    manifest = write_manifest(tmp_path / "m.csv", rows)
    site = variable(summarise_manifest(manifest), "site")
    assert len(site.levels) == 31
    assert (site.levels[-1], site.counts[-1]) == ("(20 others)", (20,))
    with pytest.raises(UsageError, match="50 values, expected at most 40 groups"):
        summarise_manifest(manifest, by="site")


def test_a_group_called_overall_is_not_taken_for_everybody(tmp_path):
    rows = [{"subject_id": f"{n}", "t1": f"{n}.nii", "site": "overall" if n else "x"} for n in range(4)]
    found = summarise_manifest(write_manifest(tmp_path / "m.csv", rows), by="site")
    assert [(group.name, group.subjects) for group in found.groups] == [
        ("overall", 3),
        ("x", 1),
        ("everybody", 4),
    ]


@pytest.mark.slow
def test_real_people_of_open_ms_are_summarised(real_data, tmp_path, monkeypatch):
    from monai_mri.manifest import create_manifest

    monkeypatch.setenv("OPEN_MS", str(real_data))
    made = create_manifest("cat12", real_data / "open_ms_wm_mni", tmp_path / "m.csv", root_is="env:OPEN_MS")
    found = summarise_manifest(made, by="sex")
    assert found.groups[-1].subjects == 6
    assert variable(found, "age").numbers[-1].n == 6


def test_a_column_of_parts_is_in_their_order_and_the_missing_last(tmp_path):
    cells = ["test", "", "validation", "train", "a"]
    rows = [{"subject_id": f"{n}", "t1": f"{n}.nii", "official_part": cell} for n, cell in enumerate(cells)]
    found = summarise_manifest(write_manifest(tmp_path / "m.csv", rows), by="official_part")
    names = [group.name for group in found.groups]
    assert names == ["train", "validation", "test", "a", "(missing)", "overall"]


def test_rare_shapes_are_one_line(tmp_path):
    rows = [{"subject_id": f"{n}", "t1": f"{n}.png"} for n in range(12)]
    files = {f"{n}.png": FileRecord(sha256=f"{n:064x}", shape=(5, n + 1)) for n in range(12)}
    manifest = write_manifest(tmp_path / "m.csv", rows, sidecar=Sidecar(modalities=("t1",), files=files))
    assert variable(summarise_manifest(manifest), "t1, shape").levels[-1] == "(4 others)"


def test_a_decimal_comma_is_noted(tmp_path):
    rows = [{"subject_id": f"{n}", "t1": f"{n}.nii", "age": f"{30 + n},5"} for n in range(12)]
    found = summarise_manifest(write_manifest(tmp_path / "m.csv", rows))
    (age,) = (variable for variable in found.variables if variable.name == "age")
    assert age.numbers[0].mean == pytest.approx(36.0)
    assert "age: 12 cells have a decimal comma, read as a point" in found.notes
