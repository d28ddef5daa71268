"""Identity in XML, XMP, JSON and `key=value` text, wherever it is embedded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from monai_mri.manifest.identity.hits import Hit
from monai_mri.manifest.identity.keyed import free_text_hits, trace_hits, value_hits

_ATTRIBUTE = re.compile(r"""([\w:.-]{1,64})\s*=\s*(?:"([^"<>]{0,4096})"|'([^'<>]{0,4096})')""")
_ELEMENT = re.compile(r"<([\w:.-]{1,64})(?:\s[^<>]{0,4096})?>([^<>]{1,65536})<")
_LIST = re.compile(
    r"<([\w:.-]{1,64})(?:\s[^<>]{0,4096})?>\s*<rdf:(?:Seq|Bag|Alt)>\s*<rdf:li[^<>]{0,200}>([^<>]{1,4096})<"
)
_MOST = 2**22
_DEEPEST = 64


def markup_hits(field: str, text: str) -> Iterator[Hit]:
    """Named values of XML or JSON judged by their names, other text as free text.

    >>> [(hit.reason, hit.field) for hit in markup_hits("XMP", "<dc:creator>Jane Miller</dc:creator>")]
    [('person', 'XMP dc:creator')]
    """
    text = text[:_MOST].strip()
    if text[:1] in ("{", "["):
        try:
            yield from json_hits(json.loads(text), prefix=f"{field} ")
        except (ValueError, RecursionError):
            yield from free_text_hits(field, text)
    elif text[:1] == "<":
        yield from _xml_hits(field, text)
    else:
        yield from free_text_hits(field, text)


def json_hits(content: Any, *, prefix: str = "", key: str = "", depth: int = 0) -> Iterator[Hit]:
    """Values of a JSON content, nested ones too, judged by the key they stand under.

    >>> [hit.field for hit in json_hits({"a": [{"PatientName": "Smith^John"}]})]
    ['a.PatientName']
    """
    if depth > _DEEPEST:
        return
    if isinstance(content, dict):
        for name, value in content.items():
            yield from trace_hits(f"a key of {prefix.rstrip('. ') or 'the file'}", str(name))
            yield from json_hits(
                value, prefix=f"{prefix}{key}." if key else prefix, key=str(name), depth=depth + 1
            )
    elif isinstance(content, list):
        for value in content:
            yield from json_hits(value, prefix=prefix, key=key, depth=depth + 1)
    elif isinstance(content, (str, int, float)) and not isinstance(content, bool):
        yield from value_hits(f"{prefix}{key}", str(content), key=key)


def _xml_hits(field: str, text: str) -> Iterator[Hit]:
    pairs = [(match[1], match[2] or match[3] or "") for match in _ATTRIBUTE.finditer(text)]
    pairs += [(match[1], match[2]) for match in _LIST.finditer(text)]
    pairs += [(match[1], match[2]) for match in _ELEMENT.finditer(text)]
    for name, value in pairs:
        local = name.rsplit(":", 1)[-1]
        if value.strip() and not name.startswith("xmlns") and not value.startswith("http"):
            yield from value_hits(f"{field} {name}", unescape(value), key=local)
