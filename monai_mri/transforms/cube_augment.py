"""The 48 symmetries of the cube as random transforms and as a dataset of all copies."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform, RandomizableTransform
from torch import Tensor
from torch.utils.data import Dataset

from monai_mri.errors import ImageError
from monai_mri.transforms.cube import COUNT, apply_symmetry, check_cube, plain_tensor


class RandCubeSymmetryd(RandomizableTransform, MapTransform):
    """One of the 48 symmetries at random, the same for all keys of a sample.

    Each is equally likely, also the identity. One number is drawn a call, so the same state gives the same
    copy. What comes out is always a copy: the input stays as it is.

    Args:
        keys: keys of volumes (…, N, N, N); of one sample, or of a batch that shall move together.

    Raises:
        ImageError: a volume's sides differ; names the key.
    """

    keeps_input = True

    def __init__(self, keys: KeysCollection) -> None:
        MapTransform.__init__(self, keys)
        RandomizableTransform.__init__(self)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Turn one sample."""
        sample = dict(data)
        index = int(self.R.randint(COUNT))
        for key in self.keys:
            with _Named(key):
                sample[key] = _turned(sample[key], index)
        return sample


class RandCubeSymmetryBatchd(RandomizableTransform, MapTransform):
    """A symmetry of its own for every sample of a batch, on the batch's device; the same for all keys.

    One number is drawn for each sample. Results are plain tensors: one affine does not suit a whole batch.

    Args:
        keys: keys of tensors (B, C, N, N, N), all with the same B.

    Raises:
        ImageError: a volume's sides differ, or batches differ in length; names the key.
    """

    def __init__(self, keys: KeysCollection) -> None:
        MapTransform.__init__(self, keys)
        RandomizableTransform.__init__(self)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Turn each sample of a batch."""
        batch = dict(data)
        drawn = self.R.randint(COUNT, size=len(batch[self.keys[0]]))
        for key in self.keys:
            with _Named(key):
                batch[key] = _turn_each(plain_tensor(batch[key]), drawn)
        return batch


class CubeSymmetryDataset(Dataset[dict[str, Any]]):
    """All 48 copies of every sample of a dataset, the copies of one sample in a row.

    Args:
        data: dataset of dictionaries; takes a number, or an (epoch, number) pair where the sampler gives one.
        keys: keys of volumes (…, N, N, N).

    >>> import torch
    >>> samples = [{"image": torch.arange(8.0).reshape(1, 2, 2, 2), "label": 1}]
    >>> copies = CubeSymmetryDataset(data=samples, keys=["image"])
    >>> len(copies), copies[47]["label"], copies[24]["image"].flatten().tolist()[:2]
    (48, 1, [4.0, 5.0])
    """

    def __init__(self, *, data: Any, keys: Sequence[str]) -> None:
        self.data, self.keys = data, [keys] if isinstance(keys, str) else list(keys)

    @property
    def subjects(self) -> list[str]:
        """Subjects of the samples, where the dataset below knows them."""
        subjects: list[str] = self.data.subjects
        return subjects

    @property
    def labels(self) -> list[int]:
        """The class's number at each place, where the dataset below knows it."""
        return [label for label in self.data.labels for _ in range(COUNT)]

    def __len__(self) -> int:
        """48 times the samples."""
        return COUNT * len(self.data)

    def __getitem__(self, index: int | tuple[int, int]) -> dict[str, Any]:
        """Copy `index % 48` of sample `index // 48`."""
        epoch, place = index if isinstance(index, tuple) else (None, index)
        if not -len(self) <= place < len(self):
            raise IndexError(f"copy {place} of {len(self)}")
        row, symmetry = divmod(place % len(self), COUNT)
        sample = dict(self.data[row if epoch is None else (epoch, row)])
        for key in self.keys:
            with _Named(key):
                sample[key] = apply_symmetry(sample[key], symmetry)
        return sample

    def prepare(self) -> None:
        """Read every image now, where the dataset below can."""
        if hasattr(self.data, "prepare"):
            self.data.prepare()


class _Named:
    """Puts the key before the message of an ImageError."""

    def __init__(self, key: Hashable) -> None:
        self.key = key

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ImageError):
            raise ImageError(f"{self.key}: {error}") from None


def _turned(volume: Any, index: int) -> Any:
    """`apply_symmetry`; of a plain tensor on the host through NumPy, which turns and flips in one copy."""
    plain = type(volume) is Tensor and volume.device.type == "cpu" and not volume.requires_grad
    if not plain or volume.dtype is torch.bfloat16:
        return apply_symmetry(volume, index)
    return torch.from_numpy(apply_symmetry(volume.numpy(), index))


def _turn_each(volumes: Tensor, drawn: npt.NDArray[Any]) -> Tensor:
    if len(volumes) != len(drawn):
        raise ImageError(f"{len(volumes)} samples, expected the {len(drawn)} of the first key")
    check_cube(volumes)
    turned = torch.empty_like(volumes, memory_format=torch.contiguous_format)
    for index in set(drawn.tolist()):
        places = torch.from_numpy(np.flatnonzero(drawn == index)).to(volumes.device)
        turned[places] = apply_symmetry(volumes[places], index)
    return turned
