"""Lesions of a volume: connected components, or the values of a volume that numbers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

CONNECTIVITIES = (6, 18, 26)
CENTRES = ("mass", "box")


@dataclass(frozen=True)
class Lesion:
    """One lesion of a volume.

    `number` is its id in the volume. `centre` are the indices of its central voxel, `centre_mm` the world
    coordinates of that voxel's centre (R, A, S). `value` is the commonest value of its voxels, `values` the
    number of voxels of each.
    """

    number: int
    voxels: int
    volume_ml: float
    centre: tuple[int, int, int]
    centre_mm: tuple[float, float, float]
    value: int
    values: dict[int, int]


def number_lesions(
    labels: npt.NDArray[np.integer[Any]], *, connectivity: int = 26, by_value: bool = False
) -> npt.NDArray[np.uint32]:
    """The lesion that each voxel belongs to, 0 where there is none; shape (I, J, K) as `labels`.

    Lesions are the connected components of all voxels above 0: voxels that touch by a face (`connectivity`
    6), an edge too (18) or a corner too (26). They are numbered from 1 in the order of their first voxel,
    along the last axis first. With `by_value` the volume's own values are the numbers.

    >>> import numpy as np
    >>> number_lesions(np.array([[[3, 0, 0, 1, 2]]]))
    array([[[1, 0, 0, 2, 2]]], dtype=uint32)
    """
    import cc3d
    import numpy as np

    if by_value:
        return labels.astype(np.uint32)
    # Never a bool array: cc3d 4.1.1 labels some of those wrongly.
    parts = cc3d.connected_components((labels > 0).astype(np.uint8), connectivity=connectivity)
    inside = parts[parts > 0]
    found, first = np.unique(inside, return_index=True)
    order = np.zeros(int(found.max(initial=0)) + 1, dtype=np.uint32)
    order[found[np.argsort(first)]] = np.arange(1, len(found) + 1, dtype=np.uint32)
    numbered: npt.NDArray[np.uint32] = order[parts]
    return numbered


def find_lesions(
    numbered: npt.NDArray[np.uint32],
    labels: npt.NDArray[np.integer[Any]],
    affine: npt.NDArray[np.float64],
    *,
    centre: str = "mass",
) -> list[Lesion]:
    """Size, place and values of each lesion of `number_lesions`, in the order of their numbers.

    The centre is the voxel nearest to the centre of mass, or with `centre="box"` the middle of the bounding
    box (the lower of two middles). It need not belong to a curved lesion. Of equally common values the
    smallest is the lesion's.
    """
    import numpy as np

    places = np.argwhere(numbered > 0)
    numbers = numbered[numbered > 0]
    order = np.argsort(numbers, kind="stable")
    found, starts = np.unique(numbers[order], return_index=True)
    voxel_ml = abs(float(np.linalg.det(affine[:3, :3]))) / 1000
    lesions = []
    for number, group in zip(found, np.split(places[order], starts[1:]), strict=False):
        box = (group.min(axis=0) + group.max(axis=0)) // 2
        middle = box if centre == "box" else np.rint(group.mean(axis=0)).astype(int)
        right, front, up = (float(place) for place in (affine @ [*middle, 1])[:3])
        values, counts = np.unique(labels[tuple(group.T)], return_counts=True)
        lesions.append(
            Lesion(
                number=int(number),
                voxels=len(group),
                volume_ml=len(group) * voxel_ml,
                centre=(int(middle[0]), int(middle[1]), int(middle[2])),
                centre_mm=(right, front, up),
                value=int(values[counts.argmax()]),
                values={int(value): int(count) for value, count in zip(values, counts, strict=True)},
            )
        )
    return lesions
