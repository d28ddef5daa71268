"""What is correct, though it may look odd, yields no finding at any depth."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from faulty import Cohort, anatomy, base, picture_base, save_nifti, tree
from faulty_check import call, check

DEPTHS = ("table", "header", "voxels")


@pytest.fixture
def cohort(tmp_path) -> Cohort:
    return Cohort(base(tmp_path / "cohort"))


def assert_clean(cohort: Cohort) -> None:
    before = tree(cohort.folder)
    for depth in DEPTHS:
        answer = check(cohort.path, depth=depth)
        assert (answer.findings, answer.exit_code) == ([], 0), depth
    assert tree(cohort.folder) == before


@pytest.mark.parametrize("seed", range(3))
def test_a_correct_cohort_of_volumes(tmp_path, seed):
    assert_clean(Cohort(base(tmp_path / "cohort", seed=seed)))


@pytest.mark.parametrize("seed", range(3))
def test_a_correct_cohort_of_pictures(tmp_path, seed):
    assert_clean(Cohort(picture_base(tmp_path / "cohort", seed=seed)))


def test_a_correct_cohort_with_splits(tmp_path):
    assert_clean(Cohort(base(tmp_path / "cohort", n=12, splits=True)))


def test_correct_pictures_with_splits(tmp_path):
    assert_clean(Cohort(picture_base(tmp_path / "cohort", n=12, splits=True)))


def test_a_small_cohort_of_tiny_volumes(tmp_path):
    assert_clean(Cohort(base(tmp_path / "cohort", n=3, shape=(12, 12, 12))))


def test_forty_subjects_are_no_copies_of_each_other(tmp_path):
    assert_clean(Cohort(base(tmp_path / "cohort", n=40, shape=(20, 20, 20), seed=3)))


def test_a_hundred_pictures_are_no_copies_of_each_other(tmp_path):
    assert_clean(Cohort(picture_base(tmp_path / "cohort", n=100, seed=3)))


def test_a_table_without_a_sidecar(cohort):
    cohort.sidecar.unlink()
    assert_clean(cohort)


def test_windows_line_ends_and_a_byte_order_mark(cohort):
    text = cohort.path.read_text()
    cohort.path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert_clean(cohort)


def test_quoted_cells_with_commas_and_line_ends(cohort):
    cohort.set("sub-002", note='seen twice, "once" at\nnight')
    assert_clean(cohort)


def test_names_that_are_not_ascii_or_have_spaces(cohort):
    cohort.move("sub-002", "FLAIR vor Gabe, Zürich.nii.gz")
    cohort.set("sub-003", subject_id="Åsa-3")
    assert_clean(cohort)


def test_an_ending_in_capitals(cohort):
    cohort.move("sub-002", "flair.NII.GZ")
    assert_clean(cohort)


def test_missing_ages_sexes_and_labels(cohort):
    for subject in ("sub-002", "sub-003"):
        cohort.set(subject, age="", sex="", label="")
    assert_clean(cohort)


def test_negative_numbers(cohort):
    for number, subject in enumerate(cohort.subjects()):
        cohort.set(subject, z_score=f"{number * 0.7 - 2:.2f}")
    assert_clean(cohort)


def test_a_cohort_without_masks(cohort):
    for subject in cohort.subjects():
        cohort.file(subject, "mask").unlink()
        cohort.forget(cohort.row(subject)["mask"])
    header, rows = cohort.read()
    at = header.index("mask")
    cohort.write(header[:at] + header[at + 1 :], [row[:at] + row[at + 1 :] for row in rows])
    assert_clean(cohort)


def test_two_sessions_of_a_subject(cohort):
    for number, subject in enumerate(cohort.subjects()):
        affine = cohort.voxels(subject)[1]
        head, lesions = anatomy((32, 32, 32), seed=1, number=number)
        paths = {column: f"images/{subject}/ses-2/{column}.nii.gz" for column in ("flair", "mask")}
        save_nifti(cohort.folder / paths["flair"], head.astype(np.int16), affine)
        save_nifti(cohort.folder / paths["mask"], lesions.astype(np.uint8), affine)
        cohort.add(subject, session_id="ses-2", **paths)
        for path in paths.values():
            cohort.record(path)
    assert_clean(cohort)


@pytest.mark.parametrize(
    "affine",
    [
        np.diag([-1.0, 1.0, 1.0, 1.0]),
        np.array([[0, 0, 2.5, -4], [-1.5, 0, 0, 33], [0, 1.25, 0, -2], [0, 0, 0, 1]]),
        np.array([[0.8, -0.6, 0, 10], [0.6, 0.8, 0, 5], [0, 0, 3, -20], [0, 0, 0, 1]]),
    ],
    ids=["LAS", "permuted", "oblique"],
)
def test_any_grid_that_all_share(cohort, affine):
    for subject in cohort.subjects():
        for column in ("flair", "mask"):
            cohort.save(subject, cohort.voxels(subject, column)[0], affine, column)
    assert_clean(cohort)


def test_voxel_sizes_that_differ_from_site_to_site(cohort):
    for subject in cohort.subjects()[::2]:
        for column in ("flair", "mask"):
            array, affine = cohort.voxels(subject, column)
            cohort.save(subject, array[:, :-3, :-5], affine @ np.diag([0.5, 0.5, 1.6, 1]), column)
    assert_clean(cohort)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32, np.float64])
def test_any_real_type_of_voxels(cohort, dtype):
    for subject in cohort.subjects():
        cohort.save(subject, cohort.voxels(subject)[0].astype(dtype))
    assert_clean(cohort)


def test_voxels_that_are_scaled(cohort):
    for subject in cohort.subjects():
        array, affine = cohort.voxels(subject)
        image = nibabel.Nifti1Image(array * 0.37, affine)
        image.header.set_data_dtype(np.int16)
        image.set_sform(affine, code=1)
        image.set_qform(affine, code=1)
        nibabel.save(image, cohort.file(subject))
        cohort.record(cohort.row(subject)["flair"])
    assert_clean(cohort)


def test_float_masks_of_whole_numbers(cohort):
    for subject in cohort.subjects():
        cohort.save(subject, cohort.voxels(subject, "mask")[0].astype(np.float32), column="mask")
    assert_clean(cohort)


@pytest.mark.slow
def test_a_sparse_mask_packs_well_and_is_no_bomb(cohort):
    shape, subject = (160, 160, 160), "sub-002"
    mask = np.zeros(shape, np.uint8)
    mask[80, 80, 80:83] = 1
    cohort.save(subject, anatomy(shape, seed=0, number=1)[0].astype(np.int16))
    cohort.save(subject, mask, column="mask")
    cohort.edit(subject, lambda packed: gzip.compress(gzip.decompress(packed), 9, mtime=0), "mask")
    assert cohort.file(subject, "mask").stat().st_size * 500 < mask.nbytes
    assert_clean(cohort)


def test_one_mask_that_several_sessions_share_is_not_a_copied_image(cohort):
    subject = "sub-002"
    array, affine = cohort.voxels(subject)
    head, _ = anatomy(array.shape, seed=1, number=55)
    path = f"images/{subject}/ses-2/flair.nii.gz"
    save_nifti(cohort.folder / path, head.astype(np.int16), affine)
    cohort.add(subject, session_id="ses-2", flair=path)
    cohort.record(path)
    assert_clean(cohort)


def test_black_and_white_masks_of_mode_1(tmp_path):
    cohort = Cohort(picture_base(tmp_path / "cohort"))
    for subject in cohort.subjects():
        path = cohort.file(subject, "mask")
        Image.open(path).convert("1").save(path)
        cohort.record(cohort.row(subject)["mask"])
    assert_clean(cohort)


def test_pictures_all_in_colour(tmp_path):
    cohort = Cohort(picture_base(tmp_path / "cohort"))
    for subject in cohort.subjects():
        path = cohort.file(subject)
        Image.open(path).convert("RGB").save(path)
        cohort.record(cohort.row(subject)["image"])
    assert_clean(cohort)


def test_a_second_check_with_a_cache_says_the_same(cohort, tmp_path):
    cohort.edit("sub-003", lambda packed: packed[:-8] + bytes(4) + packed[-4:])
    words = ("--depth", "voxels", "--format", "json", "--jobs", "1", "--cache", tmp_path / "cache")
    before = tree(cohort.folder)
    first, second = (call("manifest", "check", cohort.path, *words) for _ in range(2))
    assert first.codes == {"E102"}
    assert (second.findings, second.exit_code) == (first.findings, 1)
    assert tree(cohort.folder) == before


def test_a_cache_does_not_hide_what_changed_since(cohort, tmp_path):
    words = ("--depth", "voxels", "--format", "json", "--jobs", "1", "--cache", tmp_path / "cache")
    assert call("manifest", "check", cohort.path, *words).findings == []
    cohort.edit("sub-003", lambda packed: packed[:-8] + bytes(4) + packed[-4:])
    cohort.edit("sub-004", lambda _: b"")
    assert call("manifest", "check", cohort.path, *words).codes == {"E102", "E103"}


def test_a_shallow_check_leaves_nothing_in_the_cache_that_blinds_a_deeper_one(cohort, tmp_path):
    cohort.edit("sub-003", lambda packed: packed[:-8] + bytes(4) + packed[-4:])
    words = ("--format", "json", "--jobs", "1", "--cache", tmp_path / "cache")
    for depth, codes in (("table", set()), ("header", set()), ("voxels", {"E102"}), ("header", set())):
        answer = call("manifest", "check", cohort.path, "--depth", depth, *words)
        assert answer.codes == codes, depth


def test_a_finding_can_be_ignored(cohort):
    cohort.edit("sub-003", lambda _: b"")
    answer = check(cohort.path, options=("--ignore", "E103"))
    assert (answer.findings, answer.exit_code) == ([], 0)


def test_all_cores_find_what_one_finds(cohort):
    cohort.edit("sub-003", lambda _: b"")
    cohort.edit("sub-004", lambda packed: packed[: len(packed) // 2])
    words = ("manifest", "check", cohort.path, "--depth", "voxels", "--format", "json", "--no-cache")
    one, two = (json.loads(call(*words, "--jobs", jobs).stdout) for jobs in (1, 2))
    assert one == two
    assert {each["code"] for each in one} == {"E103", "E101"}
