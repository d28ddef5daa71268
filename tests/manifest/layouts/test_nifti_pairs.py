from __future__ import annotations

import pytest

from monai_mri.manifest import plan_manifest


def subjects(collected) -> list[tuple[str, str]]:
    return [(sample.subject_id, sample.session_id) for sample in collected.samples]


def test_a_folder_a_subject_is_taken_as_the_phantom_writes_it(cohort):
    collected = plan_manifest("nifti-pairs", cohort, site="here")
    assert subjects(collected) == [("sub-001", ""), ("sub-002", ""), ("sub-003", "")]
    assert collected.samples[1].images == {"flair": cohort / "sub-002" / "sub-002_flair.nii.gz"}
    assert collected.samples[1].mask == cohort / "sub-002" / "sub-002_plaques.nii.gz"
    assert not collected.skipped


def test_a_flat_folder_is_taken_by_the_start_of_the_name(tmp_path):
    for subject in ("p1", "p2"):
        (tmp_path / f"{subject}_t1_flair.nii").touch()
        (tmp_path / f"{subject}_plaques.nii.gz").touch()
    assert subjects(plan_manifest("nifti-pairs", tmp_path)) == [("p1", ""), ("p2", "")]


def test_subject_and_session_may_come_from_the_path(tmp_path):
    for name in ("img/ses-1_p1_flair.nii", "img/ses-2_p1_flair.nii", "seg/ses-1_p1.nii", "seg/ses-2_p1.nii"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    collected = plan_manifest(
        "nifti-pairs",
        tmp_path,
        mask_pattern="seg/*.nii",
        subject_pattern=r"(p\d+)",
        session_pattern=r"ses-(\d+)",
    )
    assert subjects(collected) == [("p1", "1"), ("p1", "2")]
    assert collected.samples[1].mask == tmp_path / "seg" / "ses-2_p1.nii"


def test_a_manifest_may_have_no_masks(cohort):
    collected = plan_manifest("nifti-pairs", cohort, mask_pattern="")
    assert [sample.mask for sample in collected.samples] == [None, None, None]
    assert len(collected.skipped) == 3


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        ("a/a_flair.nii", {}, "a: no file matches mask_pattern '*_plaques.nii*'"),
        ("a/a_plaques.nii", {}, "a: no file matches image_pattern '*_flair.nii*'"),
        ("a/a_t1.nii", {}, "a/a_t1.nii: matches neither image_pattern nor mask_pattern"),
        ("a/a_flair.nii", {"mask_pattern": "a*"}, "a/a_flair.nii: matches image_pattern and mask_pattern"),
        ("a/a_flair.nii", {"subject_pattern": "x"}, "a/a_flair.nii: subject_pattern 'x' finds nothing"),
    ],
)
def test_what_is_not_taken_is_named_with_the_reason(tmp_path, name, options, why):
    (tmp_path / "a").mkdir()
    (tmp_path / name).touch()
    collected = plan_manifest("nifti-pairs", tmp_path, **options)
    assert not collected.samples
    assert str(collected.skipped[0]).startswith(why)


def test_two_visits_without_a_session_pattern_are_not_mixed_up(tmp_path):
    for visit in "12":
        (tmp_path / "a" / visit).mkdir(parents=True)
        (tmp_path / "a" / visit / "a_flair.nii").touch()
        (tmp_path / "a" / visit / "a_plaques.nii").touch()
    collected = plan_manifest("nifti-pairs", tmp_path)
    assert not collected.samples
    assert "session_pattern" in collected.skipped[0].why


def test_a_link_back_to_the_top_is_not_followed_for_ever(cohort):
    (cohort / "sub-001" / "up").symlink_to(cohort)
    assert len(plan_manifest("nifti-pairs", cohort).samples) == 3


def test_hidden_files_are_left_alone(cohort):
    (cohort / "sub-001" / "._sub-001_flair.nii.gz").touch()
    assert not plan_manifest("nifti-pairs", cohort).skipped


def test_the_real_volumes_are_taken_and_patients_without_flair_named(real_data):
    root = real_data / "open_ms_data" / "cross_sectional" / "MNI"
    collected = plan_manifest("nifti-pairs", root, preset="open_ms")
    assert subjects(collected) == [("patient07", ""), ("patient19", "")]
    without = [
        skipped.path for skipped in collected.skipped if skipped.why.startswith("no file matches image")
    ]
    assert len(without) == 18
    assert "patient01" in without


def test_images_without_masks_are_said_how_to_take(tmp_path, make_nifti):
    make_nifti(tmp_path / "a" / "a_flair.nii.gz")
    (skipped,) = plan_manifest("nifti-pairs", tmp_path).skipped
    assert "no file matches mask_pattern '*_plaques.nii*' (--option mask_pattern= takes" in skipped.why
    (sample,) = plan_manifest("nifti-pairs", tmp_path, mask_pattern="").samples
    assert sample.mask is None
