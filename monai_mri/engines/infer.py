"""Apply trained weights to images without masks."""

from __future__ import annotations

import glob
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from monai_mri.engines.answering import load_trained
from monai_mri.engines.class_evaluate import require_same_data
from monai_mri.engines.console import say
from monai_mri.engines.dataset import Sample
from monai_mri.engines.entry import bundle_step
from monai_mri.engines.evaluator import Evaluator
from monai_mri.errors import CheckpointError, ImageError, UsageError
from monai_mri.transforms.read_mri import picture_of
from monai_mri.transforms.save import output_name, write_mask, write_probability

ENDINGS = (".nii", ".nii.gz", ".png", ".jpg", ".jpeg", ".tif", ".tiff")


class ImageDataset(Dataset[Sample]):
    """One sample for each image: a file, or all images of a folder (not of its subfolders).

    Args:
        source: file or folder.
        transform: deterministic transforms of {"image": path, "sample_id", "subject_id"}.

    Raises:
        ImageError: there is no image.
    """

    def __init__(self, *, source: str | Path, transform: Callable[[Sample], Any] | None = None) -> None:
        self.source, self.transform = Path(source), transform

    @property
    def paths(self) -> list[Path]:
        """The images, sorted by name."""
        if self.source.is_dir():
            found = sorted(path for path in self.source.iterdir() if _is_image(path))
        else:
            found = [self.source] if self.source.is_file() else []
        if not found:
            raise ImageError(
                f"{self.source}: no image there, expected a file or a folder of {', '.join(ENDINGS)}; "
                "set input to it"
            )
        return found

    @property
    def names(self) -> list[str]:
        """What the results of each image are called."""
        stems = [output_name(path) for path in self.paths]
        return [
            path.name.replace(".", "_") if stems.count(stem) > 1 else stem  # a.jpg beside a.png
            for path, stem in zip(self.paths, stems, strict=True)
        ]

    def __len__(self) -> int:
        """Number of images."""
        return len(self.paths)

    def __getitem__(self, index: int) -> Sample:
        """One image after `transform`."""
        path, name = self.paths[index], self.names[index]
        sample: Sample = {"image": str(path), "sample_id": name, "subject_id": name}
        return dict(sample if self.transform is None else self.transform(sample))


def write_prediction(
    folder: Path, sample: Sample, probability: Any, *, threshold: float, probabilities: bool = True
) -> dict[str, Path]:
    """Write `<sample_id>_mask` and `<sample_id>_probability`, as NIfTI or PNG as the image was.

    Returns:
        The paths, as "prediction" and "probability".
    """
    picture = picture_of(sample["image"])
    ending = ".nii.gz" if picture.kind == "nifti" else ".png"
    map_ = probability[0].detach().float().cpu().numpy().clip(0, 1)
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / str(sample["sample_id"])
    paths = {"prediction": write_mask(map_ >= threshold, picture, f"{stem}_mask{ending}")}
    if probabilities:
        paths["probability"] = write_probability(map_, picture, f"{stem}_probability{ending}")
    return paths


def chosen_threshold(engine: Evaluator) -> float:
    """The threshold that was chosen when the engine's weights were trained.

    Raises:
        CheckpointError: none was chosen.
    """
    threshold = engine.record.threshold if engine.record else None
    if threshold is None and engine.record is not None and engine.record.collapsed:
        return math.nan  # marks nothing
    if threshold is None or threshold != threshold:
        raise CheckpointError("the weights hold no threshold; finish their training, or set threshold")
    return threshold


@bundle_step
def infer(
    evaluator: Evaluator,
    *,
    weights: str | Path,
    output_dir: str | Path,
    threshold: float | None = None,
    probabilities: bool = True,
    overwrite: bool = False,
) -> list[Path]:
    """Write a mask, and the map of probabilities, on the grid of each image of the evaluator.

    Args:
        evaluator: network and images.
        weights: run folder or safetensors file.
        output_dir: folder of the results.
        threshold: probability from which a voxel is marked; the one that was chosen in training by default.
        probabilities: write the maps, too.
        overwrite: replace results that are there already; they might be masks drawn by hand.

    Returns:
        The masks, in the order of the images.

    Raises:
        UsageError: a result is there already, or the threshold is not within 0 to 1.
        ConfigError: the weights are of other image columns, or of a network built or applied otherwise.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise UsageError(f"threshold: {threshold} found, expected 0 to 1; it is a probability")
    require_same_data(load_trained(evaluator, Path(weights)), evaluator.dataset)
    cut = chosen_threshold(evaluator) if threshold is None else threshold
    masks: list[Path] = []
    if not overwrite:
        _refuse_replacing(Path(output_dir), evaluator.dataset.names)

    def write(sample: Sample, output: Sample) -> None:
        paths = write_prediction(
            Path(output_dir), sample, output["pred"], threshold=cut, probabilities=probabilities
        )
        masks.append(paths["prediction"])

    evaluator.run_over_samples(write, what="images")
    say(f"{len(masks)} masks in {output_dir}, threshold {cut:.4f}")
    return masks


def _is_image(path: Path) -> bool:
    """Whether to take a file of a folder: no hidden one, and no result of an earlier inference."""
    ours = output_name(path).endswith(("_mask", "_probability"))
    return path.name.lower().endswith(ENDINGS) and not path.name.startswith(".") and not ours


def _refuse_replacing(folder: Path, names: list[str]) -> None:
    for name in names:
        if there := sorted(folder.glob(f"{glob.escape(name)}_mask.*")):
            raise UsageError(
                f"{there[0]}: exists already and will not be replaced; choose another output_dir, "
                "or set overwrite to true"
            )
