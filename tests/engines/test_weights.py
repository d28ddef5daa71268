from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from monai_mri.engines.weights import WeightsRecord, load_weights, read_record, save_weights
from monai_mri.errors import CheckpointError, LeakError

SUBJECTS = ("sub-001", "patient Müller")
RECORD = WeightsRecord(
    study="ms_plaque",
    network="Sequential",
    epoch=3,
    manifest_sha256="m" * 64,
    splits_sha256="s" * 64,
    threshold=0.4375,
    raw_threshold=None,
).with_subjects(trained_on=SUBJECTS)


def network(*, seed: int = 0, channels: int = 3) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, channels, 3), nn.BatchNorm2d(channels), nn.PReLU(channels))


def states(one: nn.Module, other: nn.Module) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return list(zip(one.state_dict().values(), other.state_dict().values(), strict=True))


@pytest.fixture
def saved(tmp_path):
    return save_weights(network(), tmp_path / "run", RECORD)


@pytest.mark.parametrize("source", ["folder", "file"])
def test_weights_and_record_come_back_bit_by_bit(saved, source):
    other = network(seed=1)
    record = load_weights(other, saved.parent if source == "folder" else saved)
    assert replace(record, tensors_sha256="") == RECORD
    assert all(torch.equal(one, two) and one.dtype == two.dtype for one, two in states(network(), other))


def test_classes_labels_and_image_columns_come_back_in_their_order(tmp_path):
    about = replace(
        RECORD,
        classes=("b", "a"),
        labels=(("2", "6"), ("1",)),
        images_from=("qsm", "flair"),
        tensors_sha256="",
    )
    record = read_record(save_weights(network(), tmp_path, about))
    assert replace(record, tensors_sha256="") == about


def test_a_record_of_an_older_version_knows_neither_labels_nor_image_columns(tmp_path):
    values = {name: value for name, value in asdict(RECORD).items() if name not in ("labels", "images_from")}
    path = tmp_path / "model.safetensors"
    save_file({"weight": torch.zeros(1)}, path, metadata={"monai_mri": json.dumps(values)})
    assert read_record(path) == RECORD


def test_weights_in_channels_last_order_come_back_too(tmp_path):
    original = network().to(memory_format=torch.channels_last)
    other = network(seed=1)
    load_weights(other, save_weights(original, tmp_path, RECORD))
    assert all(torch.equal(one, two) for one, two in states(original, other))


def test_saving_does_not_move_or_change_the_network(tmp_path):
    original = network().train()
    before = {name: tensor.clone() for name, tensor in original.state_dict().items()}
    save_weights(original, tmp_path, RECORD)
    assert original.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in original.state_dict().items())


def test_the_pt_file_holds_the_same_weights_for_monais_loaders(saved):
    other = network(seed=1)
    other.load_state_dict(torch.load(saved.parent / "model.pt", weights_only=True))
    assert all(torch.equal(one, two) for one, two in states(network(), other))


def test_saving_again_replaces_both_files_and_leaves_no_other(saved):
    save_weights(network(seed=2), saved.parent, replace(RECORD, epoch=4))
    assert sorted(path.name for path in saved.parent.iterdir()) == ["model.pt", "model.safetensors"]
    assert read_record(saved).epoch == 4


def test_no_subject_stands_in_the_files_in_clear_text(saved):
    for path in saved.parent.iterdir():
        content = path.read_bytes()
        for subject in SUBJECTS:
            assert subject.encode() not in content
            assert json.dumps(subject).encode() not in content


def test_hashes_of_one_subject_differ_from_one_split_to_the_next():
    other = replace(RECORD, splits_sha256="t" * 64).with_subjects(trained_on=SUBJECTS)
    assert not set(other.subjects) & set(RECORD.subjects)


def test_trained_subjects_are_refused_by_name_others_pass(saved):
    record = read_record(saved)
    record.refuse_trained(["sub-002", "sub-00", "SUB-001x", ""])
    record.refuse_trained([])
    with pytest.raises(LeakError, match=r"1 of the subjects .*\(sub-001\)"):
        record.refuse_trained(["sub-002", "sub-001", "sub-001"])
    with pytest.raises(LeakError, match="patient Müller, sub-001"):
        record.refuse_trained(SUBJECTS)


@pytest.mark.parametrize("channels", [2, 4])
def test_weights_of_another_network_are_refused_with_the_tensors_name(saved, channels):
    with pytest.raises(CheckpointError, match=r"another network: 0\.bias"):
        load_weights(network(channels=channels), saved)


@pytest.mark.parametrize(
    ("other", "name"),
    [(nn.Conv2d(1, 3, 3), "0.bias"), (nn.Sequential(*network(), nn.Conv2d(3, 1, 1)), "3.bias")],
)
def test_tensors_too_many_or_too_few_are_refused_by_name(saved, other, name):
    with pytest.raises(CheckpointError, match=name):
        load_weights(other, saved)


def test_a_refused_file_leaves_the_network_as_it_was(saved):
    other = network(seed=1, channels=4)
    before = {key: tensor.clone() for key, tensor in other.state_dict().items()}
    with pytest.raises(CheckpointError):
        load_weights(other, saved)
    assert all(torch.equal(tensor, before[key]) for key, tensor in other.state_dict().items())


def test_absent_weights_are_said_with_the_next_step(tmp_path):
    for path in (tmp_path, tmp_path / "model.safetensors"):
        with pytest.raises(CheckpointError, match="no trained weights there; train first"):
            load_weights(network(), path)


@pytest.mark.parametrize("size", [0, 4, 8, 40, 0.5, -1])
def test_a_truncated_file_is_refused(saved, size):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(size * len(content)) if isinstance(size, float) else size])
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        load_weights(network(), saved)


def test_a_pt_file_is_refused_as_no_safetensors(saved):
    with pytest.raises(CheckpointError, match="safetensors"):
        load_weights(network(), saved.parent / "model.pt")


def test_weights_of_another_program_are_refused(tmp_path):
    save_file(dict(network().state_dict()), tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="without this package's record"):
        load_weights(network(), tmp_path)


@pytest.mark.parametrize(
    "header", ["{", "[]", '"text"', "{}", '{"subjects": null}', '{"subjects": [], "new": 1}']
)
def test_a_record_that_this_version_cannot_read_is_said_as_our_error(tmp_path, header):
    save_file(dict(network().state_dict()), tmp_path / "model.safetensors", metadata={"monai_mri": header})
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        read_record(tmp_path / "model.safetensors")


def test_any_flipped_bit_of_the_header_is_refused_or_harmless_but_never_a_crash(saved):
    content = saved.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    crashes = []
    for position in range(0, header, 5):
        for bit in (0x01, 0x10):
            damaged = bytearray(content)
            damaged[position] ^= bit
            saved.write_bytes(damaged)
            try:
                load_weights(network(seed=1), saved)
            except CheckpointError:
                continue
            except Exception as error:
                crashes.append(f"byte {position}: {type(error).__name__}: {error}")
    assert crashes == []


def test_a_flipped_bit_in_a_weight_is_refused(saved):
    content = bytearray(saved.read_bytes())
    content[-6] ^= 0x40
    saved.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        load_weights(network(seed=1), saved)
