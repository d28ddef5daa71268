from __future__ import annotations

from math import isnan

import pytest

from monai_mri.errors import DataError
from monai_mri.report.classes.map_tables import group_region_table, group_table, region_tables, truth_table
from monai_mri.report.classes.maps import read_maps
from monai_mri.report.run_folder import read_run_folder


def read(run):
    return read_maps(read_run_folder(run))


def test_regions_are_means_over_the_maps_where_the_top_is_defined(make_class_run):
    maps = read(make_class_run())
    stem, frontal = maps.regions["grad_cam"]
    assert (stem.name, stem.n) == ("brain_stem", 2)
    assert (stem.top_share, stem.volume_share) == pytest.approx((0.7, 0.2))
    assert stem.ratio == pytest.approx(3.5)
    assert (frontal.name, frontal.n, frontal.top_share) == ("frontal", 1, pytest.approx(0.1))


def test_region_that_is_never_defined_comes_last_and_is_nan(make_class_run):
    run = make_class_run()
    with (run / "explanation" / "regions.csv").open("a") as file:
        file.write("grad_cam,sub-001,empty,3,0,0,nan,nan,nan,nan\n")
    last = read(run).regions["grad_cam"][-1]
    assert (last.name, last.n) == ("empty", 0)
    assert isnan(last.top_share)
    assert isnan(last.ratio)


def test_methods_are_scored_beside_chance(make_class_run):
    (row,) = truth_table(read(make_class_run()).summary.methods).rows
    assert [cell.text for cell in row.cells] == ["5 of 8", "0.62", "0.21", "0.45", "0.21", "2.14"]
    assert row.cells[1].note == "0.31 to 0.86"


def test_group_scores_show_what_they_hold(make_class_run, edit_json):
    run = make_class_run()
    groups = [
        {"method": "summed", "first": "migraine", "n": [12, 13], "p": 0.034, "voxels": 120, "deep": {"a": 1}},
        {"method": "cam", "p_value": 0.5, "top_share": 0.5},
        {"method": "occlusion"},
    ]
    edit_json(run / "explanation" / "summary.json", groups=groups)
    table = group_table(read(run).summary)
    assert [heading for heading, _ in table.headings] == ["first group", "people", "p", "voxels", "top share"]
    texts = [[cell.text for cell in row.cells] for row in table.rows]
    assert texts == [
        ["migraine", "12 + 13", "0.034", "120", "–"],
        ["–", "–", "0.500", "–", "0.500"],
        ["–", "–", "undefined", "–", "–"],
    ]


def test_only_what_the_summary_says_was_drawn_is_shown(make_class_run, edit_json):
    run = make_class_run()
    assert read(run).drawn == ["grad_cam", "summed"]  # of an older version, which does not say
    edit_json(run / "explanation" / "summary.json", drawn=["summed", "cam", "..", "summed"])
    assert read(run).drawn == ["summed"]
    edit_json(run / "explanation" / "summary.json", drawn=[])
    assert read(run).drawn == []


def write_group_regions(run, *lines):
    text = "\n".join(["method,region,t,p,voxels,voxels_that_differ", *lines]) + "\n"
    (run / "explanation" / "group_regions.csv").write_text(text)


def test_regions_of_groups_stand_by_p_ten_of_a_method(make_class_run):
    run = make_class_run()
    many = [f"summed,r{n},{n},{1 - n / 20},100,0" for n in range(12)]
    write_group_regions(
        run, *many, "cam,empty,nan,nan,5,0", "cam,stem,-3.2,0.04,1200,7", "cam,front,1,0.04,9,1"
    )
    rows = group_region_table(read(run).group_regions).rows
    assert [row.label for row in rows] == ["summed"] * 10 + ["cam"] * 3
    assert [row.cells[0].text for row in rows[:2]] == ["r11", "r10"]
    assert [[cell.text for cell in row.cells] for row in rows[10:]] == [
        ["stem", "-3.20", "0.040", "1\u202f200", "7"],
        ["front", "1.00", "0.040", "9", "1"],
        ["empty", "undefined", "undefined", "5", "0"],
    ]


def test_no_regions_of_groups_make_no_table(make_class_run):
    assert group_region_table(read(make_class_run()).group_regions) is None


def test_broken_regions_of_groups_are_a_data_error(make_class_run):
    run = make_class_run()
    write_group_regions(run, "cam,stem,high,0.04,9,1")
    with pytest.raises(DataError, match=r"group_regions\.csv:2: t is 'high', expected a number"):
        read(run)


def test_nothing_explained_is_empty(make_class_run):
    maps = read(make_class_run(explained=False))
    assert (maps.summary, maps.drawn, maps.regions) == (None, [], {})


def test_many_regions_are_capped_and_counted(make_class_run):
    run = make_class_run()
    with (run / "explanation" / "regions.csv").open("a") as file:
        file.writelines(f"grad_cam,sub-001,r{n},{n},1,0.01,0,0,0,0.01\n" for n in range(40))
    (method, table, rows), *_ = region_tables(read(run).regions)
    assert (method, len(table.rows), rows) == ("grad_cam", 20, 42)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("method,region,top_share\nm,r,much\n", r"regions\.csv:2: top_share is 'much', expected a number"),
        ("a,b\n1,2\n", "has no columns method and region"),
    ],
)
def test_broken_regions_are_a_data_error(make_class_run, text, message):
    run = make_class_run()
    (run / "explanation" / "regions.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read(run)


@pytest.mark.parametrize("changes", [{"methods": "all"}, {"methods": [{"hits": "some"}]}, {"groups": [3]}])
def test_broken_summary_is_a_data_error(make_class_run, edit_json, changes):
    run = make_class_run()
    edit_json(run / "explanation" / "summary.json", **changes)
    with pytest.raises(DataError, match=r"explanation/summary\.json: "):
        read(run)
