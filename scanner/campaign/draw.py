"""From a campaign's seed and a lorry's number to all that is true of it: load, people, papers, fault."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from scanner.campaign.faults import Fault, draw_fault
from scanner.campaign.ranges import Shares, campaign_ranges, campaign_shares
from scanner.campaign.splits import BODIES, Split, lorry_seed
from scanner.simulation.draw import draw_lorry
from scanner.simulation.layout import DEMO_LAYOUT, LaneLayout
from scanner.simulation.levels import at_levels
from scanner.simulation.lorry_spec import LorrySpec
from scanner.simulation.priors import stream
from scanner.vehicle import CargoClass, VehicleClass

CONDITIONS = (
    "site",
    "wind",
    "unit",
    "driver",
    "papers",
    "closed",
    "doors",
    "rooms",
    "tip",
    "probe",
    "faulty sensor",
    "fault",
)
"""What is told of every lorry besides its load and people, by name."""


@dataclass(frozen=True, slots=True)
class CampaignLorry:
    """One lorry of a campaign.

    Parameters
    ----------
    name : the scan's id: split, seed and number.
    number : in the campaign, from 0.
    spec : the truth.
    fault : of the one sensor that fails, None = all are sound.
    """

    name: str
    number: int
    spec: LorrySpec
    fault: Fault | None

    @property
    def source(self) -> str:
        """Hash over everything that was drawn, 16 hex digits."""
        return hashlib.sha256(f"{self.spec!r} {self.fault!r}".encode()).hexdigest()[:16]

    def conditions(self) -> dict[str, str]:
        """Return what is true of the lorry in words, by the names of `CONDITIONS`."""
        spec, fault = self.spec, self.fault
        tip = "dry" if spec.condensation_ppm_per_min == 0.0 else "condensation"
        told = (
            spec.site.value,
            _band(spec.wind_m_s, (3.0, 8.0), ("calm", "breeze", "wind")),
            "running" if spec.unit_running else "off",
            "away" if spec.driver is None else "in the cab",
            "true" if spec.loaded is None else "false",
            _band(spec.closed_minutes, (15.0, 60.0), ("under 15 min", "15 to 60 min", "over 60 min")),
            "shut" if spec.door_opened_minutes_ago is None else "opened on the way",
            "one" if spec.second_volume_m3 == 0.0 else "two",
            tip if spec.breath_at_s is None else "officer's breath",
            spec.inside_quirk or "sound",
            "none" if fault is None else fault.sensor,
            "none" if fault is None else fault.name,
        )
        return dict(zip(CONDITIONS, told, strict=True))


def _band(value: float, ends: tuple[float, float], words: tuple[str, str, str]) -> str:
    return words[sum(value >= end for end in ends)]


def draw_campaign_lorry(
    split: Split,
    seed: int,
    number: int,
    occupied_share: float = 1 / 6,
    tanker_share: float | None = None,
    layout: LaneLayout = DEMO_LAYOUT,
    signal_db: float = 0.0,
    noise_db: float = 0.0,
) -> CampaignLorry:
    """Draw one lorry of a campaign; each number for itself, whatever the others are.

    Everything but the people is drawn alike whoever is inside, with one exception: nobody hides in a
    tank under inert gas, so an occupied tank is empty or holds a liquid, whatever its papers say.

    Parameters
    ----------
    occupied_share, tanker_share : of all lorries, 0..1; None = as ``campaign.toml`` says.
    layout : the lane, whose sensors may fail.
    signal_db, noise_db : as in `at_levels`.

    Examples
    --------
    >>> lorry = draw_campaign_lorry("test", 1, 7)
    >>> lorry.name, lorry == draw_campaign_lorry("test", 1, 7)
    ('test-1-00007', True)
    """
    own = lorry_seed(split, seed, number)
    shares, ranges = campaign_shares(), campaign_ranges()
    occupied = bool(stream(own, "occupied").random() < occupied_share)
    vehicles = shares["vehicle"] if tanker_share is None else _vehicles(tanker_share)
    vehicle_class = VehicleClass(vehicles.draw(stream(own, "vehicle class")))
    loads = shares[vehicle_class.value]
    cargo = CargoClass(loads.draw(stream(own, "load"), without=CargoClass.INERT.value if occupied else ""))
    papers = cargo
    if ranges["false_papers"].draw(stream(own, "false papers")):
        papers = CargoClass(loads.draw(stream(own, "papers"), without=cargo.value))
    persons = int(shares["persons"].draw(stream(own, "how many"))) if occupied else 0
    name = f"{split}-{seed}-{number:05d}"
    spec = draw_lorry(
        own,
        vehicle_class,
        cargo,
        persons,
        papers,
        wide=True,
        plate=f"SIM {seed} {number:05d}",
        bodies=BODIES[split],
    )
    spec = at_levels(spec, signal_db, noise_db)
    fault = None
    if ranges["faulty"].draw(stream(own, "faulty")):
        sensor = shares["faulty_sensor"].draw(stream(own, "faulty sensor"))
        fault = draw_fault(sensor, own, layout)
    return CampaignLorry(name, number, spec, fault)


def _vehicles(tanker_share: float) -> Shares:
    shares = {VehicleClass.REEFER.value: 1 - tanker_share, VehicleClass.TANKER.value: tanker_share}
    return Shares("U", "as the campaign was told", shares)
