"""Draws lorries by the thousand, with everything that makes their CO2 hard to read, from one world.

Each quantity has its own random stream, so the same generator state with and without
people gives the same lorries: trials can be paired.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from scanner.simulation.closed_air import (
    DISPLACED_O2_PER_CO2,
    OXYGEN_PPM,
    PEOPLE_O2_PER_CO2,
    PRODUCE_O2_PER_CO2,
    Rooms,
    expanded_ppm_m3_per_min,
)
from scanner.simulation.co2 import dry_ice_co2_l_s, produce_co2_l_s
from scanner.simulation.co2_quirks import QUIRKS
from scanner.simulation.draw import COLD_CARGOES, REEFER_CARGOES, TANKER_CARGOES
from scanner.simulation.lorry_batch import CARGOES, Condition, LorryBatch, Whole, without_nuisances
from scanner.simulation.priors import stream
from scanner.simulation.worlds import World, draw_world
from scanner.vehicle import CargoClass, VehicleClass

__all__ = ["CARGOES", "Condition", "LorryBatch", "World", "draw_lorries", "draw_world", "without_nuisances"]

Array = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]


class _Draws:
    def __init__(self, world: World, n: int, key: int) -> None:
        self.world, self.n, self.key = world, n, key

    def u(self, name: str) -> Array:
        return stream(self.key, name).random(self.n)

    def of(self, name: str) -> Array:
        return self.world.quantiles(name, self.u(name))

    def by(self, name: str, conditions: Names) -> Array:
        # one stream a quantity: another condition moves a lorry along its range, not to another draw
        u, out = self.u(name), np.zeros(self.n)
        for condition in np.unique(conditions):
            here = conditions == condition
            out[here] = self.world.quantiles(f"{name}.{condition}", u[here])
        return out


def draw_lorries(
    world: World,
    condition: Condition,
    n: int,
    persons: int | npt.ArrayLike,
    rng: np.random.Generator,
    *,
    odd: float = 0.0,
    lie_share: float = 0.0,
) -> LorryBatch:
    """Draw lorries of one declared kind.

    Parameters
    ----------
    world : from which centres, widths and rates come.
    condition : what is declared.
    n : how many.
    persons : in each, one number or ``(n,)``.
    rng : one number is taken from it; generators in the same state give the same lorries whatever
        ``persons`` is. Only what one person breathes out depends on it (a mean over people varies
        less), and the headspace over a liquid, which a person must fit in.
    odd : share of lorries whose inside probe has a quirk.
    lie_share : share whose declared cargo or closing time is false; ``condition`` is then what is declared.

    Raises
    ------
    ValueError : a cargo that the vehicle does not carry.

    Examples
    --------
    >>> frozen = Condition(VehicleClass.REEFER, CargoClass.FROZEN, closed_minutes=60.0)
    >>> world = draw_world(1)
    >>> nobody = draw_lorries(world, frozen, 3, 0, np.random.default_rng(5))
    >>> four = draw_lorries(world, frozen, 3, 4, np.random.default_rng(5))
    >>> bool((nobody.tip_of_mean == four.tip_of_mean).all()), four.persons.tolist()
    (True, [4, 4, 4])
    """
    possible = REEFER_CARGOES if condition.vehicle_class is VehicleClass.REEFER else TANKER_CARGOES
    if condition.cargo not in possible:
        raise ValueError(
            f"a {condition.vehicle_class} does not carry {condition.cargo}: one of {', '.join(possible)}"
        )
    d = _Draws(world, n, int(rng.integers(2**62)))
    people = np.broadcast_to(np.asarray(persons, dtype=np.int64), (n,)).copy()

    lied = d.u("lied") < lie_share
    lied_cargo = lied & (d.of("lie_about_cargo") > 0)
    cargo = _true_cargo(d, condition, lied_cargo)
    closed, declared = _times(d, condition, lied & ~lied_cargo)
    outside_c, inside_c = _temperatures(d, condition.vehicle_class, cargo)
    rooms = _rooms(d, condition.vehicle_class, cargo, people)
    tip = d.of("tip_of_mean")
    air = _cargo_and_start(d, condition, cargo, rooms, inside_c)
    opened = np.where(d.of("door_opened") > 0, closed * d.of("door_opened_when"), np.nan)
    whole = d.of("whole_ppm_steps")
    inside_t90, outside_t90 = _t90(d, "inside"), _t90(d, "outside")
    return LorryBatch(
        persons=people,
        person_co2_l_s=_breathing(d, people, inside_c),
        cargo=cargo,
        cargo_co2_l_s=air["cargo_co2_l_s"],
        cargo_o2_per_co2=air["cargo_o2_per_co2"],
        free_volume_m3=rooms.volume_m3,
        second_volume_m3=rooms.second_m3,
        exchange_m3_h=rooms.exchange_m3_h,
        air_changes_per_h=rooms.air_changes_per_h,
        second_changes_per_h=rooms.second_changes_per_h,
        closed_minutes=closed,
        declared_minutes=declared,
        door_opened_minutes_ago=opened,
        door_kept_share=d.of("door_kept_share"),
        initial_excess_ppm=air["initial_excess_ppm"],
        initial_oxygen_ppm=air["initial_oxygen_ppm"],
        origin_air_ppm=air["origin_air_ppm"],
        inside_c=inside_c,
        outside_c=outside_c,
        tip_of_mean=tip,
        # a later place is a place like the first: within what tips meet
        tip_change=np.log(np.clip(tip * np.exp(d.of("tip_change")), 0.3, 1.1) / tip),
        tip_fluctuation=d.of("tip_fluctuation"),
        eddy_time=d.of("eddy_time"),
        gusts_per_h=d.of("gusts_per_h"),
        gust_depth=d.of("gust_depth"),
        breath_chance=np.full(n, world.values["breath.p"]),
        outside_ppm=air["outside_ppm"],
        outside_fluctuation_ppm=d.of("outside_fluctuation_ppm"),
        outside_unevenness=d.of("outside_unevenness"),
        puffs_per_h=d.of("puffs_per_h"),
        inside_offset_ppm=_again(d, "probe_offset_ppm", "inside"),
        outside_offset_ppm=_again(d, "probe_offset_ppm", "outside"),
        inside_gain=_again(d, "probe_gain", "inside"),
        outside_gain=_again(d, "probe_gain", "outside"),
        # gas is 18 % denser at -20 than at 25 degC; compensation leaves a share of that
        cold_cell_gain=0.18 * np.maximum(outside_c - inside_c, 0.0) / 45.0 * d.of("cold_cell_share"),
        cell_cools_s=d.of("cell_cools_s"),
        condensation_ppm_per_min=d.of("condenses") * d.of("condensation_ppm_per_min"),
        t90_s=inside_t90,
        t90_true_s=inside_t90 * _again(d, "t90_true_share", "inside"),
        outside_t90_s=outside_t90,
        outside_t90_true_s=outside_t90 * _again(d, "t90_true_share", "outside"),
        noise_ppm=_again(d, "noise_ppm", "inside"),
        outside_noise_ppm=_again(d, "noise_ppm", "outside"),
        step_ppm=whole,
        outside_step_ppm=_again(d, "whole_ppm_steps", "outside"),
        high_ppm=np.where(whole > 0, 10_000.0, 30_000.0),
        oxygen_noise_pct=d.of("oxygen_noise_pct"),
        oxygen_offset_pct=d.of("oxygen_offset_pct"),
        quirk=_quirk(d, odd),
        lied=lied,
    )


def _again(d: _Draws, name: str, which: str) -> Array:
    return d.world.quantiles(name, d.u(f"{name} {which}"))


def _t90(d: _Draws, which: str) -> Array:
    others = np.where(_again(d, "t90_is_30", which) > 0, 30.0, 75.0)
    return np.where(_again(d, "t90_is_60", which) > 0, 60.0, others)


def _true_cargo(d: _Draws, condition: Condition, lied: npt.NDArray[np.bool_]) -> Whole:
    possible = REEFER_CARGOES if condition.vehicle_class is VehicleClass.REEFER else TANKER_CARGOES
    # nobody hides people in an inert tank that he declares as something else, and the probe says so anyway
    others = [c for c in possible if c is not condition.cargo and c is not CargoClass.INERT]
    numbers = np.array([CARGOES.index(c) for c in others])
    other = numbers[(d.u("other cargo") * len(others)).astype(int)]
    declared = condition.cargo if condition.laden else CargoClass.EMPTY
    return np.where(lied, other, CARGOES.index(declared))


def _times(d: _Draws, condition: Condition, lied: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    honest = d.of("closed_minutes")
    if condition.closed_minutes is not None:
        honest = np.full(d.n, condition.closed_minutes)
    known = (d.of("declared_known") > 0) | lied
    declared = np.where(known, np.maximum(1.0, np.round(honest * d.of("declared_error"))), np.nan)
    factor = d.of("lie_time_factor") ** np.where(d.u("lie_time_sign") < 0.5, -1.0, 1.0)
    closed = np.where(lied, np.clip(honest * factor, 2.0, 2880.0), honest)
    return closed, declared


def _is(cargo: Whole, *classes: CargoClass) -> npt.NDArray[np.bool_]:
    return np.isin(cargo, [CARGOES.index(c) for c in classes])


def _temperatures(d: _Draws, vehicle: VehicleClass, cargo: Whole) -> tuple[Array, Array]:
    outside_c = d.of("outside_c")
    warm = outside_c + d.of("above_outside_c")
    if vehicle is VehicleClass.TANKER:
        return outside_c, warm
    keeps = np.where(_is(cargo, CargoClass.FROZEN), "frozen", "empty_cold")
    keeps = np.where(_is(cargo, *COLD_CARGOES), "chilled", keeps)
    cold = d.by("inside_c", keeps)
    return outside_c, np.where((keeps != "empty_cold") | (d.of("unit_cools_empty") > 0), cold, warm)


def _rooms(d: _Draws, vehicle: VehicleClass, cargo: Whole, people: Whole) -> Rooms:
    empty = _is(cargo, CargoClass.EMPTY)
    body = np.where(empty, f"{vehicle}_empty", f"{vehicle}_laden")
    if vehicle is VehicleClass.TANKER:
        body = np.where(~empty & (people > 0), "tanker_laden_occupied", body)
    volume = d.by("free_volume_m3", body)
    shut = "tank" if vehicle is VehicleClass.TANKER else "closed"
    vented = _is(cargo, CargoClass.PRODUCE) & (d.of("vent_open") > 0)
    changes = d.by("air_changes_per_h", np.where(vented, "vented", shut))
    # a tank's compartments are welded apart: only a trailer's load divides its air
    two = (d.of("second_room") > 0) & (vehicle is VehicleClass.REEFER)
    share = np.where(two, d.of("second_room_share"), 0.0)
    smaller = np.minimum(share, 1.0 - share) * volume
    return Rooms(
        (1.0 - share) * volume,
        share * volume,
        d.of("exchange_per_h") * smaller,
        changes,
        changes * d.of("second_room_leak"),
    )


def _breathing(d: _Draws, people: Whole, inside_c: Array) -> Array:
    # the mean of p people lies nearer to the centre than one of them
    z = special.ndtri(d.u("person_co2_l_s")) / np.sqrt(np.maximum(people, 1))
    rest = d.world.quantiles("person_co2_l_s", special.ndtr(z))
    return rest * d.by("activity", np.where(inside_c < 5.0, "cold", "warm"))


def _cargo_and_start(
    d: _Draws, condition: Condition, cargo: Whole, rooms: Rooms, inside_c: Array
) -> dict[str, Array]:
    outside_ppm = d.of("outside_ppm")
    produce, meat = _is(cargo, CargoClass.PRODUCE), _is(cargo, CargoClass.MEAT)
    ice, inert = _is(cargo, CargoClass.DRY_ICE), _is(cargo, CargoClass.INERT)
    kind = np.full(d.n, "low" if condition.low_respiration else "mixed")
    kg, mg_kg_h = d.of("cargo_kg"), d.by("respiration_mg_kg_h", kind)
    breathed = np.where(produce, produce_co2_l_s(1.0, 1.0) * kg * mg_kg_h, 0.0)
    sublimed = np.where(ice, dry_ice_co2_l_s(1.0, 1.0) * d.of("dry_ice_kg") * d.of("dry_ice_loss_per_h"), 0.0)
    packed = np.where(meat, d.of("pack_co2_l_s"), 0.0)

    quiet = _is(cargo, CargoClass.BOXED, CargoClass.FROZEN) & (d.of("quiet_cargo_gives_off") > 0)
    packed = np.where(quiet, d.of("quiet_co2_l_s"), packed)

    bad_air = d.of("initial_excess_ppm.bad_air")
    start = np.where(d.of("shut_in_bad_air") > 0, bad_air, d.of("initial_excess_ppm.air"))
    oxygen = PEOPLE_O2_PER_CO2 * start
    vapour = d.of("headspace_co2") > 0
    if condition.headspace_co2 is not None:
        vapour = np.full(d.n, condition.headspace_co2)
    vapour &= _is(cargo, CargoClass.LIQUID)
    level = np.where(vapour, d.of("headspace_ppm"), 0.0)
    start, oxygen = start + level, oxygen + DISPLACED_O2_PER_CO2 * level
    # the liquid gives back a share of what leaks away, so the level falls slowly or not at all
    lost = level * rooms.volume_m3 * rooms.air_changes_per_h / 60.0
    given_back = d.of("headspace_kept") * lost / expanded_ppm_m3_per_min(1.0, inside_c)

    controlled = produce & (d.of("controlled_atmosphere") > 0)
    start = np.where(controlled, d.of("controlled_ppm"), start)
    oxygen = np.where(controlled, 1e4 * d.of("controlled_oxygen_pct") - OXYGEN_PPM, oxygen)
    blanket = inert & (d.of("inert_is_co2") > 0)
    nitrogen = inert & ~blanket
    blanket_ppm = d.of("initial_excess_ppm.co2_blanket")
    start = np.where(blanket, blanket_ppm, np.where(nitrogen, -outside_ppm, start))
    oxygen = np.where(blanket, DISPLACED_O2_PER_CO2 * blanket_ppm, oxygen)
    oxygen = np.where(nitrogen, -0.98 * OXYGEN_PPM, oxygen)
    return {
        "outside_ppm": outside_ppm,
        "cargo_co2_l_s": breathed + sublimed + packed + given_back,
        "cargo_o2_per_co2": np.where(produce, PRODUCE_O2_PER_CO2, DISPLACED_O2_PER_CO2),
        "initial_excess_ppm": start,
        "initial_oxygen_ppm": oxygen,
        "origin_air_ppm": np.where(inert, 0.0, d.of("origin_air_ppm")),
    }


def _quirk(d: _Draws, odd: float) -> Whole:
    weights = np.array([d.world.values[f"quirk.{name}.p"] for name in QUIRKS[1:]])
    edges = np.cumsum(weights) / weights.sum()
    which = 1 + np.searchsorted(edges, d.u("which quirk"), side="right").clip(max=len(weights) - 1)
    return np.where(d.u("odd") < odd, which, 0).astype(np.int64)
