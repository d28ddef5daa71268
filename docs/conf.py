"""Settings of the documentation; build it with `make docs`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))

from api_pages import write_api_pages  # noqa: E402 - lies beside this file

import monai_mri  # noqa: E402

project = "monai_mri"
author = "The monai_mri authors"
copyright = "2026, the monai_mri authors"
version = release = monai_mri.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]
suppress_warnings = ["toc.empty_glob"]

html_theme = "furo"
html_title = "monai_mri"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_show_sourcelink = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_type_aliases = {
    name: name
    for name in (
        "npt.ArrayLike",
        "BoolArray",
        "FloatArray",
        "Float32Array",
        "Float64Array",
        "IntArray",
        "Mask",
    )
}
python_maximum_signature_line_length = 88
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # attributes of named tuples are documented once, in the class
napoleon_custom_sections = ["Sources"]

FENCE = re.compile(r"^\s*```(\w*)$")


def setup(app):
    app.connect("builder-inited", lambda _: write_api_pages(DOCS / "api" / "generated"))
    app.connect("autodoc-process-docstring", _fences_as_blocks, priority=100)
    app.connect("autodoc-process-signature", _fields_by_name)
    app.connect(
        "autodoc-skip-member", lambda _app, _what, name, *_rest: True if name == "model_config" else None
    )
    return {"parallel_read_safe": True}


def _fences_as_blocks(app, what, name, obj, options, lines):
    """Markdown fences and tables in docstrings, as reStructuredText shows them: as they stand."""
    inside, result = False, []
    for line in lines:
        if FENCE.match(line):
            result += ["", "::", ""] if not inside else [""]
            inside = not inside
        else:
            result.append(f"    {line}" if inside else line)
    lines[:] = result


def _fields_by_name(app, what, name, obj, options, signature, returns):
    """A pydantic model's signature without the conditions on its fields: the docstring has them in words."""
    fields = getattr(obj, "model_fields", None)
    if what != "class" or fields is None:
        return None
    shown = [
        key if field.is_required() else f"{key}={field.get_default(call_default_factory=True)!r}"
        for key, field in fields.items()
    ]
    return f"(*, {', '.join(shown)})", None
