from __future__ import annotations

import pytest
import torch
from torch import nn

from monai_mri.errors import CheckpointError, ConfigError
from monai_mri.networks.backbones import RESNETS, dilate, make_backbone, resnet
from monai_mri.networks.pretrained import load_pretrained

FEATURES = {"resnet18": 512, "resnet34": 512, "resnet50": 2048, "resnet101": 2048}


def published(made) -> None:
    load_pretrained(made.module, "imagenet", published=made.published, first=made.first)


@pytest.mark.parametrize("name", RESNETS)
def test_with_the_published_weights_a_resnet_gives_the_features_of_torchvisions(
    torchvision, publish, shake, name
):
    torch.manual_seed(0)
    wanted = shake(torchvision.models.get_model(name))
    publish(name, wanted.state_dict())
    wanted.fc = nn.Identity()
    made = make_backbone(name, in_channels=3)
    published(made)
    image = torch.randn(2, 3, 33, 40)
    with torch.no_grad():
        found = made.module.eval()(image)
        assert torch.equal(found, wanted(image))
    assert found.shape == (2, made.features) == (2, FEATURES[name])
    assert found.std() > 0.01


def test_the_published_names_are_those_that_torchvision_publishes(torchvision):
    for name in RESNETS:
        known = {weights.url for weights in torchvision.models.get_model_weights(name)}
        assert resnet(name, in_channels=3).published.args[0] in known


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "repository"),
    [
        ("inception_v3", "timm/inception_v3.tv_in1k"),
        ("inception_resnet_v2", "timm/inception_resnet_v2.tf_in1k"),
    ],
)
@pytest.mark.parametrize("channels", [3, 1])
def test_with_the_published_weights_an_inception_gives_the_features_of_timms(
    timm, publish_to_hub, shake, name, repository, channels
):
    torch.manual_seed(0)
    extra = {"aux_logits": True} if name == "inception_v3" else {}
    wanted = shake(timm.create_model(name, **extra))
    path = publish_to_hub(repository, wanted.state_dict())
    overlay = {"file": str(path)}
    wanted = timm.create_model(
        name, pretrained=True, num_classes=0, in_chans=channels, pretrained_cfg_overlay=overlay
    ).eval()
    made = make_backbone(name, in_channels=channels)
    published(made)
    image = torch.randn(2, channels, 80, 90)
    with torch.no_grad():
        found = made.module.eval()(image)
        torch.testing.assert_close(found, wanted(image), rtol=1e-5, atol=1e-5)
    assert found.shape == (2, made.features)
    assert found.std() > 0.01


def test_weights_of_another_depth_are_refused_with_the_first_name_and_the_counts(publish):
    publish("resnet34", resnet("resnet18", in_channels=3).module.state_dict())
    with pytest.raises(CheckpointError, match=r"layer1.2.conv1.weight is missing there .* of 180 tensors"):
        published(resnet("resnet34", in_channels=3))


def test_a_backbone_of_timm_that_is_not_among_the_studies_works_too(timm):
    made = make_backbone("mobilenetv3_small_050", in_channels=2)
    assert made.module(torch.zeros(2, 2, 40, 40)).shape == (2, made.features)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("resnet20", "'resnet50' or 'resnet200'?"),
        ("resnet51", "'resnet50' or 'resnet"),
        ("inceptionv3", "'inception_v3'?"),
        ("inception_v4x", "'inception_v3' or 'inception_v4'?"),
        ("densenet122", "'densenet121'?"),
    ],
)
def test_an_unknown_name_brings_the_nearest_one_of_ours_before_timms(timm, name, near):
    with pytest.raises(
        ConfigError, match=rf"backbone '{name}' found, .* did you mean {near.replace('?', '[?]')}"
    ):
        make_backbone(name, in_channels=3)


def test_a_name_near_to_none_brings_the_way_to_the_list(timm):
    with pytest.raises(ConfigError, match=r"timm.list_models\(\) has the names"):
        make_backbone("¿?", in_channels=3)


@pytest.mark.parametrize("name", ["resnet18", "inception_v3"])
def test_no_channels_are_refused(name):
    with pytest.raises(ConfigError, match="in_channels is 0"):
        make_backbone(name, in_channels=0)


def test_another_resnet_than_the_four_is_refused_where_only_they_will_do():
    with pytest.raises(ConfigError, match="'resnet152' found, expected one of resnet18"):
        resnet("resnet152", in_channels=3)


def test_a_backbone_without_published_weights_says_so(timm):
    with pytest.raises(CheckpointError, match=r"convnext_atto_rms: timm knows no published weights"):
        published(make_backbone("convnext_atto_rms", in_channels=3))


def test_a_backbone_with_several_first_convolutions_is_refused(timm):
    with pytest.raises(ConfigError, match="as its first convolution, expected one"):
        make_backbone("mobileone_s0", in_channels=3)


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_a_dilated_stage_keeps_its_size_and_its_parameters(name):
    stage = resnet(name, in_channels=3).module.layer4
    names = {key: tensor.shape for key, tensor in stage.state_dict().items()}
    dilate(stage)
    channels = 256 if name == "resnet18" else 1024
    assert stage(torch.zeros(2, channels, 5, 7)).shape[2:] == (5, 7)
    assert {key: tensor.shape for key, tensor in stage.state_dict().items()} == names
