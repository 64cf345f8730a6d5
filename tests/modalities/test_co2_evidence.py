"""CO2 evidence: closed-form dips through the method, and every reason why it cannot tell."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from calibration.certificates import Certificate
from calibration.evidence import CalibrationSet, ScoreCalibration
from drivers.api import ConnectionState, Event, EventKind, Quality, Quantity, Role, Sample, Stamp
from scanner.evidence import Evidence, EvidenceState
from scanner.modalities.co2 import Co2Modality
from scanner.modalities.co2_weigh import waiting_s
from scanner.modality import ScanView, Sensor
from scanner.vehicle import CargoClass
from scanner.wording import LANGUAGES, sentence

MakeView = Callable[..., ScanView]
Sensors = dict[str, Sensor]
IN_S = 30.0


def fit(condition: str) -> ScoreCalibration:
    return ScoreCalibration("co2", condition, 1.0, 0.0, -4.0, 4.0, 50, 50, "-", "a straight line")


FITS = CalibrationSet(tuple(fit(c.value) for c in CargoClass), {}, "tests")


def drive(
    method: Co2Modality,
    level_ppm: float = 900.0,
    until_s: float = 120.0,
    from_s: float = 0.0,
    probe_in: bool = True,
    t90_s: float = 60.0,
    air_ppm: float = 430.0,
    inside_quality: Mapping[float, Quality] | None = None,
    sends: tuple[str, ...] = ("in", "out"),
) -> int:
    """Feed a probe that goes in at `IN_S`; return the time reached, ns."""
    second = int(from_s)
    for second in range(int(from_s), int(until_s) + 1):
        ns = second * 1_000_000_000
        if probe_in and second == IN_S:
            method.feed(Event(EventKind.PROBE_IN, ns, data={"sensor": "in"}))
        since = max(second - IN_S, 0.0) if probe_in else 0.0
        value = level_ppm + (air_ppm - level_ppm) * math.exp(-since * math.log(10) / t90_s)
        quality = next((q for at, q in (inside_quality or {}).items() if second >= at), Quality.GOOD)
        if "in" in sends:
            value = math.nan if quality is Quality.INVALID else value
            method.feed(Sample(Quantity.CO2_PPM, value, quality, stamp=Stamp("in", Role.INSIDE, ns, second)))
        if "out" in sends and second % 2 == 0:
            method.feed(Sample(Quantity.CO2_PPM, air_ppm, stamp=Stamp("out", Role.OUTSIDE, ns, second)))
    return second * 1_000_000_000


def check_says(evidence: Evidence, code: str, state: EvidenceState = EvidenceState.UNAVAILABLE) -> None:
    assert evidence.reason is not None
    assert evidence.reason.code == code
    assert evidence.state is state
    assert evidence.llr == 0.0
    for language in LANGUAGES:
        assert sentence(evidence.reason, language)


def test_a_step_of_known_size_is_the_excess(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(FITS)
    evidence = method.evaluate(drive(method, 920.0), make_view(co2_sensors))
    assert evidence.state is EvidenceState.READY
    assert evidence.features["excess_ppm"] == pytest.approx(490.0, abs=2)
    assert evidence.features["no_step"] == 0.0
    assert evidence.llr > 0.5
    assert evidence.calibration_id.startswith("co2/frozen@")
    assert math.isfinite(evidence.score or math.nan)


def test_without_fits_it_is_ready_with_a_score_and_no_weight(
    co2_sensors: Sensors, make_view: MakeView
) -> None:
    method = Co2Modality(None)
    evidence = method.evaluate(drive(method), make_view(co2_sensors))
    assert (evidence.state, evidence.llr) == (EvidenceState.READY, 0.0)
    assert evidence.score is not None


def test_an_empty_lorry_speaks_against_people(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(FITS)
    evidence = method.evaluate(drive(method, 430.0), make_view(co2_sensors))
    assert evidence.llr < 0
    assert evidence.features["no_step"] == 1.0


def test_nothing_is_told_before_the_lag_allows_it(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(FITS)
    needed_s = waiting_s(60.0, 1.0)
    evidence = method.evaluate(drive(method, until_s=IN_S + needed_s - 1), make_view(co2_sensors))
    check_says(evidence, "co2_not_yet_determinable", EvidenceState.PENDING)
    assert evidence.features["hold_s"] == pytest.approx(1.0)
    drive(method, from_s=IN_S + needed_s, until_s=IN_S + 60)
    ready = method.evaluate(int((IN_S + 60) * 1e9), make_view(co2_sensors))
    assert ready.state is EvidenceState.READY
    assert ready.features["sigma_ppm"] < 0.25 * ready.features["excess_ppm"]


def test_certificates_correct_both_probes(co2_sensors: Sensors, make_view: MakeView) -> None:
    paper = co2_sensors["in"].certificate
    assert paper is not None
    shifted = replace(paper, parameters={"offset_ppm": 200.0, "gain": 1.1, "uncertainty_ppm": 30.0})
    sensors = co2_sensors | {"in": replace(co2_sensors["in"], certificate=shifted)}
    method = Co2Modality(None)
    for second in range(130):
        ns = second * 1_000_000_000
        if second == IN_S:
            method.feed(Event(EventKind.PROBE_IN, ns))
        true = 430.0 if second < IN_S else 700 - 270 * math.exp(-(second - IN_S) * math.log(10) / 60)
        method.feed(Sample(Quantity.CO2_PPM, 1.1 * true + 200, stamp=Stamp("in", Role.INSIDE, ns, second)))
        method.feed(Sample(Quantity.CO2_PPM, 430.0, stamp=Stamp("out", Role.OUTSIDE, ns, second)))
    evidence = method.evaluate(ns, make_view(sensors))
    assert evidence.features["excess_ppm"] == pytest.approx(270.0, abs=2)


@pytest.mark.parametrize("cargo", [CargoClass.PRODUCE, CargoClass.MEAT, CargoClass.DRY_ICE])
def test_cargo_that_breathes_is_never_cleared(
    cargo: CargoClass, co2_sensors: Sensors, make_view: MakeView
) -> None:
    method = Co2Modality(FITS)
    evidence = method.evaluate(drive(method, 500.0), make_view(co2_sensors, cargo))
    assert evidence.llr == 0.0
    assert evidence.state is EvidenceState.READY
    assert evidence.features["co2_cargo_breathes"] == 1.0


@pytest.mark.parametrize("role", ["inside", "outside"])
def test_no_probe_of_a_role(role: str, co2_sensors: Sensors, make_view: MakeView) -> None:
    left = {n: s for n, s in co2_sensors.items() if s.role != role}
    method = Co2Modality(FITS)
    check_says(method.evaluate(drive(method), make_view(left)), f"co2_no_{role}_probe")


@pytest.mark.parametrize(("name", "role"), [("in", "inside"), ("out", "outside")])
@pytest.mark.parametrize("state", [ConnectionState.LOST, ConnectionState.CLOSED, ConnectionState.OPENING])
def test_a_lost_probe(
    name: str, role: str, state: ConnectionState, co2_sensors: Sensors, make_view: MakeView
) -> None:
    method = Co2Modality(FITS)
    now = drive(method)
    assert method.evaluate(now, make_view(co2_sensors)).state is EvidenceState.READY
    check_says(method.evaluate(now, make_view(co2_sensors, states={name: state})), f"co2_{role}_lost")


@pytest.mark.parametrize(
    ("state", "code"),
    [(ConnectionState.WARMING_UP, "co2_warming_up"), (ConnectionState.DEGRADED, "co2_degraded")],
)
def test_a_probe_that_is_not_ready(
    state: ConnectionState, code: str, co2_sensors: Sensors, make_view: MakeView
) -> None:
    method = Co2Modality(FITS)
    check_says(method.evaluate(drive(method), make_view(co2_sensors, states={"in": state})), code)


def test_a_probe_never_heard_of_is_waited_for_and_then_lost(
    co2_sensors: Sensors, make_view: MakeView
) -> None:
    method = Co2Modality(FITS)
    view = make_view(co2_sensors, states={"in": None, "out": None}, elapsed_s=1.0)
    check_says(method.evaluate(1_000_000_000, view), "co2_waiting", EvidenceState.PENDING)
    view.elapsed_s = 4.0
    check_says(method.evaluate(4_000_000_000, view), "co2_inside_lost")


@pytest.mark.parametrize(("silent", "role", "limit_s"), [("in", "inside", 3.0), ("out", "outside", 5.0)])
def test_a_silent_probe(
    silent: str, role: str, limit_s: float, co2_sensors: Sensors, make_view: MakeView
) -> None:
    method = Co2Modality(FITS)
    drive(method, until_s=120)
    now = drive(method, from_s=121, until_s=120 + limit_s + 1, sends=tuple({"in", "out"} - {silent}))
    check_says(method.evaluate(now, make_view(co2_sensors)), f"co2_{role}_silent")
    before = method.evaluate(now - 2_000_000_000, make_view(co2_sensors))
    assert before.state is EvidenceState.READY


@pytest.mark.parametrize(
    ("quality", "code"),
    [
        (Quality.WARMING_UP, "co2_warming_up"),
        (Quality.OVER_RANGE, "co2_over_range"),
        (Quality.UNDER_RANGE, "co2_under_range"),
        (Quality.FROZEN, "co2_frozen"),
        (Quality.UNRELIABLE, "co2_unreliable"),
        (Quality.INVALID, "co2_invalid"),
    ],
)
def test_a_poor_value(quality: Quality, code: str, co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(FITS)
    now = drive(method, inside_quality={115.0: quality})
    evidence = method.evaluate(now, make_view(co2_sensors))
    check_says(evidence, code)
    assert ("over_range" in evidence.features) == (quality is Quality.OVER_RANGE)


def test_a_nan_that_calls_itself_good_is_invalid(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(FITS)
    now = drive(method)
    method.feed(Sample(Quantity.CO2_PPM, math.nan, stamp=Stamp("in", Role.INSIDE, now, 999)))
    check_says(method.evaluate(now, make_view(co2_sensors)), "co2_invalid")


@pytest.mark.parametrize(
    ("paper", "code"),
    [
        (None, "co2_uncalibrated"),
        (Certificate("E", date(2024, 1, 1), date(2025, 1, 1), {"uncertainty_ppm": 30.0}), "expired"),
        (Certificate("U", date(2026, 1, 1), date(2027, 1, 1), {}), "co2_uncalibrated"),
    ],
)
@pytest.mark.parametrize("name", ["in", "out"])
def test_no_valid_certificate(
    name: str, paper: Certificate | None, code: str, co2_sensors: Sensors, make_view: MakeView
) -> None:
    sensors = co2_sensors | {name: replace(co2_sensors[name], certificate=paper)}
    method = Co2Modality(FITS)
    expected = "co2_certificate_expired" if code == "expired" else code
    check_says(method.evaluate(drive(method), make_view(sensors)), expected)


def test_the_probe_is_not_in(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(FITS)
    check_says(method.evaluate(drive(method, probe_in=False), make_view(co2_sensors)), "co2_probe_not_in")


def test_a_dip_that_was_too_short_is_not_evidence(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(FITS)
    drive(method, until_s=IN_S + 10)
    method.feed(Event(EventKind.PROBE_OUT, int((IN_S + 10) * 1e9)))
    now = drive(method, from_s=IN_S + 11, until_s=150)
    check_says(method.evaluate(now, make_view(co2_sensors)), "co2_dip_too_short")


def test_a_finished_dip_stands_after_the_probe_is_out_and_gone(
    co2_sensors: Sensors, make_view: MakeView
) -> None:
    method = Co2Modality(FITS)
    now = drive(method)
    first = method.evaluate(now, make_view(co2_sensors))
    method.feed(Event(EventKind.PROBE_OUT, now))
    later = method.evaluate(now + 60_000_000_000, make_view(co2_sensors, states={"in": ConnectionState.LOST}))
    assert later.llr == first.llr > 0


def probe_out(method: Co2Modality, at_s: float) -> None:
    method.feed(Event(EventKind.PROBE_OUT, int(at_s * 1e9)))


def tick_through(method: Co2Modality, view: ScanView, from_s: int, until_s: int, **how: Any) -> Evidence:
    """Feed second by second and ask each second, as a lane does; return the last answer."""
    for second in range(from_s, until_s + 1):
        now = drive(method, from_s=second, until_s=second, **how)
        evidence = method.evaluate(now, view)
    return evidence


FAILURES: list[tuple[str, dict[str, Any]]] = [
    ("co2_frozen", {"inside_quality": {120.0: Quality.FROZEN}}),
    ("co2_over_range", {"inside_quality": {120.0: Quality.OVER_RANGE}}),
    ("co2_invalid", {"inside_quality": {120.0: Quality.INVALID}}),
    ("co2_inside_silent", {"sends": ("out",)}),
    ("co2_outside_silent", {"sends": ("in",)}),
]


@pytest.mark.parametrize("asked_between", [True, False])
@pytest.mark.parametrize(("code", "failure"), FAILURES)
def test_taking_out_a_probe_that_failed_revives_no_dip(
    code: str, failure: dict[str, Any], asked_between: bool, co2_sensors: Sensors, make_view: MakeView
) -> None:
    """It worked until 119 s, failed from 120 s and came out at 127 s."""
    method, view = Co2Modality(FITS), make_view(co2_sensors)
    assert tick_through(method, view, 0, 119, level_ppm=430.0).llr < 0
    if asked_between:
        check_says(tick_through(method, view, 120, 127, level_ppm=430.0, **failure), code)
    else:
        drive(method, 430.0, from_s=120, until_s=127, **failure)
    probe_out(method, 127)
    check_says(method.evaluate(127_000_000_000, view), code)
    # it works again afterwards: what it measures now is free air, the dip stays refused
    again = tick_through(method, view, 128, 140, level_ppm=430.0)
    check_says(again, "co2_over_range" if code == "co2_over_range" else "co2_failed_in_dip")
    assert ("over_range" in again.features) == (code == "co2_over_range")
    assert "excess_ppm" not in again.features
    for event in (EventKind.PROBE_IN, EventKind.VISIT_START):
        method.feed(Event(event, 141_000_000_000, data={"visit": 2}))
        later = method.evaluate(141_000_000_000, view)
        assert later.state is not EvidenceState.READY
        assert not {"dip1_excess_ppm", "over_range"} & set(later.features)


@pytest.mark.parametrize("event", [EventKind.PROBE_IN, EventKind.VISIT_START])
@pytest.mark.parametrize("asked_between", [True, False])
def test_a_dip_whose_probe_failed_is_not_remembered_without_probe_out(
    event: EventKind, asked_between: bool, co2_sensors: Sensors, make_view: MakeView
) -> None:
    method, view = Co2Modality(FITS), make_view(co2_sensors)
    tick_through(method, view, 0, 119)
    frozen = {120.0: Quality.FROZEN}
    if asked_between:
        tick_through(method, view, 120, 125, inside_quality=frozen)
    else:
        drive(method, from_s=120, until_s=125, inside_quality=frozen)
    method.feed(Event(event, 125_000_000_000, data={"visit": 2}))
    assert "dip1_excess_ppm" not in method.evaluate(125_000_000_000, view).features


def test_a_lost_probe_or_an_implausible_reference_ends_the_dip_as_well(
    co2_sensors: Sensors, make_view: MakeView
) -> None:
    """No sample tells that the link was lost: the dip is dropped because it was asked about then."""
    lost = Co2Modality(FITS)
    tick_through(lost, make_view(co2_sensors), 0, 119)
    lost_view = make_view(co2_sensors, states={"in": ConnectionState.LOST})
    check_says(lost.evaluate(119_000_000_000, lost_view), "co2_inside_lost")
    probe_out(lost, 130)
    check_says(lost.evaluate(130_000_000_000, lost_view), "co2_inside_lost")
    exhaust = Co2Modality(FITS)
    tick_through(exhaust, make_view(co2_sensors), 0, 119)
    now = drive(exhaust, from_s=120, until_s=300, air_ppm=9000.0)
    exhausted = exhaust.evaluate(now, make_view(co2_sensors))
    check_says(exhausted, "co2_outside_implausible")
    probe_out(exhaust, 300)
    check_says(exhaust.evaluate(now, make_view(co2_sensors)), "co2_outside_implausible")


def test_a_probe_that_recovered_before_it_came_out_counts(co2_sensors: Sensors, make_view: MakeView) -> None:
    method, view = Co2Modality(FITS), make_view(co2_sensors)
    tick_through(method, view, 0, 99)
    over = tick_through(method, view, 100, 105, inside_quality={100.0: Quality.OVER_RANGE})
    check_says(over, "co2_over_range")
    # lost on top of it: deadly air was seen in this dip and nothing better since
    lost = method.evaluate(105_000_000_000, make_view(co2_sensors, states={"in": ConnectionState.LOST}))
    check_says(lost, "co2_inside_lost")
    assert lost.features["over_range"] == 1.0
    assert tick_through(method, view, 106, 120).state is EvidenceState.READY
    probe_out(method, 120)
    ready = method.evaluate(150_000_000_000, view)
    assert ready.features["excess_ppm"] == pytest.approx(470.0, abs=2)
    assert "over_range" not in ready.features
    method.feed(Event(EventKind.PROBE_IN, 150_000_000_000))
    remembered = method.evaluate(150_000_000_000, view).features["dip1_excess_ppm"]
    assert remembered == pytest.approx(470.0, abs=2)


def test_inert_tanks_say_nothing(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(FITS)
    check_says(method.evaluate(drive(method), make_view(co2_sensors, CargoClass.INERT)), "co2_inert_tank")


def test_probes_that_disagree_in_free_air(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(FITS)
    for second in range(130):
        ns = second * 1_000_000_000
        if second == IN_S:
            method.feed(Event(EventKind.PROBE_IN, ns))
        method.feed(Sample(Quantity.CO2_PPM, 600.0, stamp=Stamp("in", Role.INSIDE, ns, second)))
        method.feed(Sample(Quantity.CO2_PPM, 430.0, stamp=Stamp("out", Role.OUTSIDE, ns, second)))
    check_says(method.evaluate(ns, make_view(co2_sensors)), "co2_probes_disagree")


def test_a_reference_in_exhaust(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(FITS)
    check_says(
        method.evaluate(drive(method, air_ppm=3000.0), make_view(co2_sensors)), "co2_outside_implausible"
    )


def test_a_dip_that_was_not_read_for_a_minute(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(FITS)
    drive(method, until_s=IN_S)
    now = drive(method, from_s=120, until_s=121)
    check_says(method.evaluate(now, make_view(co2_sensors)), "co2_gap")


def test_a_cargo_that_was_never_calibrated(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(CalibrationSet((fit("boxed"),), {}, "tests"))
    check_says(method.evaluate(drive(method), make_view(co2_sensors)), "co2_never_calibrated")


def test_the_second_visit_remembers_the_first_dip(co2_sensors: Sensors, make_view: MakeView) -> None:
    method = Co2Modality(FITS)
    utc_ns = 1_793_606_400_000_000_000
    method.feed(Event(EventKind.ANCHOR, 0, data={"utc_ns": utc_ns, "boot_id": "a"}))
    method.feed(Event(EventKind.VISIT_START, 0, data={"visit": 1}))
    now = drive(method, 630.0)
    method.evaluate(now, make_view(co2_sensors))
    # the lane was restarted: its clock begins again, the wall time tells what lies between
    quarter_hour = 15 * 60 * 1_000_000_000
    method.feed(Event(EventKind.ANCHOR, 0, data={"utc_ns": utc_ns + quarter_hour, "boot_id": "b"}))
    method.feed(Event(EventKind.VISIT_START, 0, data={"visit": 2}))
    waiting = method.evaluate(0, make_view(co2_sensors, elapsed_s=0.0))
    assert waiting.state is EvidenceState.PENDING
    assert waiting.features["dip1_excess_ppm"] == pytest.approx(200.0, abs=3)
    now = drive(method, 780.0)
    second = method.evaluate(now, make_view(co2_sensors))
    assert second.features["dips"] == 2.0
    assert second.features["rise_ppm_per_min"] == pytest.approx(10.0, abs=0.3)
    assert second.features["excess_ppm"] == pytest.approx(350.0, abs=5)
