"""The air in many closed bodies at once: one room, or two that exchange air, from closing to any later time.

Of lorry i and its rooms 1 (people and probe) and 2 (behind a bulkhead, a curtain or a wall of load):
V1 dE1/dt = S1 - L1 V1 E1 - X (E1 - E2), and the same for room 2. E is the excess over
outside air. The system is linear with constant coefficients, so its two modes give
the exact answer for any time; a door opened in between begins a second stretch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scanner.simulation.co2 import ZERO_C_K

Array = npt.NDArray[np.float64]

PEOPLE_O2_PER_CO2 = -1.0 / 0.85
"""A respiratory quotient of 0.85 (mixed diet, rest): 0.8-0.9 in Persily & de Jonge 2017."""

DISPLACED_O2_PER_CO2 = -0.2095
"""Gas that is only added pushes air out, and a fifth of that air is oxygen (C)."""

PRODUCE_O2_PER_CO2 = -1.0
"""Fruit burns sugar: as much oxygen goes as CO2 comes (USDA Agriculture Handbook 66)."""

OXYGEN_PPM = 209_500.0
"""Oxygen of dry outside air."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """Rooms of n lorries.

    Parameters
    ----------
    volume_m3, second_m3 : float ``(n,)``; second 0 = one room.
    exchange_m3_h : float ``(n,)``, air that the rooms exchange.
    air_changes_per_h, second_changes_per_h : float ``(n,)``, each room's own leak to the outside.
    """

    volume_m3: Array
    second_m3: Array
    exchange_m3_h: Array
    air_changes_per_h: Array
    second_changes_per_h: Array


def expanded_ppm_m3_per_min(litres_per_s: npt.ArrayLike, inside_c: npt.ArrayLike) -> Array:
    """Return what a source at 0 degC adds at the temperature inside, ppm m3 a minute.

    Examples
    --------
    >>> float(expanded_ppm_m3_per_min(0.0044, 20.0).round(1))  # 33 m3: 8.6 ppm a minute
    283.3
    """
    warm = (ZERO_C_K + np.asarray(inside_c, dtype=float)) / ZERO_C_K
    return np.asarray(litres_per_s, dtype=float) * 60_000.0 * warm


def after(
    rooms: Rooms,
    minutes: npt.ArrayLike,
    start_ppm: tuple[npt.ArrayLike, npt.ArrayLike],
    source_ppm_m3_per_min: tuple[npt.ArrayLike, npt.ArrayLike],
) -> tuple[Array, Array]:
    """Return both rooms' excess after some time with constant sources.

    Parameters
    ----------
    rooms : of n lorries.
    minutes : float ``(n, n_t)`` or what broadcasts to it, not negative.
    start_ppm : excess of room 1 and of room 2 at minute 0, float ``(n,)`` each.
    source_ppm_m3_per_min : into room 1 and room 2, float ``(n,)`` each.

    Returns
    -------
    float ``(n, n_t)`` for room 1 and for room 2 (room 2 repeats room 1 where there is none).

    Examples
    --------
    >>> one = np.ones(1)
    >>> rooms = Rooms(33.0 * one, 0.0 * one, 0.0 * one, 0.1 * one, 0.1 * one)
    >>> adult = expanded_ppm_m3_per_min(0.0043, 25.0)
    >>> first, _ = after(rooms, [[30.0, 60.0, 240.0]], (0.0, 0.0), (adult, 0.0))
    >>> first.round().tolist()
    [[250.0, 487.0, 1688.0]]
    """
    t = np.asarray(minutes, dtype=float)
    v1 = rooms.volume_m3[:, np.newaxis]
    two = rooms.second_m3 > 0.0
    v2 = np.where(two, rooms.second_m3, 1.0)[:, np.newaxis]
    x = np.where(two, rooms.exchange_m3_h / 60.0, 0.0)[:, np.newaxis]
    leak1 = rooms.air_changes_per_h[:, np.newaxis] / 60.0
    leak2 = rooms.second_changes_per_h[:, np.newaxis] / 60.0
    begin1, begin2 = (_column(value) for value in start_ppm)
    source1, source2 = (_column(value) for value in source_ppm_m3_per_min)

    # scaled by the roots of the volumes the matrix is symmetric: real modes at right angles
    root1, root2 = np.sqrt(v1), np.sqrt(v2)
    a, b, c = -(leak1 + x / v1), x / (root1 * root2), -(leak2 + x / v2)
    angle = 0.5 * np.arctan2(2.0 * b, a - c)
    cos, sin = np.cos(angle), np.sin(angle)
    half, swing = 0.5 * (a + c), np.hypot(0.5 * (a - c), b)
    slow, fast = half + swing, half - swing

    u1, u2 = begin1 * root1, begin2 * root2
    w1, w2 = source1 / root1, source2 / root2
    p = _mode(cos * u1 + sin * u2, cos * w1 + sin * w2, slow, t)
    q = _mode(cos * u2 - sin * u1, cos * w2 - sin * w1, fast, t)
    first = (cos * p - sin * q) / root1
    second = (sin * p + cos * q) / root2
    return first, np.where(two[:, np.newaxis], second, first)


def since_closing(
    rooms: Rooms,
    minutes: npt.ArrayLike,
    start_ppm: npt.ArrayLike,
    source_ppm_m3_per_min: tuple[npt.ArrayLike, npt.ArrayLike],
    opened_after: npt.ArrayLike,
    kept_share: npt.ArrayLike,
) -> tuple[Array, Array]:
    """Return both rooms' excess, the door having been opened once in between or not.

    Parameters
    ----------
    rooms, source_ppm_m3_per_min : as in `after`.
    minutes : since closing, ``(n, n_t)``.
    start_ppm : excess at closing in both rooms, ``(n,)``.
    opened_after : minutes from closing to the opening, ``(n,)``, NaN = it stayed shut.
    kept_share : of the excess just before, in the moment the door was shut again, ``(n,)``.

    Examples
    --------
    >>> one = np.ones(1)
    >>> rooms = Rooms(33.0 * one, 0.0 * one, 0.0 * one, 0.0 * one, 0.0 * one)
    >>> course, _ = since_closing(rooms, [[30.0, 60.0]], 0.0, (330.0, 0.0), [40.0], [0.25])
    >>> course.round(6).tolist()  # 10 ppm a minute; 400 ppm fall to 100
    [[300.0, 300.0]]
    """
    t = np.asarray(minutes, dtype=float)
    first, second = after(rooms, t, (start_ppm, start_ppm), source_ppm_m3_per_min)
    opened = np.asarray(opened_after, dtype=float)
    if np.isnan(opened).all():
        return first, second
    until = np.nan_to_num(opened)[:, np.newaxis]
    before = after(rooms, until, (start_ppm, start_ppm), source_ppm_m3_per_min)
    left = np.asarray(kept_share, dtype=float)
    kept = (left * before[0][:, 0], left * before[1][:, 0])
    again = after(rooms, np.maximum(t - until, 0.0), kept, source_ppm_m3_per_min)
    shut_again = t >= opened[:, np.newaxis]  # never where it stayed shut: NaN
    return np.where(shut_again, again[0], first), np.where(shut_again, again[1], second)


def _column(value: npt.ArrayLike) -> Array:
    return np.atleast_1d(np.asarray(value, dtype=float))[:, np.newaxis]


def _mode(start: Array, source: Array, rate: Array, t: Array) -> Array:
    x = np.minimum(rate, 0.0) * t
    # expm1(x)/x stays exact when nothing leaks
    small = np.abs(x) < 1e-12
    grown = np.where(small, 1.0, np.expm1(x) / np.where(small, 1.0, x))
    return start * np.exp(x) + source * t * grown
