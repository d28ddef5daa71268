"""Look at all files of a cohort, several at once, and not again at those that are known."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from monai_mri.errors import ManifestError
from monai_mri.faults import Fault
from monai_mri.manifest.checks.cache import Cache
from monai_mri.manifest.checks.cohort import Cohort
from monai_mri.manifest.checks.facts import Depth, Facts, Role
from monai_mri.manifest.checks.finding import Finding
from monai_mri.manifest.checks.inspect import inspect_file
from monai_mri.manifest.checks.places import Places
from monai_mri.manifest.paths import path_fault

FIRST = 2  # files read one after the other, to see how long one takes
QUICK_SECONDS = 0.001
Name = tuple[str, str]


class FileReader:
    """Reads the facts of files to a depth; `cached` counts those that were known from before.

    `jobs` files are read at once, by default one a processor core; `cache` is a folder, or None.
    """

    def __init__(self, depth: Depth, *, jobs: int | None, cache: Path | None, progress: bool) -> None:
        self.depth = depth
        self.jobs = max(1, jobs or os.cpu_count() or 1)
        self.cache = Cache(cache)
        self.progress = progress
        self.cached = 0

    def read(self, cohort: Cohort, *, allow_outside: bool) -> tuple[Cohort, list[Finding]]:
        """The cohort with facts, and a finding for each fault of a file."""
        try:
            places = Places(cohort.manifest.root, allow_outside=allow_outside)
        except ManifestError as error:
            found = str(error).removeprefix(f"{cohort.manifest.path}: ").partition(", expected")[0]
            fault = Fault("E111", "", found, "the folder of the data", "set the variable to that folder")
            return cohort, [Finding.of(fault, path=cohort.where())]
        findings: list[Finding] = []
        wanted: dict[Name, tuple[Path, Role]] = {}
        for (column, cell), subject in cohort.owners.items():
            if path_fault(cell) and not allow_outside:  # said of the table
                continue
            path, misplaced = places.find(cell)
            if misplaced is None:
                wanted[column, cell] = (path, _role(cohort, column))
            else:
                findings.append(Finding.of(misplaced, subject=subject, path=cell))
        facts = self._facts(wanted)
        for name, fact in facts.items():
            owner = cohort.owners[name]
            findings += [Finding.of(fault, subject=owner, path=name[1]) for fault in fact.faults]
        return replace(cohort, facts=facts), findings

    def _facts(self, wanted: Mapping[Name, tuple[Path, Role]]) -> dict[Name, Facts]:
        keys = {name: self.cache.key(path, role, self.depth) for name, (path, role) in wanted.items()}
        known = self.cache.load([key for key in keys.values() if key])
        facts = {name: known[key] for name, key in keys.items() if key in known}
        self.cached = len(facts)
        missing = [name for name in wanted if name not in facts]
        fresh: dict[str, Facts] = {}
        try:
            for name, fact in self._inspected({name: wanted[name] for name in missing}):
                facts[name] = fresh[keys[name]] = fact
        finally:  # an interrupted check keeps what it has seen
            self.cache.save(fresh)
        return {name: facts[name] for name in wanted}

    def _inspected(self, files: Mapping[Name, tuple[Path, Role]]) -> Iterator[tuple[Name, Facts]]:
        from tqdm import tqdm

        def one(file: tuple[Path, Role]) -> Facts:
            return inspect_file(file[0], file[1], depth=self.depth)

        names, started = iter(files.items()), time.perf_counter()
        bar = tqdm(total=len(files), unit="file", disable=None if self.progress else True, leave=False)
        with bar, ThreadPoolExecutor(self.jobs) as pool:
            for count, (name, file) in enumerate(names, start=1):
                yield name, one(file)
                bar.update()
                slow = (time.perf_counter() - started) / count > QUICK_SECONDS
                if self.jobs > 1 and count >= FIRST and (self.depth == "voxels" or slow):
                    break  # headers on a local disk take longer to hand out than to read
            rest = dict(names)
            try:
                for name, fact in zip(rest, pool.map(one, rest.values()), strict=True):
                    yield name, fact
                    bar.update()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _role(cohort: Cohort, column: str) -> Role:
    """What the files of a column are looked at for."""
    sidecar = cohort.manifest.sidecar
    if sidecar is None:
        return Role(mask=column == "mask")
    if column == "mask":
        return Role(mask=True, labels=sidecar.mask_labels or (0, 1))
    return Role(volumes=max(1, len(sidecar.channels.get(column, ()))))
