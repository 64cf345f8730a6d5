"""The truth of a rig: what the wire's far end said, kept apart from everything the driver does."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from drivers.api import GeneratorState, Quantity

Counts: TypeAlias = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class ToldGenerator:
    """State, kV and mA as the supply said them."""

    state: str
    kv: float
    ma: float


@dataclass(slots=True)
class Told:
    """Keeps what a twin's sources gave, in order, to compare readings with.

    A suite's `DriverSuite.twin` wraps the twin's sources with one of the methods
    here; each returns a source of the same shape that also remembers. Values
    should change from one to the next, or a stale reading would pass for a new one.

    Parameters
    ----------
    seed : two far ends with different seeds tell different things.

    Attributes
    ----------
    values : told scalars by quantity.
    waves : told counts by channel name, a list of 1-D int32 pieces.
    pictures : told images in the unit that the driver gives them in, each ``(h, w)``.
    lines : told detector lines, uint16 ``(n_pixels,)``.
    generator : told states of an X-ray supply.
    """

    seed: int = 1
    values: dict[Quantity, list[float]] = field(default_factory=dict)
    waves: dict[str, list[Counts]] = field(default_factory=dict)
    pictures: list[npt.NDArray[Any]] = field(default_factory=list)
    lines: list[npt.NDArray[np.uint16]] = field(default_factory=list)
    generator: list[ToldGenerator] = field(default_factory=list)

    def forget(self) -> None:
        """Keep no longer what was told so far."""
        for kept in (self.values, self.waves, self.pictures, self.lines, self.generator):
            kept.clear()

    def sample(self, quantity: Quantity, value: float) -> float:
        """Remember one scalar, as it goes onto the wire in the quantity's unit, and return it."""
        self.values.setdefault(quantity, []).append(float(value))
        return value

    def samples(self, quantity: Quantity, source: Callable[[], float] | None = None) -> Callable[[], float]:
        """Return a source of scalars that remembers.

        Parameters
        ----------
        quantity : what the device says.
        source : gives the next value, see `zigzag`; without one the values go up and down
            between 600 and 2600 in steps of 7 (good for ppm).

        Examples
        --------
        >>> told = Told()
        >>> source = told.samples(Quantity.CO2_PPM)
        >>> source(), source(), told.values[Quantity.CO2_PPM]
        (607.0, 614.0, [607.0, 614.0])
        """
        wanted = source or self.zigzag(600.0, 2600.0, 7.0)
        return lambda: self.sample(quantity, wanted())

    def zigzag(self, low: float, high: float, step: float) -> Callable[[], float]:
        """Return a source that goes up and down between two values for ever, begun where the seed says.

        Examples
        --------
        >>> source = Told().zigzag(0.0, 2.0, 1.0)
        >>> [source() for _ in range(6)]
        [1.0, 2.0, 1.0, 0.0, 1.0, 2.0]
        """
        n_steps = max(1, math.floor((high - low) / step))
        steps = itertools.count(self.seed if self.seed == 1 else self.seed * 101)

        def following() -> float:
            at = next(steps) % (2 * n_steps)
            return low + step * min(at, 2 * n_steps - at)

        return following

    def waveform(
        self, names: Sequence[str], source: Callable[[int], Counts] | None = None
    ) -> Callable[[int], Counts]:
        """Return a source of counts that remembers.

        Parameters
        ----------
        names : of the channels, as the driver will name them, in the source's order.
        source : given a number of samples returns int32 ``(n_channels, n_samples)``; without
            one it is noise of some 10 000 counts.
        """
        rng = np.random.default_rng(self.seed)

        def noise(n_samples: int) -> Counts:
            return rng.integers(-10_000, 10_000, (len(names), n_samples)).astype(np.int32)

        wanted = source or noise

        def remember(n_samples: int) -> Counts:
            counts = wanted(n_samples)
            for name, row in zip(names, counts, strict=True):
                self.waves.setdefault(name, []).append(np.array(row))
            return counts

        return remember

    def frames(
        self,
        shape: tuple[int, int],
        source: Callable[[], npt.NDArray[Any]] | None = None,
    ) -> Callable[[], npt.NDArray[Any]]:
        """Return a source of images that remembers.

        Parameters
        ----------
        shape : ``(h, w)`` of the images.
        source : gives the next image; without one it is a room of 15 to 35 °C.
        """
        rng = np.random.default_rng(self.seed)

        def room() -> npt.NDArray[Any]:
            return np.round(rng.uniform(15.0, 35.0, shape), 2)

        wanted = source or room

        def remember() -> npt.NDArray[Any]:
            picture = wanted()
            self.pictures.append(np.array(picture))
            return picture

        return remember

    def detector_lines(self, n_lines: int, n_pixels: int) -> npt.NDArray[np.uint16]:
        """Return random detector lines uint16 ``(n_lines, n_pixels)`` and remember them."""
        rng = np.random.default_rng([self.seed, len(self.lines)])
        pixels = rng.integers(0, 65536, (n_lines, n_pixels)).astype(np.uint16)
        self.lines.extend(pixels)
        return pixels

    def supply(self, state: str, kv: float, ma: float) -> ToldGenerator:
        """Remember what an X-ray supply says and return it."""
        said = ToldGenerator(state, kv, ma)
        self.generator.append(said)
        return said


def same_supply(said: ToldGenerator, reading: GeneratorState, tolerance: float) -> bool:
    """Tell whether a reading is what the supply said."""
    return (
        said.state == reading.state
        and abs(said.kv - reading.kv) <= tolerance
        and abs(said.ma - reading.ma) <= tolerance
    )
