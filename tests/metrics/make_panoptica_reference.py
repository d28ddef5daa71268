"""Write panoptica_reference.json: masks, and what panoptica says of them.

panoptica pins older releases of NumPy, pandas and connected-components-3d than this package is tested
with, so it cannot share an environment with it. Its figures are frozen here; to renew them:

    python -m venv panoptica-env && panoptica-env/bin/pip install panoptica==2.1.7
    panoptica-env/bin/python tests/metrics/make_panoptica_reference.py
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

TARGET = Path(__file__).with_name("panoptica_reference.json")


def main() -> None:
    import panoptica

    evaluator = panoptica.Panoptica_Evaluator(
        expected_input=panoptica.InputType.SEMANTIC,
        instance_approximator=panoptica.ConnectedComponentsInstanceApproximator(),
        instance_matcher=panoptica.NaiveThresholdMatching(matching_threshold=0.0, strict_threshold=True),
        instance_metrics=[panoptica.Metric.DSC],
        global_metrics=[panoptica.Metric.DSC, panoptica.Metric.IOU],
    )
    cases = [score(evaluator, *case) for case in mask_pairs()]
    TARGET.write_text(json.dumps({"panoptica": "2.1.7", "cases": cases}, indent=1) + "\n")


def score(evaluator, name, pred, truth, spacing_mm) -> dict:
    from panoptica.metrics import assd, hausdorff_distance

    result = evaluator.evaluate(pred.astype(np.uint8), truth.astype(np.uint8), verbose=False)
    found = result["ungrouped"].to_dict()
    return {
        "name": name,
        "shape": pred.shape,
        "spacing_mm": spacing_mm,
        "pred": np.packbits(pred).tobytes().hex(),
        "truth": np.packbits(truth).tobytes().hex(),
        "dice": float(found["global_bin_dsc"]),
        "jaccard": float(found["global_bin_iou"]),
        "truth_count": int(found["n_ref_instances"]),
        "pred_count": int(found["n_pred_instances"]),
        "tp": int(found["tp"]),
        "fp": int(found["fp"]),
        "fn": int(found["fn"]),
        # The evaluator's global distances ignore voxelspacing, so its functions are called here.
        "hd_mm": float(hausdorff_distance._compute_hausdorff_distance(truth, pred, spacing_mm)),
        "hd95_pooled_mm": float(hausdorff_distance._compute_hausdorff_distance95(truth, pred, spacing_mm)),
        "assd_of_means_mm": float(assd._average_symmetric_surface_distance(truth, pred, spacing_mm)),
    }


def mask_pairs():
    rng = np.random.default_rng(0)
    for index in range(6):
        shape = (9, 8, 7) if index % 2 else (14, 17)
        pred, truth = (rng.random((2, *shape)) < rng.uniform(0.1, 0.7)).tolist()
        spacing_mm = rng.uniform(0.4, 4.0, size=len(shape)).round(2).tolist()
        yield f"random {index}", np.array(pred), np.array(truth), spacing_mm
    for index in range(4):
        yield f"separate lesions {index}", *separate_lesions(rng), [1.0, 1.0, 3.0]
    one, other, full = np.zeros((3, 6, 5, 4), dtype=bool)
    one[0, 0, 0], other[5, 4, 3], full[:] = True, True, True
    yield "one voxel each, in opposite corners", one, other, [0.5, 1.0, 4.0]
    yield "full against full", full, full, [0.5, 1.0, 4.0]
    yield "full against one voxel", full, one, [0.5, 1.0, 4.0]


def separate_lesions(rng):
    """Cubes on a lattice: each true one is hit by a shifted cube, or missed; some cubes are false."""
    pred, truth = np.zeros((2, 18, 18, 12), dtype=bool)
    for corner in np.ndindex(3, 3, 2):
        i, j, k = (6 * c + 1 for c in corner)
        kind = rng.choice(["hit", "missed", "false", "none"])
        if kind in ("hit", "missed"):
            truth[i : i + 3, j : j + 3, k : k + 3] = True
        if kind in ("hit", "false"):
            shift = int(rng.integers(0, 2))
            pred[i + shift : i + shift + 2, j : j + 3, k : k + 2] = True
    return pred, truth


if __name__ == "__main__":
    main()
