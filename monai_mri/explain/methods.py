"""Class maps from the last convolution: the migraine paper's summed map, CAM, Grad-CAM, HiResCAM.

MONAI's `CAM` and `GradCAM` serve as references in the tests and not here: they leave hooks in the network
and gradients on its parameters, stretch the map to the input (see `geometry`), and `CAM` calls the linear
layer once for every cell, 259,200 times at 60 x 72 x 60.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from monai_mri.errors import UsageError
from monai_mri.explain.capture import Captured, capture, chosen_class, margin
from monai_mri.explain.geometry import FloatArray
from monai_mri.explain.occlude import occlusion

LAYERS = ("class_layers.relu", "layer4", "features")  # DenseNet, ResNet, the networks of this package


def summed_map(network: nn.Module, volume: Tensor, *, layer: str) -> FloatArray:
    """The class-invariant map of the migraine study (Ng et al., ICANN 2018, section 2.3).

    The feature maps of the layer are summed over channels and scaled to 0 to 1, then drawn on the input's
    grid, whose voxels may lie between the lowest and the highest cell. It shows where the network has
    activity, not what speaks for a class: any bright or textured part of the brain may stand out. `grad_cam`
    and `occlusion` are about a class.

    Args:
        network: in any mode, on any device; it is left as it was.
        volume: (1, C, I, J, K).
        layer: name of the last convolution's activation, before its pooling.

    Returns:
        float32 (I, J, K), 0 to 1; all 0 where the sum is the same everywhere.

    Raises:
        UsageError: the volume, the layer or its output do not fit.
    """
    captured = capture(network, volume, layer)
    total = captured.maps.detach()[0].sum(0)
    low, high = total.min(), total.max()
    return captured.drawn((total - low) / (high - low) if high > low else torch.zeros_like(total))


def cam(network: nn.Module, volume: Tensor, *, layer: str, target: int | None = None) -> FloatArray:
    """Class activation map (Zhou et al., CVPR 2016).

    The feature maps, each times the weight that joins its average with the class. Its mean over the cells
    plus the bias is the logit of the class, so values are in units of the logit, of either sign.

    Args:
        network: with a global-average-pooling head: the layer's output, its average over space, one linear
            layer. It is left as it was.
        volume: (1, C, I, J, K).
        layer: name of the layer that is averaged: ``features`` of a `MigraineCNN` with ``head="gap"``,
            ``class_layers.relu`` of MONAI's DenseNet, ``layer4`` of its ResNet.
        target: index of the class; None for the predicted one.

    Returns:
        float32 (I, J, K).

    Raises:
        UsageError: the network has no such head, or the volume, the layer or the class do not fit.
    """
    captured = capture(network, volume, layer)
    weights = _averaging_head(captured, network, layer)
    row = weights[chosen_class(captured.logits, target)]
    return captured.drawn(torch.einsum("f,fijk->ijk", row, captured.maps.detach()[0]))


def grad_cam(network: nn.Module, volume: Tensor, *, layer: str, target: int | None = None) -> FloatArray:
    """Gradient-weighted class activation map (Selvaraju et al., ICCV 2017, equations 1 and 2).

    The feature maps, each times the mean gradient of the class's logit by it, summed, negative values set
    to 0. It works with any head.

    Args:
        network: in any mode, on any device; it is left as it was, without gradients on its parameters.
        volume: (1, C, I, J, K).
        layer: name of the last convolution or its activation.
        target: index of the class; None for the predicted one.

    Returns:
        float32 (I, J, K), 0 and above; all 0 where nothing in the layer speaks for the class.

    Raises:
        UsageError: the volume, the layer or the class do not fit, or the logits do not depend on the layer.
    """
    captured = capture(network, volume, layer)
    chosen = chosen_class(captured.logits, target)
    with torch.enable_grad():
        logit = captured.logits[0, chosen]
    gradient = _gradient(captured, logit, what=f"grad_cam: layer {layer!r}")
    weights = gradient[0].mean((1, 2, 3))
    return captured.drawn(torch.einsum("f,fijk->ijk", weights, captured.maps.detach()[0]).clamp(min=0))


def hires_cam(network: nn.Module, volume: Tensor, *, layer: str, target: int | None = None) -> FloatArray:
    """High-resolution class activation map (Draelos and Carin, arXiv:2011.08891, 2020).

    The feature maps, each cell times the gradient by that very cell, summed over maps. Grad-CAM averages the
    gradients over space first, and so forgets where dense layers look: on images in one space, such as MNI
    space, a network with dense layers can weigh each place by itself. The gradient is that of the class's
    logit less the mean of the others', which is all that a softmax sees; the paper takes the logit alone.

    Where one linear layer follows the maps and their pooling (`MigraineCNN` with ``hidden=[]``), the sum over
    the cells plus a constant is exactly that difference of logits. Under a global-average-pooling head it
    ranks voxels as `cam` of the two classes' difference does.

    Args:
        network: in any mode, on any device; it is left as it was, without gradients on its parameters.
        volume: (1, C, I, J, K).
        layer: name of the last convolution or its activation.
        target: index of the class; None for the predicted one.

    Returns:
        float32 (I, J, K), of either sign: above 0 speaks for the class, below against it.

    Raises:
        UsageError: the volume, the layer or the class do not fit, or the logits do not depend on the layer.
    """
    captured = capture(network, volume, layer)
    with torch.enable_grad():
        score = margin(captured.logits, chosen_class(captured.logits, target))[0]
    gradient = _gradient(captured, score, what=f"hires_cam: layer {layer!r}")
    return captured.drawn((gradient[0] * captured.maps.detach()[0]).sum(0))


def _gradient(captured: Captured, score: Tensor, *, what: str) -> Tensor:
    """Of a score by the feature maps, of their shape."""
    gradient = None
    if score.requires_grad:
        (gradient,) = torch.autograd.grad(score, captured.maps, allow_unused=True)
    if gradient is None:
        raise UsageError(
            f"{what}: the logits do not depend on it, expected a layer before them; name the last convolution"
        )
    return gradient


METHODS: dict[str, Callable[[nn.Module, Tensor, int | None, str], FloatArray]] = {
    "summed": lambda network, volume, target, layer: summed_map(network, volume, layer=layer),
    "cam": lambda network, volume, target, layer: cam(network, volume, target=target, layer=layer),
    "grad_cam": lambda network, volume, target, layer: grad_cam(network, volume, target=target, layer=layer),
    "hires_cam": lambda network, volume, target, layer: hires_cam(
        network, volume, target=target, layer=layer
    ),
    "occlusion": lambda network, volume, target, layer: occlusion(network, volume, target=target),
}


def make_map(
    method: str, network: nn.Module, volume: Tensor, *, target: int | None = None, layer: str | None = None
) -> FloatArray:
    """One map by the name of its method in `METHODS`, the occlusion with its default settings.

    Args:
        method: "summed", "cam", "grad_cam", "hires_cam" or "occlusion".
        network: left as it was.
        volume: (1, C, I, J, K).
        target: index of the class; None for the predicted one. The summed map has no class.
        layer: None for `default_layer`. The occlusion has no layer.

    Raises:
        UsageError: no such method, or as the method.
    """
    if method not in METHODS:
        raise UsageError(
            f"explain: method {method!r}, expected one of {', '.join(METHODS)}; correct the name"
        )
    return METHODS[method](network, volume, target, layer or default_layer(network))


def default_layer(network: nn.Module) -> str:
    """The layer to explain a known kind of network by: `LAYERS`, the first that it has.

    Raises:
        UsageError: it has none of them.
    """
    names = dict(network.named_modules())
    for layer in LAYERS:
        if layer in names:
            return layer
    raise UsageError(
        f"explain: {type(network).__name__} has none of the layers {', '.join(LAYERS)}, expected one; "
        "name its last convolution as layer"
    )


def _averaging_head(captured: Captured, network: nn.Module, layer: str) -> Tensor:
    """Weights (classes, F) of the linear layer that reads the maps' averages."""
    averages = captured.maps.detach().mean((2, 3, 4))
    read, linear = captured.linear_input, captured.linear
    if (
        linear is None
        or read is None
        or read.shape != averages.shape
        or linear.out_features != captured.logits.shape[1]
        or not torch.allclose(read, averages, rtol=1e-3, atol=1e-5)
    ):
        raise UsageError(
            f"cam: the last linear layer of {type(network).__name__} does not read the averages of layer "
            f"{layer!r}, expected a global-average-pooling head; "
            "train the network anew with one (MigraineCNN: --set network_def::head=gap; weights of another "
            "head do not fit it), name another layer, or take grad_cam, which works with any head"
        )
    return linear.weight.detach()
