"""Rule 1: no data is never "nothing found"."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from drivers.api import Event, Item, Quality, Sample
from scanner.evidence import EvidenceState, Recommendation
from scanner.simulation.layout import SENSORS
from tests.rules.conftest import feed, layout_of, recorded, scan_of

REQUIRED_SENSORS = {"co2-inside": "co2", "co2-outside": "co2", "geophones": "heartbeat"}


def test_with_all_sensors_the_empty_lorry_is_no_indication(assess):
    """The tests below would mean nothing if this lorry never got it."""
    assert assess().recommendation is Recommendation.NO_INDICATION


def cannot_tell(assessment, sensor):
    said = {e.modality: e for e in assessment.evidences}[REQUIRED_SENSORS[sensor]]
    assert said.state is EvidenceState.UNAVAILABLE
    assert said.llr == 0.0
    assert said.reason is not None
    assert assessment.recommendation is Recommendation.INCONCLUSIVE


@pytest.mark.parametrize("sensor", ["thermal-doors", "xray"])
def test_a_method_that_is_not_required_is_never_heard(kit_saying, sensor):
    """The lane has it, and its device never came up: what it would have seen is not known."""
    there = {name: s for name, s in SENSORS.items() if name == sensor or name in layout_of(False).sensors}
    assessment = feed(scan_of(kit_saying(-3.0), there), recorded(frozenset(), False))
    assert assessment.recommendation is Recommendation.INCONCLUSIVE
    assert "method_out" in [reason.code for reason in assessment.reasons]


@pytest.mark.parametrize("sensor", REQUIRED_SENSORS)
def test_lost_in_the_middle(assess, sensor):
    cannot_tell(assess(lost={sensor: 45.0}), sensor)


@pytest.mark.parametrize("sensor", REQUIRED_SENSORS)
def test_silent_without_a_word(assess, sensor):
    def heard(item: Item) -> bool:
        return isinstance(item, Event) or item.stamp.sensor != sensor

    cannot_tell(assess(keep=heard), sensor)


@pytest.mark.parametrize("sensor", ["co2-inside", "co2-outside"])
def test_uncalibrated(assess, sensor):
    bare = {**SENSORS, sensor: replace(SENSORS[sensor], certificate=None)}
    cannot_tell(assess(sensors=bare), sensor)


@pytest.mark.parametrize("sensor", ["co2-inside", "co2-outside"])
def test_expired_certificate(assess, sensor):
    certificate = SENSORS[sensor].certificate
    assert certificate is not None
    old = replace(certificate, expires=dt.date(2026, 6, 30))
    cannot_tell(assess(sensors={**SENSORS, sensor: replace(SENSORS[sensor], certificate=old)}), sensor)


@pytest.mark.parametrize("quality", [q for q in Quality if q is not Quality.GOOD])
@pytest.mark.parametrize("sensor", ["co2-inside", "co2-outside"])
def test_saturated_frozen_warming_or_invalid(assess, sensor, quality):
    def spoil(item: Item) -> Item:
        if isinstance(item, Sample) and item.stamp.sensor == sensor:
            return replace(item, quality=quality)
        return item

    cannot_tell(assess(change=spoil), sensor)


def test_a_method_that_breaks_is_not_an_answer(assess, monkeypatch):
    from scanner.modalities.heartbeat import HeartbeatModality

    def broken(*_args: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(HeartbeatModality, "evaluate", broken)
    assessment = assess()
    cannot_tell(assessment, "geophones")
    said = {e.modality: e for e in assessment.evidences}["heartbeat"]
    assert said.reason is not None
    assert said.reason.code == "method_failed"
