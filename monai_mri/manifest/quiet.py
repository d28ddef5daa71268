"""Keep a library from warning, whose text may quote a name."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

_ONE_AT_A_TIME = RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore every warning inside, also where several threads do so.

    The filters of warnings belong to the whole process: two threads that change and restore them at once can
    leave the one's for good. So only one thread at a time is inside; never yield from within.

    >>> with quiet():
    ...     warnings.warn("loud")
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
