from __future__ import annotations

import pytest

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest import create_manifest, plan_manifest, read_manifest


@pytest.fixture
def tree(tmp_path):
    """Empty files by name; those of `texts` hold text."""

    def make(*names, texts=None):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        for name, text in (texts or {}).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return tmp_path

    return make


def anat(subject, *ends, session="", pipeline=""):
    """Names in anat/ of a subject: anat("01", "T1w") is sub-01/anat/sub-01_T1w.nii.gz."""
    folder = f"derivatives/{pipeline}/" if pipeline else ""
    visit = f"/ses-{session}" if session else ""
    stem = f"sub-{subject}_ses-{session}" if session else f"sub-{subject}"
    return [f"{folder}sub-{subject}{visit}/anat/{stem}_{end}.nii.gz" for end in ends]


def rows(collected):
    return [
        (one.subject_id, one.session_id, {column: path.name for column, path in one.images.items()})
        for one in collected.samples
    ]


def why(collected):
    return {skipped.path: skipped.why for skipped in collected.skipped}


def test_sessions_are_rows_and_a_missing_modality_is_left_out(tree):
    root = tree(*anat("01", "FLAIR", "T1w", session="a"), *anat("01", "T1w", session="b"))
    collected = plan_manifest("bids", root)
    assert collected.modalities == ("t1w", "flair")
    assert rows(collected) == [
        ("sub-01", "ses-a", {"t1w": "sub-01_ses-a_T1w.nii.gz", "flair": "sub-01_ses-a_FLAIR.nii.gz"}),
        ("sub-01", "ses-b", {"t1w": "sub-01_ses-b_T1w.nii.gz"}),
    ]
    assert not collected.skipped


def test_participants_and_sessions_are_joined(tree):
    root = tree(
        *anat("01", "T1w", session="1"),
        *anat("01", "T1w", session="2"),
        *anat("02", "T1w"),
        *anat("04", "T1w"),
        texts={
            "participants.tsv": "participant_id\tage\tsite\tgroup\n"
            "01\t30\tA\tHC\nsub-02\tn/a\tB\tMS\nsub-03\t1\tA\tMS\n",
            "sub-01/sub-01_sessions.tsv": "session_id\tage\tedss\nses-1\tn/a\t2\nses-2\t31\t3\n",
        },
    )
    collected = plan_manifest("bids", root, label="group")
    assert [(one.site, one.extra) for one in collected.samples] == [
        ("A", {"label": "HC", "age": "30", "edss": "2"}),
        ("A", {"label": "HC", "age": "31", "edss": "3"}),
        ("B", {"label": "MS", "age": "", "edss": ""}),
        ("", {"label": "", "age": "", "edss": ""}),
    ]
    assert why(collected) == {"participants.tsv:4": "no image of this subject"}
    by_visit = plan_manifest("bids", root, label="edss")
    assert [one.extra["label"] for one in by_visit.samples] == ["2", "3", "", ""]


@pytest.mark.parametrize(
    ("run", "taken", "left"),
    [
        ("first", ["run-01"], ["run-2", "run-10"]),
        ("last", ["run-10"], ["run-01", "run-2"]),
        ("2", ["run-2"], ["run-01", "run-10"]),
        ("all", ["run-01", "run-2", "run-10"], []),
    ],
)
def test_runs_are_chosen_only_when_asked(tree, run, taken, left):
    root = tree(*anat("01", "run-10_T1w", "run-2_T1w", "run-01_T1w", "FLAIR"), *anat("02", "T1w"))
    collected = plan_manifest("bids", root, run=run)
    first = [one for one in collected.samples if one.subject_id == "sub-01"]
    assert [one.images["t1w"].name.split("_")[1] for one in first] == taken
    assert all("flair" in one.images for one in first)
    assert sorted(why(collected)) == sorted(anat("01", *(f"{one}_T1w" for one in left)))
    if run == "all":
        assert [one.extra["run"] for one in collected.samples] == ["01", "2", "10", ""]
    else:
        assert "run" not in first[0].extra


def test_images_that_differ_are_not_chosen_among_in_silence(tree):
    root = tree(*anat("01", "acq-2D_FLAIR", "acq-3D_FLAIR", "T1w", "ce-gad_T1w"))
    collected = plan_manifest("bids", root)
    assert collected.modalities == ("t1w", "t1w_ce_gad")
    reasons = set(why(collected).values())
    assert reasons == {"2 FLAIR images of one run differ in acq: choose by entities=acq=…"}
    chosen = plan_manifest("bids", root, entities="acq=3D")
    assert rows(chosen)[0][2]["flair"] == "sub-01_acq-3D_FLAIR.nii.gz"
    assert chosen.modalities == ("t1w", "t1w_ce_gad", "flair")
    assert why(chosen) == {anat("01", "acq-2D_FLAIR")[0]: "another acq- than entities= asks for"}


