from __future__ import annotations

from monai_mri.manifest.dicom.plan import Choice, column, patients, plan
from monai_mri.manifest.dicom.tags import read_instance


def test_the_plan_does_not_depend_on_the_order_of_files(write_series, tmp_path):
    for patient in "ABC":
        write_series(tmp_path / patient, PatientID=patient)
    paths = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    there, _ = plan(paths, tmp_path, Choice())
    back, _ = plan(paths[::-1], tmp_path, Choice())
    assert [job.sample for job in there] == [job.sample for job in back]
    assert set(patients(there, {"Z": "sub-009"})) == {"A", "B", "C", "Z"}


def test_ids_that_look_alike_as_names_get_files_of_their_own(write_series, tmp_path):
    paths = write_series(tmp_path / "a", PatientID="A/1") + write_series(tmp_path / "b", PatientID="A 1")
    jobs, _ = plan(paths, tmp_path, Choice(subject="patient-id"))
    assert len({job.target for job in jobs}) == 2


def test_a_column_names_sequence_contrast_and_part(write_series, tmp_path):
    tags = {"SeriesDescription": "t1 post", "ImageType": ["ORIGINAL", "PRIMARY", "P"]}
    assert column(read_instance(write_series(tmp_path, slices=[0], **tags)[0])) == "t1w_ce_phase"
