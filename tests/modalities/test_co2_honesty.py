"""When CO2 must say that it cannot tell: every bad dip and its reason, through the method."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from calibration.evidence import CalibrationSet, ScoreCalibration
from drivers.api import Event, EventKind, Quality, Quantity, Role, Sample, Stamp
from scanner.evidence import Evidence, EvidenceState
from scanner.modalities.co2 import NO_STEP_LEAST_LLR, Co2Modality
from scanner.modality import ScanView, Sensor
from scanner.signals.co2_oxygen import people_share_llr
from scanner.signals.co2_posterior import AirPosterior
from scanner.vehicle import CargoClass
from scanner.wording import LANGUAGES, sentence

MakeView = Callable[..., ScanView]
Sensors = dict[str, Sensor]
BEFORE_S, HOLD_S, T90_S = 60.0, 90.0, 60.0


@dataclass
class Dip:
    """Readings of both probes, t = 0 at insertion; a test spoils them."""

    level_ppm: float = 900.0
    t_s: np.ndarray = field(default_factory=lambda: np.arange(-BEFORE_S, HOLD_S + 1.0))
    inside_names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(8)
        since = np.maximum(self.t_s, 0.0)
        self.inside = 430.0 + (self.level_ppm - 430.0) * (1 - np.exp(-since * math.log(10) / T90_S))
        self.inside = self.inside + rng.normal(0.0, 2.0, self.t_s.size)
        self.outside = 430.0 + rng.normal(0.0, 2.0, self.t_s.size)
        self.inside_names = ["in"] * self.t_s.size
        self.at_s = self.t_s.copy()

    def items(self) -> Iterator[Event | Sample]:
        yield Event(EventKind.PROBE_IN, 10**12)
        for k, t in enumerate(self.at_s):
            ns = 10**12 + round(float(t) * 1e9)
            stamp = Stamp(self.inside_names[k], Role.INSIDE, ns, k)
            yield Sample(Quantity.CO2_PPM, float(self.inside[k]), stamp=stamp)
            yield Sample(Quantity.CO2_PPM, float(self.outside[k]), stamp=Stamp("out", Role.OUTSIDE, ns, k))

    def weigh(self, sensors: Sensors, view: ScanView, *, each_second: bool = False) -> Evidence:
        """Feed everything and ask at the end, or each second as a lane does."""
        method = Co2Modality(None)
        end_ns = 10**12 + round(HOLD_S * 1e9)
        for item in self.items():
            method.feed(item)
            if each_second and isinstance(item, Sample) and item.stamp.role is Role.OUTSIDE:
                method.evaluate(item.stamp.mono_ns, view)
        return method.evaluate(end_ns, view)


def refused(evidence: Evidence, code: str, state: EvidenceState = EvidenceState.UNAVAILABLE) -> None:
    assert evidence.reason is not None
    assert evidence.reason.code == code
    assert (evidence.state, evidence.llr) == (state, 0.0)
    for language in LANGUAGES:
        assert sentence(evidence.reason, language)


def test_an_ordinary_dip_answers(co2_sensors: Sensors, make_view: MakeView) -> None:
    assert Dip().weigh(co2_sensors, make_view(co2_sensors)).state is EvidenceState.READY


def test_a_nan_is_left_out(co2_sensors: Sensors, make_view: MakeView) -> None:
    whole, holed = Dip(), Dip()
    holed.inside[100] = np.nan
    view = make_view(co2_sensors)
    before, after = whole.weigh(co2_sensors, view), holed.weigh(co2_sensors, view)
    assert after.features["excess_ppm"] == pytest.approx(before.features["excess_ppm"], abs=2.0)


def test_a_nan_at_the_end_is_invalid(co2_sensors: Sensors, make_view: MakeView) -> None:
    dip = Dip()
    dip.inside[-1] = np.nan
    refused(dip.weigh(co2_sensors, make_view(co2_sensors)), "co2_invalid")


def test_time_that_goes_backwards(co2_sensors: Sensors, make_view: MakeView) -> None:
    dip = Dip()
    dip.at_s[100] = dip.at_s[90]
    refused(dip.weigh(co2_sensors, make_view(co2_sensors)), "co2_time_backwards")


def test_a_gap_of_20_s(co2_sensors: Sensors, make_view: MakeView) -> None:
    dip = Dip()
    keep = (dip.t_s < 30) | (dip.t_s >= 50)
    dip.at_s, dip.inside, dip.outside = dip.at_s[keep], dip.inside[keep], dip.outside[keep]
    refused(dip.weigh(co2_sensors, make_view(co2_sensors)), "co2_gap")


@pytest.mark.parametrize("factor", [1e-4, 0.1, 10.0])
def test_units_mixed_up_from_the_start(factor: float, co2_sensors: Sensors, make_view: MakeView) -> None:
    dip = Dip()
    dip.outside = dip.outside * factor
    if factor == 10.0:
        dip.inside = dip.inside * factor
    evidence = dip.weigh(co2_sensors, make_view(co2_sensors))
    assert evidence.state is EvidenceState.UNAVAILABLE
    assert evidence.reason is not None
    # ten times too much could also be exhaust: refused either way
    assert evidence.reason.code in ("co2_units", "co2_outside_implausible")


def test_units_mixed_up_in_the_middle(co2_sensors: Sensors, make_view: MakeView) -> None:
    dip = Dip()
    dip.inside[110:] /= 10.0
    refused(dip.weigh(co2_sensors, make_view(co2_sensors)), "co2_units")


def test_another_probe_takes_over(co2_sensors: Sensors, make_view: MakeView) -> None:
    sensors = co2_sensors | {
        "a-spare": Sensor("a-spare", Role.INSIDE, ("sample",), 1.0, T90_S, co2_sensors["in"].certificate)
    }
    dip = Dip()
    dip.inside_names[110:] = ["a-spare"] * len(dip.inside_names[110:])
    refused(dip.weigh(sensors, make_view(sensors), each_second=True), "co2_probe_swapped")


def test_a_probe_that_jumps(co2_sensors: Sensors, make_view: MakeView) -> None:
    dip = Dip()
    dip.inside[110:] += 70.0
    refused(dip.weigh(co2_sensors, make_view(co2_sensors)), "co2_probe_jumped")


def test_probes_that_disagree_in_free_air(co2_sensors: Sensors, make_view: MakeView) -> None:
    dip = Dip()
    dip.inside += 120.0
    refused(dip.weigh(co2_sensors, make_view(co2_sensors)), "co2_probes_disagree")


def test_exhaust_at_the_reference(co2_sensors: Sensors, make_view: MakeView) -> None:
    dip = Dip()
    dip.outside += 4.0 * np.maximum(dip.t_s, 0.0)
    refused(dip.weigh(co2_sensors, make_view(co2_sensors)), "co2_exhaust")


def test_breath_at_the_tip(co2_sensors: Sensors, make_view: MakeView) -> None:
    dip = Dip()
    tau = T90_S / math.log(10)
    blown = 3000.0 * (1 - math.exp(-10 / tau)) * np.exp(-np.maximum(dip.t_s - 40, 0) / tau)
    dip.inside += np.where(dip.t_s >= 40, blown, np.where(dip.t_s > 30, blown.max() * (dip.t_s - 30) / 10, 0))
    refused(dip.weigh(co2_sensors, make_view(co2_sensors)), "co2_breath")


@pytest.mark.parametrize("cargo", [CargoClass.PRODUCE, CargoClass.MEAT, CargoClass.DRY_ICE])
def test_no_step_where_one_must_come(cargo: CargoClass, co2_sensors: Sensors, make_view: MakeView) -> None:
    evidence = Dip(level_ppm=430.0).weigh(co2_sensors, make_view(co2_sensors, cargo))
    refused(evidence, "co2_no_step", EvidenceState.PENDING)


def test_no_step_elsewhere_counts_for_no_more_than_its_floor(
    co2_sensors: Sensors, make_view: MakeView
) -> None:
    bold = ScoreCalibration("co2", "frozen", 20.0, 0.0, -9.0, 9.0, 50, 50, "-", "too bold")
    method = Co2Modality(CalibrationSet((bold,), {}, "tests"))
    for item in Dip(level_ppm=430.0).items():
        method.feed(item)
    evidence = method.evaluate(10**12 + round(HOLD_S * 1e9), make_view(co2_sensors))
    assert (evidence.features["no_step"], evidence.llr) == (1.0, NO_STEP_LEAST_LLR)


def inert_with_oxygen(oxygen_pct: float, sensors: Sensors, view: ScanView) -> Evidence:
    dip = Dip()
    method = Co2Modality(None)
    for item in dip.items():
        method.feed(item)
    end_ns = 10**12 + round(HOLD_S * 1e9)
    method.feed(Sample(Quantity.OXYGEN_PCT, oxygen_pct, stamp=Stamp("o2", Role.INSIDE, end_ns, 1)))
    return method.evaluate(end_ns, view)


def test_an_inert_tank_without_oxygen_cell(co2_sensors: Sensors, make_view: MakeView) -> None:
    refused(Dip().weigh(co2_sensors, make_view(co2_sensors, CargoClass.INERT)), "co2_inert_tank")


def test_an_inert_tank_whose_oxygen_is_low(co2_sensors: Sensors, make_view: MakeView) -> None:
    refused(
        inert_with_oxygen(4.0, co2_sensors, make_view(co2_sensors, CargoClass.INERT)), "co2_inert_oxygen_low"
    )


def test_an_inert_tank_that_holds_air_is_weighed(co2_sensors: Sensors, make_view: MakeView) -> None:
    evidence = inert_with_oxygen(20.8, co2_sensors, make_view(co2_sensors, CargoClass.INERT))
    assert evidence.state is EvidenceState.READY
    assert "oxygen_llr" in evidence.features


def test_oxygen_tells_dry_ice_from_breath() -> None:
    one = np.ones(2)
    air = AirPosterior(
        one / 2, 5 * one, 0.004 * one, 0.02 * one, 30 * one, 0.1 * one, 60 * one, 2e4 * one, 430.0
    )
    half_breath = 20.95 - (1.0 / 0.85 + 0.21) * 1.0
    assert people_share_llr(air, half_breath, 20_000.0, 100.0, "dry_ice") > 3
    assert people_share_llr(air, 20.95 - 0.42, 20_000.0, 100.0, "dry_ice") < -3


def test_a_saturated_probe(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(None)
    for item in Dip().items():
        method.feed(item)
    end_ns = 10**12 + round(HOLD_S * 1e9)
    over = Sample(Quantity.CO2_PPM, 10_000.0, Quality.OVER_RANGE, stamp=Stamp("in", Role.INSIDE, end_ns, 9))
    method.feed(over)
    evidence = method.evaluate(end_ns, make_view(co2_sensors))
    refused(evidence, "co2_over_range")
    assert evidence.features["at_least_ppm"] == 10_000.0


def test_a_probe_pinned_at_its_end_without_saying_so(co2_sensors: Sensors, make_view: MakeView) -> None:
    dip = Dip(level_ppm=20_000.0)
    dip.inside = np.minimum(dip.inside, 10_000.0)
    evidence = dip.weigh(co2_sensors, make_view(co2_sensors, CargoClass.DRY_ICE))
    refused(evidence, "co2_over_range")
    assert (evidence.features["over_range"], evidence.features["at_least_ppm"]) == (1.0, 10_000.0)


@pytest.mark.parametrize("factor", [1e-4, 0.1, 10.0])
def test_an_inside_probe_with_another_unit(factor: float, co2_sensors: Sensors, make_view: MakeView) -> None:
    dip = Dip()
    dip.inside *= factor
    refused(dip.weigh(co2_sensors, make_view(co2_sensors)), "co2_units")


def test_outside_air_too_rich_to_be_air(co2_sensors: Sensors, make_view: MakeView) -> None:
    dip = Dip(level_ppm=3500.0)
    dip.outside += 2000.0
    dip.inside += 2000.0
    refused(dip.weigh(co2_sensors, make_view(co2_sensors)), "co2_outside_implausible")


def test_outside_time_that_goes_backwards(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(None)
    for item in Dip().items():
        method.feed(item)
        if isinstance(item, Sample) and item.stamp.mono_ns == 10**12 + 60 * 10**9:
            early = Stamp("out", Role.OUTSIDE, 10**12 + 50 * 10**9, 120)
            method.feed(Sample(Quantity.CO2_PPM, 430.0, stamp=early))
    end_ns = 10**12 + round(HOLD_S * 1e9)
    refused(method.evaluate(end_ns, make_view(co2_sensors)), "co2_time_backwards")


def test_time_backwards_before_the_dip_is_forgiven(co2_sensors: Sensors, make_view: MakeView) -> None:
    dip = Dip()
    dip.at_s[20] = dip.at_s[10]
    assert dip.weigh(co2_sensors, make_view(co2_sensors)).state is EvidenceState.READY


def test_a_gap_of_the_reference(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(None)
    for item in Dip().items():
        at_s = (item.stamp.mono_ns - 10**12) / 1e9 if isinstance(item, Sample) else 0.0
        if not (isinstance(item, Sample) and item.stamp.role is Role.OUTSIDE and 30 <= at_s < 50):
            method.feed(item)
    end_ns = 10**12 + round(HOLD_S * 1e9)
    refused(method.evaluate(end_ns, make_view(co2_sensors)), "co2_gap")


def test_a_probe_that_was_never_put_in(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(None)
    for item in Dip(level_ppm=430.0).items():
        if isinstance(item, Sample):
            method.feed(item)
    end_ns = 10**12 + round(HOLD_S * 1e9)
    refused(method.evaluate(end_ns, make_view(co2_sensors)), "co2_probe_not_in")


def test_no_step_is_final_once_the_tip_is_out(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(None)
    for item in Dip(level_ppm=430.0).items():
        method.feed(item)
    end_ns = 10**12 + round(HOLD_S * 1e9)
    method.feed(Event(EventKind.PROBE_OUT, end_ns))
    refused(method.evaluate(end_ns, make_view(co2_sensors, CargoClass.PRODUCE)), "co2_no_step")
