"""How `monai-mri manifest check` scales: a million rows, ten thousand files, and the start of the command.

    python benchmarks/check_scale.py [--rows 1000000] [--files 10000] [--folder DIR]

Everything is generated in a temporary folder. Each command runs in a process of its own; the table gives its
seconds on the wall and its peak of memory, and for files how many a second, beside a loop over nibabel and
beside opening each file and reading the 352 bytes of its header, which is what the disk allows.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import nibabel
import numpy as np

HEADER_BYTES = 352
COMMAND = (sys.executable, "-m", "monai_mri.cli")


@click.command()
@click.option("--rows", default=1_000_000, show_default=True)
@click.option("--files", default=10_000, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Where to write; big.")
def main(*, rows, files, folder):
    """Print the table."""
    print("| what | seconds | peak MiB | a second |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=folder) as made:
        if rows:
            million(Path(made) / "rows", rows)
        if files:
            many_files(Path(made) / "files", files)
    taken = [run(*COMMAND, "--help")[0] for _ in range(5)]
    row("`monai-mri --help`, median of 5", sorted(taken)[2])


def million(folder, rows):
    """A table alone; no image is opened, so none is there."""
    table = write_table(folder, rows)
    seconds, peak = run(*COMMAND, "manifest", "check", table, "--depth", "table", "--no-cache")
    row(f"check --depth table, {rows:,} rows", seconds, peak=peak, count=rows)


def many_files(folder, files):
    """Small volumes, every other one packed."""
    table, paths = write_files(folder, files)
    for what, read in (("open and read 352 bytes", read_bytes), ("loop over nibabel.load", read_header)):
        forget(paths)
        row(f"{what}, {files:,} files", seconds_of(read, paths), count=files)
    cache = folder.parent / "cache"
    check = (*COMMAND, "manifest", "check", table, "--depth", "header", "--cache", cache)
    for what, settings in (
        ("one process, no cache", (*check[:-2], "--no-cache", "--jobs", "1")),
        ("all cores, no cache", (*check[:-2], "--no-cache")),
        ("all cores, cache to fill", check),
        ("all cores, cache filled", check),
    ):
        forget(paths)
        seconds, peak = run(*settings)
        row(f"check --depth header, {files:,} files, {what}", seconds, peak=peak, count=files)


def write_table(folder, rows):
    folder.mkdir(parents=True)
    table = folder / "cohort.csv"
    with table.open("w", encoding="utf-8") as stream:
        stream.write("subject_id,session_id,site,flair,mask,label,age,sex\n")
        for number in range(rows):
            subject, label = f"sub-{number // 4:07d}", ("relapsing", "progressive")[number // 4 % 2]
            site, place = "ABCD"[number // 8 % 4], f"images/{number:07d}"
            age, sex = 20 + number // 4 % 50, "fm"[number // 16 % 2]
            stream.write(
                f"{subject},ses-{number % 4},{site},{place}_flair.nii.gz,{place}_mask.nii.gz,"
                f"{label},{age},{sex}\n"
            )
    return table


def write_files(folder, files):
    from monai_mri.manifest import make_sidecar, write_manifest

    rng = np.random.default_rng(0)
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    rows = []
    for number in range(files):
        name = f"images/{number % 100:02d}/{number:06d}.nii{'.gz' * (number % 2)}"
        image = nibabel.Nifti1Image(rng.integers(1, 1000, (8, 8, 8), dtype=np.int16), affine)
        image.set_sform(affine, code=1)
        image.set_qform(affine, code=1)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        nibabel.save(image, folder / name)
        rows.append({"subject_id": f"sub-{number:06d}", "flair": name})
    sidecar = make_sidecar(rows, folder=folder, modalities=("flair",))
    paths = [folder / row["flair"] for row in rows]
    return write_manifest(folder / "cohort.csv", rows, sidecar=sidecar).path, paths


def read_bytes(path):
    with path.open("rb", buffering=0) as stream:
        stream.read(HEADER_BYTES)


def read_header(path):
    image = nibabel.load(path)
    return image.shape, image.affine, image.header["sform_code"]


def seconds_of(read, paths):
    start = time.perf_counter()
    for path in paths:
        read(path)
    return time.perf_counter() - start


def forget(paths):
    """Ask the kernel to drop the files from its cache, so that each race starts at the disk."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def run(*words):
    """Seconds and peak MiB of a command, which must find nothing."""
    start = time.perf_counter()
    process = subprocess.Popen([*map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    message = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}: {message.decode()[-300:]}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def row(what, seconds, *, peak=None, count=None):
    rate = f"{count / seconds:,.0f}" if count else ""
    print(f"| {what} | {seconds:.2f} | {'' if peak is None else f'{peak:.0f}'} | {rate} |", flush=True)


if __name__ == "__main__":
    main()
