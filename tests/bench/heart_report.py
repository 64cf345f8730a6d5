"""The heart bench's figures put together and written as Markdown."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from scanner.simulation.vibration_spec import Condition, Confounder
from tests.bench.heart_scoring import (
    Curve,
    Scores,
    Table,
    detection,
    difference,
    false_alarms,
    levels,
    pooled,
)
from tests.bench.heart_trials import DURATIONS_S, LEVELS_DB

DETECTORS = ("ours", "a", "a best", "b", "c1", "c2", "e1", "e", "d")
CEILINGS = ("e1", "e", "d")
PLAIN = ("a", "a best", "b", "c1", "c2")
TOLD_S = 30.0
SWEPT_S = (30.0, 60.0)


def results(table: Table, conditions: list[Condition]) -> dict[str, Any]:
    """Return all figures as nested dictionaries: by condition, duration and detector."""
    out: dict[str, Any] = {
        "detection": {},
        "still": {},
        "paired": {},
        "curves": {},
        "hearts": {},
        "longer": {},
    }
    for place, condition in enumerate(conditions):
        for key in ("detection", "still", "paired", "hearts", "curves", "longer"):
            out[key][condition.value] = {}
        for duration_s in DURATIONS_S:
            name = f"{duration_s:g}"
            pairs = {d: _pair(table, d, condition, duration_s, moving=d not in CEILINGS) for d in DETECTORS}
            still = {d: _pair(table, d, condition, duration_s, moving=False) for d in DETECTORS}
            out["detection"][condition.value][name] = {d: detection(*p) for d, p in pairs.items() if _has(p)}
            out["still"][condition.value][name] = {d: detection(*p) for d, p in still.items() if _has(p)}
            out["hearts"][condition.value][name] = {
                d: {
                    kind: detection(_half(p[0], odd), p[1])["pd"]
                    for kind, odd in (("simulated", 0), ("recorded", 1))
                }
                for d, p in pairs.items()
                if _has(p)
            }
            out["paired"][condition.value][name] = {
                f"ours - {d}": difference(still["ours"], still[d], 10 * place + k)
                for k, d in enumerate(DETECTORS[1:])
                if _has(still["ours"]) and _has(still[d])
            }
        for shorter_s, longer_s in pairwise(DURATIONS_S):
            pair = [_pair(table, "ours", condition, s, moving=True) for s in (longer_s, shorter_s)]
            if _has(pair[0]):
                name = f"{longer_s:g} - {shorter_s:g}"
                out["longer"][condition.value][name] = difference(pair[0], pair[1], 100 + place)
        both = [Curve(table, "ours", condition, s, name=f"{s:g}") for s in SWEPT_S]
        out["longer"][condition.value]["levels"] = levels(both, place)
        for duration_s in SWEPT_S:
            curves = [Curve(table, d, condition, duration_s) for d in DETECTORS]
            moving = [
                Curve(table, d, condition, duration_s, moving=True) for d in DETECTORS if d not in CEILINGS
            ]
            found = levels(curves, place)
            found["pd"] = {c.detector: c.pd().tolist() for c in curves if c.numbers.size}
            found["moving"] = levels(moving, place)
            found["moving"]["pd"] = {c.detector: c.pd().tolist() for c in moving if c.numbers.size}
            out["curves"][condition.value][f"{duration_s:g}"] = found
    cells = [(c, Confounder.NONE) for c in conditions]
    cells += [(Condition.CALM, k) for k in Confounder if k is not Confounder.NONE]
    out["false_alarms"] = {
        f"{s:g}": {d: false_alarms(table, d, s, cells) for d in ("ours", *PLAIN)} for s in DURATIONS_S
    }
    out["pooled"] = {f"{s:g}": {d: pooled(table, d, s, conditions) for d in DETECTORS} for s in DURATIONS_S}
    return out


def _pair(
    table: Table, detector: str, condition: Condition, duration_s: float, *, moving: bool
) -> tuple[Scores, Scores]:
    return (
        table.occupied(detector, condition, duration_s, moving=moving),
        table.empty(detector, condition, duration_s),
    )


def _has(pair: tuple[Scores, Scores]) -> bool:
    return bool(pair[0].value.size and pair[1].value.size)


def _half(scores: Scores, odd: int) -> Scores:
    return scores.among(scores.number[scores.number % 2 == odd])


def broken_ceilings(found: dict[str, Any]) -> list[str]:
    """Return where a ceiling is beaten with the lower end of the interval above 0.

    e1 is none for detectors of many channels: they may find more, where machinery runs above all.
    """
    out = []
    for condition, by_duration in found["paired"].items():
        for duration, pairs in by_duration.items():
            for name in ("e", "d"):
                pair = pairs.get(f"ours - {name}")
                if pair and pair["low"] > 0:
                    out.append(
                        f"CEILING BEATEN: ours over {name} by {pair['difference']:.2f} "
                        f"[{pair['low']:.2f}, {pair['high']:.2f}] in {condition}, {duration} s"
                    )
    return out


def tables(found: dict[str, Any], conditions: list[Condition]) -> str:
    """Return the tables in Markdown."""
    names = [d for d in DETECTORS if any(d in found["detection"][c.value]["30"] for c in conditions)]
    lines = [
        "Detected at 1 % false alarms (95 % interval), people moving; ceilings: without other motion.",
        "",
    ]
    lines += _head(["condition", "s", *names, "ours: unavailable, occupied / empty, %"])
    for condition in conditions:
        for duration, by_name in found["detection"][condition.value].items():
            cells = [_share(by_name[d]["pd"]) if d in by_name else "" for d in names]
            gone = by_name.get("ours")
            refused = _refused(gone) if gone else ""
            lines.append(_row([condition.value, duration, *cells, refused]))
    lines += ["", "The same without people's other motion, 30 s.", ""]
    lines += _head(["condition", *names])
    for condition in conditions:
        by_name = found["still"][condition.value]["30"]
        lines.append(
            _row([condition.value, *(_share(by_name[d]["pd"]) if d in by_name else "" for d in names)])
        )
    lines += ["", "Level of the heart at which half are found, dB over nominal, without other motion.", ""]
    lines += _head(["condition", "s", *names, "ours - e1", "ours - a", "ours moving"])
    for condition in conditions:
        for duration, curve in found["curves"][condition.value].items():
            cells = [_level(curve["level"].get(d)) for d in names]
            apart = [_db(curve["difference"].get(f"ours - {d}")) for d in ("e1", "a")]
            moving = _level(curve["moving"]["level"].get("ours"))
            lines.append(_row([condition.value, duration, *cells, *apart, moving]))
    lines += ["", "Ours minus others, Pd at 1 % (paired bootstrap), without other motion.", ""]
    others = [d for d in names if d != "ours"]
    lines += _head(["condition", "s", *others])
    for condition in conditions:
        for duration, pairs in found["paired"][condition.value].items():
            lines.append(
                _row([condition.value, duration, *(_pair_text(pairs.get(f"ours - {d}")) for d in others)])
            )
    lines += ["", "Simulated against recorded hearts, 30 s: Pd at 1 %.", ""]
    lines += _head(
        ["condition", *(f"{d}, {kind}" for d in ("ours", "a", "e1") for kind in ("simulated", "recorded"))]
    )
    for condition in conditions:
        halves = found["hearts"][condition.value]["30"]
        cells = [
            _share(halves[d][kind]) if d in halves else ""
            for d in ("ours", "a", "e1")
            for kind in ("simulated", "recorded")
        ]
        lines.append(_row([condition.value, *cells]))
    lines += ["", "What longer listening gives ours: Pd, people moving; level at Pd 0.5, dB, without.", ""]
    steps = [f"{b:g} - {a:g}" for a, b in pairwise(DURATIONS_S)]
    lines += _head(["condition", *(f"Pd {step} s" for step in steps), f"level {steps[-1]} s"])
    for condition in conditions:
        gained = found["longer"][condition.value]
        apart = gained["levels"]["difference"].get(steps[-1])
        lines.append(_row([condition.value, *(_pair_text(gained.get(s)) for s in steps), _db(apart)]))
    alarms = found["false_alarms"]["30"]
    heard = [d for d in ("ours", *PLAIN) if alarms.get(d)]
    lines += ["", "False alarms with the threshold set at 1 % on calm alone, 30 s, %.", ""]
    lines += _head(["empty vehicles", *heard, "ours: unavailable, %"])
    cells_by_name = {cell: None for d in heard for cell in alarms[d]}
    for cell in cells_by_name:
        row = [_percent(alarms[d][cell]) if cell in alarms[d] else "" for d in heard]
        gone = alarms.get("ours", {}).get(cell)
        lines.append(_row([cell, *row, _percent(gone["unavailable"]) if gone else ""]))
    rare = found["pooled"]["30"]
    if any(rare.values()):
        lines += ["", "Detected at 0.1 %, one threshold over all conditions, 30 s.", ""]
        lines += _head([d for d in DETECTORS if rare[d]])
        lines.append(_row([_share(rare[d]["pd"]) for d in DETECTORS if rare[d]]))
    return "\n".join([*lines, "", *broken_ceilings(found)]) + "\n"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _head(cells: list[str]) -> list[str]:
    return [_row(cells), "|" + "---|" * len(cells)]


def _share(found: dict[str, float]) -> str:
    return f"{found['share']:.2f} [{found['low']:.2f}, {found['high']:.2f}]" if found["n"] else ""


def _percent(found: dict[str, float]) -> str:
    return f"{100 * found['share']:.1f} [{100 * found['low']:.1f}, {100 * found['high']:.1f}]"


def _refused(found: dict[str, Any]) -> str:
    return " / ".join(f"{100 * found[k]['share']:.0f}" for k in ("unavailable", "unavailable_empty"))


def _level(found: dict[str, float] | None) -> str:
    if found is None:
        return ""
    return f"{_end(found['level_db'])} [{_end(found['low'])}, {_end(found['high'])}]"


def _end(level_db: float) -> str:
    if math.isinf(level_db):
        return f"> {LEVELS_DB[-1]:g}" if level_db > 0 else f"< {LEVELS_DB[0]:g}"
    return f"{level_db:.1f}"


def _db(found: dict[str, float] | None) -> str:
    return "" if found is None else f"{found['db']:.1f} [{found['low']:.1f}, {found['high']:.1f}]"


def _pair_text(found: dict[str, float] | None) -> str:
    if found is None or not np.isfinite(found["difference"]):
        return ""
    return f"{found['difference']:+.2f} [{found['low']:+.2f}, {found['high']:+.2f}]"
