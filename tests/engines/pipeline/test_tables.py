from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from monai_mri.engines.pipeline.decision import decide_slices
from monai_mri.engines.pipeline.masks import Marked
from monai_mri.engines.pipeline.scan import ImageFacts, Scan, SliceFacts
from monai_mri.engines.pipeline.tables import printed_overlap, slices_table
from monai_mri.metrics import Counts

SCAN = Scan(
    images=[ImageFacts(0, "a", "p", Path("scans/a.nii.gz"), None)],
    slices=[SliceFacts(f"a_z00{n}", "p", 0, n, str(n), *known) for n, known in enumerate([(True, 8), ()])],
)
DECISION = decide_slices(["x", "y"], np.array([[0.9, 0.2], [0.7, 0.4]]), by="vote")


def test_a_line_says_what_each_network_found_and_leaves_empty_what_is_not_known():
    marked = {"unet": Marked(0.5, areas={0: 6}, counts={0: Counts(4, 2, 4)})}
    text = slices_table(SCAN, DECISION, marked, ("no", "yes"))
    first, second = csv.DictReader(io.StringIO(text))
    assert first == {
        **{"sample_id": "a_z000", "subject_id": "p", "image": "scans/a.nii.gz", "slice_index": "0"},
        **{"p_x": "0.900000", "p_y": "0.700000", "votes": "2", "vote": "yes", "mean_p": "0.800000"},
        **{"decision": "yes", "area_unet": "6", "truth": "yes", "outcome": "TP"},
        **{"dice_unet": f"{8 / 14:.6f}", "jaccard_unet": "0.400000"},
    }
    assert [second[name] for name in ("decision", "area_unet", "truth", "outcome", "dice_unet")] == [
        *("no", "0", "", "", "")
    ]


def test_undefined_figures_are_called_so():
    nothing = {"value": None, "sd": None, "n": 0, "low": None, "high": None}
    spread = {"value": 0.5, "sd": 0.25, "n": 3, "low": 0.25, "high": 0.75}
    found = {
        "tumor_slices": {"dice": spread},
        "segmented_tumor_slices": {"dice": nothing},
        "subjects": {"dice": nothing},
        **{"missed": 2, "false_slices": 0, "false_subjects": 0, "subjects_without_tumor": 1},
    }
    lines = list(printed_overlap("unet", found))
    assert lines[0].startswith(
        "unet: Dice 0.500 ± 0.250 [0.250, 0.750] over the slices with a tumour, 2 of 3"
    )
    assert lines[1] == "unet: Dice undefined over the 0 that were segmented"
