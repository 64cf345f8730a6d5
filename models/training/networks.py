"""The networks: small enough that a lane computer runs them on one core."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class SmallUNet(nn.Module):
    """A U-Net whose map of logits has half the input's resolution.

    References
    ----------
    Ronneberger, Fischer, Brox, U-Net, MICCAI 2015, LNCS 9351, 234-241.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        super().__init__()
        a, b, c, d = 12, 24, 40, 48
        # the height above the road tells a wheel from a head
        rows = torch.linspace(1.0, -1.0, shape[0]).view(1, 1, -1, 1).expand(1, 1, *shape)
        self.register_buffer("rows", rows.clone())
        self.enter = nn.Sequential(
            nn.Conv2d(2, a, 5, 2, 2, bias=False), nn.BatchNorm2d(a), nn.ReLU(inplace=True)
        )
        self.level_1 = _block(a, a)
        self.level_2 = nn.Sequential(_block(a, b, 2), _block(b, b))
        self.level_3 = nn.Sequential(_block(b, c, 2), _block(c, c))
        self.level_4 = nn.Sequential(_block(c, d, 2), _block(d, d))
        self.up_3, self.up_2, self.up_1 = _block(d + c, c), _block(c + b, b), _block(b + a, a)
        self.leave = nn.Conv2d(a, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        rows = self.rows.expand(image.shape[0], -1, -1, -1)
        one = self.level_1(self.enter(torch.cat([image, rows], 1)))
        two = self.level_2(one)
        three = self.level_3(two)
        four = self.level_4(three)
        three = self.up_3(torch.cat([functional.interpolate(four, scale_factor=2.0), three], 1))
        two = self.up_2(torch.cat([functional.interpolate(three, scale_factor=2.0), two], 1))
        one = self.up_1(torch.cat([functional.interpolate(two, scale_factor=2.0), one], 1))
        return self.leave(one)


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
