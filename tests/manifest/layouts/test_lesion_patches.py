from __future__ import annotations

import csv

import nibabel
import numpy as np
import pytest
from scipy import ndimage

from monai_mri.errors import ImageError, ManifestError, UsageError
from monai_mri.images import read_image, read_mask
from monai_mri.manifest import plan_manifest

SHAPE = (20, 22, 18)
LAS = np.array([[-1.0, 0, 0, 9], [0, 1, 0, -12], [0, 0, 2, -7], [0, 0, 0, 1]])
CUBE, EDGE = (slice(5, 8), slice(5, 8), slice(5, 8)), (0, 21, 0)


def plan(root, **options):
    return plan_manifest("lesion-patches", root, **{"size": "7", "jobs": "1", **options})


def lesion_volume() -> np.ndarray:
    """A pair of voxels with value 2, a cube of 27 with value 3, one at a corner of the volume with 5.

    In this order they come from left to right, so on LAS, whose first axis is turned, as 1, 2 and 3.
    """
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[CUBE] = 3
    labels[EDGE] = 5
    labels[10, 15, 9] = labels[11, 16, 10] = 2  # they touch by a corner
    return labels


def save(array, path, affine=LAS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(array, affine), path)


@pytest.fixture
def write_scan(tmp_path):
    """A scan whose FLAIR voxels are all different, and whose QSM is ten times its FLAIR."""

    def write(subject="s1", *, labels=None, affine=LAS, kinds=("flair", "qsm", "lesions")):
        flair = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
        labels = lesion_volume() if labels is None else labels
        for kind, array in (("flair", flair), ("qsm", 10 * flair), ("lesions", labels)):
            if kind in kinds:
                save(array, tmp_path / "in" / subject / f"{subject}_{kind}.nii.gz", affine)
        return tmp_path / "in"

    return write


def test_a_lesion_becomes_a_patch_of_each_modality_and_a_row(write_scan, tmp_path):
    root = write_scan()
    collected = plan(root)
    assert collected.modalities == ("flair", "qsm")
    assert [sample.extra["voxels"] for sample in collected.samples] == ["2", "27", "1"]
    assert not list(tmp_path.glob("out*"))
    made = collected.make(tmp_path / "out")
    sample = made.samples[1]
    assert sample.images["flair"] == tmp_path / "out" / "s1" / "s1_lesion-002_flair.nii.gz"
    assert sample.extra["scan_id"] == "s1"
    assert float(sample.extra["volume_ml"]) == pytest.approx(27 * 2 / 1000)
    flair, qsm = (read_image(sample.images[kind]).array for kind in ("flair", "qsm"))
    assert flair.shape == (7, 7, 7)
    np.testing.assert_array_equal(qsm, 10 * flair)
    mask = read_mask(sample.mask)
    assert mask.sum() == 27
    assert mask[2:5, 2:5, 2:5].all()


def test_a_voxel_of_a_patch_has_the_world_coordinates_it_had(write_scan, tmp_path, affine):
    root = write_scan(affine=affine)
    source = nibabel.load(root / "s1" / "s1_flair.nii.gz")
    values = np.asarray(source.dataobj)
    for sample in plan(root, border="shift").make(tmp_path / "out").samples:
        patch = nibabel.load(sample.images["flair"])
        for at in ((0, 0, 0), (6, 0, 3), (2, 5, 6)):
            world = nibabel.affines.apply_affine(patch.affine, at)
            found = nibabel.affines.apply_affine(np.linalg.inv(source.affine), world)
            index = tuple(np.rint(found).astype(int))
            np.testing.assert_allclose(found, index, atol=1e-3)
            assert patch.dataobj[at] == values[index]
        centre = [float(sample.extra[f"centre_{axis}_mm"]) for axis in "ras"]
        mask = nibabel.load(sample.mask)
        at = np.rint(nibabel.affines.apply_affine(np.linalg.inv(mask.affine), centre)).astype(int)
        assert ((at >= 0) & (at < 7)).all()
        assert sample.extra["voxels"] == "2" or mask.dataobj[tuple(at)] == 1


