"""The table of what is asked says no where a figure falls short."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from scanner.limits import settled
from scanner.methods import load_kit
from scanner.policy import make_policy
from scanner.validation.combinations import fusing
from scanner.validation.results import results_of
from tests.bench.asked import lines
from tests.validation.rows import two_normals


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    kit = load_kit({})
    policy = settled(make_policy({}), kit.calibrations)
    rows = two_normals(2400, {"co2": 4.0, "xray": 4.0})
    return results_of(rows, fusing(kit.calibrations.weights, policy), policy)


def held(results: dict[str, Any]) -> dict[str, bool | None]:
    return {line.what: line.held for line in lines(results)}


def test_each_figure_that_is_asked_stands_there_once(results: dict[str, Any]):
    found = list(lines(results))
    assert len({line.what for line in found}) == len(found)
    assert {"slope of the logit", "Cllr - Cllr min", "detection, reefer", "mean time, tanker, empty"} <= set(
        held(results)
    )


@pytest.mark.parametrize(
    ("what", "path", "value"),
    [
        ("slope of the logit", ("ratios", "slope"), 0.79),
        ("Cllr - Cllr min", ("ratios", "cllr"), 9.0),
        ("occupied, told no-indication, all", ("rates", "no_indication", "upper"), 0.0201),
        ("mean time, reefer, empty", ("classes", "vehicle", "reefer", "times", "empty", "share"), 0.61),
        ("detection, tanker", ("classes", "vehicle", "tanker", "methods", 0, "detection", "value"), 0.1),
        ("empty with a ratio of 10 or more", ("ratios", "exceedances", 0, "hits"), 1000),
    ],
)
def test_a_figure_that_falls_short_is_told(results: dict[str, Any], what: str, path: tuple, value: float):
    worse = copy.deepcopy(results)
    place = worse
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert held(worse)[what] is False


def test_a_class_of_few_empty_lorries_is_not_judged(results: dict[str, Any]):
    few = copy.deepcopy(results)
    few["classes"]["vehicle"]["tanker"]["methods"][0]["false_alarms"]["of"] = 499
    assert held(few)["detection, tanker"] is None
