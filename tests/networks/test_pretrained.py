from __future__ import annotations

import pickle

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from monai_mri.engines.weights import WeightsRecord, save_weights
from monai_mri.errors import CheckpointError
from monai_mri.networks.pretrained import fit_channels, load_pretrained, read_state


class Tiny(nn.Module):
    """A backbone of two convolutions."""

    def __init__(self, channels: int = 3, width: int = 4) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 4, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, width, 3, bias=False)


class Whole(nn.Module):
    """The backbone and a head, as this package's classifiers are built."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Tiny()
        self.classifier = nn.Linear(4, 2)


def load(network: nn.Module, weights, **settings) -> None:
    load_pretrained(network, weights, **({"published": lambda: None, "first": "conv1"} | settings))


def same(network: nn.Module, state: dict[str, torch.Tensor]) -> bool:
    own = network.state_dict()
    return own.keys() == state.keys() and all(torch.equal(own[name], state[name]) for name in own)


@pytest.fixture
def state():
    torch.manual_seed(1)
    network = Tiny()
    nn.init.normal_(network.bn1.running_mean)
    return network.state_dict()


def test_none_reads_nothing_and_changes_nothing():
    network = Tiny()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    load(network, "none")
    assert same(network, before)


@pytest.mark.parametrize("suffix", ["safetensors", "pth", "pt", "bin"])
def test_every_tensor_of_a_file_is_read_to_the_bit(tmp_path, state, suffix):
    path = tmp_path / f"weights.{suffix}"
    (save_file if suffix == "safetensors" else torch.save)(state, path)
    network = Tiny()
    load(network, str(path))
    assert same(network, state)


def test_imagenet_reads_the_published_file(tmp_path, state):
    torch.save(state, tmp_path / "published.pth")
    network = Tiny()
    load(network, "imagenet", published=lambda: tmp_path / "published.pth")
    assert same(network, state)


@pytest.mark.parametrize("prefix", ["backbone.", "module.", "module.encoder."])
def test_names_behind_a_prefix_are_found_and_what_stands_beside_it_is_left_out(tmp_path, state, prefix):
    beside = {"decoder.conv1.weight": torch.zeros(1), "classifier.weight": torch.zeros(2, 4)}
    save_file({prefix + name: tensor for name, tensor in state.items()} | beside, tmp_path / "a.safetensors")
    network = Tiny()
    load(network, tmp_path / "a.safetensors")
    assert same(network, state)


@pytest.mark.parametrize("folder", [True, False])
def test_what_a_training_of_this_package_wrote_is_read(tmp_path, folder):
    whole, network = Whole(), Tiny()
    record = WeightsRecord(study="s", network="n", epoch=1, manifest_sha256="", splits_sha256="")
    path = save_weights(whole, tmp_path, record)
    load(network, tmp_path if folder else path)
    assert same(network, whole.backbone.state_dict())


@pytest.mark.parametrize("head", ["fc", "classifier", "last_linear", "classif", "head.fc", "AuxLogits.fc"])
def test_a_head_under_a_usual_name_is_left_out(tmp_path, state, head):
    torch.save(state | {f"{head}.weight": torch.zeros(1000, 4)}, tmp_path / "a.pth")
    network = Tiny()
    load(network, tmp_path / "a.pth")
    assert same(network, state)


def test_a_file_without_counts_of_batches_is_complete(tmp_path, state):
    del state["bn1.num_batches_tracked"]
    torch.save(state, tmp_path / "a.pth")
    network = Tiny()
    load(network, tmp_path / "a.pth")
    assert same(network, state | {"bn1.num_batches_tracked": torch.tensor(0)})


def test_a_state_dict_inside_a_checkpoint_is_found(tmp_path, state):
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "a.pth")
    network = Tiny()
    load(network, tmp_path / "a.pth")
    assert same(network, state)


def test_modules_to_leave_keep_their_own_weights_and_need_not_fit(tmp_path, state):
    torch.save(state, tmp_path / "a.pth")
    network = Tiny(channels=64)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    load(network, tmp_path / "a.pth", leave=("conv1", "bn1"))
    kept = {name: tensor for name, tensor in before.items() if not name.startswith("conv2")}
    assert same(network, kept | {"conv2.weight": state["conv2.weight"]})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("conv2.weight"), r"conv2.weight is missing there and \(4, 4, 3, 3\) here; 1 of 6"),
        (
            lambda s: s.update({"more.weight": torch.zeros(2)}),
            r"more.weight is \(2,\) there and missing here",
        ),
        (lambda s: s.update({"conv2.weight": torch.zeros(5, 4, 3, 3)}), r"\(5, 4, 3, 3\) there and \(4, 4,"),
        (lambda s: s.update({"conv1.weight": torch.zeros(8, 3, 3, 3)}), r"conv1.weight is \(8, 3, 3, 3\)"),
        (lambda s: s.pop("bn1.running_var"), "bn1.running_var is missing"),
        (lambda s: s["conv2.weight"].fill_(torch.nan), "conv2.weight has NaN or infinite values"),
    ],
)
def test_a_tensor_that_is_missing_added_or_of_another_shape_is_named(tmp_path, state, change, message):
    change(state)
    torch.save(state, tmp_path / "a.pth")
    network = Tiny()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(CheckpointError, match=message):
        load(network, tmp_path / "a.pth")
    assert same(network, before)


def test_weights_of_something_else_are_refused_with_both_names(tmp_path):
    torch.save({"blocks.0.norm.weight": torch.zeros(3)}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=r"blocks.0.norm.weight, … found, conv1.weight, … expected"):
        load(Tiny(), tmp_path / "a.pth")


def test_two_of_these_backbones_in_one_file_are_refused(tmp_path, state):
    twice = {f"{part}.{name}": tensor.clone() for part in ("flair", "t1") for name, tensor in state.items()}
    save_file(twice, tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match=r"twice, behind 'flair\.' and 't1\.'"):
        load(Tiny(), tmp_path / "a.safetensors")


@pytest.mark.parametrize("weights", ["imagent", "nothing.safetensors", "folder"])
def test_a_path_without_weights_is_refused_with_what_may_stand_there(tmp_path, weights):
    (tmp_path / "folder").mkdir()
    with pytest.raises(
        CheckpointError, match=r"no weights there, expected none, imagenet, a .*; give one of these"
    ):
        load(Tiny(), tmp_path / weights)


def test_other_kinds_of_files_are_refused(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"a.npz: expected weights as .safetensors"):
        load(Tiny(), tmp_path / "a.npz")


class Code:
    def __reduce__(self):
        return (exec, ("raise SystemExit('code was run')",))


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path):
    torch.save({"conv1.weight": Code()}, tmp_path / "a.pth")
    (tmp_path / "b.pt").write_bytes(pickle.dumps(Code(), protocol=2))
    for name in ("a.pth", "b.pt"):
        with pytest.raises(CheckpointError, match="no code"):
            load(Tiny(), tmp_path / name)


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
@pytest.mark.parametrize("left", [0, 0.5])
def test_a_file_cut_short_is_refused(tmp_path, state, suffix, left):
    path = tmp_path / f"a.{suffix}"
    (save_file if suffix == "safetensors" else torch.save)(state, path)
    path.write_bytes(path.read_bytes()[: int(left * path.stat().st_size)])
    with pytest.raises(CheckpointError, match="not readable as weights"):
        load(Tiny(), path)


@pytest.mark.parametrize(
    ("content", "message"),
    [([1, 2], "holds list"), ({}, "holds dict"), ({"epoch": 3}, "epoch is int, expected a tensor")],
)
def test_what_is_no_state_dict_is_refused(tmp_path, content, message):
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=message):
        read_state(tmp_path / "a.pth")


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6, 7])
def test_kernels_are_fitted_as_timm_fits_them(timm, channels):
    kernel = torch.randn(5, 3, 3, 3)
    wanted = timm.models.adapt_input_conv(channels, kernel)
    torch.testing.assert_close(fit_channels(kernel, channels), wanted)


@pytest.mark.parametrize("channels", [1, 3, 6])
def test_equal_channels_give_the_answer_that_three_equal_ones_give(channels):
    kernel, grey = torch.randn(5, 3, 3, 3), torch.rand(1, 1, 8, 8)
    wanted = nn.functional.conv2d(grey.expand(-1, 3, -1, -1), kernel)
    found = nn.functional.conv2d(grey.expand(-1, channels, -1, -1), fit_channels(kernel, channels))
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_the_first_convolution_is_fitted_to_the_channels_of_the_network(tmp_path, state, channels):
    torch.save(state, tmp_path / "a.pth")
    network = Tiny(channels)
    load(network, tmp_path / "a.pth")
    wanted = state | {"conv1.weight": fit_channels(state["conv1.weight"], channels)}
    assert same(network, wanted)


@pytest.mark.parametrize(("found", "wanted"), [(64, 3), (64, 1), (2, 3), (4, 1)])
def test_a_first_convolution_of_other_channels_than_pictures_have_is_refused(tmp_path, found, wanted):
    torch.save(Tiny(found).state_dict(), tmp_path / "a.pth")
    network = Tiny(wanted)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(CheckpointError, match=f"takes {found} channels, expected {wanted} as here"):
        load(network, tmp_path / "a.pth")
    assert same(network, before)


def test_a_first_convolution_of_the_same_channels_is_read_as_it_is(tmp_path):
    trained, network = Tiny(4), Tiny(4)
    torch.save(trained.state_dict(), tmp_path / "a.pth")
    load(network, tmp_path / "a.pth")
    assert same(network, trained.state_dict())
