"""What would help most: expected information against closed forms, and rays last."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate
from scipy.special import expit
from scipy.stats import norm

from calibration.worth import QUANTILES, Worth, expected_bits, worth_of
from scanner.advice import would_help_most
from scanner.evidence import Evidence, EvidenceState, Reason
from scanner.vehicle import CargoClass, Declaration, VehicleClass

LORRY = Declaration(VehicleClass.REEFER, CargoClass.BOXED)


def two_normals(distance: float, n: int = 10) -> Worth:
    """Return a method whose ratios are those of two unit normals so far apart."""
    mean, sd = distance**2 / 2, distance
    quantiles = (np.arange(n) + 0.5) / n
    return Worth(
        "co2", "reefer", "all", 30.0, 1.0,
        tuple(norm.ppf(quantiles, mean, sd)), tuple(norm.ppf(quantiles, -mean, sd)),
    )  # fmt: skip


def mutual_information(distance: float, log_odds: float) -> float:
    """Integrate the definition, bits."""
    p = float(expit(log_odds))

    def entropy(q: float) -> float:
        return -sum(v * math.log2(v) for v in (q, 1 - q) if v > 0)

    def left(x: float) -> float:
        one, none = norm.pdf(x, distance / 2), norm.pdf(x, -distance / 2)
        both = p * one + (1 - p) * none
        return both * entropy(p * one / both) if both > 0 else 0.0

    return entropy(p) - float(integrate.quad(left, -12, 12, limit=200)[0])


@pytest.mark.parametrize("log_odds", [-4.6, -2.0, 0.0, 1.5])
@pytest.mark.parametrize("distance", [0.5, 1.5, 3.0])
def test_expected_bits_are_the_mutual_information(distance: float, log_odds: float) -> None:
    wanted = mutual_information(distance, log_odds)
    assert expected_bits(two_normals(distance, 2000), log_odds) == pytest.approx(wanted, rel=0.02, abs=1e-4)
    # ten marks are what is kept
    assert expected_bits(two_normals(distance), log_odds) == pytest.approx(wanted, rel=0.3, abs=0.01)


@given(st.floats(-10, 10), st.floats(0, 1))
def test_never_below_nothing_nor_above_what_is_open(log_odds: float, answered: float) -> None:
    worth = two_normals(2.0)
    bits = expected_bits(Worth("co2", "reefer", "all", 1.0, answered, worth.occupied, worth.empty), log_odds)
    assert 0.0 <= bits <= 1.0


def test_worth_is_counted_from_answers() -> None:
    rng = np.random.default_rng(5)
    answers: list[tuple[bool, float | None, float]] = [
        (k % 2 == 0, float(rng.normal(1 if k % 2 == 0 else -1)), 20.0 + k % 3) for k in range(4000)
    ]
    answers += [(True, None, 0.0)] * 1000
    worth = worth_of("co2", "reefer", "boxed", answers)
    assert worth is not None
    assert worth.answered == pytest.approx(0.8)
    assert worth.seconds == 21.0
    assert worth.occupied == pytest.approx(tuple(norm.ppf(QUANTILES, 1.0)), abs=0.12)
    assert worth_of("co2", "reefer", "boxed", answers[:18]) is None


def waiting(name: str) -> Evidence:
    return Evidence(name, EvidenceState.PENDING)


def of(name: str, distance: float, seconds: float) -> Worth:
    worth = two_normals(distance)
    return Worth(name, "reefer", "all", seconds, 1.0, worth.occupied, worth.empty)


NOT_PASSED = Evidence("xray", EvidenceState.UNAVAILABLE, reason=Reason("xray_no_passage"))


def test_the_method_that_tells_most_a_second_comes_first() -> None:
    worths = [of("co2", 2.0, 60.0), of("heartbeat", 2.0, 30.0)]
    advice = would_help_most([waiting("co2"), waiting("heartbeat")], 0.0, LORRY, 0.0, worths)
    assert advice is not None
    assert advice.modality == "heartbeat"
    assert advice.reason.code == "would_help_most"


def test_rays_come_last_and_only_where_they_are_needed() -> None:
    worths = [of("xray", 5.0, 10.0), of("co2", 1.0, 90.0)]
    first = would_help_most([NOT_PASSED, waiting("co2")], 0.0, LORRY, 0.0, worths)
    assert first is not None
    assert first.modality == "co2"
    alone = would_help_most([NOT_PASSED], 0.0, LORRY, 0.0, worths)
    assert alone is not None
    assert alone.modality == "xray"


def test_who_has_answered_is_lost_or_is_worth_nothing_is_no_advice() -> None:
    ready = Evidence("co2", EvidenceState.READY, llr=1.0)
    lost = Evidence("heartbeat", EvidenceState.UNAVAILABLE, reason=Reason("xray_lost"))
    worths = [of("co2", 3.0, 60.0), of("heartbeat", 3.0, 30.0), of("movement", 0.05, 30.0)]
    assert would_help_most([ready, lost, waiting("movement")], 0.0, LORRY, 0.0, worths) is None
    assert would_help_most([waiting("thermal")], 0.0, LORRY, 0.0, worths) is None
