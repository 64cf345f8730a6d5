"""What the protocol asks of the whole recommendation, beside what a report found.

Run by hand: ``python -m tests.bench.asked docs/validation/results.json``; the figures asked are those of
docs/validation/protocol.md. Exit status 1 where one is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanner.validation.figures import paired_difference, upper_bound

BEST_SINGLE = "xray"  # chosen on calibration lorries
MARGIN = 0.05
ENOUGH_EMPTY = 500
NO_INDICATION = 0.02
SLOPE = (0.8, 1.2)
CLLR_LOST = 0.03
TIME_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Line:
    """One figure asked: ``held`` is None where there is not enough to tell."""

    what: str
    asked: str
    found: str
    held: bool | None


def lines(results: Mapping[str, Any]) -> Iterator[Line]:
    """Yield every figure of the protocol."""
    yield _overall(results["methods"])
    for name, told in results["classes"]["vehicle"].items():
        yield from _class_detection(name, told["methods"])
    yield _silent("all", results["rates"]["no_indication"])
    for name, told in results["groups"]["vehicle"].items():
        yield _silent(name, told["no_indication"])
    ratios = results["ratios"]
    for one in ratios["exceedances"]:
        k = one["ratio"]
        upper = upper_bound(one["hits"], one["of"])
        held = one["value"] <= 1 / k and upper <= 2 / k
        shown = f"{one['hits']}/{one['of']} = {one['value']:.5f}, ≤ {upper:.5f}"
        yield Line(f"empty with a ratio of {k} or more", f"≤ {1 / k:g}, bound ≤ {2 / k:g}", shown, held)
    slope = ratios["slope"]
    yield Line(
        "slope of the logit", f"{SLOPE[0]} to {SLOPE[1]}", f"{slope:.3f}", SLOPE[0] <= slope <= SLOPE[1]
    )
    lost = ratios["cllr"] - ratios["cllr_min"]
    yield Line(
        "Cllr - Cllr min", f"≤ {CLLR_LOST}", f"{lost:.4f} (Cllr {ratios['cllr']:.4f})", lost <= CLLR_LOST
    )
    for name, told in results["classes"]["vehicle"].items():
        for truth, took in told["times"].items():
            if took["share"] is not None:
                shown = f"{took['share']:.2f} ({took['mean_s']:.1f} s; 90 %: {took['p90_s']:.1f} s)"
                yield Line(
                    f"mean time, {name}, {truth}", f"≤ {TIME_SHARE}", shown, took["share"] <= TIME_SHARE
                )


def _overall(methods: list[dict[str, Any]]) -> Line:
    whole = methods[0]["detection"]
    best = next(row for row in methods if row["methods"] == [BEST_SINGLE])
    alone = best["detection"]
    value, low, high = paired_difference(best["only_all"], best["only_this"], whole["of"])
    return Line(
        f"detection at 1 % false alarms, above {BEST_SINGLE} alone",
        f"≥ {MARGIN} at the lower bound",
        f"{_rate(whole)} against {_rate(alone)}: {value:+.3f} [{low:+.3f}, {high:+.3f}]",
        low >= MARGIN,
    )


def _class_detection(name: str, methods: list[dict[str, Any]]) -> Iterator[Line]:
    if not methods:
        return
    whole = methods[0]
    for row in methods[1:]:
        if row["methods"] == [BEST_SINGLE]:
            behind = row["detection"]["value"] - whole["detection"]["value"]
            enough = whole["false_alarms"]["of"] >= ENOUGH_EMPTY
            shown = f"{_rate(whole['detection'])} against {_rate(row['detection'])}"
            asked = f"not over {MARGIN} below {BEST_SINGLE}"
            yield Line(f"detection, {name}", asked, shown, behind <= MARGIN if enough else None)


def _silent(name: str, told: Mapping[str, Any]) -> Line:
    shown = f"{told['hits']}/{told['of']}, ≤ {told['upper']:.4f}"
    return Line(
        f"occupied, told no-indication, {name}",
        f"bound ≤ {NO_INDICATION}",
        shown,
        told["upper"] <= NO_INDICATION,
    )


def _rate(told: Mapping[str, Any]) -> str:
    return f"{told['value']:.3f} [{told['low']:.3f}, {told['high']:.3f}]"


def main() -> int:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("results", type=Path, help="results.json of lorryscan validate")
    found = list(lines(json.loads(parser.parse_args().results.read_text(encoding="utf-8"))))
    words = {True: "yes", False: "**no**", None: "too few"}
    print("| figure | asked | found | held |\n|---|---|---|---|")
    for line in found:
        print(f"| {line.what} | {line.asked} | {line.found} | {words[line.held]} |")
    return 1 if any(line.held is False for line in found) else 0


if __name__ == "__main__":
    sys.exit(main())
