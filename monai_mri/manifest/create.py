"""Make a manifest from a folder of images: a layout finds the samples, this checks and writes them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from monai_mri.errors import ImageError, ManifestError
from monai_mri.faults import Fault
from monai_mri.images.grids import grid_difference
from monai_mri.images.headers import Header, read_header
from monai_mri.manifest.core import Manifest, Skipped, root_folder, write_manifest
from monai_mri.manifest.layouts import Collected, Sample, find
from monai_mri.manifest.sidecar import make_sidecar

REASONS = 4  # told where nothing was found


def create_manifest(
    layout: str,
    root: Path,
    out: Path,
    *,
    root_is: str = "manifest",
    source: str = "",
    licence: str = "",
    skip_faulty: bool = False,
    progress: bool = False,
    **options: Any,
) -> Manifest:
    """Write the manifest `out` (CSV and sidecar) of the images below `root`.

    `layout` names a module of `monai_mri.manifest.layouts`, `options` are its own (and `preset`).
    Paths are relative to the folder of `out`; with `root_is="env:NAME"` to the folder that the
    environment variable NAME holds, so that the manifest of read-only data can lie elsewhere.
    `source` and `licence` say where the data come from. `Manifest.skipped` says what was not taken.
    Images that must be made first (DICOM to convert, patches to cut) are written to the folder
    `made_folder(out)`.

    Raises:
        UsageError: the layout or an option is unknown.
        ManifestError: no sample was found, or the data lie outside the manifest's root.
        ImageError: an image's header cannot be read, or a mask is on another grid than its images (E209);
            all such faults, one a line, and nothing is written. With `skip_faulty` such samples are left
            out instead.
    """
    collected = plan_manifest(layout, root, **options)
    _require_samples(collected, layout, root)
    recorded, base = data_root(root_is, manifest=Path(out))
    if collected.make is not None:
        collected = collected.make(made_folder(Path(out)))
        _require_samples(collected, layout, root)
    collected = _leave_out(_sound(collected, skip_faulty=skip_faulty), Path(out))
    _require_samples(collected, layout, root)
    rows = [_row(sample, collected.modalities, base, root_is) for sample in collected.samples]
    sidecar = make_sidecar(
        rows,
        folder=base,
        modalities=collected.modalities,
        source=source,
        licence=licence,
        root=recorded,
        channels=collected.channels,
        mask_labels=collected.mask_labels,
        progress=progress,
    )
    written = write_manifest(Path(out), rows, sidecar=sidecar)
    return replace(written, skipped=collected.skipped)


def plan_manifest(layout: str, root: Path, **options: Any) -> Collected:
    """What `create_manifest` would take and what not, and why; writes nothing.

    Raises:
        UsageError: the layout or an option is unknown.
        ManifestError: the folder is missing.
    """
    return find(layout).collect(Path(root), options)


def made_folder(out: Path) -> Path:
    """Where images are written that a layout makes for the manifest `out`.

    >>> made_folder(Path("study/scans.csv")).as_posix()
    'study/scans_images'
    """
    return out.with_name(f"{out.stem}_images")


def data_root(root_is: str, *, manifest: Path) -> tuple[str, Path]:
    """What the sidecar records as root, and the folder that it means now, for `root_is` of `create_manifest`.

    Raises:
        ManifestError: neither "manifest" nor "env:NAME", or NAME holds no folder.
    """
    if root_is != "manifest" and not root_is.startswith("env:"):
        raise ManifestError(f"{manifest}: root_is {root_is!r}, expected 'manifest' or 'env:NAME'; choose one")
    recorded = "." if root_is == "manifest" else root_is
    return recorded, root_folder(recorded, manifest=manifest)


def relative_to_root(path: Path, base: Path, *, root_is: str) -> str:
    """A file's path as a manifest whose data lie below `base` writes it.

    Raises:
        ManifestError: the file lies elsewhere.
    """
    # A linked file keeps its link's name, as in git-annex; links in the folders above do not matter.
    for near, far in ((path, base), (path.parent.resolve() / path.name, base.resolve())):
        inside, outside = Path(os.path.abspath(near)), Path(os.path.abspath(far))
        if inside.is_relative_to(outside) and path.resolve().is_relative_to(base.resolve()):
            return inside.relative_to(outside).as_posix()
    where = "the manifest's folder" if root_is == "manifest" else root_is
    link = f" (it is a link to {path.resolve()})" if path.is_symlink() else ""
    raise ManifestError(
        f"{path}: lies outside {base.resolve()}{link}, expected it below {where}; write the manifest to a "
        "folder above the data, or set an environment variable to such a folder and use root_is='env:NAME' "
        "[E509]"
    )


def _require_samples(collected: Collected, layout: str, root: Path) -> None:
    if not collected.samples:
        reasons = Counter(entry.why for entry in collected.skipped)
        first = {entry.why: entry.path for entry in reversed(collected.skipped)}
        told = "".join(f"\n  {first[why]}: {why} ({count})" for why, count in reasons.most_common(REASONS))
        raise ManifestError(
            f"{root}: no sample found, expected those of layout {layout!r}; check its options"
            + (f". Left out, with the number of files:{told}" if told else "")
        )


def _sound(collected: Collected, *, skip_faulty: bool) -> Collected:
    """The samples whose headers can be read and fit; the others are refused, or skipped with their faults."""
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(_sample_faults, collected.samples))
    faults = [fault for of_sample in found for fault in of_sample]
    if not faults:
        return collected
    if not skip_faulty:
        raise ImageError("\n".join([*map(str, faults), "--skip-faulty leaves these samples out"]))
    kept = [sample for sample, bad in zip(collected.samples, found, strict=True) if not bad]
    skipped = [Skipped(fault.where, str(fault).removeprefix(f"{fault.where}: ")) for fault in faults]
    return replace(collected, samples=tuple(kept), skipped=(*collected.skipped, *skipped))


def _leave_out(collected: Collected, out: Path) -> Collected:
    """Without word of the manifest's own files, which an earlier run may have left among the images."""
    own = {out.name, out.with_suffix(".json").name, out.with_suffix(".splits.json").name}
    skipped = tuple(entry for entry in collected.skipped if entry.path not in own)
    return replace(collected, skipped=skipped)


