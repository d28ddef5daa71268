"""Inference on files and folders."""

from __future__ import annotations

from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
import torch
from building import FILTERS
from monai.transforms import Activationsd, Compose
from PIL import Image

from monai_mri.engines import AxialInferer, Evaluator, ImageDataset, infer, save_weights
from monai_mri.engines.weights import WeightsRecord
from monai_mri.errors import CheckpointError, ConfigError, ImageError, UsageError
from monai_mri.networks import PlaqueFCN
from monai_mri.transforms import NormalizeToTissued, ReadMRId

RECORD = WeightsRecord(
    study="x", network="PlaqueFCN", epoch=1, manifest_sha256="", splits_sha256="", threshold=0.5
)


@pytest.fixture
def images(tmp_path):
    """A folder with a volume, a slice and a note."""
    folder = tmp_path / "images"
    folder.mkdir()
    rng = np.random.default_rng(0)
    nib.save(nib.Nifti1Image(rng.uniform(1, 9, (20, 18, 3)), np.diag([-1, 1, 4, 1])), folder / "a.nii.gz")
    Image.fromarray(rng.integers(0, 255, (17, 31), dtype=np.uint8)).save(folder / "b.png")
    (folder / "note.txt").write_text("no image")
    return folder


def evaluator(source):
    steps = [ReadMRId(keys="image", mask_keys=()), NormalizeToTissued(keys="image")]
    return Evaluator(
        device="cpu",
        network=PlaqueFCN(filters=FILTERS, output="logit"),
        dataset=ImageDataset(source=source, transform=Compose(steps)),
        inferer=AxialInferer(),
        postprocessing=Activationsd(keys="pred", sigmoid=True),
    )


@pytest.fixture
def weights(tmp_path):
    torch.manual_seed(0)
    return save_weights(PlaqueFCN(filters=FILTERS, output="logit"), tmp_path / "run", RECORD)


def test_every_image_of_a_folder_gets_a_mask_on_its_grid(images, weights, tmp_path):
    masks = infer(evaluator(images), weights=weights, output_dir=tmp_path / "out", threshold=0.04)
    assert [path.name for path in masks] == ["a_mask.nii.gz", "b_mask.png"]
    volume = nib.load(masks[0])
    assert volume.shape == (20, 18, 3)
    np.testing.assert_array_equal(volume.affine, np.diag([-1, 1, 4, 1]))
    assert np.asarray(Image.open(masks[1])).shape == (17, 31)


def test_mask_is_the_map_at_the_threshold_of_the_weights(images, weights, tmp_path):
    infer(evaluator(images / "a.nii.gz"), weights=weights, output_dir=tmp_path / "out")
    mask = nib.load(tmp_path / "out" / "a_mask.nii.gz").get_fdata() > 0
    probability = nib.load(tmp_path / "out" / "a_probability.nii.gz").get_fdata()
    np.testing.assert_array_equal(mask, probability >= 0.5)


def test_maps_are_left_out_on_request(images, weights, tmp_path):
    infer(evaluator(images), weights=weights, output_dir=tmp_path / "out", probabilities=False)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a_mask.nii.gz", "b_mask.png"]


def test_folder_without_images_is_said(weights, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match="no image there"):
        infer(evaluator(tmp_path / "empty"), weights=weights, output_dir=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_missing_weights_are_said(images, tmp_path):
    with pytest.raises(CheckpointError, match="no trained weights there"):
        infer(evaluator(images), weights=tmp_path / "nowhere", output_dir=tmp_path / "out")


def test_masks_that_are_there_are_not_replaced_unless_asked(images, weights, tmp_path):
    drawn = tmp_path / "out" / "a_mask.nii.gz"
    drawn.parent.mkdir()
    drawn.write_text("drawn by hand")
    with pytest.raises(UsageError, match=r"a_mask\.nii\.gz: exists already"):
        infer(evaluator(images), weights=weights, output_dir=tmp_path / "out")
    assert drawn.read_text() == "drawn by hand"
    infer(evaluator(images), weights=weights, output_dir=tmp_path / "out", overwrite=True)
    assert nib.load(drawn).shape == (20, 18, 3)


def test_results_and_hidden_files_of_a_folder_are_no_images(images):
    for name in ("a_mask.nii.gz", "a_probability.nii.gz", "._b.png"):
        (images / name).touch()
    assert [path.name for path in ImageDataset(source=images).paths] == ["a.nii.gz", "b.png"]


def test_images_of_one_stem_keep_their_results_apart(images):
    (images / "b.jpg").touch()
    assert ImageDataset(source=images).names == ["a", "b_jpg", "b_png"]


def test_threshold_beyond_one_is_refused(images, weights, tmp_path):
    with pytest.raises(UsageError, match="expected 0 to 1"):
        infer(evaluator(images), weights=weights, output_dir=tmp_path / "out", threshold=50)


def test_single_files_are_refused_by_weights_of_several_columns(images, tmp_path):
    network = PlaqueFCN(filters=FILTERS, output="logit")
    weights = save_weights(network, tmp_path / "run", replace(RECORD, images_from=("t1", "flair")))
    with pytest.raises(ConfigError, match="trained on t1, flair of each image; give a manifest"):
        infer(evaluator(images), weights=weights, output_dir=tmp_path / "out")
