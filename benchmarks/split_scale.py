"""Grouped, stratified 5 x 15 split of 100,000 subjects: seconds of each step, and the peak of memory.

    python benchmarks/split_scale.py [SUBJECTS]

The manifest is generated: one to three sessions a subject, two classes, 20 sites, ages. Each subject is
dealt whole, stratified by class, site and age. Target: 60 s from the table in memory to the file on disk.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from monai_mri.manifest import Manifest, make_splits, read_splits, splits_path, write_splits
from monai_mri.manifest.preview import describe_splits

FOLDS, REPEATS = 5, 15
TARGET_S = 60


def main():
    subjects = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with TemporaryDirectory() as folder:
        manifest = cohort(Path(folder) / "cohort.csv", subjects)
        print(f"{subjects} subjects, {len(manifest.table)} rows, {FOLDS} folds x {REPEATS} repeats")
        print(f"{'manifest':10} {'':9}    {peak_mb():6.0f} MB peak so far")
        taken = make_and_write(manifest)
        print(f"{'together':10} {taken:7.1f} s    target {TARGET_S} s")
        size = splits_path(manifest.path).stat().st_size / 1e6
        print(f"{'file':10} {size:7.0f} MB")
        timed("read", lambda: read_splits(splits_path(manifest.path)))
    return 0 if taken <= TARGET_S else 1


def make_and_write(manifest):
    start = time.perf_counter()
    splits = timed("make", lambda: make_splits(manifest, **settings()))
    timed("describe", lambda: describe_splits(manifest, splits))
    timed("write", lambda: write_splits(splits_path(manifest.path), splits))
    return time.perf_counter() - start


def settings():
    return {"folds": FOLDS, "repeats": REPEATS, "stratify": ("label", "site", "age:4"), "seed": 0}


def cohort(path, subjects):
    draw = random.Random(0)
    rows = []
    for number in range(subjects):
        person = {
            "subject_id": f"sub-{number:06}",
            "site": f"site-{draw.randrange(20):02}",
            "label": draw.choice(("ms", "control")),
            "age": str(draw.randrange(18, 80)),
        }
        for session in range(draw.randint(1, 3)):
            image = f"{person['subject_id']}/{session}.nii.gz"
            rows.append({**person, "session_id": str(session), "flair": image})
    return Manifest(path, pd.DataFrame(rows, dtype=str))


def timed(name, call):
    start = time.perf_counter()
    result = call()
    print(f"{name:10} {time.perf_counter() - start:7.1f} s    {peak_mb():6.0f} MB peak so far", flush=True)
    return result


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    sys.exit(main())
