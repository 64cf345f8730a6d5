"""Networks for X-ray pictures: people, load space and a score of their own at a quarter of the resolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

PLANES = 3
PEOPLE, SPACE, SCORE = range(3)


def _layer(inputs: int, outputs: int, stride: int = 1, size: int = 3, apart: int = 1) -> nn.Sequential:
    pad = apart * (size // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, pad, dilation=apart, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    def __init__(self, channels: int, apart: int = 1) -> None:
        super().__init__()
        self.first = _layer(channels, channels, apart=apart)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.second(self.first(x)))


class _Context(nn.Module):
    """What the whole picture shows is told to each place: weighted means over it, added everywhere."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.attend = nn.Conv2d(channels, 4, 1)
        self.mix = nn.Sequential(
            nn.Linear(4 * channels, channels), nn.ReLU(inplace=True), nn.Linear(channels, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(2)
        weights = self.attend(x).flatten(2).softmax(dim=2)
        means = torch.einsum("bkn,bcn->bkc", weights, flat).flatten(1)
        return x + self.mix(means)[:, :, None, None]


class PersonUNet(nn.Module):
    """A U-Net from a half to a 32nd of the resolution and back to a quarter.

    Parameters
    ----------
    shape : of the whole picture; rows are told as heights.
    width : channels at a quarter of the resolution; above there are a third, below 2, 3, 4 times as many.
    context : residual blocks, dilation and means over the whole picture at the bottom; without, plain blocks.
    own_score : the score has its own map that reads three levels; without, people's logits are the score.

    References
    ----------
    Ronneberger, Fischer, Brox, U-Net, MICCAI 2015, LNCS 9351, 234-241.
    """

    def __init__(
        self, shape: tuple[int, int], width: int = 48, context: bool = True, own_score: bool = True
    ) -> None:
        super().__init__()
        a, b, c, d, e = (width * k // 3 for k in (1, 3, 6, 9, 12))
        rows = torch.linspace(1.0, -1.0, shape[0]).view(1, 1, -1, 1)
        self.register_buffer("rows", rows.clone(), persistent=False)
        block = _Residual if context else (lambda n: nn.Sequential(_layer(n, n), _layer(n, n)))
        self.enter = _layer(PLANES + 2, a, 2, 5)
        self.level_4 = nn.Sequential(_layer(a, b, 2), block(b))
        self.level_8 = nn.Sequential(_layer(b, c, 2), block(c))
        self.level_16 = nn.Sequential(_layer(c, d, 2), block(d))
        deep: list[nn.Module] = [_layer(d, e, 2), block(e)]
        if context:
            deep += [_Residual(e, 2), _Context(e)]
        self.level_32 = nn.Sequential(*deep)
        self.thin_16, self.thin_8, self.thin_4 = (
            _layer(e, d, size=1),
            _layer(d, c, size=1),
            _layer(c, b, size=1),
        )
        self.up_16, self.up_8, self.up_4 = _layer(2 * d, d), _layer(2 * c, c), _layer(2 * b, b)
        self.near = block(b)
        self.leave = nn.Conv2d(b, 2, 1)
        self.own_score = own_score
        if own_score:
            self.weigh = nn.Sequential(
                _layer(b + c + d, c, size=1), _layer(c, c, apart=2), nn.Conv2d(c, 1, 1)
            )
        for bias in (self.leave.bias, self.weigh[-1].bias if own_score else None):
            if bias is not None:
                nn.init.constant_(bias, -4.0)
        if own_score:
            nn.init.constant_(self.weigh[-1].bias, -10.0)

    def forward(self, planes: Tensor, first_row: Tensor | None = None) -> Tensor:
        """Return the maps ``(n, 3, rows / 4, columns / 4)`` of planes ``(n, 3, rows, columns)``.

        Parameters
        ----------
        first_row : of each picture within the shape, for cut-outs; None = the whole shape.
        """
        n, _, rows, columns = planes.shape
        if first_row is None:
            height = self.rows.expand(n, -1, -1, columns)
        else:
            steps = torch.arange(rows)[None, :] + first_row[:, None]
            height = (1.0 - 2.0 * steps / (self.rows.shape[2] - 1))[:, None, :, None].expand(
                -1, -1, -1, columns
            )
        light = torch.exp(-(planes[:, :1] * SCALE + MEAN))
        two = self.enter(torch.cat([planes, light, height.to(planes.dtype)], 1))
        four = self.level_4(two)
        eight = self.level_8(four)
        sixteen = self.level_16(eight)
        low = self.level_32(sixteen)
        sixteen = self.up_16(torch.cat([_twice(self.thin_16(low)), sixteen], 1))
        eight = self.up_8(torch.cat([_twice(self.thin_8(sixteen)), eight], 1))
        four = self.near(self.up_4(torch.cat([_twice(self.thin_4(eight)), four], 1)))
        maps = self.leave(four)
        if not self.own_score:
            return torch.cat([maps, maps[:, :1]], 1)
        score = self.weigh(torch.cat([functional.max_pool2d(four, 2), eight, _twice(sixteen)], 1))
        return torch.cat([maps, _twice(score)], 1)


MEAN, SCALE = 1.5, 1.5
"""What is done to log-attenuation before the network sees it."""


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")
