from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from monai_mri.report.classes import pictures
from monai_mri.report.classes.maps import read_maps
from monai_mri.report.classes.pictures import draw_maps
from monai_mri.report.run_folder import read_run_folder


def draw(run):
    return draw_maps(read_maps(read_run_folder(run)))


def test_overlay_and_sheet_of_the_first_two_people_are_shown_by_method(make_class_run):
    drawn = draw(make_class_run())
    assert list(drawn) == ["grad_cam", "summed"]
    names = [f"sub-{n:03}_{kind}.png" for n in (1, 2) for kind in ("mni", "sagittal")]
    assert [one.file for one in drawn["summed"]] == names
    assert all(one.uri.startswith("data:image/jpeg;base64,") for one in drawn["summed"])
    assert drawn["summed"][0].size == (60, 40)


def test_picture_of_the_group_comes_first(make_class_run):
    run = make_class_run()
    Image.new("RGB", (20, 10)).save(run / "explanation" / "summed" / "group_mni.png")
    drawn = draw(run)["summed"]
    assert [one.kind for one in drawn] == ["group", "mni", "sagittal", "mni", "sagittal"]


def test_broken_and_huge_pictures_keep_their_place_and_say_why(make_class_run, monkeypatch):
    run = make_class_run()
    folder = run / "explanation" / "summed"
    (folder / "sub-001_mni.png").write_bytes(b"no picture")
    whole = (folder / "sub-001_sagittal.png").read_bytes()
    (folder / "sub-001_sagittal.png").write_bytes(whole[: len(whole) // 2])
    Image.new("1", (4000, 4000)).save(folder / "sub-002_mni.png")
    monkeypatch.setattr(pictures, "MOST_PIXELS", 10_000_000)
    drawn = {one.file: one for one in draw(run)["summed"]}
    assert "cannot identify image file" in drawn["sub-001_mni.png"].problem
    assert str(run) not in drawn["sub-001_mni.png"].problem
    assert drawn["sub-001_sagittal.png"].problem
    assert drawn["sub-002_mni.png"].problem == "4000 x 4000 pixels are too many to show"
    assert drawn["sub-002_sagittal.png"].uri


def test_large_pictures_are_made_small_enough_for_the_budget(make_class_run):
    run = make_class_run()
    noise = np.random.default_rng(1).integers(0, 255, (1500, 3000, 3), dtype=np.uint8)
    for method in ("summed", "grad_cam"):
        for name in ("group_mni", "sub-001_sagittal", "sub-002_sagittal"):
            Image.fromarray(noise).save(run / "explanation" / method / f"{name}.png", compress_level=0)
    drawn = draw(run)
    sizes = [len(one.uri) for several in drawn.values() for one in several]
    assert all(sizes)
    assert sum(sizes) <= pictures.PICTURES_BYTES


@pytest.mark.parametrize("budget", [1, 6000])
def test_what_does_not_fit_even_when_small_is_left_out_and_named(make_class_run, monkeypatch, budget):
    monkeypatch.setattr(pictures, "PICTURES_BYTES", budget)
    drawn = [one for several in draw(make_class_run()).values() for one in several]
    assert sum(len(one.uri) for one in drawn) <= budget
    assert any("the page would be too large" in one.problem for one in drawn)
    assert len(drawn) == 8


def test_methods_of_the_summary_cannot_leave_the_folder(make_class_run, edit_json, tmp_path):
    run = make_class_run()
    Image.new("RGB", (9, 9)).save(tmp_path / "secret_mni.png")
    edit_json(run / "explanation" / "summary.json", methods=[{"method": "../.."}])
    assert set(draw(run)) == {"grad_cam", "summed"}
