from __future__ import annotations

import csv
import gzip
import importlib.util
import json
import shutil
import stat
from pathlib import Path

import nibabel
import numpy as np
import pytest

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest import plan_manifest
from monai_mri.manifest.layouts._making import only_over_own

_spec = importlib.util.spec_from_file_location(
    "dicom_tree", Path(__file__).parents[1] / "dicom" / "conftest.py"
)
tree = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tree)

T1 = {"SeriesDescription": "t1_mprage", "RepetitionTime": 2300, "EchoTime": 3, "InversionTime": 900}
SECRETS = ("HOSP-4711", "Doe", "Jane", "Elsewhere", "101112", "20200102", "19700101")


def plan(root, **options):
    return plan_manifest("dicom", root, jobs="2", **options)


def whys(collected) -> dict[str, str]:
    return {skipped.path: skipped.why for skipped in collected.skipped}


def images(collected) -> list[str]:
    return [sample.images["image"].as_posix() for sample in collected.samples]


def test_each_series_becomes_a_row_also_where_all_lie_in_one_folder(tmp_path):
    tree.series(tmp_path, stem="a", PatientID="A", StudyInstanceUID="1.2.3")
    tree.series(tmp_path, stem="b", PatientID="A", StudyInstanceUID="1.2.3", SeriesNumber=5, **T1)
    tree.series(tmp_path, stem="c", PatientID="B")
    collected = plan(tmp_path)
    assert not collected.skipped
    assert len({sample.subject_id for sample in collected.samples}) == 2
    assert sorted(images(collected))[0] == "sub-001/ses-01/series-003_flair.nii.gz"
    made = collected.make(tmp_path / "images")
    assert [sample.images["image"] for sample in made.samples] == [
        tmp_path / "images" / sample.images["image"] for sample in collected.samples
    ]
    assert all(nibabel.load(sample.images["image"]).shape[2] == 5 for sample in made.samples)
    by_kind = {sample.extra["sequence"]: sample.extra for sample in made.samples}
    assert by_kind["T1w"]["series"] == "5"
    assert by_kind["FLAIR"]["field_strength_t"] == "3"
    assert by_kind["FLAIR"]["voxel_mm"] == "1.25x1.5x3"
    assert by_kind["FLAIR"]["converter"].startswith("dcm2niix v1.")


@pytest.mark.parametrize(
    "orientation",
    [(1, 0, 0, 0, 1, 0), (0, 1, 0, 0, 0, -1), (1, 0, 0, 0, 0, -1), (0.8, 0.6, 0, -0.36, 0.48, -0.8)],
    ids=["axial", "sagittal", "coronal", "oblique"],
)
def test_a_marker_keeps_its_place_in_the_patient(tmp_path, orientation):
    tree.series(tmp_path / "in", orientation=orientation)
    made = plan(tmp_path / "in").make(tmp_path / "out")
    image = nibabel.load(made.samples[0].images["image"])
    voxel = np.argwhere(np.asarray(image.dataobj) == 1000)
    assert len(voxel) == 1
    world = nibabel.affines.apply_affine(image.affine, voxel[0])
    np.testing.assert_allclose(world, tree.marker_ras_mm(orientation=orientation), atol=1e-3)


def test_no_name_id_date_or_hospital_is_in_what_is_made(tmp_path):
    comments = {"ProtocolName": "flair Jane Doe", "ImageComments": "Doe", "StationName": "Elsewhere1"}
    tree.series(tmp_path / "Doe^Jane", **comments)
    collected = plan(tmp_path / "Doe^Jane")
    made = collected.make(tmp_path / "out")
    rows = repr(collected.samples) + repr(
        [(sample.subject_id, sample.session_id, sample.site, sample.extra) for sample in made.samples]
    )
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".gz", ".json", ""}  # and the record of what was made
    for path in files:
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("latin-1")
        for secret in SECRETS:
            assert secret not in text
            assert secret not in str(path.relative_to(tmp_path))
            assert secret not in rows
    header = nibabel.load(made.samples[0].images["image"]).header
    assert [bytes(header[name]).strip(b"\0") for name in ("descrip", "aux_file", "db_name")] == [b""] * 3
    assert not header.extensions
    assert json.loads(made.samples[0].images["image"].with_suffix("").with_suffix(".json").read_text())[
        "EchoTime"
    ] == pytest.approx(0.12)


