"""Each class of vehicle and each cargo by itself: methods on the same scans, and how long it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scanner.validation.combinations import Fuse, compare_methods
from scanner.validation.outcome import Outcome
from scanner.validation.tables import finite, times

TOLD = ("methods", "detection", "false_alarms", "only_this", "only_all", "p")


def by_class(
    outcomes: Sequence[Outcome], fuse: Fuse, limits_s: Mapping[str, float]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return figures by vehicle and by cargo as JSON values: table, value, figures.

    ``methods`` : all together and each alone, with a threshold of this class's own that at most 1 % of its
        empty scans exceed; without one of the two kinds of scan there is none.
    ``times`` : as `scanner.validation.tables.times`; by vehicle with ``share`` too, the mean as a share of
        the class's time limit.
    """
    tables: dict[str, dict[str, list[Outcome]]] = {"vehicle": {}, "cargo": {}}
    for outcome in outcomes:
        tables["vehicle"].setdefault(outcome.vehicle, []).append(outcome)
        tables["cargo"].setdefault(outcome.truth.cargo, []).append(outcome)
    return {
        table: {value: _figures(group, fuse, limits_s, table) for value, group in sorted(values.items())}
        for table, values in tables.items()
    }


def _figures(
    group: Sequence[Outcome], fuse: Fuse, limits_s: Mapping[str, float], table: str
) -> dict[str, Any]:
    found = compare_methods(group, fuse, singles_only=True)
    took = times(group, limits_s)
    if table == "vehicle":
        limit_s = limits_s.get(group[0].vehicle, 0.0)
        for told in took.values():
            told["share"] = finite(told["mean_s"] / limit_s) if told["n"] and limit_s else None
    return {"methods": [{name: row[name] for name in TOLD} for row in found], "times": took}
