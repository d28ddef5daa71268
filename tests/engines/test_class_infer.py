from __future__ import annotations

import csv
import shutil

import nibabel
import numpy as np
import pytest
from classing import CHANNELS, evaluator, network, trained_run

from monai_mri.engines import ManifestDataset, infer_classes
from monai_mri.engines.infer import ImageDataset
from monai_mri.errors import ConfigError, ImageError
from monai_mri.manifest import read_manifest, write_manifest
from monai_mri.transforms import ReadMRId

READ = ReadMRId(keys=["image"], mask_keys=[])


def rows(path):
    with path.open() as stream:
        return list(csv.DictReader(stream))


def images(manifest, channels=CHANNELS):
    return ManifestDataset(manifest=manifest, part="all", images=channels, mask=None, transform=READ)


def test_a_column_called_class_does_not_make_answers_wrong(class_cohort, tmp_path):
    run = trained_run(class_cohort, tmp_path / "run")
    table = [row | {"class": "7"} for row in read_manifest(class_cohort).rows()]
    manifest = write_manifest(class_cohort.with_name("new.csv"), table).path
    infer_classes(evaluator(network(), images(manifest)), weights=run.root, output_dir=tmp_path / "new")
    found = rows(tmp_path / "new/predictions.csv")
    assert {(row["truth"], row["correct"]) for row in found} == {("", "")}


@pytest.mark.parametrize("channels", [("second", "first"), ("first", "label")])
def test_other_image_columns_than_those_of_the_training_are_refused(class_cohort, tmp_path, channels):
    run = trained_run(class_cohort, tmp_path / "run")
    with pytest.raises(ConfigError, match=r"asked for, the weights were trained on first, second;"):
        infer_classes(
            evaluator(network(channels), images(class_cohort, channels)),
            weights=run.root,
            output_dir=tmp_path / "new",
        )


def test_broken_images_of_a_folder_are_named_and_the_others_predicted(class_cohort, tmp_path, capsys):
    run = trained_run(class_cohort, tmp_path / "run", channels=("first",))
    scans, out = tmp_path / "scans", tmp_path / "new"
    scans.mkdir()
    for number in (3, 4):
        shutil.copy(class_cohort.with_name(f"{number:02d}_first.nii.gz"), scans)
    (scans / "broken.nii.gz").write_bytes(b"not an image")
    nibabel.save(nibabel.Nifti1Image(np.ones((8, 8, 9), np.float32), np.eye(4)), scans / "longer.nii.gz")
    step = evaluator(network(("first",)), ImageDataset(source=scans, transform=READ))
    with pytest.raises(ImageError, match=r"without 2 of 4 images, first .*broken\.nii\.gz"):
        infer_classes(step, weights=run.root, output_dir=out)
    assert [row["sample_id"] for row in rows(out / "predictions.csv")] == ["03_first", "04_first"]
    said = capsys.readouterr().err
    assert "broken.nii.gz" in said
    assert "longer.nii.gz: shape (8, 8, 9) found, expected (8, 8, 8)" in said
    assert len(step.dataset) == 4


def test_without_one_usable_image_nothing_is_written(class_cohort, tmp_path):
    run = trained_run(class_cohort, tmp_path / "run", channels=("first",))
    (tmp_path / "broken.nii").write_bytes(b"not an image")
    step = evaluator(network(("first",)), ImageDataset(source=tmp_path / "broken.nii", transform=READ))
    with pytest.raises(ImageError, match=r"none of 1 images can be used, first .*broken\.nii"):
        infer_classes(step, weights=run.root, output_dir=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_single_files_are_refused_by_weights_of_several_columns(class_cohort, tmp_path):
    run = trained_run(class_cohort, tmp_path / "run", epochs=1)
    source = class_cohort.with_name("03_first.nii.gz")
    step = evaluator(network(), ImageDataset(source=source, transform=READ))
    with pytest.raises(ConfigError, match=r"trained on first, second of each image; give a manifest"):
        infer_classes(step, weights=run.root, output_dir=tmp_path / "new")