def test_what_is_not_taken_is_named_with_the_reason(tmp_path):
    tree.series(tmp_path / "good")
    tree.series(tmp_path / "loc", SeriesDescription="localizer")
    planes = {"SeriesInstanceUID": "1.9", "StudyInstanceUID": "1.8"}
    tree.series(tmp_path / "planes", slices=[0, 1, 2], **planes)
    tree.series(tmp_path / "planes", slices=[3, 4, 5], orientation=(0, 1, 0, 0, 0, -1), **planes)
    tree.series(tmp_path / "derived", ImageType=["DERIVED", "SECONDARY", "MPR"])
    tree.series(tmp_path / "few", slices=[0, 1])
    tree.series(tmp_path / "gap", slices=[0, 1, 3, 4])
    tree.series(tmp_path / "ct", slices=[0], Modality="CT")
    tree.save(tree.dataset(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33", Modality="SR"), tmp_path / "o" / "sr")
    tree.save(tree.dataset(SOPClassUID="1.2.840.10008.5.1.4.1.1.11.1", Modality="PR"), tmp_path / "o" / "pr")
    secondary = tree.slice_tags(0) | {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}
    tree.save(tree.dataset(**secondary), tmp_path / "o" / "sc")
    tree.save(tree.dataset(SOPClassUID="1.2.840.10008.1.3.10"), tmp_path / "DICOMDIR")
    (tmp_path / "o" / "notes.txt").write_text("hello")
    (tmp_path / "o" / "empty").touch()
    shutil.copy(tmp_path / "good" / "I001", tmp_path / "o" / "twin")
    collected = plan(tmp_path)
    assert len(collected.samples) == 1
    found = whys(collected)
    expected = {
        "loc/I000 (and 4 more of its series)": "a localizer",
        "planes/I000 (and 5 more of its series)": "slices in several directions, as in a localizer",
        "derived/I000 (and 4 more of its series)": "derived from other images (option derived=keep)",
        "few/I000 (and 1 more of its series)": "2 slices, expected 3 or more (option least_slices)",
        "gap/I000 (and 3 more of its series)": "1 of 5 slices missing: copy them, or take it with gaps=keep",
        "ct/I000": "modality CT, expected MR (option modality)",
        "o/sr": "not an image (Comprehensive SR Storage)",
        "o/pr": "not an image (Grayscale Softcopy Presentation State Storage)",
        "o/sc": "a secondary capture: a picture of a screen, not a scan",
        "DICOMDIR": "a DICOMDIR: an index, the images are taken from their own files",
        "o/notes.txt": "not a DICOM file",
        "o/empty": "an empty file",
        "o/twin": "the same SOPInstanceUID as good/I001",
    }
    assert found == expected


@pytest.mark.parametrize("index", [2, 4])
def test_a_series_with_a_file_cut_short_is_not_taken_without_it(tmp_path, index):
    path = tree.series(tmp_path)[index]
    path.write_bytes(path.read_bytes()[:-50])
    collected = plan(tmp_path)
    assert not collected.samples
    assert whys(collected)[path.name].startswith("cut short: 190 bytes of pixels, expected 240")
    assert "1 of its images not whole" in whys(collected)["I000 (and 3 more of its series)"]


def test_a_series_with_a_gap_is_resampled_when_it_is_kept(tmp_path):
    tree.series(tmp_path / "in", slices=[0, 1, 2, 4, 5])
    made = plan(tmp_path / "in", gaps="keep").make(tmp_path / "out")
    assert [skipped.why for skipped in made.skipped] == [
        "slices not evenly spaced; the resampled image is taken"
    ]
    assert nibabel.load(made.samples[0].images["image"]).shape == (10, 12, 6)


def test_files_without_preamble_and_suffix_are_read(tmp_path):
    for path in tree.series(tmp_path / "in"):
        path.write_bytes(path.read_bytes()[132:])
    assert len(plan(tmp_path / "in").samples) == 1


def test_an_enhanced_multi_frame_file_is_a_series(tmp_path):
    tree.multiframe(tmp_path / "in" / "one")
    collected = plan(tmp_path / "in")
    assert [sample.extra["slices"] for sample in collected.samples] == ["5"]
    assert collected.samples[0].extra["voxel_mm"] == "1.25x1.5x3"
    made = collected.make(tmp_path / "out")
    image = nibabel.load(made.samples[0].images["image"])
    voxel = np.argwhere(np.asarray(image.dataobj) == 1000)
    world = nibabel.affines.apply_affine(image.affine, voxel[0])
    np.testing.assert_allclose(world, tree.marker_ras_mm(), atol=1e-3)


def test_visits_are_numbered_by_date_and_the_date_is_not_written(tmp_path):
    tree.series(tmp_path / "late", StudyDate="20210101")
    tree.series(tmp_path / "early", StudyDate="20190101", SeriesNumber=7)
    tree.series(tmp_path / "same", StudyDate="20190101", SeriesNumber=8, **T1)
    found = [(sample.session_id, sample.extra["series"]) for sample in plan(tmp_path).samples]
    assert found == [("ses-01", "7"), ("ses-01", "8"), ("ses-02", "3")]


def test_two_series_of_one_number_do_not_overwrite_each_other(tmp_path):
    tree.series(tmp_path, stem="a")
    tree.series(tmp_path, stem="b")
    assert images(plan(tmp_path)) == [
        "sub-001/ses-01/series-003_flair.nii.gz",
        "sub-001/ses-01/series-003_flair_run-2.nii.gz",
    ]


def test_echoes_of_one_series_are_a_row_each(tmp_path):
    uids = {"SeriesInstanceUID": "1.2.7", "StudyInstanceUID": "1.2.8", "FrameOfReferenceUID": "1.2.9"}
    for echo, te in (("1", 20), ("2", 80)):
        tree.series(tmp_path / "in", stem=f"e{echo}_", EchoTime=te, EchoNumbers=echo, **uids)
    collected = plan(tmp_path / "in")
    assert len(collected.samples) == 1
    made = collected.make(tmp_path / "out")
    assert [sample.extra["echo"] for sample in made.samples] == ["1", "2"]
    assert [sample.images["image"].name for sample in made.samples] == [
        "series-003_flair_e1.nii.gz",
        "series-003_flair_e2.nii.gz",
    ]


def test_a_magnitude_and_a_phase_are_told_apart(tmp_path):
    study = {"StudyInstanceUID": "1.2.8", "SeriesDescription": "swi"}
    tree.series(tmp_path, stem="m", SeriesNumber=3, **study)
    tree.series(tmp_path, stem="p", SeriesNumber=4, ImageType=["ORIGINAL", "PRIMARY", "P"], **study)
    sessions = plan(tmp_path, rows="session")
    assert sessions.modalities == ("swi", "swi_phase")
    assert len(sessions.samples) == 1


def test_several_volumes_of_one_series_are_left_out_or_kept(tmp_path):
    uids = {"SeriesInstanceUID": "1.2.7", "StudyInstanceUID": "1.2.8", "FrameOfReferenceUID": "1.2.9"}
    for time in range(3):
        tree.series(
            tmp_path / "in", stem=f"t{time}_", AcquisitionNumber=time, TemporalPositionIdentifier=time, **uids
        )
    assert "3 volumes in one series" in plan(tmp_path / "in").skipped[0].why
    made = plan(tmp_path / "in", volumes="keep").make(tmp_path / "out")
    assert nibabel.load(made.samples[0].images["image"]).shape == (10, 12, 5, 3)


def test_a_row_a_session_has_a_column_a_sequence(tmp_path):
    for number, subject in enumerate(("A", "B")):
        study = {"PatientID": subject, "StudyInstanceUID": f"1.2.{number}"}
        tree.series(tmp_path / "in" / subject, stem="f", **study)
        tree.series(tmp_path / "in" / subject, stem="t", SeriesNumber=4, **study, **T1)
    tree.series(tmp_path / "in" / "B", stem="again", SeriesNumber=9, **study)
    collected = plan(tmp_path / "in", rows="session", subject="patient-id")
    assert collected.modalities == ("t1w", "flair")
    assert [sorted(sample.images) for sample in collected.samples] == [["flair", "t1w"], ["t1w"]]
    assert {skipped.why for skipped in collected.skipped} == {
        "series 3, 9 of one visit are all flair: choose with option take"
    }
    earlier = tmp_path / "out" / "B" / "ses-01" / "earlier.nii.gz"
    earlier.parent.mkdir(parents=True)
    only_over_own(lambda folder: earlier.touch())(tmp_path / "out")  # an earlier run
    made = collected.make(tmp_path / "out")
    assert [sorted(sample.images) for sample in made.samples] == [["flair", "t1w"], ["t1w"]]
    used = {path for sample in made.samples for path in sample.images.values()}
    assert {*(tmp_path / "out").rglob("*.nii.gz")} == used | {earlier}
    assert len(list((tmp_path / "out").rglob("*.json"))) == len(used)


def test_a_session_whose_images_lie_on_different_grids_is_left_out(tmp_path):
    tree.series(tmp_path / "in", stem="f", StudyInstanceUID="1.2.3")
    tree.series(
        tmp_path / "in", stem="t", StudyInstanceUID="1.2.3", PixelSpacing=[1, 1], SeriesNumber=4, **T1
    )
    collected = plan(tmp_path / "in", rows="session")
    assert len(collected.samples) == 1
    made = collected.make(tmp_path / "out")
    assert not made.samples
    assert not list((tmp_path / "out").iterdir())
    assert all("different grids" in skipped.why and "E209" in skipped.why for skipped in made.skipped)
    only = plan(tmp_path / "in", rows="session", sequences="flair").make(tmp_path / "only")
    assert list(only.samples[0].images) == ["flair"]


def test_what_dcm2niix_cannot_convert_is_left_out_with_its_reason(tmp_path):
    tree.series(tmp_path / "in", stem="a", PatientID="A")
    bad = tree.series(tmp_path / "in", stem="b", PatientID="B")
    collected = plan(tmp_path / "in")
    for path in bad:
        path.write_bytes(path.read_bytes()[:200])
    made = collected.make(tmp_path / "out")
    assert len(made.samples) == 1
    assert "dcm2niix ended with code" in made.skipped[0].why
    assert str(tmp_path) not in made.skipped[0].why


def test_a_subject_may_be_the_patient_id_or_a_folder(tmp_path):
    tree.series(tmp_path / "case7" / "x", PatientID="A/17")
    tree.series(tmp_path / "case8" / "x", PatientID="", PatientName="", SeriesNumber=4)
    by_id = plan(tmp_path, subject="patient-id")
    assert [sample.subject_id for sample in by_id.samples] == ["A/17"]
    assert images(by_id) == ["A-17/ses-01/series-003_flair.nii.gz"]
    assert "option subject=folder" in by_id.skipped[0].why
    assert [s.subject_id for s in plan(tmp_path, subject="folder").samples] == ["case7", "case8"]


def test_a_subject_map_keeps_the_numbers_when_patients_join(tmp_path):
    key = tmp_path / "locked" / "key.csv"
    options = {"subject_map": str(key)}
    tree.series(tmp_path / "in" / "m", PatientID="M")
    first = plan(tmp_path / "in", **options)
    assert not key.exists()
    first.make(tmp_path / "out")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    for patient in "ABCXYZ":
        tree.series(tmp_path / "in" / patient, PatientID=patient)
    collected = plan(tmp_path / "in", **options)
    collected.make(tmp_path / "out")
    with key.open(encoding="utf-8") as file:
        known = {row["patient_id"]: row["subject_id"] for row in csv.DictReader(file)}
    assert known["M"] == "sub-001"
    assert sorted(known.values()) == [f"sub-{number:03d}" for number in range(1, 8)]


def test_site_is_empty_unless_asked_for(tmp_path):
    tree.series(tmp_path)
    assert plan(tmp_path).samples[0].site == ""
    assert plan(tmp_path, site="north").samples[0].site == "north"
    assert plan(tmp_path, site_from="scanner").samples[0].site == "SIEMENS 3"
    assert plan(tmp_path, site_from="institution").samples[0].site == "Saint Elsewhere"


def test_series_are_chosen_by_description_and_sequence(tmp_path):
    tree.series(tmp_path, stem="a")
    tree.series(tmp_path, stem="b", SeriesNumber=4, **T1)
    assert [s.extra["sequence"] for s in plan(tmp_path, take="mprage").samples] == ["T1w"]
    assert [s.extra["sequence"] for s in plan(tmp_path, sequences="flair").samples] == ["FLAIR"]


def test_a_run_that_is_killed_leaves_no_image_under_its_name(tmp_path, monkeypatch):
    from monai_mri.manifest.dicom import convert

    def die(*_: object) -> bytes:
        raise KeyboardInterrupt

    tree.series(tmp_path / "in")
    monkeypatch.setattr(convert, "nameless_header", die)
    with pytest.raises(KeyboardInterrupt):
        plan(tmp_path / "in").make(tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.nii*"))


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path):
    tree.series(tmp_path / "in")
    left = tmp_path / "out" / "sub-001" / ".dcm2niix-abc" / "in"
    left.mkdir(parents=True)
    (left / "000001.dcm").write_bytes(b"x")
    plan(tmp_path / "in").make(tmp_path / "out")
    assert not list((tmp_path / "out").rglob(".dcm2niix-*"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": "file"}, "rows: 'file' is unknown"),
        ({"subject": "name"}, "subject: 'name' is unknown"),
        ({"gaps": "yes"}, "gaps: 'yes' is unknown"),
        ({"sequences": "flare"}, "sequences: 'flare' is unknown"),
        ({"least_slices": "few"}, "least_slices: 'few', expected a number"),
        ({"take": "("}, "take: .* expected a regular expression"),
        ({"subject": "folder", "subject_map": "a.csv"}, "subject_map: with subject='folder'"),
    ],
)
def test_an_option_that_cannot_be_is_refused(tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        plan(tmp_path, **options)


def test_a_subject_map_that_is_none_is_refused(tmp_path):
    (tmp_path / "key.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ManifestError, match=r"key\.csv: not a subject map"):
        plan(tmp_path, subject_map=str(tmp_path / "key.csv"))


def test_images_never_replace_what_they_did_not_make(tmp_path):
    tree.series(tmp_path / "in")
    target = tmp_path / "out" / plan(tmp_path / "in").samples[0].images["image"]
    target.parent.mkdir(parents=True)
    target.write_text("precious")
    with pytest.raises(UsageError, match="was not made by an earlier run"):
        plan(tmp_path / "in").make(tmp_path / "out")
    assert target.read_text() == "precious"


def test_one_bad_file_ends_no_run(tmp_path):
    tree.series(tmp_path)
    bad = tree.series(tmp_path, stem="z", slices=[0], SeriesNumber=777777)[0]
    bad.write_bytes(bad.read_bytes().replace(b"777777", b"inf   "))
    odd = tree.series(tmp_path, stem="y", slices=[0])[0]
    raw = odd.read_bytes()
    at = raw.index(b"\x28\x00\x10\x00US")
    odd.write_bytes(raw[: at + 6] + b"\x03\x00" + raw[at + 8 : at + 10] + b"\0" + raw[at + 10 :])
    collected = plan(tmp_path)
    assert len(collected.samples) == 1
    assert whys(collected)["y000"] == "not readable as DICOM (BytesLengthException)"
