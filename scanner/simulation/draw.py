"""Draws lorries from the wide ranges of ``priors.toml``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scanner.simulation.chassis import Modes
from scanner.simulation.co2_quirks import QUIRKS
from scanner.simulation.hearts import Heart
from scanner.simulation.lorry_spec import LorrySpec
from scanner.simulation.priors import draw, stream
from scanner.simulation.site import Site
from scanner.vehicle import CargoClass, Declaration, VehicleClass

REEFER_CARGOES = (
    CargoClass.EMPTY,
    CargoClass.BOXED,
    CargoClass.FROZEN,
    CargoClass.PRODUCE,
    CargoClass.MEAT,
    CargoClass.DRY_ICE,
)
TANKER_CARGOES = (CargoClass.EMPTY, CargoClass.LIQUID, CargoClass.INERT)
COLD_CARGOES = (CargoClass.BOXED, CargoClass.PRODUCE, CargoClass.MEAT)


def draw_lorry(
    seed: int,
    vehicle_class: VehicleClass | None = None,
    cargo: CargoClass | None = None,
    persons: int | None = None,
    papers: CargoClass | None = None,
    wide: bool = False,
    **overrides: Any,
) -> LorrySpec:
    """Draw one lorry.

    Each quantity has its own random stream: with the same seed and another
    number of persons, everything but the people stays as it was.

    Parameters
    ----------
    seed : not negative.
    vehicle_class, cargo, persons : fixed where given; else two thirds are
        reefers, and half of all lorries carry people (never an inert tank).
    papers : cargo that the papers name, None = the true one; all that is measured follows ``cargo``.
    wide : with a door opened on the way, a second room, gusts, an officer's breath, condensation, another
        place of the tip in a later visit and odd probes, each in its share of the lorries.
    overrides : fields of `LorrySpec` to set after the draw, and ``plate``.

    Raises
    ------
    ValueError : a cargo that the vehicle does not carry.
    TypeError : an override that is no field of `LorrySpec`.

    Examples
    --------
    >>> draw_lorry(7, persons=2).mass_t == draw_lorry(7, persons=0).mass_t
    True
    """
    plate = str(overrides.pop("plate", f"SIM{seed:06d}"))
    if vehicle_class is None:
        tank = cargo in (CargoClass.LIQUID, CargoClass.INERT)
        if cargo in (None, CargoClass.EMPTY):
            tank = stream(seed, "vehicle").random() < 1 / 3
        vehicle_class = VehicleClass.TANKER if tank else VehicleClass.REEFER
    possible = REEFER_CARGOES if vehicle_class is VehicleClass.REEFER else TANKER_CARGOES
    if cargo is None:
        cargo = possible[int(stream(seed, "cargo").integers(len(possible)))]
    if cargo not in possible:
        raise ValueError(f"a {vehicle_class} does not carry {cargo}: one of {', '.join(possible)}")
    papers = papers or cargo
    if papers not in possible:
        raise ValueError(f"papers of a {vehicle_class} do not name {papers}: one of {', '.join(possible)}")
    if persons is None:
        persons = 0 if cargo is CargoClass.INERT else _draw_persons(seed)

    laden = cargo is not CargoClass.EMPTY
    body = f"{vehicle_class}_{'laden' if laden else 'empty'}"
    room = f"{body}_occupied" if body == "tanker_laden" and persons else body
    closed_minutes = draw(seed, "closed_minutes")
    outside_c = draw(seed, "outside_c")
    unit_running = vehicle_class is VehicleClass.REEFER and bool(draw(seed, f"unit_runs.{_keeps(cargo)}"))
    inside_c = _inside_c(seed, vehicle_class, cargo, unit_running, outside_c)
    site = tuple(Site)[int(stream(seed, "site").integers(len(Site)))]
    windy = "shed" if site is Site.SHED else "open"
    activity = draw(seed, "activity_factor.cold" if inside_c < 5.0 else "activity_factor.warm")
    liquid = cargo is CargoClass.LIQUID
    spec = LorrySpec(
        declaration=Declaration(
            vehicle_class,
            papers,
            plate,
            papers is not CargoClass.EMPTY,
            _declared_minutes(seed, closed_minutes),
        ),
        loaded=None if papers is cargo else cargo,
        persons=persons,
        seed=seed,
        closed_minutes=closed_minutes,
        free_volume_m3=draw(seed, f"free_volume_m3.{room}"),
        air_changes_per_h=draw(
            seed, f"air_changes_per_h.{'vented' if cargo is CargoClass.PRODUCE else 'closed'}"
        ),
        person_co2_l_s=draw(seed, "person_co2_l_s") * activity,
        respiration_mg_kg_h=draw(seed, "respiration_mg_kg_h") if cargo is CargoClass.PRODUCE else 0.0,
        cargo_kg=draw(seed, "cargo_kg") if laden else 0.0,
        dry_ice_kg=draw(seed, "dry_ice_kg") if cargo is CargoClass.DRY_ICE else 0.0,
        dry_ice_loss_per_h=draw(seed, "dry_ice_loss_per_h"),
        pack_co2_l_s=draw(seed, "pack_co2_l_s") if cargo is CargoClass.MEAT else 0.0,
        initial_excess_ppm=_initial_excess_ppm(seed, cargo),
        outside_co2_ppm=draw(seed, "outside_co2_ppm"),
        outside_fluctuation_ppm=draw(seed, "outside_fluctuation_ppm"),
        exhaust_puffs_per_h=draw(seed, "exhaust_puffs_per_h"),
        tip_fraction=draw(seed, "tip_fraction"),
        tip_fluctuation=draw(seed, "tip_fluctuation"),
        inside_offset_ppm=draw(seed, "probe_offset_ppm", 0),
        # a dense cold gas makes an infrared probe read high, as far as the cell is cold
        inside_gain=1.0 + 0.18 * max(0.0, 25.0 - inside_c) / 45.0 * draw(seed, "cold_cell_share"),
        outside_offset_ppm=draw(seed, "probe_offset_ppm", 1),
        probe_in_s=draw(seed, "probe_in_s"),
        inside_c=inside_c,
        outside_c=outside_c,
        wind_m_s=draw(seed, f"wind_m_s.{windy}"),
        site=site,
        ground_rms_um_s=draw(seed, f"ground_rms_um_s.{site.replace(' ', '_')}"),
        ground_coherence=draw(seed, "ground_coherence"),
        site_resonance_hz=draw(seed, "site_resonance_hz"),
        machine_hz=draw(seed, "machine_hz"),
        train_gain=draw(seed, "train_gain"),
        wind_um_s3_per_m2=draw(seed, "wind_um_s3_per_m2"),
        unit_running=unit_running,
        unit_rpm=draw(seed, "unit_rpm"),
        unit_cylinders=int(stream(seed, "cylinders").integers(3, 5)),
        unit_rms_um_s=draw(seed, "unit_rms_um_s"),
        unit_cycle_s=draw(seed, "unit_cycle_s") if draw(seed, "unit_cycles") else 0.0,
        mass_t=draw(seed, f"mass_t.{body}"),
        modes=Modes(
            bounce_hz=draw(seed, "bounce_hz"),
            pitch_hz=draw(seed, "pitch_hz"),
            roll_hz=draw(seed, "roll_hz"),
            axle_hop_hz=draw(seed, "axle_hop_hz"),
            frame_hz=draw(seed, "frame_hz"),
            damping=draw(seed, "suspension_damping"),
        ),
        hearts=tuple(draw_heart(seed, index) for index in range(persons)),
        movements_per_min=draw(seed, "movements_per_min"),
        movement_force_n=draw(seed, "movement_force_n"),
        driver=_driver(seed) if draw(seed, "driver_in_cab") else None,
        slosh_hz=draw(seed, "slosh_hz") if liquid else 0.0,
        slosh_um_s=draw(seed, "slosh_um_s") if liquid else 0.0,
    )
    return replace(_widened(spec) if wide else spec, **overrides)


def _widened(spec: LorrySpec) -> LorrySpec:
    seed, total_m3 = spec.seed, spec.free_volume_m3
    divided = spec.declaration.vehicle_class is VehicleClass.REEFER and bool(draw(seed, "second_room"))
    second_m3 = total_m3 * draw(seed, "second_room_share") if divided else 0.0
    ago = spec.closed_minutes * draw(seed, "door_opened_when")
    quirk = 1 + int(stream(seed, "quirk").integers(len(QUIRKS) - 1))
    return replace(
        spec,
        free_volume_m3=total_m3 - second_m3,
        second_volume_m3=second_m3,
        exchange_m3_h=draw(seed, "exchange_per_h") * min(second_m3, total_m3 - second_m3),
        door_opened_minutes_ago=ago if draw(seed, "door_opened") else None,
        door_kept_share=draw(seed, "door_kept_share"),
        tip_change=draw(seed, "tip_change"),
        gusts_per_h=draw(seed, "gusts_per_h"),
        gust_depth=draw(seed, "gust_depth"),
        breath_at_s=draw(seed, "breath_at_s") if draw(seed, "breath") else None,
        breath_ppm=draw(seed, "breath_ppm"),
        breath_s=draw(seed, "breath_s"),
        condensation_ppm_per_min=draw(seed, "condensation_ppm_per_min") if draw(seed, "condenses") else 0.0,
        inside_quirk=QUIRKS[quirk] if draw(seed, "odd_probe") else "",
    )


def draw_heart(seed: int, index: int) -> Heart:
    """Draw one person as a source of force, somewhere on the load floor."""
    place = stream(seed, "place", index)
    # lying down, a heart pushes the floor front to back: about 0.3 of its head-to-foot force
    upright = 0.3 if draw(seed, "lies_down", index) else 1.0
    return Heart(
        bpm=draw(seed, "heart_bpm", index),
        jitter=draw(seed, "heart_jitter", index),
        force_n=upright * draw(seed, "heart_force_n", index),
        breathing_hz=draw(seed, "breathing_hz", index),
        breathing_force_n=draw(seed, "breathing_force_n", index),
        along=float(place.uniform(-0.9, 0.9)),
        across=float(place.uniform(-0.8, 0.8)),
    )


def _driver(seed: int) -> Heart:
    # the cab is sprung on its own and reaches the trailer through the fifth wheel
    return replace(draw_heart(seed, 999), along=1.0, across=-0.3, coupling=0.3)


def _draw_persons(seed: int) -> int:
    rng = stream(seed, "persons")
    # half carry nobody; the others mostly few, some many
    return 0 if rng.random() < 0.5 else min(int(rng.geometric(0.3)), 40)


def _keeps(cargo: CargoClass) -> str:
    if cargo is CargoClass.FROZEN:
        return "frozen"
    return "chilled" if cargo in COLD_CARGOES else "empty"


def _inside_c(
    seed: int, vehicle_class: VehicleClass, cargo: CargoClass, unit_running: bool, outside_c: float
) -> float:
    if vehicle_class is VehicleClass.REEFER:
        if _keeps(cargo) != "empty":
            return draw(seed, f"inside_c.{_keeps(cargo)}")
        if unit_running:
            return draw(seed, "inside_c.empty_cold")
    return outside_c + draw(seed, "above_outside_c")


def _initial_excess_ppm(seed: int, cargo: CargoClass) -> float:
    if cargo is not CargoClass.INERT:
        return draw(seed, "initial_excess_ppm.air")
    if draw(seed, "inert_is_co2"):
        return draw(seed, "initial_excess_ppm.co2_blanket")
    # nitrogen: no CO2 at all, so as much below outside air as that holds
    return -draw(seed, "outside_co2_ppm")


def _declared_minutes(seed: int, closed_minutes: float) -> float | None:
    if not draw(seed, "closed_minutes_known"):
        return None
    return round(closed_minutes * draw(seed, "closed_minutes_error"))
