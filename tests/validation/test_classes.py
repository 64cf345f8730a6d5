"""Figures of one class are those of its scans alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from scanner.validation.classes import by_class
from scanner.validation.combinations import compare_methods
from scanner.validation.figures import paired_difference
from scanner.validation.outcome import Outcome
from tests.validation.rows import two_normals

LIMITS_S = {"reefer": 120.0, "tanker": 60.0}


def summed(_: str, ratios: dict[str, float]) -> float:
    return sum(ratios.values())


def of(outcomes: list[Outcome], vehicle: str) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.vehicle == vehicle]


def test_a_class_is_judged_by_its_own_scans_and_threshold():
    rows = two_normals(800, {"co2": 2.0, "xray": 1.0})
    # the tankers' empty scans shout: a threshold for all would find nobody in the reefers
    loud = [
        dataclasses.replace(
            row, said={k: dataclasses.replace(v, llr=v.llr + 20) for k, v in row.said.items()}
        )
        if row.vehicle == "tanker"
        else row
        for row in rows
    ]
    found = by_class(loud, summed, LIMITS_S)["vehicle"]
    for vehicle in ("reefer", "tanker"):
        alone = compare_methods(of(loud, vehicle), summed)
        chosen = {tuple(row["methods"]): row["detection"] for row in alone}
        methods = [row["methods"] for row in found[vehicle]["methods"]]
        assert methods == [["co2", "heartbeat", "xray"], ["co2"], ["heartbeat"], ["xray"]]
        for row in found[vehicle]["methods"]:
            assert row["detection"] == chosen[tuple(row["methods"])]
    assert found["tanker"]["methods"][0]["detection"]["value"] > 0.3


def test_the_share_of_the_time_limit_is_of_the_classs_own():
    rows = [
        dataclasses.replace(row, decided_s=30.0, recommendation="search")
        for row in two_normals(40, {"co2": 2.0})
    ]
    found = by_class(rows, summed, LIMITS_S)["vehicle"]
    shares = {name: told["times"]["empty"]["share"] for name, told in found.items()}
    assert shares == {"reefer": 0.25, "tanker": 0.5}


def test_a_class_without_empty_scans_has_times_and_no_methods():
    rows = [row for row in two_normals(40, {"co2": 2.0}) if row.truth.occupied]
    told = by_class(rows, summed, LIMITS_S)["vehicle"]["reefer"]
    assert told["methods"] == []
    assert told["times"]["empty"]["n"] == 0


@pytest.mark.parametrize(("first", "second"), [(0.9, 0.85), (0.5, 0.5), (0.99, 0.9)])
def test_the_interval_of_a_paired_difference_covers_the_truth_19_in_20_times(first: float, second: float):
    rng, of_trials, covered, runs = np.random.default_rng(5), 150, 0, 2000
    for _ in range(runs):
        one, other = rng.random(of_trials) < first, rng.random(of_trials) < second
        _, low, high = paired_difference(int((one & ~other).sum()), int((other & ~one).sum()), of_trials)
        covered += low <= first - second <= high
    assert 0.935 < covered / runs < 0.985
