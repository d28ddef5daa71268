"""What a demo would run, without running it."""

from __future__ import annotations

from pathlib import Path

from monai_mri.cli.demo_plan import make_plan, read_design

BUNDLES = Path(__file__).resolve().parents[2] / "bundles"


def plan_of(name: str, **settings):
    bundle = BUNDLES / name
    design = read_design(bundle) | settings
    return make_plan(bundle, Path("out"), design=design, phantom=design["phantom"], epochs=None, seed=3)


def configs_of(command: list[str]) -> list[str]:
    files = command[command.index("--config_file") + 1].strip("[]").replace("'", "").split(",")
    return [Path(file).stem for file in files]


def setting(command: list[str], key: str) -> str:
    return command[command.index(f"--{key}") + 1]


def test_a_bundle_with_one_training_ends_in_one_page():
    plan = plan_of("migraine")
    assert list(plan.steps) == [
        *("phantom cohort", "split by subject", "training", "evaluation", "explanation", "page")
    ]
    assert plan.pages == [Path("out/report.html")]
    assert plan.folders == {"cohort", "run"}
    assert configs_of(plan.steps["explanation"]) == ["train", "demo", "explain"]
    assert setting(plan.steps["training"], "seed") == "3"


def test_each_training_lays_its_own_files_and_their_evaluation(tmp_path):
    trainings = {"first": None, "second": {"layers": ["resnet3d"], "optimizer::lr": 0.5}}
    plan = plan_of("nmosd", trainings=trainings)
    assert configs_of(plan.steps["training of first"]) == ["train", "demo"]
    assert configs_of(plan.steps["evaluation of second"]) == ["train", "resnet3d", "demo", "evaluate"]
    assert setting(plan.steps["training of second"], "optimizer::lr") == "0.5"
    assert setting(plan.steps["training of second"], "output_dir") == "out/second"
    assert plan.pages == [Path("out/first.html"), Path("out/second.html")]


def test_what_follows_knows_the_folder_and_an_application_has_no_page():
    applied = {"configs": ["inference"], "weights": "{out}/run", "output_dir": "{out}/applied"}
    plan = plan_of("nmosd", then={"application": applied})
    command = plan.steps["application"]
    assert configs_of(command) == ["inference"]
    assert setting(command, "weights") == "out/run"
    assert "--seed" not in command
    assert plan.pages == [Path("out/report.html")]
    assert plan.folders == {"cohort", "run", "application"}
