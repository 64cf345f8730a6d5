"""The thermal network: small enough that a lane computer runs it on one core."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class SmallThermal(nn.Module):
    """A few convolutions over 24 x 32 pixels, with rows and columns told."""

    def __init__(self, shape: tuple[int, int]) -> None:
        super().__init__()
        rows = torch.linspace(1.0, -1.0, shape[0]).view(1, 1, -1, 1).expand(1, 1, *shape)
        columns = torch.linspace(-1.0, 1.0, shape[1]).view(1, 1, 1, -1).expand(1, 1, *shape)
        self.register_buffer("place", torch.cat([rows, columns, columns.square()], 1).clone())
        self.fine = nn.Sequential(_block(4, 16), _block(16, 16))
        self.coarse = nn.Sequential(_block(16, 24, 2), _block(24, 24), _block(24, 24))
        self.leave = nn.Sequential(_block(40, 16), nn.Conv2d(16, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        fine = self.fine(torch.cat([image, self.place.expand(image.shape[0], -1, -1, -1)], 1))
        coarse = functional.interpolate(self.coarse(fine), scale_factor=2.0)
        return self.leave(torch.cat([fine, coarse], 1))
