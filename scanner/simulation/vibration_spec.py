"""The truth of one parked vehicle that shakes: body, ground, weather, machines, who is inside."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from scanner.simulation.priors import draw, stream

Array = npt.NDArray[np.float64]


class Condition(StrEnum):
    """What the figures are told apart by."""

    CALM = "calm"
    LADEN = "laden"
    WIND_3_5 = "wind 3-5"
    WIND_5_7 = "wind 5-7"
    WIND_7_9 = "wind 7-9"
    UNIT = "unit running"
    PORT = "train or ship"
    TANKER = "laden tanker"
    LEGS = "trailer on legs"


class Confounder(StrEnum):
    """What may look like a heart and is none."""

    NONE = "none"
    STEPS = "footsteps"
    IDLING = "idling neighbour"
    DRIPS = "dripping roof"
    EXHAUST = "cooling exhaust"
    SLOSH = "slosh"


WIND_M_S = {
    Condition.WIND_3_5: (3.0, 5.0),
    Condition.WIND_5_7: (5.0, 7.0),
    Condition.WIND_7_9: (7.0, 9.0),
}
CALM_WIND_M_S = (0.0, 1.0)
N_FRAME_MODES = 4
N_SHAPE = 6


def shape_terms(along: npt.ArrayLike, across: npt.ArrayLike) -> Array:
    """Return the terms that a frame mode's shape is made of, ``(N_SHAPE, n_places)``.

    Places run from -1 (rear, left) to 1 (front, right).
    """
    x, y = np.atleast_1d(along), np.atleast_1d(across)
    return np.stack([1.5 * x**2 - 0.5, x * y, 2.5 * x**3 - 1.5 * x, (1.5 * x**2 - 0.5) * y, y, x])


@dataclass(frozen=True, slots=True)
class BodyModes:
    """Modes of a body: the four rigid ones (bounce, pitch, roll, twist), then those of the frame.

    ``f_hz``, ``damping``, ``mass_kg`` are ``(n_modes,)``; ``sensors`` and
    ``wheels`` are the shapes at the four chassis sensors and wheels,
    ``(n_modes, 4)``; ``frame`` holds the coefficients of `shape_terms` for the
    frame modes; ``base`` the share of the ground's bounce that moves each of them.
    """

    f_hz: Array
    damping: Array
    mass_kg: Array
    sensors: Array
    wheels: Array
    frame: Array
    base: Array
    axle_hop_hz: float
    axle_damping: float

    def at(self, along: float, across: float) -> Array:
        """Return all shapes at a place on the floor, ``(n_modes,)``."""
        rigid = np.array([1.0, along, across, along * across])
        return np.concatenate([rigid, self.frame @ shape_terms(along, across)[:, 0]])


@dataclass(frozen=True, slots=True)
class Person:
    """One person inside: heart, breath and movement as forces at a place on the floor."""

    bpm: float
    jitter: float
    force_n: float
    wave_scale: float
    breathing_hz: float
    breathing_force_n: float
    movements_per_min: float
    movement_force_n: float
    along: float
    across: float


@dataclass(frozen=True, slots=True)
class VibrationSpec:
    """Everything that is random about one record but its noise."""

    seed: int
    condition: Condition
    confounder: Confounder
    mass_t: float
    body: BodyModes
    ground_um_s: float
    train_gain: float
    machine_share: float
    wind_m_s: float
    unit_um_s: float
    slosh_um_s: float
    persons: tuple[Person, ...]


def draw_vibration(
    seed: int, condition: Condition, persons: int, confounder: Confounder = Confounder.NONE
) -> VibrationSpec:
    """Draw one vehicle in one condition.

    Examples
    --------
    >>> a, b = (draw_vibration(3, Condition.CALM, n) for n in (0, 1))
    >>> a.mass_t == b.mass_t, len(b.persons)
    (True, 1)
    """
    rng = stream(seed, "vehicle")
    laden = condition in (Condition.LADEN, Condition.TANKER) or (
        condition is not Condition.CALM and rng.random() < 0.5
    )
    legs = condition is Condition.LEGS
    mass_t = draw(seed, "body.legs_t" if legs else "body.laden_t" if laden else "body.empty_t")
    port = condition is Condition.PORT
    site = "port" if port else "calm" if condition in (Condition.CALM, Condition.LADEN) else "lane"
    low, high = WIND_M_S.get(condition, CALM_WIND_M_S)
    train = port and rng.random() < 0.5
    sloshes = condition is Condition.TANKER or confounder is Confounder.SLOSH
    return VibrationSpec(
        seed=seed,
        condition=condition,
        confounder=confounder,
        mass_t=mass_t,
        body=draw_body(seed, mass_t, legs),
        ground_um_s=draw(seed, f"site.{site}_um_s"),
        train_gain=draw(seed, "site.train_gain") if train else 0.0,
        machine_share=draw(seed, "site.machine_share") if port and not train else 0.0,
        wind_m_s=float(stream(seed, "wind speed").uniform(low, high)),
        unit_um_s=draw(seed, "machine.um_s") if condition is Condition.UNIT else 0.0,
        slosh_um_s=draw(seed, "liquid.slosh_um_s") if sloshes else 0.0,
        persons=tuple(draw_person(seed, index) for index in range(persons)),
    )


def draw_body(seed: int, mass_t: float, legs: bool) -> BodyModes:
    """Draw the modes of a body of ``mass_t`` on its wheels, or on landing legs."""
    rng = stream(seed, "mode shapes")
    factor = draw(seed, "body.legs_factor") if legs else 1.0
    rigid = [factor * draw(seed, f"body.{name}_hz") for name in ("bounce", "pitch", "roll", "twist")]
    frame_hz = [draw(seed, "body.frame_hz", index) for index in range(N_FRAME_MODES)]
    frame_damping = [draw(seed, "body.frame_damping", index) for index in range(N_FRAME_MODES)]
    shares = [draw(seed, "body.frame_share", index) for index in range(N_FRAME_MODES)]
    along = np.array([1.0, 1.0, -1.0, -1.0]) * rng.uniform(0.7, 1.0, 4)
    across = np.array([-1.0, 1.0, -1.0, 1.0]) * rng.uniform(0.7, 1.0, 4)
    coefficients = rng.standard_normal((N_FRAME_MODES, N_SHAPE)) / np.arange(1, N_SHAPE + 1) ** 0.5
    coefficients /= np.linalg.norm(coefficients, axis=1, keepdims=True)
    coefficients *= 1.4

    def shapes(x: Array, y: Array) -> Array:
        return np.concatenate([np.stack([np.ones(4), x, y, x * y]), coefficients @ shape_terms(x, y)])

    own = 1.0 + draw(seed, "body.shape_error") * rng.standard_normal((4 + N_FRAME_MODES, 4))
    wheels = shapes(0.8 * np.sign(along), np.sign(across))
    # gyration radii over half length and half width, squared
    inertia = np.array([1.0, rng.uniform(0.3, 0.6), rng.uniform(0.4, 0.8), rng.uniform(0.15, 0.5)])
    return BodyModes(
        f_hz=np.array(rigid + frame_hz),
        damping=np.array([draw(seed, "body.damping", index) for index in range(4)] + frame_damping),
        mass_kg=1000.0 * mass_t * np.concatenate([inertia, shares]),
        sensors=shapes(along, across) * own,
        wheels=wheels,
        frame=coefficients,
        base=0.4 * rng.standard_normal(N_FRAME_MODES),
        axle_hop_hz=draw(seed, "body.axle_hop_hz") * (2.0 if legs else 1.0),
        axle_damping=float(rng.uniform(0.08, 0.25)),
    )


def draw_person(seed: int, index: int) -> Person:
    """Draw one person somewhere on the load floor."""
    place = stream(seed, "place of a person", index)
    return Person(
        bpm=draw(seed, "person.bpm", index),
        jitter=draw(seed, "person.jitter", index),
        force_n=draw(seed, "person.force_n", index) * draw(seed, "person.reaches", index),
        wave_scale=draw(seed, "person.wave_scale", index),
        breathing_hz=draw(seed, "breathing_hz", index),
        breathing_force_n=draw(seed, "breathing_force_n", index),
        movements_per_min=draw(seed, "movements_per_min", index),
        movement_force_n=draw(seed, "movement_force_n", index),
        along=float(place.uniform(-0.95, 0.95)),
        across=float(place.uniform(-0.9, 0.9)),
    )
