"""The demonstration's lorries, in order: middling cases, none of them the easiest of its kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scanner.simulation.draw import draw_lorry
from scanner.simulation.lorry import SimulatedLorry
from scanner.simulation.lorry_spec import LorrySpec
from scanner.simulation.site import Site
from scanner.vehicle import CargoClass, VehicleClass


@dataclass(frozen=True, slots=True)
class DemoLorry:
    """One lorry of the demonstration.

    Parameters
    ----------
    name : short, for logs.
    spec : the truth.
    inside_probe_fails_s : time in the visit at which the inside CO2 probe falls silent, or None.
    passes_portal : whether it drives through the X-ray portal.
    """

    name: str
    spec: LorrySpec
    inside_probe_fails_s: float | None = None
    passes_portal: bool = True

    def lorry(self) -> SimulatedLorry:
        """Return the lorry, ready to be scanned."""
        return SimulatedLorry(self.spec)


# one lane on one afternoon: an open site with a breeze, engines of tractors off
AFTERNOON: dict[str, Any] = {
    "site": Site.OPEN,
    "ground_rms_um_s": 0.25,
    "ground_coherence": 0.8,
    "wind_m_s": 2.0,
    "wind_um_s3_per_m2": 1.5,
    "outside_c": 12.0,
    "outside_co2_ppm": 432.0,
    "outside_fluctuation_ppm": 3.0,
    "exhaust_puffs_per_h": 2.0,
    "tip_fraction": 0.7,
    "probe_in_s": 3.0,
    "inside_offset_ppm": 9.0,
    "outside_offset_ppm": -7.0,
    "inside_gain": 1.01,
    "driver": None,
}


def demo_stream() -> tuple[DemoLorry, ...]:
    """Return the five lorries of the demonstration, the same every time.

    Examples
    --------
    >>> [lorry.spec.persons for lorry in demo_stream()]
    [0, 3, 0, 1, 0]
    """
    reefer, tanker = VehicleClass.REEFER, VehicleClass.TANKER
    return (
        DemoLorry(
            "empty reefer",
            draw_lorry(
                2101, reefer, CargoClass.EMPTY, 0, plate="AB21 CDE", **AFTERNOON,
                closed_minutes=55.0, free_volume_m3=76.0, air_changes_per_h=0.15,
                inside_c=11.0, unit_running=False,
            ),
        ),
        DemoLorry(
            "laden reefer with people",
            draw_lorry(
                2102, reefer, CargoClass.BOXED, 3, plate="FG-482-HK", **AFTERNOON,
                closed_minutes=45.0, free_volume_m3=29.0, air_changes_per_h=0.3,
                inside_c=5.0, unit_running=False, movements_per_min=0.6, person_co2_l_s=0.005,
            ),
        ),
        DemoLorry(
            "breathing fruit",
            draw_lorry(
                2103, reefer, CargoClass.PRODUCE, 0, plate="7421 LMN", **AFTERNOON,
                closed_minutes=210.0, free_volume_m3=31.0, air_changes_per_h=0.8,
                cargo_kg=17_000.0, respiration_mg_kg_h=5.0, inside_c=2.0, unit_running=False,
            ),
        ),
        DemoLorry(
            "tanker with somebody inside",
            draw_lorry(
                2104, tanker, CargoClass.EMPTY, 1, plate="WX-19-PTR", **AFTERNOON,
                closed_minutes=45.0, free_volume_m3=21.0, air_changes_per_h=0.05,
                inside_c=14.0, movements_per_min=0.6, person_co2_l_s=0.0045,
            ),
        ),
        DemoLorry(
            "probe fails",
            draw_lorry(
                2105, reefer, CargoClass.FROZEN, 0, plate="KL70 OPQ", **AFTERNOON,
                closed_minutes=120.0, free_volume_m3=26.0, air_changes_per_h=0.1,
                inside_c=-20.0, unit_running=False,
            ),
            inside_probe_fails_s=35.0,
        ),
    )  # fmt: skip
