"""Join manifests into one, as for training on two data sets together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest.core import Manifest, write_manifest
from monai_mri.manifest.create import data_root, relative_to_root
from monai_mri.manifest.schema import FileRecord, Sidecar


def join_manifests(
    manifests: Sequence[Manifest],
    out: Path,
    *,
    root_is: str = "manifest",
    prefixes: Sequence[str] | None = None,
) -> Manifest:
    """Write the rows of several manifests as one manifest `out`, in their order.

    All data must lie below the new root (see `create_manifest` for `root_is`); paths are made relative
    to it, file records are taken over. `prefixes`, one a manifest, are put before its subject ids as
    in "ms60_101" (an empty one leaves them). Without them ids stay as they are unless two manifests
    share one; then all get the name of their manifest's file as prefix. Missing columns are empty.

    Raises:
        UsageError: no manifest, or not one prefix a manifest.
        ManifestError: two manifests still share a subject id, or data lie outside the root.
    """
    if not manifests:
        raise UsageError(f"{out}: no manifest to join, expected at least one; name them")
    named = _checked_prefixes(manifests, prefixes, out)
    recorded, base = data_root(root_is, manifest=Path(out))
    modalities = tuple(dict.fromkeys(name for one in manifests for name in one.modalities))
    columns = list(dict.fromkeys(str(column) for one in manifests for column in one.table.columns))
    rows: list[dict[str, str]] = []
    files: dict[str, FileRecord] = {}
    for one, prefix in zip(manifests, named, strict=True):
        new = {cell: relative_to_root(one.resolve(cell), base, root_is=root_is) for cell in _path_cells(one)}
        for row in one.rows():
            paths = {column: new.get(row[column], "") for column in one.path_columns}
            subject = {"subject_id": prefix + row["subject_id"]}
            rows.append({**dict.fromkeys(columns, ""), **row, **paths, **subject})
        known = one.sidecar.files if one.sidecar else {}
        files |= {new[cell]: record for cell, record in known.items() if cell in new}
    sidecar = Sidecar(
        modalities=modalities,
        source=_together([one.sidecar.source for one in manifests if one.sidecar]),
        licence=_together([one.sidecar.licence for one in manifests if one.sidecar]),
        root=recorded,
        channels=_agreed([one.sidecar.channels for one in manifests if one.sidecar], out),
        mask_labels=_all_labels(manifests),
        files=dict(sorted(files.items())),
    )
    return write_manifest(Path(out), rows, sidecar=sidecar)


def _checked_prefixes(manifests: Sequence[Manifest], prefixes: Sequence[str] | None, out: Path) -> list[str]:
    """What to put before the ids of each manifest, so that no two manifests share an id."""
    subjects = [set(one.table["subject_id"]) for one in manifests]
    if prefixes is not None and len(prefixes) != len(manifests):
        found = f"{len(prefixes)} prefixes for {len(manifests)} manifests"
        raise UsageError(f"{out}: {found}, expected one each; give as many prefixes as manifests")
    named = [f"{prefix}_" if prefix else "" for prefix in prefixes or [""] * len(manifests)]
    if prefixes is None and _shared(subjects, named):
        named = [f"{one.path.stem}_" for one in manifests]
    if shared := _shared(subjects, named):
        raise ManifestError(
            f"{out}: subject {min(shared)!r} would come from two manifests, expected each from one; "
            "give each manifest its own prefix"
        )
    return named


def _shared(subjects: Sequence[set[str]], prefixes: Sequence[str]) -> list[str]:
    pairs = zip(subjects, prefixes, strict=True)
    counts: Mapping[str, int] = Counter(prefix + subject for ids, prefix in pairs for subject in ids)
    return [subject for subject, count in counts.items() if count > 1]


def _path_cells(manifest: Manifest) -> list[str]:
    rows = manifest.rows()
    return sorted({row[column] for row in rows for column in manifest.path_columns if row[column]})


def _all_labels(manifests: Sequence[Manifest]) -> tuple[int, ...]:
    """What masks of any of the manifests may hold; empty, which means 0 and 1, where none declares others."""
    declared = [one.sidecar.mask_labels if one.sidecar else () for one in manifests]
    if not any(declared):
        return ()
    return tuple(sorted({label for labels in declared for label in labels or (0, 1)}))


def _agreed(channels: Sequence[Mapping[str, tuple[str, ...]]], out: Path) -> dict[str, tuple[str, ...]]:
    """What is declared of 4D columns, where all who have such a column declare the same."""
    agreed: dict[str, tuple[str, ...]] = {}
    for column, names in (entry for declared in channels for entry in declared.items()):
        if agreed.setdefault(column, names) != names:
            found = (
                f"{column} has the channels {', '.join(names)} in one, {', '.join(agreed[column])} in another"
            )
            raise ManifestError(f"{out}: {found}, expected the same; give the columns other names")
    return agreed


def _together(texts: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))