def _row(sample: Sample, modalities: Sequence[str], base: Path, root_is: str) -> dict[str, str]:
    images = {name: sample.images[name] for name in modalities if name in sample.images}
    paths = images if sample.mask is None else {**images, "mask": sample.mask}
    cells = {name: relative_to_root(path, base, root_is=root_is) for name, path in paths.items()}
    core = {"subject_id": sample.subject_id, "session_id": sample.session_id, "site": sample.site}
    return {**core, **dict.fromkeys(modalities, ""), **cells, **sample.extra}


def _sample_faults(sample: Sample) -> list[Fault]:
    """Files of one sample that cannot be read, and a mask on the grid of none of its images."""
    headers: dict[Path, Header] = {}
    faults: list[Fault] = []
    for path in (*sample.images.values(), *([] if sample.mask is None else [sample.mask])):
        try:
            headers[path] = read_header(path)
        except ImageError as error:
            known = error.fault or Fault("E101", str(path), str(error), "a readable image", "replace it")
            faults.append(known)
    images = [path for path in sample.images.values() if path in headers]
    if sample.mask in headers and images:
        faults += _grid_faults(headers, images, sample.mask)
    return faults


def _grid_faults(headers: dict[Path, Header], images: Sequence[Path], mask: Path) -> Iterable[Fault]:
    differences = [grid_difference(_grid(headers[path]), _grid(headers[mask])) for path in images]
    if all(found for found, _ in differences):
        found, expected = differences[0]
        todo = "resample one onto the grid of the other, or leave the pair out"
        yield Fault("E209", str(mask), found, f"{expected} as {images[0].name} has", todo)


def _grid(header: Header) -> tuple[tuple[int, ...], tuple[tuple[float, ...], ...] | None]:
    shape = header.grid[:3]
    if header.affine is None:
        return shape, None
    return shape, tuple(tuple(float(value) for value in row) for row in header.affine[:3])
