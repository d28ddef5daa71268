"""Pictures and volumes with bright squares for tumours, and networks that find the brighter ones."""

from __future__ import annotations

import csv
from pathlib import Path

import nibabel as nib
import numpy as np
from monai.transforms import Compose
from PIL import Image
from voting import Bright, Brightness, classifier, segmenter, write_weights

from monai_mri.engines import PipelineDataset
from monai_mri.manifest import write_manifest
from monai_mri.transforms import ReadMRId, RepeatChannelsd, ScaleToUnitd

SHAPE = (24, 20)
LEVELS = {"strict": 0.97, "fair": 0.75, "loose": 0.5}  # of the brightest pixel
KNOWN = {"classes": ("no_tumor", "tumor"), "labels": (("no_tumor",), ("tumor",))}
READ = Compose(
    [
        ReadMRId(keys=["image", "label"], mask_keys=["label"], allow_missing=True, colour=True),
        RepeatChannelsd(keys="image", channels=3),
        ScaleToUnitd(keys="image"),
    ]
)
# brightness of the square, whether it is a tumour, and where it begins
SLICES = {
    "anna": [(230, True, (2, 3)), (230, True, (10, 8)), (0, False, (0, 0))],
    "bert": [(230, True, (5, 5)), (150, True, (12, 3)), (0, False, (0, 0))],  # the second is too faint
    "cleo": [(0, False, (0, 0)), (215, False, (15, 12)), (0, False, (0, 0))],  # the second only looks so
}


def square(at: tuple[int, int], *, side: int = 5) -> np.ndarray:
    """A mask of a square."""
    mask = np.zeros(SHAPE, bool)
    mask[at[0] : at[0] + side, at[1] : at[1] + side] = True
    return mask


def picture(brightness: int, at: tuple[int, int]) -> np.ndarray:
    """A dark picture in colour, uint8 (H, W, 3), with a bright square."""
    image = np.random.default_rng(at[0]).integers(20, 90, (*SHAPE, 3)).astype(np.uint8)
    if brightness:
        image[square(at)] = brightness
    return image


def write_slices(folder: Path, *, ending: str = ".tif", labels: bool = True) -> Path:
    """Manifest of nine pictures of three people, with masks, and with labels if asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for subject, slices in SLICES.items():
        for number, (brightness, tumor, at) in enumerate(slices, start=1):
            name = f"{subject}_{number}"
            Image.fromarray(picture(brightness, at)).save(folder / f"{name}{ending}")
            mask = square(at) if tumor else np.zeros(SHAPE, bool)
            Image.fromarray(mask.astype(np.uint8) * 255).save(folder / f"{name}_mask.png")
            row = {"subject_id": subject, "image": f"{name}{ending}", "mask": f"{name}_mask.png"}
            row["slice_index"] = str(number)
            rows.append(row | ({"label": "tumor" if tumor else "no_tumor"} if labels else {}))
    return write_manifest(folder / "manifest.csv", rows).path


def write_volume(path: Path, *, planes: int = 4, affine: np.ndarray | None = None) -> np.ndarray:
    """A NIfTI volume whose second plane on disk has a square in a corner; the square, as on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    volume = np.random.default_rng(1).integers(20, 90, (*SHAPE, planes)).astype(np.float32)
    truth = np.zeros(volume.shape, bool)
    truth[:4, :3, 1] = True
    volume[truth] = 250
    volume[-1, -1, -1] = 255  # too small to be marked: white, so that the scale is known
    nib.save(nib.Nifti1Image(volume, np.diag([1.0, 1.0, 5.0, 1.0]) if affine is None else affine), path)
    return truth


def dataset(source: Path, **settings) -> PipelineDataset:
    """The images in colour, scaled to 0 to 1."""
    return PipelineDataset(source=source, transform=READ, **settings)


def networks(data, folder: Path, **facts):
    """Three voters and two segmenters over `data`, and their weights below `folder`."""
    voters, segmenters, weights = {}, {}, {}
    for name, at in LEVELS.items():
        voters[name] = classifier(Brightness(of="max"), data)
        trained = Brightness(threshold=at, gain=40.0, of="max")
        weights[name] = write_weights(trained, folder / name, **(KNOWN | facts))
    for name, at in (("unet", 0.5), ("deeplab", 0.7)):
        segmenters[name] = segmenter(Bright(), data)
        weights[name] = write_weights(Bright(threshold=at), folder / name, **facts)
    return voters, segmenters, weights


def rows(path: Path) -> list[dict[str, str]]:
    """Lines of a CSV file."""
    with path.open() as stream:
        return list(csv.DictReader(stream))


def mask_at(path: Path) -> np.ndarray:
    """A picture's mask, as any other program reads it."""
    with Image.open(path) as image:
        return np.asarray(image) > 0
