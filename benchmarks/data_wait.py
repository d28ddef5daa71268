"""How long a training of each 3D bundle waits for its data.

    python benchmarks/data_wait.py [--epochs 5] [--bundle migraine] [--published] [--profile]

Each bundle is trained with its layer demo.yaml on its coarse phantom: migraine maps of 41 x 49 x 41 voxels,
lesion patches of 35 x 35 x 35. `--published` takes the filters and batches that are shipped instead: the
smaller the network, the larger the share of data. The first figure is everything until the end of the
first epoch: reading all images, the statistics of the input, the epoch and its validation. The others are
of the epochs after it, as `history.jsonl` has them; the share of waiting is a median, wanted to be at most
0.05.
`--profile` lists what getting the batches of one epoch spends its time on.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import statistics
import tempfile
from pathlib import Path

import click

from monai_mri.engines.bundle import run_bundle
from monai_mri.engines.layers import layer_files
from monai_mri.manifest import make_splits, read_manifest, splits_path, write_splits
from monai_mri.phantom import make_lesion_cohort, make_migraine_cohort

BUNDLES = Path(__file__).resolve().parents[1] / "bundles"
COHORTS = {
    "migraine": lambda folder: make_migraine_cohort(folder, subjects=60, shape=(41, 49, 41), progress=False),
    "ms_lesion": lambda folder: make_lesion_cohort(
        folder,
        patients=12,
        lesions_per_patient=16,
        classes={"2": 460, "3": 214, "5": 841, "6": 71},
        progress=False,
    ),
}


@click.command()
@click.option("--epochs", default=5, show_default=True)
@click.option("--bundle", "names", multiple=True, type=click.Choice(list(COHORTS)), help="Which; both.")
@click.option("--published", is_flag=True, help="The shipped network in the place of the demo's.")
@click.option("--profile", is_flag=True, help="Profile the batches of one epoch instead.")
def main(*, epochs, names, published, profile):
    """Print the table."""
    rows = [
        "| bundle | training samples | first epoch with reading, s | a later epoch, s | share of waiting |"
    ]
    rows.append("|---|---|---|---|---|")
    for name in names or COHORTS:
        with tempfile.TemporaryDirectory() as made:
            manifest = COHORTS[name](Path(made) / "cohort")
            splits = make_splits(read_manifest(manifest), test=0.2, validation=0.2, seed=0)
            write_splits(splits_path(manifest), splits)
            if profile:
                profiled(name, manifest)
            else:
                rows.append(trained(name, manifest, Path(made) / "run", epochs, published=published))
    if not profile:
        print("\n".join(rows))


SHAPE = {"migraine": {"spatial_shape": [41, 49, 41]}, "ms_lesion": {"batch_size": 64}}


def trained(name, manifest, output, epochs, *, published):
    """Train, and make a line of the table."""
    settings = {"manifest": str(manifest), "output_dir": str(output), "max_epochs": epochs, "device": "cpu"}
    if published:
        settings |= SHAPE[name]
    run_bundle(BUNDLES / name, "train", settings=settings, layers=[] if published else ["demo"])
    run = json.loads((output / "run.json").read_text())
    history = [json.loads(line) for line in (output / "history.jsonl").read_text().splitlines()]
    later = [row["seconds"] for row in history[1:]]
    first_s = run["seconds"] - sum(later)
    share = statistics.median(row["data_wait"] for row in history[1:])
    samples = run["parts"]["train"]["samples"]
    return f"| {name} | {samples} | {first_s:.1f} | {statistics.median(later):.2f} | {share:.3f} |"


def profiled(name, manifest):
    """Print what the second epoch's batches cost, function by function."""
    from monai.bundle import ConfigParser

    parser = ConfigParser()
    parser.read_config([str(path) for path in layer_files(BUNDLES / name, "train", layers=["demo"])])
    parser.update({"manifest": str(manifest), "device": "cpu", "output_dir": str(manifest.parent)})
    trainer = parser.get_parsed_content("train::trainer")
    trainer.prepare()
    for _ in trainer.data_loader:
        pass
    trainer.batches.start(2)
    with cProfile.Profile() as profile:
        for _ in trainer.data_loader:
            pass
    print(name)
    pstats.Stats(profile).sort_stats("tottime").print_stats(18)


if __name__ == "__main__":
    main()
