"""Figures as small inline SVG whose text and colours follow the page, in light, in dark and on paper."""

from __future__ import annotations

import io
import re
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = [
    "BASELINE",
    "GRID",
    "INK",
    "NETWORK",
    "PALETTE",
    "PAPER",
    "SECOND",
    "SOFT",
    "STYLE",
    "new_figure",
    "to_svg",
]

# Drawn in colours that stand for a style sheet's variables, and renamed in the finished SVG.
INK, SOFT, GRID, PAPER = "#010101", "#020202", "#030303", "#040404"
NETWORK, SECOND, BASELINE = "#050505", "#060606", "#070707"
# Okabe and Ito's colours, which colour-blind readers can tell apart: --c1, --c2 … of the style sheet.
PALETTE = tuple(f"#0a0a0{number}" for number in range(8))
VARIABLES = {
    INK: "--ink",
    SOFT: "--soft",
    GRID: "--rule",
    PAPER: "--paper",
    NETWORK: "--network",
    SECOND: "--second",
    BASELINE: "--baseline",
    **{colour: f"--c{number}" for number, colour in enumerate(PALETTE, start=1)},
}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "text.color": INK,
    "lines.linewidth": 1.5,
    "lines.solid_capstyle": "round",
    "axes.xmargin": 0.02,
}
SIZE_INCHES = (4.9, 3.1)


def new_figure() -> Figure:
    """An empty figure of the page's size, outside pyplot; draw on it within `rc_context(STYLE)`."""
    figure = Figure(figsize=SIZE_INCHES)
    figure.subplots_adjust(left=0.12, right=0.93, bottom=0.14, top=0.97, hspace=0.15)
    FigureCanvasAgg(figure)
    return figure


def to_svg(figure: Figure, title: str, *, salt: str) -> str:
    """The figure as markup to stand inside HTML: no prolog, no fixed size, no font, no own colours."""
    buffer = io.StringIO()
    with rc_context({"svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    markup = buffer.getvalue()
    markup = markup[markup.index("<svg") :]
    markup = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", markup, flags=re.DOTALL)
    markup = re.sub(r' id="[a-zA-Z0-9.]+_\d+"', "", markup)  # figure_1, axes_1 …: twice in one page otherwise
    markup = re.sub(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', _opening(title), markup, count=1)
    markup = re.sub(r"font: ([^;\"]*?)([\d.]+px) [^;\"]*", r"font-size: \2; font-weight: \1", markup)
    markup = re.sub(r"font-family: [^;\"]*; |font-weight: ;", "", markup)
    for colour, variable in VARIABLES.items():
        markup = markup.replace(colour, f"var({variable})")
    return re.sub(r"\n\s*", "\n", markup)


def _opening(title: str) -> str:
    return (
        rf'<svg class="curve" viewBox="\1" role="img" aria-label="{title}" '
        r'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
