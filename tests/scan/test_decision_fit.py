"""Boundaries, weights and worth from rows whose ratios are known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calibration.certificates import CalibrationMissing
from calibration.evidence import CalibrationSet
from drivers.api import ConfigError
from scanner.decision_fit import course_of, dwell_of, fit_decision, rows_without, weights_of
from scanner.policy import make_policy
from scanner.sequential import ended
from scanner.validation.outcome import Moment, Outcome, Truth
from scanner.vehicle import VehicleClass

TICKS_S = np.arange(10.0, 121.0, 10.0)
DRIFT = 0.5
POLICY = make_policy({name: {"distrust": 0.0} for name in ("reefer", "tanker")})


def rows(n: int, seed: int, vehicle: str = "reefer") -> list[Outcome]:
    """Return lorries whose CO2 ratio is a walk that is honest; a heartbeat that repeats it; a dumb X-ray."""
    rng, out = np.random.default_rng(seed), []
    for k in range(n):
        occupied = k % 2 == 0
        steps = rng.normal(DRIFT if occupied else -DRIFT, math.sqrt(2 * DRIFT), TICKS_S.size)
        course = tuple(
            Moment(t, 0.0, {"co2": float(llr), "heartbeat": float(llr), "xray": float(rng.normal())})
            for t, llr in zip(TICKS_S, np.cumsum(steps), strict=True)
        )
        truth, open_ = Truth(int(occupied), "boxed"), "inconclusive"
        out.append(
            Outcome(str(k), "", vehicle, "boxed", truth, open_, 120.0, True, 0.0, 0.5, None, {}, course)
        )
    return out


def test_a_copy_and_a_dumb_method_add_nothing() -> None:
    weights = weights_of(rows(4000, 1))
    assert weights["co2"] + weights["heartbeat"] == pytest.approx(1.0, abs=0.12)
    assert weights["xray"] < 0.15


def test_fresh_lorries_keep_what_was_promised() -> None:
    none = CalibrationSet((), {}, "test")
    lorries = [*rows(3000, 2), *rows(1200, 3, "tanker")]
    fitted = fit_decision(none, rows(3000, 4), lorries, POLICY)
    reefer, tanker = fitted.boundaries
    assert reefer.false_alarms[0] < tanker.false_alarms[0], "more lorries promise lower rates"
    assert list(reefer.search_llr) == sorted(reefer.search_llr, reverse=True)
    assert list(reefer.no_indication_llr) == sorted(reefer.no_indication_llr)
    with pytest.raises(CalibrationMissing):
        tanker.search_at(0.001)
    demands = POLICY[VehicleClass.REEFER]
    search, low = reefer.search_at(0.02), reefer.no_indication_at(0.02)
    assert search < math.log(1 / 0.02), "Ville's bound is for any number of looks"
    ends = [
        (o.truth.occupied, ended(course_of(o, fitted.weights, demands), dwell_of(demands), search, low).said)
        for o in rows(4000, 5)
    ]
    assert np.mean([said == "search" for occupied, said in ends if not occupied]) < 0.025
    assert np.mean([said == "no-indication" for occupied, said in ends if occupied]) < 0.025
    assert np.mean([said == "search" for occupied, said in ends if occupied]) > 0.75


def test_worth_is_of_class_and_cargo() -> None:
    fitted = fit_decision(CalibrationSet((), {"co2": 1.0}, "test"), [], rows(1000, 6), POLICY)
    assert fitted.weights == {"co2": 1.0}, "kept where no lorries for weights are given"
    assert {(w.modality, w.vehicle, w.cargo) for w in fitted.worth} == {
        (name, "reefer", cargo) for name in ("co2", "heartbeat", "xray") for cargo in ("all", "boxed")
    }
    co2 = next(w for w in fitted.worth if w.modality == "co2")
    assert (co2.seconds, co2.answered) == (10.0, 1.0)
    assert np.mean(co2.occupied) == pytest.approx(DRIFT * TICKS_S.size, abs=0.5)


def test_a_family_can_be_left_out() -> None:
    lorries = [*rows(4, 8), *rows(2, 9, "tanker")]
    assert rows_without(lorries, "vehicle=tanker") == lorries[:4]
    for family, words in (
        ("vehicle=ship", "one of reefer, tanker"),
        ("cargo=boxed", "one of boxed"),
        ("tide=low", "no row tells its tide"),
    ):
        with pytest.raises(ConfigError, match=words):
            rows_without(lorries, family)


def test_rows_that_end_at_the_decision_are_refused() -> None:
    (short,) = rows(1, 7)
    cut = Outcome(**{**{f: getattr(short, f) for f in Outcome.__slots__}, "course": short.course[:3]})
    with pytest.raises(ConfigError, match="--whole"):
        course_of(cut, {}, POLICY[VehicleClass.REEFER])
