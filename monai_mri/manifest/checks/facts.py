"""What one image file says of itself, and what is wrong with it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from typing import Any, Literal

from monai_mri.faults import Fault

Depth = Literal["table", "header", "voxels"]
DEPTHS: tuple[Depth, ...] = ("table", "header", "voxels")
READABLE = ("E203", "E205", "E208")  # a wrong place in space, or none, for voxels that may be sound
Affine = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Role:
    """What a file is looked at for: an image of so many volumes, or a mask with known labels."""

    mask: bool = False
    volumes: int = 1
    labels: tuple[int, ...] = (0, 1)

    def __str__(self) -> str:
        return f"{'mask' if self.mask else 'image'} {self.volumes} {self.labels if self.mask else ''}"


@dataclass(frozen=True)
class Facts:
    """What a file's header and voxels say; what was not looked at is None or empty.

    `shape` counts voxels, of a picture (rows, columns) without channels; `affine` is 3 x 4, to mm.
    `mode` is a picture's kind as Pillow names it ("L", "RGB" …), `bits` the bits a value. `scaled` says
    whether the header has a scale for stored integers; None where floating-point numbers are stored. `empty`
    means: nothing but zeros. `file_id` is the same for all links to a file; `fingerprint` is what copies are
    found by.
    """

    faults: tuple[Fault, ...] = ()
    kind: Literal["", "nifti", "picture"] = ""
    shape: tuple[int, ...] = ()
    affine: Affine | None = None
    mode: str = ""
    bits: int = 0
    scaled: bool | None = None
    empty: bool | None = None
    sha256: str = ""
    file_id: str = ""
    fingerprint: bytes = b""

    @property
    def readable(self) -> bool:
        """Whether nothing was found that keeps a reader from the voxels."""
        return all(fault.severity != "error" or fault.code in READABLE for fault in self.faults)

    @property
    def placed(self) -> bool:
        """Whether shape and place can be compared with those of another image."""
        faults = (fault.code for fault in self.faults if fault.severity == "error")
        return bool(self.shape) and all(code in ("E203", "E205") for code in faults)

    def to_json(self) -> str:
        """As text, for the cache."""
        known = {name: value for name, value in vars(self).items() if value not in ((), "", b"", None)}
        known |= {"faults": [vars(replace(fault, where="")) for fault in self.faults]}
        if self.fingerprint:
            known["fingerprint"] = base64.b85encode(self.fingerprint).decode()
        return json.dumps(known)

    @classmethod
    def from_json(cls, text: str) -> Facts:
        """What `to_json` wrote."""
        known: dict[str, Any] = json.loads(text)
        known["faults"] = tuple(Fault(**fault) for fault in known["faults"])
        if "shape" in known:
            known["shape"] = tuple(known["shape"])
        if "affine" in known:
            known["affine"] = tuple(tuple(row) for row in known["affine"])
        if "fingerprint" in known:
            known["fingerprint"] = base64.b85decode(known["fingerprint"])
        return cls(**known)
