from __future__ import annotations

import numpy as np
from PIL import Image
from tumours import dataset, square, write_slices

from monai_mri.engines.pipeline.choice import choose_slices_to_draw
from monai_mri.engines.pipeline.decision import decide_slices
from monai_mri.engines.pipeline.draw import draw_all
from monai_mri.engines.pipeline.masks import Marked
from monai_mri.engines.pipeline.scan import SliceViews, scan_images
from monai_mri.metrics import Counts


def drawn(tmp_path, chances, *, labels):
    """Names of the pictures that are drawn where two voters say this of nine slices."""
    data = dataset(write_slices(tmp_path / "data"), **({} if labels else {"mask": None}))
    scan = scan_images(data, labels={"tumor": True, "no_tumor": False} if labels else {})
    decision = decide_slices(["a", "b"], np.array(chances), by="vote")
    chosen = choose_slices_to_draw(scan.slices, decision, at_most=2)
    marked = Marked(0.5, kept={place: square((0, 0)) for place in chosen.marked})
    marked.counts = {place: Counts(5, 20, 20) for place in chosen.marked} if labels else {}
    draw_all(SliceViews(data, scan), decision, chosen, {"unet": marked}, tmp_path / "out")
    return {path.name for path in (tmp_path / "out").glob("*.png")}


def test_where_no_truth_is_known_there_is_no_gallery_of_mistakes(tmp_path):
    assert drawn(tmp_path, [[0.9] * 9, [0.9] * 9], labels=False) == {"figure.png"}


def test_where_all_agree_nothing_is_unsure_and_without_tumours_nothing_is_marked(tmp_path):
    assert drawn(tmp_path, [[0.1] * 9, [0.1] * 9], labels=True) == {"gallery.png"}


def test_a_figure_has_a_row_a_slice(tmp_path):
    chances = [[0.9] * 9, [0.2] * 9]
    assert drawn(tmp_path, chances, labels=True) == {"gallery.png", "figure.png", "uncertain.png"}
    with Image.open(tmp_path / "out/figure.png") as figure, Image.open(tmp_path / "out/uncertain.png") as one:
        assert figure.height > one.height
