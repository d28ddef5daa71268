from __future__ import annotations

from matplotlib import rc_context

from monai_mri.report.svg import NETWORK, STYLE, new_figure, to_svg


def test_figure_becomes_markup_that_stands_inside_html():
    with rc_context(STYLE):
        figure = new_figure()
        figure.subplots().plot([0, 1], [0, 1], color=NETWORK)
        svg = to_svg(figure, "A line", salt="line")
    assert svg.startswith('<svg class="curve" viewBox="0 0 ')
    assert 'role="img" aria-label="A line"' in svg
    assert "var(--network)" in svg
    for unwanted in ("<?xml", "<!DOCTYPE", "<metadata", "width=", "figure_1"):
        assert unwanted not in svg[: svg.index("<g>")]
