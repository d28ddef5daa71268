"""The paper's table beside ours, as the block `table:` of protocol.yaml describes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from monai_mri.errors import UsageError
from monai_mri.study.design import Design, require_design
from monai_mri.study.figures import Figure
from monai_mri.study.protocol import Protocol, read_protocol, stack
from monai_mri.study.table_spec import TableSpec

NOT_COMPARABLE = "the paper's figures are of other data: not comparable"
COMPARABLE = "the manifest is the authors' own: the figures may be compared"
SPREAD = "SD: sample standard deviation (n - 1)"

Cell = Figure | str  # a text stands where there is no figure: "missing", or "-"


@dataclass(frozen=True)
class Heading:
    """A column: its name everywhere, what it is called under the column before it, and the parts it has."""

    name: str
    short: str
    parts: tuple[str, ...] = ("value",)


@dataclass(frozen=True)
class Line:
    """A row: what it is of, how far that is, and a cell a column."""

    label: str
    state: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """One table. `about` is what all its lines share, such as the variant; `notes` stand below it."""

    title: str
    label: str
    headings: tuple[Heading, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    about: dict[str, str] = field(default_factory=dict)


def study_tables(bundle: Path, output: Path) -> list[Table]:
    """The tables of the study in the folder `output`, from its runs as they are now.

    Runs that are not finished are lines without figures; nothing is left out in silence.

    Raises:
        UsageError: there is no study, or one of another bundle, or its protocol describes no table.
    """
    from monai_mri.study.run_table import run_tables
    from monai_mri.study.variant_table import variant_table

    protocol = read_protocol(bundle)
    if protocol.table is None:
        raise UsageError(
            f"{bundle}: its protocol.yaml describes no table; add a block table:, as bundles/migraine has"
        )
    design = require_design(output, study=protocol.study)
    if protocol.table.rows == "runs":
        return run_tables(protocol, protocol.table, design, output)
    return [variant_table(protocol, protocol.table, design, output)]


def title_of(design: Design, variant: str | None = None) -> str:
    """What was run, with the layers and settings that make it another study than the paper's."""
    own = design.variants[variant].layers if variant else ()
    layers, protocol = stack(own, layers=design.layers, protocol=design.protocol)
    said = [f"{protocol} protocol" if variant or protocol == "paper" else ""]
    said += [f"--layer {name}" for name in layers]
    said += [f"{key}={value}" for key, value in design.settings.items()]
    about = ", ".join(filter(None, said))
    name = f"{design.study}, variant {variant}" if variant else design.study
    return f"{name} ({about})" if about else name


def common_notes(spec: TableSpec, design: Design) -> list[str]:
    """What must be said below any table."""
    own = design.manifest_sha256 in spec.authors_manifest_sha256
    divided = [f"training and test part divide the manifest by {design.unit}"] if design.unit else []
    return [COMPARABLE if own else NOT_COMPARABLE, *divided, SPREAD]


def missing_note(states: dict[str, str]) -> list[str]:
    """A line that names what is missing and why, from the state of each run by its name."""
    why: dict[str, list[str]] = {}
    for name, state in states.items():
        if state != "done":
            why.setdefault(state, []).append(name)
    return [f"missing: {', '.join(names)}: {state}" for state, names in why.items()]


def headings_of(spec: TableSpec, *, parts: dict[str, tuple[str, ...]], protocol: Protocol) -> list[Heading]:
    """Each of our columns, followed by the paper's where it published one."""
    found = []
    for key, column in spec.columns.items():
        found.append(Heading(column.title, column.title, parts[key]))
        if has_published(protocol, key):
            found.append(Heading(f"{column.title}: paper", "paper"))
    return found


def has_published(protocol: Protocol, key: str) -> bool:
    """Whether the paper has a figure for a column, in any line."""
    groups = [one for one in protocol.published.values() if isinstance(one, dict)]
    return key in protocol.published or any(key in group for group in groups)
