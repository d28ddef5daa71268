"""What the names of one subject's images have in common."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from monai_mri.images.names import image_suffix


def shared_name(names: Sequence[str]) -> str:
    """What the names of one subject's images begin with; empty when nothing.

    >>> shared_name(["a_12_t1.nii", "a_12_t2.nii"]), shared_name(["la_003_0000.nii.gz"])
    ('a_12', 'la_003')
    """
    stems = [name.removesuffix(name[len(name) - len(image_suffix(name)) :]) for name in names]
    if len(stems) == 1:
        return stems[0].removesuffix("_0000")
    words = zip(*(re.split(r"([-_. ])", stem) for stem in stems), strict=False)
    alike = itertools.takewhile(lambda column: len({*column}) == 1, words)
    return "".join(column[0] for column in alike).strip("-_. ")
