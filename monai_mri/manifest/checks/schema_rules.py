"""Whether each row fits a study's JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from monai_mri.errors import UsageError
from monai_mri.faults import Fault
from monai_mri.manifest.checks.cohort import Cohort
from monai_mri.manifest.checks.finding import Finding

TODO = "correct the cell, or check against the schema of the study that you mean"


def schema_findings(cohort: Cohort, schema: Path) -> Iterator[Finding]:
    """E512: columns that the study needs and the table lacks, and cells that do not fit.

    Raises:
        UsageError: the file is no JSON Schema.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from referencing import Registry

    try:
        content = json.loads(Path(schema).read_text(encoding="utf-8"))
        Draft202012Validator.check_schema(content)
    except (OSError, ValueError, SchemaError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{schema}: {reason}, expected a JSON Schema of rows; name one") from error
    lacking = [name for name in content.get("required", []) if name not in cohort.columns]
    for name in lacking:
        fault = Fault("E512", "", f"no column {name!r}", f"the columns of {schema.name}", "add the column")
        yield Finding.of(fault, path=cohort.where())
    if lacking:
        return
    validator = Draft202012Validator(content, registry=Registry())  # a $ref elsewhere is not fetched
    for row, cells in enumerate(cohort.manifest.rows()):
        for misfit in _misfits(validator, cells, schema):
            column = ".".join(str(step) for step in misfit.absolute_path) or "the row"
            found = f"{column} does not fit: {misfit.message[:200]}"
            yield cohort.finding(Fault("E512", "", found, f"what {schema.name} says", TODO), row)


def _misfits(validator: Any, cells: dict[str, str], schema: Path) -> list[Any]:
    from referencing.exceptions import Unresolvable

    try:
        return list(validator.iter_errors(cells))
    except Unresolvable as error:
        found = f"a reference to {error.ref}"
        raise UsageError(f"{schema}: {found}, expected a schema that stands alone; put it in") from error
