"""What can go wrong, as one tree.

```
MonaiMRIError
├── UsageError            the request is wrong                     exit 2
│   └── ConfigError       a key or value of a bundle's config
└── DataError             the request is fine, the data are not    exit 1
    ├── ManifestError     a manifest, its sidecar or its splits
    ├── LeakError         a subject stands where it must not
    ├── ImageError        an image or a mask
    ├── CheckpointError   saved weights or training state
    └── TrainingError     a run that cannot go on
        └── NonFiniteLossError   the loss became NaN or infinite
```

Every message says where, what was found, what was expected and what to do next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monai_mri.faults import Fault


class MonaiMRIError(Exception):
    """Base of all errors that this package raises on purpose."""

    exit_code = 1


class UsageError(MonaiMRIError):
    """The request itself is wrong: an unknown key, a missing argument, a typo."""

    exit_code = 2


class ConfigError(UsageError):
    """A key or value in a bundle's configuration is wrong."""


class DataError(MonaiMRIError):
    """The request is fine, the data it names are not. `fault` is the message as data, where there is one."""

    fault: Fault | None = None


class ManifestError(DataError):
    """A manifest, its sidecar or its splits file is wrong."""


class LeakError(DataError):
    """A subject stands where it must not, as in training and in test."""


class ImageError(DataError):
    """An image or a mask cannot be read, or does not fit its partner."""


class CheckpointError(DataError):
    """Saved weights or a saved training state cannot be used."""


class TrainingError(DataError):
    """A training run cannot go on."""


class NonFiniteLossError(TrainingError):
    """The loss became NaN or infinite; the message names the samples of the batch."""
