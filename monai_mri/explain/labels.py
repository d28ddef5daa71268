"""Names of an atlas's labels, from the kinds of file that atlases come with."""

from __future__ import annotations

import json
import re
from pathlib import Path

from monai_mri.errors import UsageError

SEPARATORS = {".csv": r"[,;]", ".tsv": r"\t"}


def read_labels(path: str | Path) -> dict[str, int]:
    """Read the name of each label of an atlas.

    Args:
        path: ``.json``, an object of name to number or number to name; ``.csv`` (comma or semicolon) or
            ``.tsv``; any other text with an index and a name in each line, as in FreeSurfer's tables. In a
            line the first whole number is the index and the first other cell with a letter the name.
            Lines without both, such as headings, and what follows a ``#`` are passed over.

    Returns:
        The label of each name, in the file's order. A second label of one name gets its number appended.

    Raises:
        UsageError: the file is missing, no such JSON, or holds no label.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"{path}: no such file, expected the atlas's labels; correct the path")
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    pairs = _from_json(text, path) if path.suffix.lower() == ".json" else _from_lines(text, path)
    labels: dict[str, int] = {}
    for index, name in pairs:
        labels[f"{name} ({index})" if name in labels else name] = index
    if not labels:
        raise UsageError(f"{path}: no label, expected lines of an index and a name; correct the file")
    return labels


def _from_json(text: str, path: Path) -> list[tuple[int, str]]:
    try:
        content = json.loads(text)
        items = list(content.items())
        if all(re.fullmatch(r"\d+", key) for key, _ in items):
            return [(int(key), str(name)) for key, name in items]
        return [(int(number), str(key)) for key, number in items]
    except (ValueError, TypeError, AttributeError):
        raise UsageError(
            f"{path}: no JSON object of names and numbers, expected one such as "
            '{"brain_stem": 1}; correct the file'
        ) from None


def _from_lines(text: str, path: Path) -> list[tuple[int, str]]:
    separator = SEPARATORS.get(path.suffix.lower(), r"[\s,;]+")
    found = []
    for line in text.splitlines():
        cells = [cell.strip().strip('"') for cell in re.split(separator, line.split("#")[0].strip())]
        index = next((cell for cell in cells if re.fullmatch(r"\d+", cell)), None)
        name = next((cell for cell in cells if re.search(r"[^\W\d]", cell)), None)
        if index is not None and name is not None:
            found.append((int(index), name))
    return found
