"""What the layouts that make their images share: options given as text, and work in threads."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from monai_mri.errors import UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")


def one_of(value: str, known: Sequence[str], *, option: str) -> str:
    """An option's value, which must be one of a few.

    Raises:
        UsageError: it is another.
    """
    if value not in known:
        names = ", ".join(repr(name) for name in known)
        raise UsageError(f"{option}: {value!r} is unknown, expected {names}; choose one of those")
    return value


def number(value: str, *, option: str, least: float = 0.0) -> float:
    """An option's value as a number of at least `least`.

    Raises:
        UsageError: it is none, or smaller.
    """
    try:
        found = float(value)
    except ValueError:
        found = float("nan")
    if not least <= found < float("inf"):
        raise UsageError(f"{option}: {value!r}, expected a number of {least:g} or more; correct it")
    return found


def whole(value: str, *, option: str, least: int = 1) -> int:
    """An option's value as a whole number of at least `least`.

    Raises:
        UsageError: it is none, or smaller.
    """
    found = number(value, option=option, least=least)
    if found != int(found):
        raise UsageError(f"{option}: {value!r}, expected a whole number; correct it")
    return int(found)


def threads(jobs: str) -> int:
    """How many threads the option `jobs` asks for; every processor when it is empty.

    Raises:
        UsageError: it is not a whole number of 1 or more.
    """
    return whole(jobs or str(os.cpu_count() or 1), option="jobs")


def in_threads(
    work: Callable[[Item], Result], items: Iterable[Item], *, jobs: int, what: str
) -> list[Result]:
    """The result of each item in order, with a progress bar on a terminal.

    The first error, or Ctrl-C, cancels what has not begun.
    """
    from tqdm import tqdm

    pool = ThreadPoolExecutor(jobs)
    try:
        futures = [pool.submit(work, item) for item in items]
        return [future.result() for future in tqdm(futures, desc=what, disable=None, leave=False)]
    finally:
        pool.shutdown(cancel_futures=True)


def packed(raw: bytes) -> bytes:
    """Bytes as gzip, without a time or name, so that the same image gives the same file."""
    stream = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0, compresslevel=6) as file:
        file.write(raw)
    return stream.getvalue()
