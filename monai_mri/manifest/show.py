"""A manifest in plain text, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from monai_mri.manifest.core import Manifest
from monai_mri.manifest.preview import describe_splits
from monai_mri.manifest.schema import FileRecord, Splits
from monai_mri.manifest.splits import read_splits, splits_path

MOST = 6  # values listed of one kind; the rest is counted


def describe_manifest(manifest: Manifest) -> str:
    """A summary of a manifest: counts, missing cells, shapes, and its splits where they lie beside it.

    Opens no image: shapes and voxel sizes are the sidecar's.

    Raises:
        ManifestError: the splits file beside it is not valid.
    """
    blocks = [_facts(manifest), _columns(manifest)]
    if manifest.sidecar is not None:
        blocks.append(_files(manifest.sidecar.files, manifest))
    if splits_path(manifest.path).exists():
        blocks.append(_splits(manifest, read_splits(splits_path(manifest.path))))
    return "\n\n".join(block for block in blocks if block)


def _facts(manifest: Manifest) -> str:
    table, sidecar = manifest.table, manifest.sidecar
    facts = {
        "manifest": str(manifest.path),
        "sha256": manifest.sha256[:16],
        "rows": str(len(table)),
        "subjects": str(table["subject_id"].nunique()),
        "sites": _counted(value or "(none)" for value in table["site"]),
        "modalities": ", ".join(manifest.modalities) or "(none)",
    }
    if sidecar is None:
        facts["sidecar"] = "none: shapes and voxel sizes are unknown"
    else:
        root = "the manifest's folder" if sidecar.root == "." else sidecar.root
        facts |= {"data below": root, "source": sidecar.source, "licence": sidecar.licence}
    width = max(map(len, facts))
    lines = {name: " ".join(value.splitlines()) for name, value in facts.items()}
    return "\n".join(f"{name:<{width}}  {value or '(not said)'}" for name, value in lines.items())


def _columns(manifest: Manifest) -> str:
    table = manifest.table
    header = ("column", "filled", "missing")
    lines = [
        (str(name), str(int((table[name] != "").sum())), str(int((table[name] == "").sum())))
        for name in table
    ]
    return _aligned([header, *lines])


def _files(files: dict[str, FileRecord], manifest: Manifest) -> str:
    lines = [("column", "shape", "spacing in mm", "orientation", "files")]
    for column in manifest.path_columns:
        kinds = Counter(
            (_sizes(record.shape), _sizes(record.spacing_mm), record.orientation or "unknown")
            for record in (files.get(cell) for cell in manifest.table[column])
            if record is not None
        )
        lines += [(column, *kind, str(count)) for kind, count in kinds.most_common(MOST)]
        if len(kinds) > MOST:
            rest = sum(kinds.values()) - sum(count for _, count in kinds.most_common(MOST))
            lines.append((column, f"{len(kinds) - MOST} others", "", "", str(rest)))
    return _aligned(lines)


def _splits(manifest: Manifest, splits: Splits) -> str:
    if splits.manifest_sha256 != manifest.sha256:
        return f"splits: made from another manifest ({splits.manifest_sha256[:16]}); make them again"
    return f"splits: {describe_splits(manifest, splits)}"


def _sizes(values: Sequence[float] | None) -> str:
    return "unknown" if values is None else " x ".join(f"{value:g}" for value in values)


def _counted(values: Iterable[str]) -> str:
    counts = Counter(values)
    listed = ", ".join(f"{value} ({count})" for value, count in sorted(counts.items())[:MOST])
    return listed + (f" and {len(counts) - MOST} others" if len(counts) > MOST else "")


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    lines = [[" ".join(cell.splitlines()) for cell in line] for line in lines]
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
