"""Which air to expect behind a declaration: the prior of its vehicle class, load and cargo."""

from __future__ import annotations

from scanner.signals.co2_prior import AirPrior, air_prior
from scanner.vehicle import CargoClass, Declaration, VehicleClass

COLD_CLASSES = frozenset({CargoClass.FROZEN, CargoClass.BOXED, CargoClass.PRODUCE, CargoClass.MEAT})
"""Loads kept cold, so that whoever hides in them shivers."""

COLDER_BY_C = {CargoClass.FROZEN: 32.0, CargoClass.BOXED: 8.0, CargoClass.PRODUCE: 8.0, CargoClass.MEAT: 8.0}
"""How much colder than outside it usually is where nobody measured (assumption)."""

_CARGO = {
    CargoClass.EMPTY: "quiet",
    CargoClass.BOXED: "quiet",
    CargoClass.FROZEN: "quiet",
    CargoClass.PRODUCE: "produce",
    CargoClass.MEAT: "meat",
    CargoClass.DRY_ICE: "dry_ice",
    CargoClass.LIQUID: "liquid",
    CargoClass.INERT: "inert",
}


def expected_air(declaration: Declaration) -> AirPrior:
    """Return what may be inside a lorry that is declared so.

    Examples
    --------
    >>> frozen = expected_air(Declaration(VehicleClass.REEFER, CargoClass.FROZEN, laden=True))
    >>> empty = expected_air(Declaration(VehicleClass.REEFER, CargoClass.EMPTY))
    >>> bool(frozen.free_volume_m3.max() <= empty.free_volume_m3.min())
    True
    """
    laden = declaration.laden and declaration.cargo is not CargoClass.EMPTY
    body = "tanker" if declaration.vehicle_class is VehicleClass.TANKER else "reefer"
    cold = body == "reefer" and declaration.cargo in COLD_CLASSES
    room = f"{body}_{'laden' if laden else 'empty'}"
    return air_prior(room, _CARGO[declaration.cargo], cold=cold)


def colder_by_c(
    declaration: Declaration, inside_c: float | None = None, outside_c: float | None = None
) -> float:
    """Return how much colder it is inside than outside, measured or as usual for the load, K.

    >>> colder_by_c(Declaration(VehicleClass.REEFER, CargoClass.FROZEN, laden=True), inside_c=-20.0)
    32.0
    """
    if inside_c is not None and outside_c is not None:
        return max(outside_c - inside_c, 0.0)
    return (
        COLDER_BY_C.get(declaration.cargo, 0.0) if declaration.vehicle_class is VehicleClass.REEFER else 0.0
    )
