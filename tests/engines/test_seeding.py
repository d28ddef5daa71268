from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from monai_mri.engines.seeding import generator, seed_torch


def draw(*arguments) -> int:
    return int(generator(*arguments).integers(2**62))


def test_a_draw_depends_on_seed_purpose_and_every_step_and_their_order():
    draws = [
        draw(0, "shuffle", 1, 2),
        draw(1, "shuffle", 1, 2),
        draw(0, "augment", 1, 2),
        draw(0, "shuffle", 2, 1),
        draw(0, "shuffle", 1),
        draw(0, "shuffle"),
        draw(0, "shuffle", 1, 2, 0),
    ]
    assert len(set(draws)) == len(draws)


def test_neighbouring_steps_are_not_correlated():
    first = torch.tensor([generator(0, "step", step).random() for step in range(2000)])
    assert abs(float(first.mean()) - 0.5) < 0.03
    assert abs(float(torch.corrcoef(torch.stack([first[:-1], first[1:]]))[0, 1])) < 0.07


@pytest.mark.slow
def test_a_draw_is_the_same_in_another_process_whatever_pythons_hash_seed():
    code = (
        "import importlib.util, sys; "
        "spec = importlib.util.spec_from_file_location('seeding', sys.argv[1]); "
        "module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module); "
        "print(int(module.generator(3, 'negatives', 4).integers(2**62)))"
    )
    file = sys.modules[generator.__module__].__file__
    command = [sys.executable, "-c", code, file]
    answers = {
        subprocess.run(
            command, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert answers == {f"{draw(3, 'negatives', 4)}\n"}


def test_torch_draws_the_same_for_the_same_step_and_anew_for_the_next():
    def drawn(step: int) -> list[float]:
        seed_torch(7, "step", step)
        return torch.rand(4).tolist()

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_drawing_does_not_touch_the_global_generators():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    generator(0, "shuffle", 1).random(5)
    assert torch.equal(before, torch.get_rng_state())