def test_the_space_of_the_source_is_kept(write_scan, tmp_path):
    root = write_scan()
    path = root / "s1" / "s1_lesions.nii.gz"
    image = nibabel.load(path)
    image.set_sform(image.affine, code=4)
    nibabel.save(nibabel.Nifti1Image(lesion_volume(), image.affine, image.header), path)
    header = nibabel.load(plan(root).make(tmp_path / "out").samples[0].mask).header
    assert (int(header["sform_code"]), int(header["qform_code"])) == (4, 0)
    assert header.get_xyzt_units()[0] == "mm"


@pytest.mark.parametrize(("size", "middle"), [("7", 3), ("8", 4), ("1", 0)])
def test_the_centre_of_a_lesion_is_voxel_half_of_the_size(write_scan, tmp_path, size, middle):
    made = plan(write_scan(), size=size).make(tmp_path / "out")
    sample = made.samples[1]
    mask = nibabel.load(sample.mask)
    world = nibabel.affines.apply_affine(mask.affine, [middle] * 3)
    np.testing.assert_allclose(world, [float(sample.extra[f"centre_{axis}_mm"]) for axis in "ras"], atol=0.01)


def test_a_lesion_at_the_border_is_padded_shifted_or_left_out(write_scan, tmp_path):
    root = write_scan()
    padded = plan(root, background="-1").make(tmp_path / "pad").samples[2]
    flair = read_image(padded.images["flair"]).array
    assert padded.extra["padded_voxels"] == str((flair == -1).sum()) == str(343 - 64)
    assert padded.extra["border_shift"] == "R+0 A+0 S+0"
    shifted = plan(root, border="shift").make(tmp_path / "shift").samples[2]
    assert shifted.extra["border_shift"] == "R-3 A-3 S+3"
    assert shifted.extra["padded_voxels"] == "0"
    assert (read_image(shifted.images["flair"]).array >= 0).all()
    assert read_mask(shifted.mask)[6, 6, 0]
    left = plan(root, border="skip")
    assert [sample.extra["lesion_id"] for sample in left.samples] == ["1", "2"]
    assert left.skipped[0].path == "s1 lesion 3"


def test_neighbours_are_removed_or_kept(write_scan, tmp_path):
    root = write_scan()
    alone = plan(root, size="35").make(tmp_path / "a").samples
    together = plan(root, size="35", neighbours="keep").make(tmp_path / "b").samples
    assert [int(read_mask(sample.mask).sum()) for sample in alone] == [2, 27, 1]
    assert [int(read_mask(sample.mask).sum()) for sample in together] == [30, 30, 30]


def test_connectivity_decides_what_is_one_lesion(write_scan):
    root = write_scan()
    assert [len(plan(root, connectivity=text).samples) for text in ("6", "18", "26")] == [4, 4, 3]


def test_small_lesions_are_left_out_with_the_reason(write_scan):
    collected = plan(write_scan(), min_voxels="2", min_ml="0.01")
    assert [sample.extra["voxels"] for sample in collected.samples] == ["27"]
    assert [skip.why for skip in collected.skipped] == [
        "0.004 ml, expected 0.01 or more (option min_ml)",
        "1 voxels, expected 2 or more (option min_voxels)",
    ]


def test_the_class_is_the_volumes_value_and_may_have_a_name(write_scan):
    root = write_scan()
    assert "label" not in plan(root).samples[0].extra
    assert [s.extra["label"] for s in plan(root, labels="value").samples] == ["2", "3", "5"]
    named = plan(root, preset="ms_lesion", size="7")
    assert [s.extra["label"] for s in named.samples] == ["remyelinating", "demyelinating", "demyelinating"]
    some = plan(root, labels="value", classes="2=re, 3=de")
    assert [s.extra["label"] for s in some.samples] == ["re", "de"]
    assert some.skipped[0].why.startswith("value 5: no class")


def test_a_lesion_of_several_values_has_the_commonest_and_the_table_says_so(write_scan, tmp_path):
    labels = lesion_volume()
    labels[5, 5, 5:7] = 6
    collected = plan(write_scan(labels=labels), labels="value")
    assert collected.samples[1].extra["label"] == "3"
    collected.make(tmp_path / "out")
    with (tmp_path / "out" / "lesions.csv").open(encoding="utf-8") as file:
        assert [row["values"] for row in csv.DictReader(file)] == ["2:2", "3:25 6:2", "5:1"]


