"""Four drivers of the example probe that a lane must outlive: they raise, hang, leak and lie about a unit."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Sequence
from typing import ClassVar

from acme_air.driver import AcmeAir

from drivers.api import Quantity, Reading, Sample


class Raises(AcmeAir):
    """Divides by zero at its second reading."""

    read_before = False

    def read(self) -> Sequence[Reading]:
        got = super().read()
        if got and self.read_before:
            return [1 // 0]  # type: ignore[list-item]
        self.read_before = self.read_before or bool(got)
        return got


class Hangs(AcmeAir):
    """Never returns from its second reading."""

    read_before = False

    def read(self) -> Sequence[Reading]:
        got = super().read()
        if got and self.read_before:
            while True:
                time.sleep(0.05)
        self.read_before = self.read_before or bool(got)
        return got


class Leaks(AcmeAir):
    """Leaves descriptors and memory behind with every reading."""

    hoard: ClassVar[list[object]] = []

    def read(self) -> Sequence[Reading]:
        got = super().read()
        if got:
            self.hoard += [os.open(os.devnull, os.O_RDONLY) for _ in range(4)]
            self.hoard.append(bytearray(100_000))
        return got


class Percent(AcmeAir):
    """Lies about its unit: percent under the name of ppm."""

    def read(self) -> Sequence[Reading]:
        return [
            dataclasses.replace(one, value=one.value / 10_000)
            if isinstance(one, Sample) and one.quantity is Quantity.CO2_PPM
            else one
            for one in super().read()
        ]
