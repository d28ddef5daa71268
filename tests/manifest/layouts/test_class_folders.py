from __future__ import annotations

from collections import Counter

import pytest

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest import create_manifest, plan_manifest

LAYOUT = "class-folders"


def why(collected) -> dict[str, str]:
    return {skipped.path: skipped.why for skipped in collected.skipped}


def test_a_folder_is_a_class(tmp_path, make_picture):
    for name in ("glioma/a.jpg", "none/deep/b.PNG"):
        make_picture(tmp_path / name)
    collected = plan_manifest(LAYOUT, tmp_path, modality="t1")
    assert [(s.subject_id, s.extra) for s in collected.samples] == [
        ("a", {"label": "glioma"}),
        ("b", {"label": "none"}),
    ]
    assert collected.samples[0].images == {"t1": tmp_path / "glioma" / "a.jpg"}
    assert collected.modalities == ("t1",)


def test_folders_above_the_classes_are_parts_whatever_they_are_called(tmp_path, make_picture):
    for part in ("Training", "test", "VAL"):
        make_picture(tmp_path / part / "glioma" / f"{part}.png")
    parts = {s.subject_id: s.extra["official_part"] for s in plan_manifest(LAYOUT, tmp_path).samples}
    assert parts == {"Training": "train", "test": "test", "VAL": "validation"}


def test_pictures_of_one_name_in_several_folders_are_several_subjects(tmp_path, make_picture):
    for name in ("train/a/1.png", "test/a/1.png", "test/b/1.png", "test/b/1.jpg", "test/b/2.png"):
        make_picture(tmp_path / name)
    ids = [sample.subject_id for sample in plan_manifest(LAYOUT, tmp_path).samples]
    assert ids == ["test_a_1", "test/b/1.jpg", "test/b/1.png", "2", "train_a_1"]


def test_a_mask_is_that_of_its_part_and_class(tmp_path, make_picture):
    for name in ("train/a/1.jpg", "test/a/1.jpg", "test/b/1.jpg", "test/b/2.jpg"):
        make_picture(tmp_path / "images" / name)
    for name in ("train/1.png", "test/a/1.png", "test/b/1.png", "3.png"):
        make_picture(tmp_path / "masks" / name)
    collected = plan_manifest(LAYOUT, tmp_path, images="images", masks="masks")
    masks = [s.mask and s.mask.relative_to(tmp_path / "masks").as_posix() for s in collected.samples]
    assert masks == ["test/a/1.png", "test/b/1.png", None, "train/1.png"]
    assert why(collected) == {"masks/3.png": "no picture of this stem was found"}


def test_masks_inside_the_folder_of_images_are_no_class(tmp_path, make_picture):
    for name in ("a/1.jpg", "masks/1.png"):
        make_picture(tmp_path / name)
    collected = plan_manifest(LAYOUT, tmp_path, masks="masks")
    assert [(s.extra["label"], s.mask) for s in collected.samples] == [("a", tmp_path / "masks" / "1.png")]
    assert not collected.skipped


def test_subjects_and_columns_come_from_names(tmp_path, make_picture):
    make_picture(tmp_path / "a" / "p01-ax-3.png")
    make_picture(tmp_path / "a" / "p01-co-4.png")
    options = {"name_pattern": r"p\d+-(?P<plane>ax|co)-(?P<slice_index>\d)", "codes": "ax=axial"}
    samples = plan_manifest(LAYOUT, tmp_path, subject_pattern=r"^(p\d+)", **options).samples
    assert [sample.subject_id for sample in samples] == ["p01", "p01"]
    assert [sample.extra["plane"] for sample in samples] == ["axial", "co"]
    assert samples[1].extra["slice_index"] == "4"
    named = plan_manifest(LAYOUT, tmp_path, name_pattern=r"(?P<subject_id>p\d+)-(?P<site>..)-.").samples
    assert (named[0].subject_id, named[0].site) == ("p01", "ax")