def test_the_mask_is_of_the_same_session_run_and_space(tree):
    root = tree(
        *anat("01", "run-1_FLAIR", "run-2_FLAIR", session="1"),
        *anat("01", "FLAIR", session="2"),
        *anat(
            "01", "run-02_label-lesion_mask", "space-MNI_run-1_label-lesion_mask", session="1", pipeline="les"
        ),
        *anat("01", "space-orig_label-lesion_mask", "dseg", "desc-brain_mask", session="2", pipeline="les"),
        *anat("01", "label-lesion_mask", session="3", pipeline="les"),
    )
    collected = plan_manifest("bids", root)
    masks = [one.mask.name if one.mask else "" for one in collected.samples]
    assert masks == [
        "",
        "sub-01_ses-1_run-02_label-lesion_mask.nii.gz",
        "sub-01_ses-2_space-orig_label-lesion_mask.nii.gz",
    ]
    skipped = {path.rpartition("/")[2]: reason for path, reason in why(collected).items()}
    none = "no image of its subject, session, scan and space, or another mask is preferred"
    assert skipped == {
        "sub-01_ses-1_space-MNI_run-1_label-lesion_mask.nii.gz": none,
        "sub-01_ses-2_dseg.nii.gz": none,
        "sub-01_ses-2_desc-brain_mask.nii.gz": "a mask that mask= does not ask for",
        "sub-01_ses-3_label-lesion_mask.nii.gz": none,
    }
    brain = plan_manifest("bids", root, mask="les/desc-brain_mask").samples[2]
    assert brain.mask.name == "sub-01_ses-2_desc-brain_mask.nii.gz"
    assert plan_manifest("bids", root, mask="").samples[1].mask is None


def test_of_several_masks_none_is_taken_unless_named(tree):
    root = tree(*anat("01", "FLAIR"), *anat("01", "mask", pipeline="a"), *anat("01", "mask", pipeline="b"))
    collected = plan_manifest("bids", root)
    assert collected.samples[0].mask is None
    assert all(
        reason.startswith("several masks fit one image (a/sub-01") for reason in why(collected).values()
    )
    named = plan_manifest("bids", root, mask="b/mask").samples[0]
    assert named.mask == root / anat("01", "mask", pipeline="b")[0]


def test_derivatives_are_taken_when_named(tree):
    root = tree(
        *anat("01", "T1w"),
        *anat("01", "desc-preproc_T1w", "space-MNI_desc-preproc_T1w", "space-MNI_mask", pipeline="fmri-prep"),
    )
    raw = plan_manifest("bids", root)
    assert rows(raw) == [("sub-01", "", {"t1w": "sub-01_T1w.nii.gz"})]
    assert why(raw)[anat("01", "desc-preproc_T1w", pipeline="fmri-prep")[0]].endswith(
        "name it in derivatives="
    )
    one = plan_manifest("bids", root, derivatives="fmri-prep", entities="space=MNI")
    assert rows(one) == [("sub-01", "", {"t1w": "sub-01_space-MNI_desc-preproc_T1w.nii.gz"})]
    assert one.samples[0].mask.name == "sub-01_space-MNI_mask.nii.gz"
    native = plan_manifest("bids", root, derivatives="fmri-prep", entities="space=")
    assert rows(native)[0][2] == {"t1w": "sub-01_desc-preproc_T1w.nii.gz"}
    both = plan_manifest("bids", root, derivatives="all", entities="space=")
    assert both.modalities == ("t1w", "t1w_fmri_prep")
    alone = plan_manifest("bids", root / "derivatives" / "fmri-prep", entities="space=MNI")
    assert rows(alone) == rows(one)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("sub-02_T1w.nii.gz", "no BIDS place: sub-02 in its name, none in its path"),
        ("sub-01/anat/sub-02_T1w.nii.gz", "no BIDS place: sub-02 in its name"),
        ("sub-01/ses-1/anat/sub-01_T1w.nii.gz", "no BIDS place: no ses- in its name"),
        ("sub-01/anat/sub-01_ses-1_T1w.nii.gz", "no BIDS place: ses-1 in its name"),
        ("sub-01/sub-01_T1w.nii.gz", "no BIDS place: not in a folder such as anat/"),
        ("sub-01/anat/sub-01.nii.gz", "no BIDS name: does not begin with 'sub-<label>_'"),
        ("sub-01/anat/sub-01_T1w_old.nii.gz", "no BIDS name: 'T1w' is not key-value"),
        ("sub-01/anat/sub-0 1_T1w.nii.gz", "no BIDS name: 'sub-0 1' is not key-value"),
        ("sub-01/anat/sub-01_acq-a_acq-b_T1w.nii", "no BIDS name: 'acq' twice"),
        ("sub-01/anat/sub-01_acq-a_ses-1_T1w.nii", "no BIDS name: 'ses-' must follow 'sub-'"),
        ("sub-01/anat/sub-01_run-x_T1w.nii", "no BIDS name: run 'x' is not a number"),
        ("sub-01/anat/sub-01_T1w\n.nii", "no BIDS name: ends with"),
        ("sub-01/anat/sub-01_T1w.json", "no image: not a NIfTI file"),
        ("sub-01/anat/sub-01_probseg.nii", "suffix probseg is not asked for"),
        ("sub-01/func/sub-01_task-rest_bold.nii.gz", "in func/: only anat/ is taken"),
        ("sub-01/dwi/sub-01_dwi.nii.gz", "in dwi/: only anat/ is taken"),
        ("sourcedata/sub-01/anat/sub-01_T1w.nii.gz", "in sourcedata/, which is not read"),
        ("dataset_description.json", "no image"),
    ],
)
def test_what_is_not_taken_is_named_with_the_reason(tree, name, reason):
    collected = plan_manifest("bids", tree(name))
    assert not collected.samples
    assert why(collected)[name].startswith(reason)


