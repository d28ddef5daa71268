from __future__ import annotations

import pytest
from PIL import Image
from tumours import SLICES, dataset, write_slices

from monai_mri.engines import PipelineDataset
from monai_mri.engines.fresh_folder import WRITTEN
from monai_mri.errors import ImageError
from monai_mri.manifest import make_splits, read_manifest, splits_path, write_splits


def put(folder, *names):
    """Small grey pictures."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4)).save(folder / name)


def test_a_folder_gives_the_images_of_all_patients_and_no_masks(tmp_path):
    put(tmp_path, "p1/a.png", "p1/a_mask.png", "p2/deep/a.png", "c.png", "p1/.hidden.png", ".git/x.png")
    items = PipelineDataset(source=tmp_path).items
    assert [(item.sample_id, item.subject_id) for item in items] == [
        ("c", "c"),
        ("p1_a_png", "p1"),
        ("p2_deep_a_png", "p2"),
    ]


def test_folders_of_masks_are_no_images_and_a_folder_of_images_is_no_patient(tmp_path, capsys):
    put(tmp_path, "images/a.png", "images/p1/b.png", "p2/Images/c.png", "p2/deep/d.png")
    put(tmp_path, "masks/a.png", "p2/Masks/c.png", "labels/p1/b.png", "images/annotations/x.png")
    items = PipelineDataset(source=tmp_path).items
    assert {item.sample_id: item.subject_id for item in items} == {"a": "a", "b": "p1", "c": "p2", "d": "p2"}
    said = capsys.readouterr().err
    for name in ("masks", "p2/Masks", "labels", "images/annotations"):
        assert f"passed over: {tmp_path / name}," in said


def test_a_folder_of_masks_is_read_where_it_is_the_input_itself(tmp_path):
    put(tmp_path / "masks", "a.png")
    assert len(PipelineDataset(source=tmp_path / "masks")) == 1


def test_names_that_would_be_the_same_are_numbered(tmp_path):
    put(tmp_path, "a/b.png", "x/b.png", "a_b_png.png")
    names = [item.sample_id for item in PipelineDataset(source=tmp_path).items]
    assert sorted(names) == ["a_b_png", "a_b_png_2", "x_b_png"]


def test_what_the_pipeline_or_a_training_wrote_is_no_image(tmp_path, capsys):
    put(tmp_path, "a.png", "out/figure.png", "out/masks/a.png", "runs/one/explanation/a.png")
    (tmp_path / "runs/one/run.json").write_text("{}")
    (tmp_path / "out" / WRITTEN).write_text("figure.png\n")
    assert len(PipelineDataset(source=tmp_path)) == 1
    assert "passed over" not in capsys.readouterr().err


def test_one_file_is_one_image_that_is_its_own_subject(tmp_path):
    put(tmp_path, "p1/a.png")
    (item,) = PipelineDataset(source=tmp_path / "p1/a.png").items
    assert (item.sample_id, item.subject_id, item.mask) == ("a", "a", "")


@pytest.mark.parametrize("name", ["empty", "nowhere.png"])
def test_no_image_is_an_error(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match="no image there, expected a file, a folder of"):
        len(PipelineDataset(source=tmp_path / name))


def test_a_manifest_tells_mask_label_and_number(tmp_path):
    data = dataset(write_slices(tmp_path))
    item = data.items[1]
    assert (item.subject_id, item.label, item.slice_index) == ("anna", "tumor", "2")
    assert item.mask.endswith("anna_2_mask.png")
    sample = data[1]
    assert sample["image"].shape == (3, 24, 20)
    assert int(sample["label"].sum()) == 25
    assert data.columns == ["image"]
    assert data.subjects == sorted(SLICES)


def test_masks_are_left_alone_where_none_are_wanted_or_there(tmp_path):
    manifest = write_slices(tmp_path)
    assert "label" not in dataset(manifest, mask=None)[0]
    assert dataset(manifest, mask="other").items[0].mask == ""
    assert dataset(manifest, label="other").items[0].label == ""


def test_a_part_of_a_manifest_is_that_of_its_splits(tmp_path):
    manifest = read_manifest(write_slices(tmp_path))
    splits = make_splits(manifest, test=0, validation=0, seed=0, assign={"cleo": "test"})
    write_splits(splits_path(manifest.path), splits)
    assert dataset(manifest.path, part="test").subjects == ["cleo"]
