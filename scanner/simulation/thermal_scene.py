"""The rear of a lorry as a small thermal imager sees it: doors, seals, vents, hatch.

Walls hide people from heat radiation. Their warmth shows only where air comes
out (seals, vents, a tank's lid), through the bare skin of a tank that somebody
touches, or in the gap of a door that stands ajar. Sizes and temperature steps
are engineering assumptions, drawn from wide ranges; the noise is of the order
that MLX90640 recordings show (about 0.4 K a frame at 4 Hz).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from scanner.vehicle import Declaration, VehicleClass

Image = npt.NDArray[np.float32]
SHAPE = (24, 32)
_FINE = 4  # rays per pixel and axis: a seal is much narrower than a pixel
_ROWS, _COLUMNS = np.meshgrid(
    (np.arange(SHAPE[0] * _FINE) + 0.5) / _FINE, (np.arange(SHAPE[1] * _FINE) + 0.5) / _FINE, indexing="ij"
)
_LEFT, _RIGHT, _TOP, _BOTTOM = 4.5, 27.5, 2.5, 20.5  # the doors in pixels


def _pixels(fine: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    rows, columns = SHAPE
    return np.asarray(fine.reshape(rows, _FINE, columns, _FINE).mean(axis=(1, 3)))


def _spot(row: float, column: float, height: float, width: float) -> npt.NDArray[np.float64]:
    """Return a smooth spot of peak 1 whose e^-0.5 half axes are given in pixels."""
    return np.exp(-0.5 * (((_ROWS - row) / height) ** 2 + ((_COLUMNS - column) / width) ** 2))


def _block(top: float, bottom: float, left: float, right: float) -> npt.NDArray[np.float64]:
    rows, columns = _ROWS - top, _COLUMNS - left
    inside = (rows >= 0) & (rows < bottom - top) & (columns >= 0) & (columns < right - left)
    return inside.astype(float)


class DoorsScene:
    """One lorry's doors over time; every frame is a pure function of its time.

    The same generator state gives the same doors, weather and noise for any
    number of persons.

    Parameters
    ----------
    declaration : the vehicle class decides between doors and a tank's end.
    persons : how many people are inside.
    inside_c, outside_c : air temperatures, °C.
    rng : source of everything that varies between lorries.

    Attributes
    ----------
    ajar : whether a door (or lid) stands open a hand's breadth.
    """

    def __init__(
        self,
        declaration: Declaration,
        persons: int,
        inside_c: float,
        outside_c: float,
        rng: np.random.Generator,
    ) -> None:
        scene, people, sensor = rng.spawn(3)
        self._tank = declaration.vehicle_class is VehicleClass.TANKER
        self._inside_c, self._outside_c = inside_c, outside_c
        self._noise_seed = int(sensor.integers(2**32))
        self._noise_k = 0.25 + 0.25 * sensor.random()
        self._drift_k, self._drift_phase = 0.3 * sensor.random(), 2 * math.pi * sensor.random()
        self._fixed_k = 0.15 * sensor.normal(size=SHAPE)
        rows, columns = np.indices(SHAPE)
        self._fixed_k += 0.1 * sensor.normal() * ((rows + columns) % 2)  # the two subpages of the chip
        self._doors = _block(_TOP, _BOTTOM, _LEFT, _RIGHT)
        if self._tank:
            distance = np.hypot(_ROWS - (_TOP + _BOTTOM) / 2, _COLUMNS - (_LEFT + _RIGHT) / 2)
            self._doors = (distance < (_BOTTOM - _TOP) / 2).astype(float)
        self.ajar = bool(scene.random() < 0.12)
        self._gap = self._draw_gap(scene)
        leaks = self._draw_leaks(scene)
        self._still_c = _pixels(self._background(scene, leaks))
        self._moving = self._confounders(scene)
        self._warm = self._people(persons, leaks, people)

    def frame_c(self, t_s: float) -> Image:
        """Return the temperatures seen at a time, °C, float32 (24, 32), row 0 at the top."""
        noise = np.random.default_rng([self._noise_seed, max(round(t_s * 1000), 0)])
        frame = self._still_c + self._fixed_k + self.persons_k(t_s)
        for change in self._moving:
            frame = frame + change(t_s)
        frame = frame + self._drift_k * math.sin(2 * math.pi * t_s / 90 + self._drift_phase)
        return (frame + self._noise_k * noise.normal(size=SHAPE)).astype(np.float32)

    def persons_k(self, t_s: float) -> npt.NDArray[np.float64]:
        """Return what the people inside add, K (24, 32): the truth of the scene."""
        total = np.zeros(SHAPE)
        for change in self._warm:
            total = total + change(t_s)
        return total

    def _draw_gap(self, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        """Return where one looks inside when a door stands ajar."""
        middle, width = (_LEFT + _RIGHT) / 2 + rng.normal(), 0.5 + 2.5 * rng.random()
        if self._tank:
            return _block(_TOP - 0.5, _TOP + 0.5 + width / 2, middle - 2, middle + 2)
        return _block(_TOP, _BOTTOM, middle - width / 2, middle + width / 2)

    def _draw_leaks(self, rng: np.random.Generator) -> list[tuple[float, npt.NDArray[np.float64]]]:
        """Return leaks: the share of inside air that mixes into what is seen, and where."""
        middle = (_LEFT + _RIGHT) / 2
        spots = []
        for _ in range(int(rng.integers(2, 7))):
            share = float(np.clip(rng.lognormal(-2.8, 0.9), 0.0, 0.3))
            if self._tank:  # lids and valves
                row, column = _TOP + 0.5 * rng.random(), middle + 5 * rng.normal()
                spots.append((share, _spot(row, column, 0.5, 0.9)))
            elif rng.random() < 0.5:  # the middle and the side seals
                column = (_LEFT, middle, _RIGHT)[int(rng.integers(3))]
                row = _TOP + (_BOTTOM - _TOP) * rng.random()
                spots.append((share, _spot(row, column, 0.8 + 2 * rng.random(), 0.5)))
            else:  # top and bottom seals, vents, drains
                row = (_TOP, _BOTTOM, _TOP + 1.0)[int(rng.integers(3))]
                column = _LEFT + (_RIGHT - _LEFT) * rng.random()
                spots.append((share, _spot(row, column, 0.5, 0.8 + 2 * rng.random())))
        return spots

    def _background(
        self, rng: np.random.Generator, leaks: list[tuple[float, npt.NDArray[np.float64]]]
    ) -> npt.NDArray[np.float64]:
        inside, outside = self._inside_c, self._outside_c
        through = (0.25 + 0.4 * rng.random()) if self._tank else 0.02 + 0.04 * rng.random()
        sky = outside - 12 * rng.random() * np.clip((8 - _ROWS) / 8, 0, 1)
        ground = outside + rng.normal(0, 1.5) * (_ROWS > 21)
        around = np.where(_ROWS < 12, sky, ground)
        level = outside + through * (inside - outside) + rng.normal(0, 1.0)
        panel = level + 0.08 * rng.normal() * (_ROWS - 12) + 0.05 * rng.normal() * (_COLUMNS - 16)
        scene = np.where(self._doors > 0, panel, around)
        for share, spot in leaks:
            scene = scene + self._doors * share * spot * (inside - outside)
        if not self._tank:  # locking bars reflect the sky a little
            for column in (_LEFT + 3, _LEFT + 8.5, _RIGHT - 8.5, _RIGHT - 3):
                scene = scene + rng.normal(0, 0.8) * _block(_TOP, _BOTTOM, column, column + 0.4)
        if self.ajar:
            clutter = inside + 0.7 * rng.normal() + 0.5 * np.sin(_ROWS * (0.5 + rng.random()))
            scene = np.where(self._gap > 0, clutter, scene)
        return np.asarray(scene)

    def _confounders(self, rng: np.random.Generator) -> list[Callable[[float], npt.NDArray[np.float64]]]:
        """Draw what is warm without people: sun, exhaust, lamps, brakes."""
        changes: list[Callable[[float], npt.NDArray[np.float64]]] = []

        def steady(image: npt.NDArray[np.float64]) -> None:
            seen = _pixels(image)
            changes.append(lambda _t: seen)

        if rng.random() < 0.35:  # sun on a part of the doors, its edge creeping
            strength, edge = 2 + 10 * rng.random(), _LEFT + (_RIGHT - _LEFT) * rng.random()
            steep, row = 0.5 + 2 * rng.random(), _TOP + 15 * rng.random()
            creep = 0.01 * rng.normal()

            def sun(t_s: float) -> npt.NDArray[np.float64]:
                side = 1 / (1 + np.exp(-(_COLUMNS - edge - creep * t_s) / steep))
                return _pixels(strength * side * (row < _ROWS) * self._doors)

            changes.append(sun)
        if rng.random() < 0.30:  # warm air of the refrigeration unit or an exhaust drifts by
            strength, phase = 1 + 7 * rng.random(), 2 * math.pi * rng.random()
            plume = _pixels(
                _spot(2 + 6 * rng.random(), 32 * float(rng.integers(2)), 3.0, 2 + 4 * rng.random())
            )

            def exhaust(t_s: float) -> npt.NDArray[np.float64]:
                flicker = 1 + 0.4 * math.sin(1.7 * t_s + phase)
                return strength * flicker * plume

            changes.append(exhaust)
        if rng.random() < 0.6:  # tail lamps
            for column in (_LEFT + 1.5, _RIGHT - 1.5):
                steady((1 + 4 * rng.random()) * _spot(21.3, column, 0.4, 0.8))
        if rng.random() < 0.6:  # tyres and brakes
            for column in (_LEFT + 2.5, _RIGHT - 2.5):
                steady((3 + 20 * rng.random()) * _block(22, 24, column - 1.5, column + 1.5))
        if rng.random() < 0.35:  # hot things in view: an exhaust pipe, a motor, a heater, a lit cabin
            for _ in range(int(rng.integers(1, 4))):
                row, column, size = 24 * rng.random(), 32 * rng.random(), 0.5 + 3.5 * rng.random() ** 2
                strength = 3.0 * 15.0 ** rng.random()
                steady(strength * _spot(row, column, size, size * (0.4 + 1.2 * rng.random())))
        for _ in range(int(rng.integers(0, 3))):  # a hand that closed the doors, a sun-warmed label
            row, column = _TOP + 16 * rng.random(), _LEFT + 21 * rng.random()
            steady((0.5 + 2.5 * rng.random()) * _spot(row, column, 0.4 + rng.random(), 0.4 + rng.random()))
        return changes

    def _people(
        self,
        persons: int,
        leaks: list[tuple[float, npt.NDArray[np.float64]]],
        rng: np.random.Generator,
    ) -> list[Callable[[float], npt.NDArray[np.float64]]]:
        """Draw what people add: breath at leaks, a hand on bare metal, a shape in the gap."""
        changes: list[Callable[[float], npt.NDArray[np.float64]]] = []
        for _ in range(persons):
            share, spot = leaks[int(rng.integers(len(leaks)))]
            near = rng.random() < 0.4  # sits at the doors, mouth at the seal
            breath_c = 31 + 3 * rng.random()
            mixing = (0.15 + 0.35 * rng.random()) if near else 0.01 + 0.05 * rng.random()
            rise_k = share * mixing * (breath_c - self._inside_c)
            hertz, phase = 0.2 + 0.15 * rng.random(), 2 * math.pi * rng.random()
            changes.append(_breathing(_pixels(spot) * rise_k, hertz, phase))
            touches, row, column = rng.random() < 0.3, 8 + 9 * rng.random(), 10 + 12 * rng.random()
            if self._tank and touches:  # a back against bare metal
                steady = _pixels(_spot(row, column, 1.8, 1.2)) * (0.4 + 1.6 * rng.random())
                changes.append(_breathing(steady, 0.0, 0.0))
            seen, half = rng.random() < 0.7, 2.0 + 3.0 * rng.random()
            at, offset, skin_c = _BOTTOM - half - 2 * rng.random(), rng.normal(0, 1.2), 24 + 7 * rng.random()
            if self.ajar and seen:
                middle = float((self._gap * _COLUMNS).sum() / self._gap.sum())
                at = _TOP + 0.5 if self._tank else at
                shape = _spot(at, middle + offset, half, 1.5) > 0.4
                warmth = max(skin_c - self._inside_c, 0.0) * self._gap * shape
                changes.append(_breathing(_pixels(warmth), 0.0, 0.0))
        return changes


def _breathing(
    image: npt.NDArray[np.float64], hertz: float, phase: float
) -> Callable[[float], npt.NDArray[np.float64]]:
    """Return a warm image that swells with breath (0 Hz: does not)."""
    return lambda t_s: image * (1 + 0.4 * math.sin(2 * math.pi * hertz * t_s + phase))
