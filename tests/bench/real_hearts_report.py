"""Tables of the bench on recorded hearts, in Markdown."""

from __future__ import annotations

import math
from typing import Any

from tests.bench.real_hearts_beds import IN_PLACE
from tests.bench.real_hearts_rates import CLOSE_BPM
from tests.bench.real_hearts_statistics import RHYTHMLESS
from tests.bench.real_hearts_trials import AXES, CONDITIONS, NULLS

CERTAIN = 0.01


def tables(found: dict[str, Any]) -> str:
    """Return all tables of a run's figures."""
    said = found["run"]
    lines = [
        f"# Recorded hearts, {said['subjects']} subjects",
        "",
        f"{said['windows']} windows of 30 s of {said['people']} people; "
        f"{said['empties']} empty trials of each null and condition. {said['absent']}".rstrip(),
        "",
    ]
    for axes in AXES:
        lines += [f"## Detection at 1 % false alarms, {axes}", ""]
        lines += ["| statistic | condition | " + " | ".join(NULLS) + " |", "|---|---|" + "---|" * len(NULLS)]
        rows = [row for row in found["detection"] if row["axes"] == axes]
        for statistic in dict.fromkeys(row["statistic"] for row in rows):
            for condition in CONDITIONS:
                cells = [
                    _pd(row)
                    for kind in NULLS
                    for row in rows
                    if (row["statistic"], row["condition"], row["null"]) == (statistic, condition, kind)
                ]
                lines.append(f"| {statistic} | {condition} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join([*lines, *_check(found["detection"]), *_rates(found["rates"]), *_beds(found["beds"])])


def _pd(row: dict[str, Any]) -> str:
    text = f"{row['pd']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
    return text + (f", {row['unavailable']:.0%} unavailable" if row["unavailable"] else "")


def _check(rows: list[dict[str, Any]]) -> list[str]:
    lines = [
        "## The nulls of bursts, seen by statistics without rhythm",
        "",
        "Pd at 1 % should be .01, and a heart should score above an empty trial half of the time.",
        "",
        "| statistic | axes | condition | null | Pd | above |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row["statistic"] in RHYTHMLESS and row["null"] in ("shuffled", "poisson"):
            place = f"| {row['statistic']} | {row['axes']} | {row['condition']} | {row['null']}"
            lines.append(
                f"{place} | {row['pd']:.3f} [{row['low']:.3f}, {row['high']:.3f}] | {row['above_half']:.2f} |"
            )
    return [*lines, ""]


def _rates(rows: list[dict[str, Any]]) -> list[str]:
    lengths = sorted({(row["length_s"], row["start_s"]) for row in rows})
    heads = [f"{length:.0f} s from {start:.1f} s" for length, start in lengths]
    lines = [
        "## Heart rate on a ballistocardiogram, error against the ECG, per minute",
        "",
        "| statistic | " + " | ".join(heads) + " | within 5 |",
        "|---|" + "---|" * (len(heads) + 1),
    ]
    for statistic in dict.fromkeys(row["statistic"] for row in rows):
        own = {(r["length_s"], r["start_s"]): r["error_bpm"] for r in rows if r["statistic"] == statistic}
        errors = [own.get(place, math.nan) for place in lengths]
        cells = [f"{error:+.1f}" if math.isfinite(error) else "none" for error in errors]
        close = sum(abs(error) <= CLOSE_BPM for error in errors)
        lines.append(f"| {statistic} | " + " | ".join(cells) + f" | {close} of {len(errors)} |")
    return [*lines, ""]


def _beds(rows: list[dict[str, Any]]) -> list[str]:
    lines = [
        "## Through beds, chairs and clothes: p-values of each window of 30 s",
        "",
        f"Against the window's own {' and '.join(IN_PLACE)}; bold where both are at most {CERTAIN:g}. "
        "The rate that was seen, per minute, in brackets.",
        "",
    ]
    recordings = list(dict.fromkeys(row["recording"] for row in rows))
    lines += ["| statistic | " + " | ".join(recordings) + " |", "|---|" + "---|" * len(recordings)]
    for statistic in dict.fromkeys(row["statistic"] for row in rows):
        cells = []
        for recording in recordings:
            own = [r for r in rows if (r["statistic"], r["recording"]) == (statistic, recording)]
            cells.append("<br>".join(_p(row) for row in own))
        lines.append(f"| {statistic} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def _p(row: dict[str, Any]) -> str:
    text = " / ".join(f"{row[kind]:.3f}" for kind in IN_PLACE)
    if all(row[kind] <= CERTAIN for kind in IN_PLACE):
        text = f"**{text}**"
    return text + (f" ({row['bpm']:.0f})" if math.isfinite(row["bpm"]) else "")