def test_values_may_number_the_lesions(write_scan):
    labels = np.zeros(SHAPE, dtype=np.uint16)
    labels[2, 2, 2], labels[3, 2, 2], labels[9, 9, 9] = 700, 12, 12
    collected = plan(write_scan(labels=labels), lesion_ids="value")
    assert [(s.extra["lesion_id"], s.extra["voxels"]) for s in collected.samples] == [
        ("12", "2"),
        ("700", "1"),
    ]


def test_the_class_may_stand_in_a_table(write_scan):
    root = write_scan()
    (root / "classes.csv").write_text(
        "subject_id,lesion_id,label\ns1,1,re\ns1,003,de\nother,2,re\n", encoding="utf-8"
    )
    collected = plan(root, labels="table", table="classes.csv")
    assert [(s.extra["lesion_id"], s.extra["label"]) for s in collected.samples] == [("1", "re"), ("3", "de")]
    unmet = "classes.csv: other lesion 2"
    assert [skip.path for skip in collected.skipped] == ["s1 lesion 2", unmet]
    assert collected.skipped[1].why == "a row of the table, but no scan has such a lesion"
    (root / "classes.csv").write_text("subject_id,lesion_id,label\ns1,1,re\ns1,1,de\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="lesion 1 of s1 has two labels"):
        plan(root, labels="table", table="classes.csv")


def test_every_lesion_is_in_the_table_taken_or_not(write_scan, tmp_path):
    plan(write_scan(), min_voxels="2").make(tmp_path / "out")
    with (tmp_path / "out" / "lesions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["lesion_id"], row["voxels"], row["taken"]) for row in rows] == [
        ("1", "2", "yes"),
        ("2", "27", "yes"),
        ("3", "1", "no"),
    ]
    assert rows[2]["why"] == "1 voxels, expected 2 or more (option min_voxels)"
    assert float(rows[1]["centre_r_mm"]) == 3.0


def test_a_scan_without_a_modality_is_left_out_unless_it_is_not_required(write_scan, tmp_path):
    root = write_scan(kinds=("flair", "lesions"))
    assert "no qsm" in plan(root).skipped[0].why
    collected = plan(root, required="flair")
    assert collected.modalities == ("flair", "qsm")
    assert [sorted(sample.images) for sample in collected.make(tmp_path / "out").samples] == [["flair"]] * 3


def test_a_scan_without_lesions_is_said(write_scan):
    collected = plan(write_scan(labels=np.zeros(SHAPE, dtype=np.uint8)))
    assert [str(skip) for skip in collected.skipped] == ["s1: no lesion in its lesion volume"]


def test_scans_of_one_subject_are_kept_apart(write_scan, tmp_path):
    root = write_scan("p_ses-1")
    write_scan("p_ses-2")
    options = {"subject_pattern": "^[^_/]+", "session_pattern": r"ses-\d"}
    made = plan(root, **options).make(tmp_path / "out")
    assert {(s.subject_id, s.session_id, s.extra["scan_id"]) for s in made.samples} == {
        ("p", "ses-1", "p_ses-1"),
        ("p", "ses-2", "p_ses-2"),
    }
    assert len({sample.mask for sample in made.samples}) == 6


def test_other_files_are_named_with_the_reason(write_scan):
    root = write_scan()
    save(lesion_volume(), root / "s1" / "s1_t1.nii.gz")
    (root / "notes.txt").touch()
    assert {skip.path for skip in plan(root).skipped} == {"s1/s1_t1.nii.gz", "notes.txt"}


def test_patches_that_lie_below_the_root_are_not_taken_for_scans(write_scan):
    root = write_scan()
    first = plan(root)
    first.make(root / "cohort_images")
    second = plan(root)
    assert second.samples == first.samples
    assert sum(skip.why == "a patch that was cut before" for skip in second.skipped) == 9


@pytest.mark.parametrize("kind", ["flair", "qsm"])
def test_other_grids_are_refused_all_at_once(write_scan, kind):
    for subject in ("s1", "s2", "s3"):
        root = write_scan(subject)
    moved = LAS.copy()
    moved[0, 3] += 5
    save(np.zeros(SHAPE, np.float32), root / "s1" / f"s1_{kind}.nii.gz", moved)
    save(np.zeros((20, 22, 17), np.float32), root / "s2" / f"s2_{kind}.nii.gz")
    with pytest.raises(ImageError) as caught:
        plan(root)
    first, second = str(caught.value).splitlines()
    assert f"s1_{kind}.nii.gz: an affine 5 mm off" in first
    assert "20 x 22 x 17 voxels (R x A x S), not 20 x 22 x 18" in second
    assert first.endswith("[E209]")
    assert second.endswith("[E209]")


def test_a_grid_stored_in_another_direction_is_the_same_grid(write_scan, tmp_path):
    root = write_scan()
    flair = nibabel.load(root / "s1" / "s1_flair.nii.gz")
    before = [read_image(s.images["flair"]).array for s in plan(root).make(tmp_path / "a").samples]
    nibabel.save(nibabel.as_closest_canonical(flair), root / "s1" / "s1_flair.nii.gz")
    after = [read_image(s.images["flair"]).array for s in plan(root).make(tmp_path / "b").samples]
    np.testing.assert_array_equal(before, after)


def test_a_volume_without_orientation_is_refused(write_scan):
    root = write_scan()
    image = nibabel.Nifti1Image(lesion_volume(), None)
    nibabel.save(image, root / "s1" / "s1_lesions.nii.gz")
    with pytest.raises(ImageError, match=r"no orientation.*E205"):
        plan(root)


def test_a_lesion_volume_with_fractions_is_refused(write_scan):
    with pytest.raises(ImageError, match="E305"):
        plan(write_scan(labels=lesion_volume() * np.float32(0.3)))


def test_the_same_scans_give_the_same_bytes(write_scan, tmp_path):
    root = write_scan()
    for name in ("a", "b"):
        plan(root).make(tmp_path / name)
    files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert len(files) == 11  # with the record of what was made
    for path in files:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes()


def test_lesions_that_change_between_plan_and_making_are_noticed(write_scan, tmp_path):
    root = write_scan()
    collected = plan(root)
    write_scan(labels=np.ones(SHAPE, dtype=np.uint8))
    with pytest.raises(ImageError, match="other lesions than a moment ago"):
        collected.make(tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"modalities": "flair"}, "modalities: 'flair', expected COLUMN=GLOB"),
        ({"modalities": ""}, "modalities: empty"),
        ({"modalities": "mask=*"}, "modalities: 'mask=.*expected COLUMN=GLOB"),
        ({"required": "t1"}, "required: 't1' is unknown"),
        ({"size": "0"}, "size: '0', expected a number of 1 or more"),
        ({"size": "3.5"}, "size: '3.5', expected a whole number"),
        ({"connectivity": "8"}, "connectivity: '8' is unknown"),
        ({"border": "wrap"}, "border: 'wrap' is unknown"),
        ({"labels": "table"}, "table: '' with labels='table'"),
        ({"table": "a.csv"}, "table: 'a.csv' with labels='component'"),
        ({"classes": "2=re"}, "classes: with labels='component'"),
        ({"labels": "value", "classes": "2"}, "classes: '2', expected VALUE=NAME"),
        ({"background": "nan"}, "background: 'nan', expected a number"),
    ],
)
def test_an_option_that_cannot_be_is_refused(write_scan, options, message):
    with pytest.raises(UsageError, match=message):
        plan(write_scan(), **options)


@pytest.mark.slow
def test_real_lesions_are_those_that_another_library_counts(real_data, tmp_path):
    folder = real_data / "open_ms_data" / "cross_sectional" / "MNI"
    options = {"modalities": "flair=FLAIR*.nii.gz,t1=T1_N4*", "lesions": "GOLD_STANDARD*", "size": "35"}
    collected = plan(folder, **options)
    counts = {}
    for subject in ("patient07", "patient19"):
        mask = np.asarray(nibabel.load(next((folder / subject).glob("GOLD_STANDARD*"))).dataobj) > 0
        counts[subject] = ndimage.label(mask, np.ones((3, 3, 3)))[1]
    found = [sample.subject_id for sample in collected.samples]
    assert {subject: found.count(subject) for subject in set(found)} == counts
    made = collected.make(tmp_path / "out")
    assert all(read_mask(sample.mask).any() for sample in made.samples)


def test_patches_never_replace_what_they_did_not_make(write_scan, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "lesions.csv").write_text("precious")
    with pytest.raises(UsageError, match=r"lesions\.csv was not made by an earlier run"):
        plan(write_scan()).make(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["lesions.csv"]
