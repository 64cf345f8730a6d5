"""Parts of the report that name scans: worst mistakes, what another version changed, what was left out."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from scanner.evidence import EvidenceState
from scanner.validation.markup import named, note, number, percent, probability, say, section, table

MOST_CHANGES = 200
MOST_NAMES = 200


def worst_sections(worst: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """Return the worst misses and the worst false alarms, each with the command that replays it."""
    return [
        _cases("misses", say("report_misses"), worst["misses"]),
        _cases("alarms", say("report_alarms"), worst["false_alarms"]),
    ]


def _cases(anchor: str, title: str, cases: Sequence[Mapping[str, Any]]) -> str:
    if not cases:
        return section(anchor, title, f"<p>{say('report_none')}</p>")
    codes = ("scan", "people", "told", "ratio", "said")
    rows = []
    for case in cases:
        vehicle = f"{named('vehicle', case['vehicle'])}, {named('cargo', case['cargo'])}"
        conditions = ", ".join(f"{key} = {value}" for key, value in sorted(case["conditions"].items()))
        replay = f"<br><code>{html.escape(case['replay'])}</code>" if case["replay"] else ""
        scan = f"{html.escape(case['scan'])}<br><small>{vehicle}<br>{html.escape(conditions)}</small>{replay}"
        after = number(case["decided_s"], 0, "s")
        told = f"{named('recommendation', case['recommendation'])} <small>{after}</small>"
        rows.append([scan, str(case["persons"]), told, number(case["llr"], 2), _said(case["said"])])
    headings = [say(f"report_{code}") for code in codes]
    return section(anchor, title, note("report_cases_note"), table(headings, rows))


def _said(said: Mapping[str, Mapping[str, Any]]) -> str:
    lines = []
    for name, one in said.items():
        ready = one["state"] == EvidenceState.READY
        word = number(one["llr"], 2) if ready else named("evidence", one["state"])
        lines.append(f"{named('modality', name)} <b>{word}</b>")
    return f"<small>{'<br>'.join(lines)}</small>"


def against_section(against: Mapping[str, Any] | None) -> str:
    """Return the paired comparison with another version, "" without one."""
    if against is None:
        return ""
    other = against["other"]
    intro = note(
        "report_against_note",
        common=against["common"],
        only_this=against["only_this"],
        only_other=against["only_other"],
        relabelled=against["relabelled"],
        equal=against["digests_equal"],
        code=str(other.get("code", ""))[:12],
        calibrations=str(other.get("calibrations", "")),
    )
    codes = ("this", "other", "difference", "only_this_version", "only_other_version")
    rows = [
        _paired(say(f"report_{name}"), against[name])
        for name in ("detection", "no_indication", "false_alarms")
    ]
    this_s, other_s = (number(one, 1, "s") for one in against["mean_s"])
    rows.append([say("report_mean_time"), this_s, other_s, "", "", "", ""])
    parts = [intro, table(["", *(say(f"report_{code}") for code in codes), "p"], rows)]
    changed = against["changed"]
    if changed:
        title = say("report_changed", n=len(changed))
        listed = [
            [
                html.escape(one["scan"]),
                str(one["persons"]),
                f"{named('recommendation', one['other'])} <small>{number(one['other_llr'], 2)}</small>",
                f"{named('recommendation', one['this'])} <small>{number(one['llr'], 2)}</small>",
            ]
            for one in changed[:MOST_CHANGES]
        ]
        headings = [say(f"report_{code}") for code in ("scan", "people", "other", "this")]
        parts.append(f"<details><summary>{title}</summary>{table(headings, listed)}</details>")
    return section("against", say("report_against"), *parts)


def _paired(title: str, told: Mapping[str, Any]) -> list[str]:
    if not told["of"]:
        return [title, "–", "–", "–", "–", "–", "–"]
    shares = [f"{percent(told[side] / told['of'])} <small>{told[side]}/{told['of']}</small>" for side in
              ("this", "other")]  # fmt: skip
    ends = " – ".join(number(100 * told[end], 1, "%") for end in ("low", "high"))
    difference = f"<b>{number(100 * told['difference'], 1, '%')}</b> <small>{ends}</small>"
    return [
        title,
        *shares,
        difference,
        str(told["only_this"]),
        str(told["only_other"]),
        probability(told["p"]),
    ]


def left_out_section(left_out: Mapping[str, Any] | None) -> str:
    """Return what could not be used, with the reason, and what had no partner; "" where all was used."""
    if left_out is None or not any(left_out.values()):
        return ""
    parts = []
    failed = left_out["failed"]
    if failed:
        rows = [[html.escape(one["name"]), html.escape(one["error"])] for one in failed[:MOST_NAMES]]
        parts.append(f"<h3>{say('report_failed', n=len(failed))}</h3>{table(['', ''], rows)}")
    for name in ("missing", "unlabelled"):
        scans = left_out[name]
        if scans:
            listed = html.escape(", ".join(scans[:MOST_NAMES])) + (" …" if len(scans) > MOST_NAMES else "")
            parts.append(f"<h3>{say(f'report_{name}', n=len(scans))}</h3><p>{listed}</p>")
    return section("left-out", say("report_left_out"), *parts)
