"""Classify, then segment: the whole pipeline with networks whose answers are known."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from torch import nn
from tumour_bundle import write_bundle
from tumours import (
    KNOWN,
    SHAPE,
    SLICES,
    dataset,
    mask_at,
    networks,
    picture,
    rows,
    square,
    write_slices,
    write_volume,
)
from voting import Bright, Brightness, classifier, segmenter, write_weights

from monai_mri.cli import main
from monai_mri.engines import Evaluator, classify_then_segment
from monai_mri.errors import CheckpointError, ConfigError, ImageError, UsageError

FAST = {"draws": 20, "pictures": 3}


@pytest.fixture
def task(tmp_path):
    """The networks over nine pictures whose truth is known, and where results go."""
    data = dataset(write_slices(tmp_path / "data"))
    voters, segmenters, weights = networks(data, tmp_path / "runs")
    return voters, segmenters, FAST | {"weights": weights, "output_dir": tmp_path / "out"}


def test_every_slice_is_classified_and_only_those_with_a_tumour_are_segmented(task):
    voters, segmenters, settings = task
    found = classify_then_segment(voters, segmenters, **settings)
    out = settings["output_dir"]
    assert found == json.loads((out / "summary.json").read_text())
    assert [one.network.calls for one in voters.values()] == [9, 9, 9]
    assert [one.network.calls for one in segmenters.values()] == [4, 4]
    assert (found["slices"], found["slices_with_tumor"], found["subjects"]) == (9, 4, 3)
    assert found["classification"]["outcomes"] == {"TP": 3, "FP": 1, "FN": 1, "TN": 4}
    outcomes = {row["sample_id"]: row["outcome"] for row in rows(out / "slices.csv")}
    assert [outcomes[f"{name}_{number:03d}"] for name in SLICES for number in (1, 2, 3)] == [
        *("TP", "TP", "TN"),
        *("TP", "FN", "TN"),
        *("TN", "FP", "TN"),
    ]


def test_each_picture_gets_a_mask_in_its_own_form_and_size_empty_where_nothing_was_found(task):
    voters, segmenters, settings = task
    classify_then_segment(voters, segmenters, **settings)
    for subject, slices in SLICES.items():
        for number, (brightness, _, at) in enumerate(slices, start=1):
            mask = mask_at(settings["output_dir"] / "masks" / f"{subject}_{number:03d}_mask.tif")
            expected = square(at) if brightness > 200 else np.zeros(SHAPE, bool)
            np.testing.assert_array_equal(mask, expected)


def test_a_tumour_that_was_missed_counts_with_dice_0_and_the_subject_as_a_whole(task):
    voters, segmenters, settings = task
    found = classify_then_segment(voters, segmenters, **settings)["segmentation"]["unet"]
    assert found["tumor_slices"]["dice"]["value"] == pytest.approx(3 / 4)  # three are marked to the pixel
    assert (found["tumor_slices"]["dice"]["n"], found["missed"]) == (4, 1)
    seen = found["segmented_tumor_slices"]["dice"]
    assert [seen[name] for name in ("value", "sd", "n", "low", "high")] == [1.0, 0.0, 3, None, None]
    assert found["false_slices"] == 1
    assert found["subjects"]["dice"]["n"] == 2
    assert found["subjects"]["dice"]["value"] == pytest.approx((1 + 2 * 25 / (2 * 25 + 25)) / 2)
    assert (found["false_subjects"], found["subjects_without_tumor"]) == (1, 1)
    line = next(row for row in rows(settings["output_dir"] / "slices.csv") if row["outcome"] == "FN")
    assert (line["dice_unet"], line["jaccard_deeplab"], line["area_unet"]) == ("0.000000", "0.000000", "0")


def test_the_pictures_are_those_of_the_paper(task):
    voters, segmenters, settings = task
    classify_then_segment(voters, segmenters, **settings)
    out = settings["output_dir"]
    assert {path.name for path in out.glob("*.png")} == {"gallery.png", "figure.png", "uncertain.png"}
    for path in out.glob("*.png"):
        with Image.open(path) as image:
            assert len(image.getcolors(maxcolors=2**20)) > 50


def test_no_picture_is_drawn_where_none_is_asked_for(task):
    voters, segmenters, settings = task
    classify_then_segment(voters, segmenters, **(settings | {"pictures": 0}))
    assert list(settings["output_dir"].glob("*.png")) == []


def test_the_decision_can_be_that_of_the_mean(task, tmp_path):
    voters, segmenters, settings = task
    write_weights(Brightness(threshold=0.0, gain=400.0, of="max"), tmp_path / "runs/loose", **KNOWN)
    write_weights(Brightness(threshold=0.55, gain=40.0, of="max"), tmp_path / "runs/fair", **KNOWN)
    write_weights(Brightness(threshold=0.6, gain=2.0, of="max"), tmp_path / "runs/strict", **KNOWN)
    found = classify_then_segment(voters, segmenters, **(settings | {"decide": "mean"}))
    table = rows(settings["output_dir"] / "slices.csv")
    by_mean = [row["decision"] == "tumor" for row in table]
    assert by_mean == [float(row["mean_p"]) > 0.5 for row in table]
    assert found["decided_by"] == "mean"
    assert found["classification"]["outcomes"]["TP"] == 4


def test_a_volume_is_segmented_slice_by_slice_and_its_mask_lies_on_its_own_grid(tmp_path):
    affine = np.diag([-1.0, 1.0, 5.0, 1.0])
    affine[:3, 3] = (12, -7, 3)
    truth = write_volume(tmp_path / "scans/scan.nii.gz", affine=affine)
    data = dataset(tmp_path / "scans/scan.nii.gz")
    voters, segmenters, weights = networks(data, tmp_path / "runs")
    weights["strict"] = None
    weights["loose"] = None
    found = classify_then_segment(voters, segmenters, weights=weights, output_dir=tmp_path / "out", **FAST)
    written = nib.load(tmp_path / "out/masks/scan_mask.nii.gz")
    expected = truth.copy()
    expected[-1, -1, -1] = True  # the white corner voxel
    np.testing.assert_array_equal(np.asarray(written.dataobj) > 0, expected)
    np.testing.assert_array_equal(written.affine, affine)
    assert segmenters["unet"].network.calls == 2
    assert [row["sample_id"] for row in rows(tmp_path / "out/slices.csv")][:2] == ["scan_z000", "scan_z001"]
    assert found["classification"] is found["segmentation"] is None
    assert not (tmp_path / "out/gallery.png").exists()
    assert (tmp_path / "out/figure.png").is_file()


def test_slices_of_a_volume_with_a_mask_take_their_truth_from_it(tmp_path):
    from monai_mri.manifest import write_manifest

    truth = write_volume(tmp_path / "a.nii.gz")
    mask = nib.Nifti1Image(truth.astype(np.uint8), np.diag([1.0, 1.0, 5.0, 1.0]))
    nib.save(mask, tmp_path / "a_mask.nii.gz")
    row = {"subject_id": "a", "image": "a.nii.gz", "mask": "a_mask.nii.gz", "label": "tumor"}
    data = dataset(write_manifest(tmp_path / "m.csv", [row]).path)
    voters, segmenters, weights = networks(data, tmp_path / "runs")
    found = classify_then_segment(voters, segmenters, weights=weights, output_dir=tmp_path / "out", **FAST)
    assert found["classification"]["outcomes"] == {"TP": 1, "FP": 1, "FN": 0, "TN": 2}
    assert found["segmentation"]["unet"]["tumor_slices"]["dice"]["value"] == 1.0
    assert found["segmentation"]["unet"]["subjects"]["dice"]["value"] == pytest.approx(24 / 25)


class Placed(nn.Module):
    """Says what depends on where in the picture something bright is."""

    def __init__(self, *, marks: bool) -> None:
        super().__init__()
        rows, columns = SHAPE[::-1]  # of a plane that is upright
        self.marks = marks
        self.down = nn.Parameter(torch.arange(rows)[:, None] / rows)
        self.right = nn.Parameter(torch.arange(columns) / columns)

    def forward(self, images):
        here = self.down[: images.shape[2]] + 0.3 * self.right[: images.shape[3]] - 0.9
        if self.marks:
            return 40 * (images.mean(dim=1, keepdim=True) - 0.6) * (here > 0)
        logit = 1 + 50 * (images.mean(dim=1) * (here - here.mean())).mean(dim=(1, 2))
        return torch.stack([-logit, logit], dim=1)


def placed(data, folder, **facts):
    """A voter and a segmenter whose answers depend on the place."""
    nets = {"voter": Placed(marks=False), "unet": Placed(marks=True)}
    weights = {
        "voter": write_weights(nets["voter"], folder / "voter", **KNOWN, **facts),
        "unet": write_weights(nets["unet"], folder / "unet", **facts),
    }
    return {"voter": classifier(nets["voter"], data)}, {"unet": segmenter(nets["unet"], data)}, weights


def test_a_volume_and_pictures_of_its_planes_get_the_same_answers_and_masks(tmp_path):
    """Of networks that learnt from pictures; the volume is stored with its first axis to the left."""
    voxels = np.random.default_rng(3).integers(0, 90, (*SHAPE, 4)).astype(np.uint8)
    voxels[1:3, 1:4], voxels[-4:, -3:], voxels[0, -1, 0], voxels[0, 0, 0] = 200, 180, 255, 0
    affine = np.diag([-1.0, 1.0, 5.0, 1.0])
    (tmp_path / "volume").mkdir()
    nib.save(nib.Nifti1Image(voxels, affine), tmp_path / "volume/a.nii.gz")
    (tmp_path / "pictures").mkdir()
    for plane in range(4):  # the first row in front, the first column on the patient's right
        Image.fromarray(voxels[:, ::-1, plane].T).save(tmp_path / f"pictures/a{plane}.png")
    found = {}
    for kind in ("volume", "pictures"):
        data = dataset(tmp_path / kind)
        voters, segmenters, weights = placed(data, tmp_path / "runs", images_kind="picture")
        out = tmp_path / f"{kind}_out"
        classify_then_segment(voters, segmenters, weights=weights, output_dir=out, **FAST)
        found[kind] = [[row[name] for name in ("p_voter", "area_unet")] for row in rows(out / "slices.csv")]
    assert found["volume"] == found["pictures"]
    assert len({chance for chance, _ in found["volume"]}) == 4
    mask = np.asarray(nib.load(tmp_path / "volume_out/masks/a_mask.nii.gz").dataobj) > 0
    assert mask.any()
    for plane in range(4):
        seen = mask_at(tmp_path / f"pictures_out/masks/a{plane}_mask.png")
        np.testing.assert_array_equal(mask[:, ::-1, plane].T, seen)


@pytest.mark.parametrize("kind", ["nifti", ""])
def test_networks_that_learnt_from_planes_of_volumes_see_them_as_then(tmp_path, kind):
    write_volume(tmp_path / "scan.nii.gz")
    data = dataset(tmp_path / "scan.nii.gz")
    voters, segmenters, weights = networks(data, tmp_path / "runs", images_kind=kind)
    shapes = []
    for one in (*voters.values(), *segmenters.values()):
        one.network.register_forward_pre_hook(lambda _, given: shapes.append(tuple(given[0].shape[-2:])))
    classify_then_segment(voters, segmenters, weights=weights, output_dir=tmp_path / "out", **FAST)
    assert set(shapes) == {SHAPE}


def test_pictures_of_a_folder_of_patients_get_masks_that_lose_nothing(tmp_path):
    for name in ("p1/a.jpg", "p1/b.png", "p2/a.tiff"):
        (tmp_path / "scans" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture(230, (4, 4))).save(tmp_path / "scans" / name, quality=100)
    data = dataset(tmp_path / "scans")
    voters, segmenters, weights = networks(data, tmp_path / "runs")
    classify_then_segment(voters, segmenters, weights=weights, output_dir=tmp_path / "scans/out", **FAST)
    names = sorted(path.name for path in (tmp_path / "scans/out/masks").iterdir())
    assert names == ["b_mask.png", "p1_a_jpg_mask.png", "p2_a_tiff_mask.tif"]
    assert {row["subject_id"] for row in rows(tmp_path / "scans/out/slices.csv")} == {"p1", "p2"}
    again = dataset(tmp_path / "scans")
    assert len(again) == 3


def test_images_that_cannot_be_read_are_left_out_and_named(task, tmp_path, capsys):
    voters, segmenters, settings = task
    (tmp_path / "data/anna_1.tif").write_bytes(b"nothing")
    with pytest.raises(ImageError, match=r"without 1 of 9 images, first .*anna_1\.tif"):
        classify_then_segment(voters, segmenters, **settings)
    assert len(rows(settings["output_dir"] / "slices.csv")) == 8
    assert "left out: " in capsys.readouterr().err


def test_results_are_replaced_only_if_asked_and_other_folders_never(task, tmp_path):
    voters, segmenters, settings = task
    classify_then_segment(voters, segmenters, **settings)
    (settings["output_dir"] / "note.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds results already"):
        classify_then_segment(voters, segmenters, **settings)
    classify_then_segment(voters, segmenters, **settings, overwrite=True)
    assert (settings["output_dir"] / "note.txt").read_text() == "mine"
    with pytest.raises(UsageError, match="holds other files"):
        classify_then_segment(
            voters, segmenters, **(settings | {"output_dir": tmp_path / "data"}), overwrite=True
        )


def test_a_step_that_fails_leaves_nothing(task):
    voters, segmenters, settings = task
    segmenters["unet"].network.forward = lambda images: 1 / 0
    with pytest.raises(ZeroDivisionError):
        classify_then_segment(voters, segmenters, **settings)
    assert not settings["output_dir"].exists()
    assert not settings["output_dir"].with_name("out.part").exists()


def test_people_that_were_trained_on_are_said_and_not_refused(task, tmp_path, capsys):
    voters, segmenters, settings = task
    trained = Brightness(threshold=0.75, gain=40.0, of="max")
    write_weights(trained, tmp_path / "runs/fair", **KNOWN, trained_on=["anna", "somebody"])
    found = classify_then_segment(voters, segmenters, **settings)
    assert found["trained_subjects"] == {"fair": 1}
    assert "trained on or selected on (fair 1); figures about them are no test" in capsys.readouterr().err


def test_with_two_voters_the_mean_decides_a_tie(task):
    voters, segmenters, settings = task
    settings["weights"] |= {"loose": None, "unet": None}
    found = classify_then_segment(voters, segmenters, **settings)
    assert list(found["voters"]) == ["strict", "fair"]
    assert found["ties"] == 4
    for row in rows(settings["output_dir"] / "slices.csv"):
        if row["votes"] == "1":
            assert (row["vote"] == "tumor") == (float(row["mean_p"]) > 0.5)


def test_the_masks_are_those_of_the_segmenter_that_was_asked_for(task, capsys):
    voters, segmenters, settings = task
    assert classify_then_segment(voters, segmenters, **settings, mask_of="unet")["mask_of"] == "unet"
    settings |= {"output_dir": settings["output_dir"].with_name("other")}
    settings["weights"] |= {"unet": None}
    assert classify_then_segment(voters, segmenters, **settings, mask_of="unet")["mask_of"] == "deeplab"
    assert "masks are those of deeplab: unet is left out" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="mask_of: 'net' found, expected one of unet, deeplab"):
        classify_then_segment(voters, segmenters, **(settings | {"output_dir": "x"}), mask_of="net")


def test_a_voter_that_is_left_out_is_never_made(task):
    voters, segmenters, settings = task
    made = []

    def network() -> Brightness:
        made.append(1)
        return Brightness(of="max")

    data = voters["fair"].dataset
    voters["loose"] = partial(Evaluator, device="cpu", network=partial(network), dataset=data)
    left = settings["weights"] | {"loose": None}
    classify_then_segment(voters, segmenters, **(settings | {"weights": left}))
    assert made == []


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"weights": {"net": None}}, ConfigError, "weights::net: no network of that name"),
        (
            {"positive": "ill"},
            ConfigError,
            "positive: ill found, expected one or some, not all, of .*no_tumor",
        ),
        ({"positive": ["no_tumor", "tumor"]}, ConfigError, "expected one or some, not all"),
        ({"decide": "luck"}, ConfigError, "decide: 'luck' found, expected one of vote, mean"),
        ({"threshold": 2.0}, UsageError, "threshold: 2.0 found, expected 0 to 1"),
        ({"threshold": None}, CheckpointError, "weights::unet: the weights hold no threshold"),
        ({"pictures": -1}, UsageError, "pictures: -1 found"),
    ],
)
def test_settings_that_mean_nothing_are_refused(task, change, error, message):
    voters, segmenters, settings = task
    with pytest.raises(error, match=message):
        classify_then_segment(voters, segmenters, **(settings | change))
    assert not settings["output_dir"].exists()


def test_networks_of_other_classes_or_kinds_are_refused_by_name(task, tmp_path):
    voters, segmenters, settings = task
    weights = settings["weights"]
    with pytest.raises(
        CheckpointError, match=r"weights::unet: .*weights of a classifier, expected those of a segm"
    ):
        classify_then_segment(
            voters, segmenters, **(settings | {"weights": weights | {"unet": weights["fair"]}})
        )
    write_weights(Brightness(), tmp_path / "runs/fair", classes=("no_tumor", "glioma"))
    with pytest.raises(
        ConfigError, match="weights::fair: know the classes no_tumor, glioma, those of strict"
    ):
        classify_then_segment(voters, segmenters, **settings)


def test_networks_of_other_columns_or_images_are_refused_by_name(task, tmp_path):
    voters, segmenters, settings = task
    write_weights(Bright(threshold=0.5), tmp_path / "runs/unet", images_from=("flair",))
    with pytest.raises(ConfigError, match="weights::unet: channels or modality: image asked for"):
        classify_then_segment(voters, segmenters, **settings)
    segmenters["unet"] = segmenter(Bright(), dataset(tmp_path / "data"))
    with pytest.raises(ConfigError, match="unet: its dataset is another, expected one PipelineDataset"):
        classify_then_segment(voters, segmenters, **settings)


def test_single_files_are_refused_by_networks_of_several_columns(tmp_path):
    write_slices(tmp_path / "data")
    columns = ("pre", "flair", "post")
    voters, segmenters, weights = networks(dataset(tmp_path / "data"), tmp_path / "runs", images_from=columns)
    with pytest.raises(ConfigError, match=r"^weights::strict: .* trained on pre, flair, post of each image;"):
        classify_then_segment(voters, segmenters, weights=weights, output_dir=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_several_classes_may_mean_a_tumour(task, tmp_path):
    class Three(Brightness):
        def forward(self, images):
            logits = super().forward(images)
            return logits[:, [0, 1, 1]]

    voters, segmenters, settings = task
    data = voters["fair"].dataset
    facts = {
        "classes": ("no_tumor", "glioma", "other"),
        "labels": (("no_tumor",), ("tumor",), ("pituitary",)),
    }
    write_weights(Three(threshold=0.78, gain=40.0, of="max"), tmp_path / "runs/fair", **facts)
    found = classify_then_segment(
        {"fair": classifier(Three(of="max"), data)},
        segmenters,
        **(settings | {"weights": {name: settings["weights"][name] for name in ("fair", "unet")}}),
        positive=["glioma", "other"],
    )
    assert found["classes"] == ["no_tumor", "glioma+other"]
    assert found["classification"]["outcomes"] == {"TP": 3, "FP": 1, "FN": 1, "TN": 4}


def test_the_command_runs_the_pipeline_of_a_bundle(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    networks([], tmp_path / "runs")
    manifest = write_slices(tmp_path / "data")
    asked = ["run", str(write_bundle(tmp_path / "bundle")), "infer", "--set", f"input={manifest}"]
    done = CliRunner().invoke(main, [*asked, "--set", "weights::loose=null"])
    assert done.exit_code == 0, done.output
    assert "classifier loose is left out: weights::loose is null" in done.output
    assert len(list((tmp_path / "predictions/masks").iterdir())) == 9
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 2
    assert "predictions: holds results already" in done.output


@pytest.mark.slow
def test_monai_runs_the_pipeline_of_a_bundle(tmp_path):
    networks([], tmp_path / "runs")
    write_slices(tmp_path / "data")
    config = write_bundle(tmp_path / "bundle") / "configs/inference.yaml"
    done = subprocess.run(
        [sys.executable, "-m", "monai.bundle", "run", "--config_file", str(config), "--input", "data"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "predictions/slices.csv").is_file()
    assert not (tmp_path / "predictions/gallery.png").exists()
