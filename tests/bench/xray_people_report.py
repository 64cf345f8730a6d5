"""The X-ray judgement's figures written as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from scanner.simulation.xray.beam import Beam
from tests.bench.xray_people_frozen import FALSE_ALARMS, Frozen
from tests.bench.xray_people_scoring import (
    ALL,
    LEAST_VISIBLE_M2,
    LOADS,
    WANTED_ON_PERSON,
    WANTED_TWIN,
)


def tables(found: dict[str, Any], frozen: Frozen) -> str:
    """Return every table; 95 % intervals in brackets."""
    lines = [f"Model {frozen.model}, sha256 {frozen.hashes['model'][:12]}, judgement {frozen.version}.", ""]
    for beam, figures in found.items():
        lines += _detection(beam, figures["detection"], f"{beam}, all scenes")
        lines += _detection(
            beam, figures["visible"], f"{beam}, scenes with {LEAST_VISIBLE_M2:g} m2 or more of people visible"
        )
        lines += _twins(beam, figures["twins"])
        lines += _kinds(beam, figures["kinds"])
        lines += _unseen(beam, figures["unseen"])
        lines += [_told_apart(beam, figures["told_apart"]), ""]
    return "\n".join(lines)


def _detection(beam: str, by_load: dict[str, Any], title: str) -> list[str]:
    wanted = beam == Beam.LINAC.value
    lines = [
        f"{title}: thresholds at {100 * FALSE_ALARMS:g} % of validation scenes, *unavailable* a miss and a "
        "search.",
        "",
        *head(
            "load",
            "occupied",
            "detected",
            *(["wanted"] if wanted else []),
            "unavailable",
            "empty",
            "false alarms",
            "searched though empty",
            "AUC",
            f"maximum on a person (wanted {WANTED_ON_PERSON:g})",
        ),
    ]
    for load in (*LOADS, ALL):
        own = by_load[load]
        least = [told_wanted(own["detected"], own["wanted"])] if wanted else []
        lines.append(
            row(
                load,
                f"{own['detected']['n']}",
                told(own["detected"]),
                *least,
                told(own["unavailable"]),
                f"{own['false_alarms']['n']}",
                told(own["false_alarms"], 3),
                told(own["searches"]),
                told(own["auc"], 3),
                told(own["on_person"]),
            )
        )
    return [*lines, ""]


def _twins(beam: str, by_load: dict[str, Any]) -> list[str]:
    low, high = WANTED_TWIN
    lines = [
        f"{beam}, twins: the same lorry with nobody inside. Last column: twins against other empty scenes, "
        f"{low:g} to {high:g} wanted; *{ALL}* there is the mean of the loads' AUC.",
        "",
        *head(
            "load",
            "pairs",
            "higher than its twin",
            "AUC against twins",
            "detected",
            "twins that alarm",
            "AUC, people erased",
        ),
    ]
    for load in (*LOADS, ALL):
        own = by_load[load]
        lines.append(
            row(
                load,
                f"{own['own_twin']['n']}",
                told(own["own_twin"], 3),
                told(own["auc"], 3),
                told(own["detected"]),
                told(own["twin_alarms"], 3),
                told(own["erased"], 3),
            )
        )
    return [*lines, ""]


def _kinds(beam: str, kinds: dict[str, dict[str, Any]]) -> list[str]:
    lines = [
        f"{beam}, detected by what hides where (pose, place and age class: scenes with one person).",
        "",
        *head("by", "", "scenes", "detected"),
    ]
    for name, values in kinds.items():
        lines += [row(name, value, f"{own['n']}", told(own)) for value, own in values.items()]
    return [*lines, ""]


def _unseen(beam: str, unseen: dict[str, Any]) -> list[str]:
    lines = [
        f"{beam}, occupied scenes in which nobody can be seen, and what the product's rule makes of them.",
        "",
        *head("visible", "scenes", "ready, llr ≤ 0", "ready, llr > 0", "not told, by reason"),
    ]
    for name, own in unseen.items():
        reasons = ", ".join(f"{code} {count}" for code, count in own["not_told"].items())
        share = own["absence"]
        count = round(share["value"] * share["n"]) if share["n"] else 0
        lines.append(
            row(
                name,
                f"{own['scenes']} of {own['of']}",
                f"{count}: {told(share)}",
                f"{own['presence']}",
                reasons or "–",
            )
        )
    return [*lines, ""]


def _told_apart(beam: str, apart: dict[str, float]) -> str:
    if not apart["n"]:
        return f"{beam}: the product gave none of {apart['of']} passages a score."
    return (
        f"{beam}: the product's own scores, of {apart['n']} of {apart['of']} passages, are "
        f"{apart['median']:.2g} (median) and at most {apart['most']:.2g} from those judged here."
    )


def told(found: dict[str, float] | None, digits: int = 2) -> str:
    """Return a figure with its interval.

    >>> told({"value": 0.5, "low": 0.4, "high": 0.6})
    '0.50 [0.40, 0.60]'
    """
    if not found or math.isnan(found["value"]):
        return "–"
    return f"{found['value']:.{digits}f} [{found['low']:.{digits}f}, {found['high']:.{digits}f}]"


def told_wanted(found: dict[str, float], least: float | None) -> str:
    """Return what was wanted and whether it is reached, by the whole interval or the figure alone.

    >>> told_wanted({"value": 0.9, "low": 0.84, "high": 0.95}, 0.85)
    '0.85: yes, not by its interval'
    """
    if least is None or math.isnan(found["value"]):
        return "–" if least is None else f"{least:.2f}"
    if found["low"] >= least:
        return f"{least:.2f}: yes"
    return f"{least:.2f}: yes, not by its interval" if found["value"] >= least else f"{least:.2f}: no"


def row(*cells: str) -> str:
    """Return a table's row."""
    return "| " + " | ".join(cells) + " |"


def head(*cells: str) -> Iterable[str]:
    """Return a table's first two rows."""
    return [row(*cells), "|" + "---|" * len(cells)]
