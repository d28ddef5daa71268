"""What a demo does step by step, as the block `demo` of a bundle's protocol.yaml says."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monai_mri.errors import UsageError

NOTE = (
    "All images are synthetic: a phantom cohort on MNI anatomy with a planted effect. "
    "The figures say that the pipeline works, not how well it does on patients."
)
COMMAND = [sys.executable, "-m", "monai_mri.cli"]
BUNDLE_RUN = [sys.executable, "-W", "ignore", "-m", "monai.bundle", "run", "--logging_file", "False"]
ALONE: dict[str, Any] = {"run": {}}  # the one training of a bundle whose demo names none


@dataclass(frozen=True)
class Plan:
    """The commands of a demo in their order, by what people read, and what they leave in its folder.

    Attributes:
        steps: name and command.
        pages: files to open at the end.
        folders: names of the folders that are made.
    """

    steps: dict[str, list[str]]
    pages: list[Path]
    folders: set[str]


@dataclass(frozen=True)
class _Demo:
    bundle: Path
    out: Path
    seed: int
    epochs: int | None

    def shared(self, run: Path) -> list[str]:
        folders = {"dataset_dir": self.out / "cohort", "output_dir": run, "bundle_root": self.bundle}
        return [word for key, value in folders.items() for word in (f"--{key}", str(value))]

    def has(self, config: str) -> bool:
        return (self.bundle / "configs" / f"{config}.yaml").is_file()

    def program(self, configs: Sequence[str], run: Path, settings: Mapping[str, Any]) -> list[str]:
        """A run of some of the bundle's configs, "{out}" in a setting being the demo's folder."""
        files = ",".join(f"'{self.bundle / 'configs' / name}.yaml'" for name in configs)
        own = configs[0] == "inference" or "seed" in settings
        seed = [] if own else ["--seed", str(self.seed)]
        words = [
            word
            for key, value in settings.items()
            for word in (f"--{key}", str(value).replace("{out}", str(self.out)))
        ]
        return [*BUNDLE_RUN, "--config_file", f"[{files}]", *self.shared(run), *seed, *words]


def read_design(bundle: Path) -> dict[str, Any]:
    """What the bundle's protocol says of its demo.

    Raises:
        UsageError: it says nothing.
    """
    import yaml

    path = bundle / "configs" / "protocol.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
    design = content.get("demo") if isinstance(content, dict) else None
    if not isinstance(design, dict) or not {"phantom", "split"} <= design.keys():
        raise UsageError(
            f"{path}: no demo with phantom and split, expected them as in bundles/ms_plaque; "
            "name the bundle of a study"
        )
    return design


def make_plan(
    bundle: Path,
    out: Path,
    *,
    design: Mapping[str, Any],
    phantom: Mapping[str, Any],
    epochs: int | None,
    seed: int,
) -> Plan:
    """The steps of a demo: cohort, parts, each training with its evaluation, what follows, pages.

    Args:
        bundle: folder of the bundle.
        out: folder of the demo.
        design: as `read_design` gives it: `phantom`, `split`, and where there are several trainings
            `trainings`, a name and `{layers: […], key: value}` each, and `then`, a name and
            `{configs: […], key: value}` for each further program.
        phantom: options of the cohort, its kind among them.
        epochs: another number than the bundle's demo layer says.
        seed: of all of it.
    """
    demo = _Demo(bundle, out, seed, epochs)
    trainings: dict[str, Any] = dict(design.get("trainings") or ALONE)
    further: dict[str, Any] = dict(design.get("then") or {})
    options = dict(phantom)
    cohort, kind = out / "cohort", str(options.pop("kind"))
    steps = {
        "phantom cohort": [
            *(*COMMAND, "phantom", "make", kind, str(cohort), "--seed", str(seed)),
            *as_options(options),
        ],
        "split by subject": [
            *(*COMMAND, "manifest", "split", str(cohort / "manifest.csv"), "--seed", str(seed)),
            *as_options(design["split"]),
        ],
    }
    for name, changes in trainings.items():
        steps |= _training(demo, name, dict(changes or {}), alone=len(trainings) == 1)
    for name, changes in further.items():
        settings = dict(changes)
        steps[name] = demo.program(settings.pop("configs"), out / name, settings)
    runs = [*trainings, *(name for name, step in further.items() if "inference" not in step["configs"])]
    pages = {name: out / ("report.html" if len(trainings) == 1 else f"{name}.html") for name in runs}
    for name, page in pages.items():
        title = "page" if len(pages) == 1 else f"page of {name}"
        steps[title] = [*COMMAND, "report", str(out / name), "-o", str(page), "--note", NOTE]
    return Plan(steps=steps, pages=list(pages.values()), folders={"cohort", *trainings, *further})


def as_options(settings: Mapping[str, Any]) -> list[str]:
    """Settings as options of a command.

    >>> as_options({"voxel_size": [1, 1, 5], "test": 0.25})
    ['--voxel-size', '1', '1', '5', '--test', '0.25']
    """
    words = []
    for name, value in settings.items():
        values = value if isinstance(value, list) else str(value).split()
        words += [f"--{name.replace('_', '-')}", *map(str, values)]
    return words


def _training(demo: _Demo, name: str, changes: dict[str, Any], *, alone: bool) -> dict[str, list[str]]:
    layers, run = list(changes.pop("layers", ())), demo.out / name
    configs = ["train", *layers, "demo"]
    epochs = {} if demo.epochs is None else {"max_epochs": demo.epochs}
    of = "" if alone else f" of {name}"
    steps = {
        f"training{of}": demo.program(configs, run, changes | epochs),
        f"evaluation{of}": demo.program([*configs, *_evaluations(demo, layers)], run, changes),
    }
    if demo.has("explain"):
        truth = {"truth": demo.out / "cohort" / "truth.nii.gz"}
        steps[f"explanation{of}"] = demo.program([*configs, "explain"], run, changes | truth)
    return steps


def _evaluations(demo: _Demo, layers: Sequence[str]) -> Iterator[str]:
    yield "evaluate"
    yield from (f"evaluate_{layer}" for layer in layers if demo.has(f"evaluate_{layer}"))
