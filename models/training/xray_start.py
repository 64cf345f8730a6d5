"""Lets training go on from a written file, whose batch norms are folded into the weights.

The norms are set up again from what the layers give for some pictures, so that the network
answers as the file does and learns as any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from models.training.xray_networks import PersonUNet

_WRAPPED = "network."
_FOLDED = "_bias"


def start_from(network: PersonUNet, file: Path, pictures: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Give an untrained network the weights of a file.

    Parameters
    ----------
    file : written by ``xray_export`` from a network of the same recipe.
    pictures : planes and first rows, what norms are counted over.
    """
    with torch.no_grad():
        norms = _fill(network, file)
        _count(network, norms, pictures)


def _fill(network: PersonUNet, file: Path) -> list[nn.BatchNorm2d]:
    """Copy the weights; norms do nothing but add what was folded."""
    held = {
        tensor.name.removeprefix(_WRAPPED): torch.tensor(numpy_helper.to_array(tensor))
        for tensor in onnx.load(file).graph.initializer
        if tensor.name.startswith(_WRAPPED)
    }
    parameters, norms = dict(network.named_parameters()), []
    layers = dict(network.named_modules())
    missing = set(parameters)
    for name, value in held.items():
        if not name.endswith(f".weight{_FOLDED}"):
            parameters[name].copy_(value)
            missing.discard(name)
            continue
        stem, place = name.removesuffix(f".weight{_FOLDED}").rsplit(".", 1)
        following = f"{stem}.{int(place) + 1}"
        norm = layers[following]
        assert isinstance(norm, nn.BatchNorm2d)
        norm.weight.fill_((1 + norm.eps) ** 0.5)
        norm.bias.copy_(value)
        norms.append(norm)
        missing -= {f"{following}.weight", f"{following}.bias"}
    if missing:
        raise SystemExit(f"{file} is of another network: it lacks {', '.join(sorted(missing)[:3])}")
    return norms


def _count(
    network: PersonUNet, norms: list[nn.BatchNorm2d], pictures: Iterable[tuple[Tensor, Tensor]]
) -> None:
    """Set up the norms from means and variances of what they are given."""
    sums = {norm: torch.zeros(3, norm.num_features, dtype=torch.float64) for norm in norms}

    def add(norm: nn.Module, given: tuple[Tensor, ...]) -> None:
        assert isinstance(norm, nn.BatchNorm2d)
        seen = given[0].double()
        means, squares = seen.mean((0, 2, 3)), seen.square().mean((0, 2, 3))
        sums[norm] += len(seen) * torch.stack([torch.ones_like(means), means, squares])

    hooks = [norm.register_forward_pre_hook(add) for norm in norms]
    network.eval()
    for planes, first_rows in pictures:
        network(planes, first_rows)
    for hook in hooks:
        hook.remove()
    for norm in norms:
        count, total, squares = sums[norm]
        mean = (total / count).float()
        variance = (squares / count - (total / count).square()).float().clamp_min(1e-6)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(mean)
    network.train()
