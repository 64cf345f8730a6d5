"""The vehicle as declared: its class, cargo and times, the priors that hang on them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class VehicleClass(StrEnum):
    """Classes that thresholds and priors are kept for."""

    REEFER = "reefer"
    TANKER = "tanker"


class CargoClass(StrEnum):
    """Cargo by what it does to the methods."""

    EMPTY = "empty"
    BOXED = "boxed"  # chilled or ambient goods that do not breathe
    FROZEN = "frozen"
    PRODUCE = "produce"  # fruit and vegetables: breathe out CO2
    MEAT = "meat"  # hanging carcasses, often CO2-packed
    DRY_ICE = "dry_ice"
    LIQUID = "liquid"  # tanker, air in the headspace
    INERT = "inert"  # tanker under nitrogen or CO2


BREATHING = frozenset({CargoClass.PRODUCE, CargoClass.MEAT, CargoClass.DRY_ICE})
"""Cargo that gives off CO2: never cleared by CO2 alone."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What papers and driver say; it may be false.

    ``closed_minutes`` is the time since the doors were shut, None = not known. ``profile`` is the
    risk profile that the lorry is declared to belong to (`scanner.policy`), "" = none.
    """

    vehicle_class: VehicleClass
    cargo: CargoClass
    plate: str = ""
    laden: bool = False
    closed_minutes: float | None = None
    profile: str = ""
