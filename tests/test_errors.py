"""The tree of errors, as its docstring draws it."""

from __future__ import annotations

import re

from monai_mri import errors


def test_docstring_draws_every_error_of_the_module():
    drawn = set(re.findall(r"\w+Error", errors.__doc__ or ""))
    assert drawn == {name for name in vars(errors) if name.endswith("Error")}


def test_usage_exits_two_and_data_one():
    for name in vars(errors):
        if name.endswith("Error"):
            kind = getattr(errors, name)
            assert kind.exit_code == (2 if issubclass(kind, errors.UsageError) else 1)