def test_a_4d_image_is_skipped_and_a_trailing_axis_of_one_is_not(tmp_path, make_nifti):
    make_nifti(tmp_path / anat("01", "T1w")[0], shape=(4, 4, 3, 5))
    make_nifti(tmp_path / anat("02", "T1w")[0], shape=(4, 4, 3, 1))
    collected = plan_manifest("bids", tmp_path)
    assert [one.subject_id for one in collected.samples] == ["sub-02"]
    assert why(collected) == {anat("01", "T1w")[0]: "4D (5 volumes), not one image"}


def test_named_suffixes_are_taken_from_any_folder_in_their_order(tree):
    root = tree(*anat("01", "T1w", "FLAIR", "T2w"), "sub-01/perf/sub-01_asl.nii.gz")
    collected = plan_manifest("bids", root, suffixes="asl, flair,T1w")
    assert collected.modalities == ("asl", "flair", "t1w")
    assert list(why(collected)) == anat("01", "T2w")


def test_links_in_circles_and_to_nowhere_do_no_harm(tree):
    root = tree(*anat("01", "T1w"))
    (root / "sub-01" / "up").symlink_to(root)
    (root / anat("01", "FLAIR")[0]).symlink_to("nowhere")
    (root / anat("01", "T2w")[0]).symlink_to(root / anat("01", "T2w")[0])
    collected = plan_manifest("bids", root)
    assert rows(collected) == [("sub-01", "", {"t1w": "sub-01_T1w.nii.gz"})]
    assert set(why(collected).values()) == {"a link that leads to no file (for git-annex: get its content)"}


def test_each_of_many_files_is_accounted_for(tree):
    names = [name for n in range(100) for name in anat(f"{n:03d}", "T1w", "FLAIR")]
    names += [f"sub-{n:03d}/func/sub-{n:03d}_bold.nii.gz" for n in range(100)]
    names += anat("000", "label-lesion_mask", pipeline="les")
    root = tree(*names)
    collected = plan_manifest("bids", root)
    taken = [path for one in collected.samples for path in (*one.images.values(), one.mask) if path]
    shown = [path.relative_to(root).as_posix() for path in taken]
    assert sorted([*shown, *why(collected)]) == sorted(names)
    assert [one.subject_id for one in collected.samples] == [f"sub-{n:03d}" for n in range(100)]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"run": "best"}, UsageError, "expected all, first, last or a number"),
        ({"entities": "acq"}, UsageError, "expected KEY=VALUE"),
        ({"mask": "lesion mask"}, UsageError, "the end of names"),
        ({"label": "group"}, ManifestError, "E111"),
        ({"participants": "people.tsv"}, ManifestError, "E111"),
        ({"label": "group", "participants": ""}, UsageError, "without participants"),
    ],
)
def test_options_that_cannot_be_understood_are_refused(tree, options, error, message):
    with pytest.raises(error, match=message):
        plan_manifest("bids", tree(*anat("01", "T1w")), **options)


def test_a_wrong_table_of_participants_is_refused(tree):
    root = tree(*anat("01", "T1w"), texts={"participants.tsv": "participant_id\nsub-01\nsub-01\n"})
    with pytest.raises(ManifestError, match="subject of line 2 again"):
        plan_manifest("bids", root)
    tree(texts={"participants.tsv": "participant_id\tsex\nsub-01\tF\n"})
    with pytest.raises(UsageError, match="did you mean 'sex'"):
        plan_manifest("bids", root, label="sexx")


def test_the_data_set_becomes_a_manifest(tmp_path, make_nifti):
    for name in (
        *anat("01", "FLAIR"),
        *anat("01", "label-lesion_mask", pipeline="les"),
        *anat("02", "FLAIR"),
    ):
        make_nifti(tmp_path / "in" / name)
    (tmp_path / "in" / "participants.tsv").write_text("participant_id\tsex\nsub-01\tF\nsub-02\tM\n")
    create_manifest("bids", tmp_path / "in", tmp_path / "m.csv", label="sex")
    made = read_manifest(tmp_path / "m.csv")
    assert made.modalities == ("flair",)
    assert made.rows() == [
        {
            "subject_id": "sub-01",
            "session_id": "",
            "site": "",
            "flair": "in/sub-01/anat/sub-01_FLAIR.nii.gz",
            "mask": "in/derivatives/les/sub-01/anat/sub-01_label-lesion_mask.nii.gz",
            "label": "F",
        },
        {
            "subject_id": "sub-02",
            "session_id": "",
            "site": "",
            "flair": "in/sub-02/anat/sub-02_FLAIR.nii.gz",
            "mask": "",
            "label": "M",
        },
    ]
