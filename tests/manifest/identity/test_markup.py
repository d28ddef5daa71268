"""XML and JSON that is embedded in other files."""

from __future__ import annotations

import pytest

from monai_mri.manifest.identity.markup import json_hits, markup_hits


@pytest.mark.parametrize(
    "text",
    [
        "<a><PatientName>Smith</PatientName></a>",
        "<a PatientName='Smith'/>",
        '<x:a x:PatientName="Smith"/>',
        '{"PatientName": "Smith"}',
        '[{"deep": {"PatientName": "Smith"}}]',
    ],
)
def test_a_person_is_found_in_each_notation(text):
    assert [hit.reason for hit in markup_hits("field", text)] == ["person"]


@pytest.mark.parametrize("text", ["<a><EchoTime>4</EchoTime></a>", '{"EchoTime": 4}', "{", "<", "", "FSL5.0"])
def test_clean_or_broken_text_gives_nothing(text):
    assert not list(markup_hits("field", text))


def test_keys_are_looked_at_too():
    assert [hit.reason for hit in json_hits({"1996-09-09": 1})] == ["date"]


def test_endless_nesting_ends():
    content: dict = {}
    content["a"] = content
    assert not list(json_hits(content))
