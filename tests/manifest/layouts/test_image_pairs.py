from __future__ import annotations

from monai_mri.manifest import plan_manifest


def test_images_and_masks_pair_by_name_whatever_their_ending(tmp_path, make_picture):
    make_picture(tmp_path / "images" / "a.JPG")
    make_picture(tmp_path / "images" / "deep" / "b.tif")
    make_picture(tmp_path / "masks" / "a.png")
    make_picture(tmp_path / "masks" / "deep" / "b.tif")
    samples = plan_manifest("image-pairs", tmp_path, modality="t2", session_id="1", site="here").samples
    assert [sample.subject_id for sample in samples] == ["a", "b"]
    assert samples[0].images == {"t2": tmp_path / "images" / "a.JPG"}
    assert samples[0].mask == tmp_path / "masks" / "a.png"
    assert (samples[0].session_id, samples[0].site) == ("1", "here")


def test_whatever_has_no_partner_is_named(tmp_path, make_picture):
    for name in ("a.png", "b.png", "c.png", "c.jpg", "101.png"):
        make_picture(tmp_path / "images" / name)
    for name in ("b.png", "c.png", "z.png", "101.png"):
        make_picture(tmp_path / "masks" / name)
    (tmp_path / "images" / "Thumbs.db").write_bytes(b"")
    collected = plan_manifest("image-pairs", tmp_path, subject_pattern=r"^\d+")
    assert [sample.subject_id for sample in collected.samples] == ["101"]
    assert sorted(map(str, collected.skipped)) == [
        "images/Thumbs.db: not a JPG, PNG or TIFF picture",
        "images/a.png: no mask masks/a.* (--option masks= takes pictures without masks)",
        r"images/b.png: subject_pattern '^\\d+' finds nothing in its name",
        "images/c.jpg: several with one name: c.jpg, c.png",
        "images/c.png: several with one name: c.jpg, c.png",
        "masks/c.png: no image images/c.*",
        "masks/z.png: no image images/z.*",
    ]


def test_the_real_slices_are_taken_by_patient(real_data):
    collected = plan_manifest("image-pairs", real_data / "ms60_mini" / "flair_mini_test", preset="ms60_mini")
    assert len(collected.samples) == 20
    assert len({sample.subject_id for sample in collected.samples}) == 13
    assert collected.modalities == ("flair",)
    assert not collected.skipped


def test_pictures_without_masks_are_taken_where_masks_is_empty(tmp_path, make_picture):
    make_picture(tmp_path / "images" / "a.png")
    collected = plan_manifest("image-pairs", tmp_path, masks="")
    assert [(sample.subject_id, sample.mask) for sample in collected.samples] == [("a", None)]
    assert not collected.skipped