def test_what_is_not_taken_is_named_with_the_reason(tmp_path, make_picture):
    for name in ("pics/train/a/x1.png", "pics/train/x2.png", "pics/train/a/y.png", "pics/train/c/x3.png"):
        make_picture(tmp_path / name)
    make_picture(tmp_path / "pics" / "train" / "a" / "z1.png")
    for name in ("pics/train/a/Thumbs.db", "m/notes.txt", "README.md", ".DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for name in ("m/x1.png", "m/x1.jpg"):
        make_picture(tmp_path / name)
    options = {"images": "pics", "masks": "m", "classes": "a", "name_pattern": r".\d"}
    collected = plan_manifest(LAYOUT, tmp_path, subject_pattern=r"x\d", **options)
    assert [(sample.subject_id, sample.mask) for sample in collected.samples] == [("x1", None)]
    assert why(collected) == {
        "README.md": "outside the folder of images pics/",
        "m/notes.txt": "not a JPG, PNG or TIFF picture",
        "m/x1.jpg": "several masks of one name: m/x1.jpg, m/x1.png",
        "m/x1.png": "several masks of one name: m/x1.jpg, m/x1.png",
        "pics/train/a/Thumbs.db": "not a JPG, PNG or TIFF picture",
        "pics/train/a/y.png": "name_pattern does not match its name",
        "pics/train/a/z1.png": "subject_pattern 'x\\\\d' finds nothing in its name",
        "pics/train/c/x3.png": "class 'c' is not among those to take",
        "pics/train/x2.png": "in no class's folder",
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": "a,b"}, "no picture of class 'b'"),
        ({"codes": "ax"}, "codes: 'ax', expected CODE=WORD"),
        ({"name_pattern": "("}, "name_pattern: .* expected a regular expression"),
        ({"name_pattern": "(?P<mask>.)"}, "group 'mask' is a column with paths"),
        ({"masks": "nowhere"}, "masks: no folder 'nowhere'"),
        ({"masks": "/"}, "masks: no folder '/'"),
    ],
)
def test_wrong_options_are_refused(tmp_path, make_picture, options, message):
    make_picture(tmp_path / "a" / "1.png")
    with pytest.raises(UsageError, match=message):
        plan_manifest(LAYOUT, tmp_path, **options)


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(ManifestError, match="no such folder"):
        plan_manifest(LAYOUT, tmp_path, images="images")


def test_names_of_brisc_that_contradict_their_folder_are_left_out(tmp_path, make_picture):
    folder = tmp_path / "classification_task" / "train"
    (tmp_path / "segmentation_task" / "train" / "masks").mkdir(parents=True)
    make_picture(folder / "glioma" / "brisc2025_train_00001_gl_ax_t1.jpg")
    make_picture(folder / "glioma" / "brisc2025_train_00002_me_ax_t1.jpg")
    make_picture(folder / "glioma" / "brisc2025_test_00003_gl_ax_t1.jpg")
    collected = plan_manifest(LAYOUT, tmp_path, preset="brisc2025")
    assert [sample.subject_id for sample in collected.samples] == ["brisc2025_train_00001_gl_ax_t1"]
    assert sorted(why(collected).values()) == [
        "its name says label 'meningioma', its folder 'glioma'",
        "its name says official_part 'test', its folder 'train'",
    ]


def test_the_kaggle_set_of_four_classes_needs_no_option_but_the_preset(tmp_path, make_picture):
    for part, short in (("Training", "Tr"), ("Testing", "Te")):
        for label in ("glioma", "meningioma", "notumor", "pituitary"):
            make_picture(tmp_path / part / label / f"{short}-{label[:2]}_0010.jpg")
    rows = create_manifest(LAYOUT, tmp_path, tmp_path / "four.csv", preset="kaggle-4class").rows()
    assert Counter(row["official_part"] for row in rows) == {"train": 4, "test": 4}
    assert {row["label"] for row in rows} == {"glioma", "meningioma", "notumor", "pituitary"}
    assert len({row["subject_id"] for row in rows}) == 8


def test_the_real_brisc_pictures_have_class_part_plane_and_mask(real_data):
    collected = plan_manifest(LAYOUT, real_data / "brisc2025", preset="brisc2025")
    count = Counter((s.extra["official_part"], s.extra["label"], s.mask is None) for s in collected.samples)
    tumors = {
        (part, label, False): number
        for part, number in (("train", 100), ("test", 30))
        for label in ("glioma", "meningioma", "pituitary")
    }
    assert count == tumors | {("train", "no_tumor", True): 100, ("test", "no_tumor", True): 30}
    assert {s.extra["plane"] for s in collected.samples} == {"axial", "coronal"}  # no sagittal one is here
    assert len({s.subject_id for s in collected.samples}) == 520
    assert {s.mask.stem == s.images["image"].stem for s in collected.samples if s.mask} == {True}
    assert Counter(skipped.why for skipped in collected.skipped) == {
        "outside the folder of images classification_task/": 391  # the same pictures again, and the README
    }


def test_a_manifest_of_the_real_brisc_pictures_is_written(real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("BRISC", str(real_data / "brisc2025"))
    made = create_manifest(
        LAYOUT, real_data / "brisc2025", tmp_path / "b.csv", preset="brisc2025", root_is="env:BRISC"
    )
    assert len(made.rows()) == 520
