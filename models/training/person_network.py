"""The fully convolutional network that finds people in thermal frames: centres and boxes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

STRIDE = 4
DEEPEST = 16  # frames are padded to multiples of it


def _block(inputs: int, outputs: int, stride: int = 1, size: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class PersonNetwork(nn.Module):
    """Maps ``(n, 1, h, w)`` to ``(n, 5, h / 4, w / 4)``: logit of a centre, offset x, y, log width, height.

    Offsets are from the middle of the map's pixel, in map pixels; width and height are
    logarithms of map pixels. Centres as key points after Zhou et al.; a pyramid whose levels are
    added after Lin et al.

    References
    ----------
    Zhou, Wang, Krähenbühl, Objects as Points, arXiv:1904.07850 (2019).
    Lin et al., Feature Pyramid Networks for Object Detection, CVPR 2017, 2117-2125.
    """

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d = 16, 32, 48, 64
        self.level_1 = nn.Sequential(_block(1, a, 2, 5), _block(a, a))
        self.level_2 = nn.Sequential(_block(a, b, 2), _block(b, b))
        self.level_3 = nn.Sequential(_block(b, c, 2), _block(c, c))
        self.level_4 = nn.Sequential(_block(c, d, 2), _block(d, d), _block(d, d))
        self.down_3, self.down_2 = nn.ConvTranspose2d(d, c, 2, 2), nn.ConvTranspose2d(c, b, 2, 2)
        self.join_3, self.join_2 = _block(c, c), _block(b, b)
        self.centre, self.shape = nn.Conv2d(b, 1, 1), nn.Conv2d(b, 4, 1)
        nn.init.constant_(self.centre.bias, -4.6)  # one centre in a hundred pixels to begin with

    def forward(self, image: Tensor) -> Tensor:
        two = self.level_2(self.level_1(image))
        three = self.level_3(two)
        three = self.join_3(three + self.down_3(self.level_4(three)))
        two = self.join_2(two + self.down_2(three))
        return torch.cat([self.centre(two), self.shape(two)], 1)
