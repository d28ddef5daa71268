from __future__ import annotations

import re

from classing import class_data, evaluator, network, selecting, trained_run

from monai_mri.engines import choose_abstention, evaluate_classes
from monai_mri.engines.weights import read_record


def test_the_message_counts_kept_images_and_people(class_cohort, tmp_path, capsys):
    run = trained_run(class_cohort, tmp_path / "run", epochs=6)
    choose_abstention(selecting(network(), class_cohort), run_folder=run, accuracy=0.9)
    said = capsys.readouterr().err
    assert re.search(r"at least 0\.9 of the \d kept of 4 validation images \(4 people\) are right", said)


def test_none_takes_an_earlier_threshold_out_of_the_weights(class_cohort, tmp_path, capsys):
    run = trained_run(class_cohort, tmp_path / "run", epochs=6)
    weights = run.root / "model.safetensors"
    choose_abstention(selecting(network(), class_cohort), run_folder=run, accuracy=0.9)
    before = read_record(weights)
    assert before.threshold is not None
    net = evaluator(network(), class_data(class_cohort, "test"))
    evaluate_classes(net, run_folder=run, trained_on=class_data(class_cohort, "train"), draws=5)
    assert choose_abstention(selecting(network(), class_cohort), run_folder=run, accuracy=None) is None
    after = read_record(weights)
    assert (after.threshold, after.tensors_sha256) == (None, before.tensors_sha256)
    assert "evaluate again" in capsys.readouterr().err
