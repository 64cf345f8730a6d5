"""The report: one HTML file with everything in it, plots and both languages included, and results.json."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from scanner.evidence import Reason, Recommendation
from scanner.validation import plots
from scanner.validation.about import REPORT, RESULTS
from scanner.validation.markup import (
    named,
    note,
    number,
    percent,
    probability,
    rate,
    say,
    section,
    spans,
    table,
)
from scanner.validation.report_cases import against_section, left_out_section, worst_sections
from scanner.validation.report_classes import classes_section
from scanner.validation.tables import CONDITION
from scanner.wording import sentences

MOST_CURVES = 6
SCRIPT = """
const page = document.documentElement;
const show = language => { page.dataset.language = language; page.lang = language; };
show(navigator.language.startsWith("fr") ? "fr" : "en");
for (const button of document.querySelectorAll(".switch button"))
  button.addEventListener("click", () => show(button.value));
"""


def write_report(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the report and the results into a folder that exists; return both files.

    Parameters
    ----------
    results : as `scanner.validation.results.results_of` gives them, with what the run left out under
        ``left_out`` and a comparison under ``against``, where there are any.
    """
    written = [folder / REPORT, folder / RESULTS]
    texts = (page_of(results), json.dumps(results, indent=1, sort_keys=True, allow_nan=False) + "\n")
    for path, text in zip(written, texts, strict=True):
        fresh = path.with_suffix(path.suffix + ".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    return written


def page_of(results: Mapping[str, Any]) -> str:
    """Return the report as one HTML page without any reference to other files."""
    parts = [
        _header(results),
        _cautions(results),
        _tiles(results["rates"]),
        _recommendations(results),
        _curves(results),
        _honesty(results["ratios"]),
        _times(results),
        _methods(results["methods"]),
        classes_section(results["classes"]),
        _groups(results["groups"]),
        _thresholds(results["thresholds"]),
        _predictive(results["predictive"]),
        _weighted(results),
        against_section(results.get("against")),
        *worst_sections(results["worst"]),
        left_out_section(results.get("left_out")),
    ]
    style = resources.files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en" data-language="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>lorryscan validate</title><style>{style}</style></head>"
        f"<body><main>{''.join(parts)}</main><script>{SCRIPT}</script></body></html>\n"
    )


def _header(results: Mapping[str, Any]) -> str:
    about, counts = results["about"], results["counts"]
    made = say(
        "report_made_by",
        version=str(about.get("version", "")),
        code=str(about.get("code", ""))[:12],
        calibrations=str(about.get("calibrations", "")),
    )
    models = ", ".join(sorted(about.get("models", {})))
    command = about.get("command", "")
    shown = f'<p class="faint"><code>{html.escape(command)}</code></p>' if command else ""
    campaigns = "".join(map(_campaign, about.get("campaigns", ())))
    return (
        f"<header><div><h1>{say('report_title')}</h1><p>{say('report_scans', **counts)}</p>"
        f'<p class="faint">{made}<br>{html.escape(models)}</p>{campaigns}{shown}'
        f'<p class="faint">{say("report_intervals")}</p></div>'
        '<div class="switch"><button value="en">English</button><button value="fr">Français</button></div>'
        "</header>"
    )


def _campaign(told: Mapping[str, Any]) -> str:
    """Whose rows these are: drawn by other code than counts them, maybe."""
    drawn, versions = told.get("campaign", {}), told.get("versions", {})
    if not drawn:
        return ""
    words = say(
        "report_campaign",
        rows=told["rows"],
        seed=str(drawn.get("seed", "")),
        split=str(drawn.get("split", "")),
        code=str(versions.get("code", "")),
        calibrations=str(versions.get("calibrations", "")),
    )
    return f'<p class="faint">{words}</p>'


def _cautions(results: Mapping[str, Any]) -> str:
    codes = [(one["code"], one["values"]) for one in results["cautions"]]
    told = [Reason(code, values) for code, values in codes]
    if not told:
        return ""
    items = "".join(f"<li>{spans(sentences(one))}</li>" for one in told)
    return f'<section class="cautions"><h2>{say("report_cautions")}</h2><ul>{items}</ul></section>'


def _tiles(rates: Mapping[str, Any]) -> str:
    bound = f" {percent(rates['no_indication']['upper'])}"
    shown = (
        ("report_detection", "report_detection_what", rates["detection"], ""),
        ("report_false_alarms", "report_false_alarms_what", rates["false_alarms"], ""),
        ("report_no_indication", "report_no_indication_what", rates["no_indication"], bound),
        ("report_workload", "report_workload_what", rates["workload"], ""),
        ("report_decided", "report_decided_what", rates["detection_decided"], ""),
    )
    tiles = []
    for title, what, told, more in shown:
        ends = f"{percent(told['low'])} – {percent(told['high'])} · {told['hits']}/{told['of']}"
        tiles.append(
            f'<div class="tile"><span class="what">{say(title)}</span><b>{percent(told["value"])}</b>'
            f"<small>{ends}</small><small>{say(what)}{more}</small></div>"
        )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _recommendations(results: Mapping[str, Any]) -> str:
    order = [one.value for one in Recommendation]
    headings = [say("report_truth"), *(named("recommendation", one) for one in order)]
    rows = []
    for truth, code in (("occupied", "report_occupied"), ("empty", "report_empty")):
        counted = results["recommendations"][truth]
        total = sum(counted.values())
        cells = [
            f"<b>{counted[one]}</b> <small>{percent(counted[one] / total if total else None)}</small>"
            for one in order
        ]
        rows.append([say(code), *cells])
    return section("recommendations", say("report_recommendations"), table(headings, rows))


def _curves(results: Mapping[str, Any]) -> str:
    if not results["methods"]:
        return ""
    everything, *rest = results["methods"]
    singles = [row for row in rest if len(row["methods"]) == 1]
    singles.sort(key=lambda row: -row["auc"])
    chosen = [(say("report_all_methods"), everything["roc"])]
    chosen += [(plots.method_names(row["methods"]), row["roc"]) for row in singles[: MOST_CURVES - 1]]
    area = f"<p>{say('report_area')} <b>{number(results['ratios']['auc'], 4)}</b></p>"
    return section(
        "curves",
        say("report_curves"),
        note("report_curves_note"),
        f'<div class="pair"><div>{plots.det_plot(chosen)}</div><div>{plots.roc_plot(chosen)}</div></div>',
        area,
    )


def _honesty(ratios: Mapping[str, Any] | None) -> str:
    if ratios is None:
        return ""
    rows = [
        [say("report_cllr"), number(ratios["cllr"], 3)],
        [say("report_cllr_min"), number(ratios["cllr_min"], 3)],
        [say("report_cllr_lost"), number(ratios["cllr"] - ratios["cllr_min"], 3)],
        [say("report_slope"), number(ratios["slope"], 2)],
    ]
    for one in ratios["exceedances"]:
        rows.append([say("report_exceeds", ratio=float(one["ratio"]), claimed=one["claimed"]), rate(one)])
    return section(
        "honesty",
        say("report_honesty"),
        note("report_honesty_note"),
        f'<div class="pair"><div>{plots.reliability_plot(ratios["reliability"])}</div>'
        f"<div>{table(['', ''], rows)}</div></div>",
    )


def _times(results: Mapping[str, Any]) -> str:
    headings = [
        say("report_truth"),
        say("report_number"),
        say("report_mean"),
        say("report_median"),
        say("report_p90"),
    ]
    rows = [
        [
            say(f"report_{truth}"),
            str(told["n"]),
            *(number(told[name], 1, "s") for name in ("mean_s", "median_s", "p90_s")),
        ]
        for truth, told in results["times"].items()
    ]
    return section(
        "times",
        say("report_times"),
        note("report_times_note"),
        f'<div class="pair"><div>{plots.time_plot(results["time_curves"])}</div>'
        f"<div>{table(headings, rows)}</div></div>",
    )


def _methods(found: Sequence[Mapping[str, Any]]) -> str:
    if not found:
        return ""
    ranked = sorted(found, key=lambda row: -row["detection"]["value"])
    kinds = {1: "one", len(found[0]["methods"]): "all"}
    whole = len(found[0]["methods"])
    drawn = [
        (
            say("report_all_methods", "tspan")
            if len(row["methods"]) == whole
            else plots.method_names(row["methods"], "tspan"),
            row["detection"],
            kinds.get(len(row["methods"]), ""),
        )
        for row in ranked
    ]
    codes = ("combination", "detection", "answered", "only_this", "only_all")
    headings = [*(say(f"report_{code}") for code in codes), "p", "AUC"]
    rows = [
        [
            plots.method_names(row["methods"]),
            rate(row["detection"]),
            f"{row['answered_occupied']}, {row['answered_empty']}",
            str(row["only_this"]),
            str(row["only_all"]),
            probability(row["p"]),
            number(row["auc"], 3),
        ]
        for row in ranked
    ]
    return section(
        "methods",
        say("report_methods"),
        note("report_methods_note"),
        plots.bars(drawn),
        f"<details><summary>{say('report_every_combination')}</summary>{table(headings, rows)}</details>",
    )


def _groups(groups: Mapping[str, Any]) -> str:
    """Return a table a grouping; conditions are folded, and left out where all scans share one."""
    shown = []
    first = [name for name in ("vehicle", "cargo", "persons") if name in groups]
    for name in [*first, *sorted(set(groups) - set(first))]:
        values = groups[name]
        condition = name.removeprefix(CONDITION)
        if condition == name:
            shown.append(f"<h3>{say(f'report_group_{name}')}</h3>{_group(name, values)}")
        elif len(values) > 1:
            title = say("report_group_condition", name=condition)
            shown.append(f"<details><summary>{title}</summary>{_group(name, values)}</details>")
    return section("groups", say("report_groups"), *shown)


def _group(name: str, values: Mapping[str, Any]) -> str:
    rows = [
        [
            named(name, value) if name in ("vehicle", "cargo") else html.escape(value),
            f"{plots.interval_mark(told['detection'])} {rate(told['detection'])}",
            f"{plots.interval_mark(told['false_alarms'])} {rate(told['false_alarms'])}",
            _bound(told["no_indication"]),
            f"{_count(told['inconclusive_occupied'])}, {_count(told['inconclusive_empty'])}",
        ]
        for value, told in values.items()
    ]
    codes = ("detection", "false_alarms", "bound", "inconclusive")
    return table(["", *(say(f"report_{code}") for code in codes)], rows, "even")


def _bound(told: Mapping[str, Any]) -> str:
    if not told["of"]:
        return "–"
    return f"{told['hits']}/{told['of']} <small>≤ {percent(told['upper'])}</small>"


def _count(told: Mapping[str, Any]) -> str:
    return f"{told['hits']}/{told['of']}" if told["of"] else "–"


def _thresholds(found: Sequence[Mapping[str, Any]]) -> str:
    headings = [say("report_threshold"), say("report_detection"), say("report_false_alarms")]
    rows = []
    for row in found:
        least = "" if row["exact"] else "≥ "
        cells = (f"{least}{rate(row[name])}" for name in ("detection", "false_alarms"))
        rows.append([number(row["search_llr"], 1), *cells])
    return section(
        "thresholds", say("report_thresholds"), note("report_thresholds_note"), table(headings, rows)
    )


def _predictive(found: Sequence[Mapping[str, Any]]) -> str:
    if not found:
        return ""
    headings = [say("report_base_rate"), say("report_alarm_finds"), say("report_silent_hides")]
    rows = []
    for row in found:
        finds = f"<b>{percent(row['alarm_finds'])}</b> <small>({percent(row['alarm_finds_low'])})</small>"
        hides, worse = (
            number(None if row[name] is None else 1e6 * row[name], 1)
            for name in ("silent_hides", "silent_hides_high")
        )
        rows.append(
            [say("report_one_in", n=1 / row["base_rate"]), finds, f"{hides} <small>({worse})</small>"]
        )
    return section(
        "predictive", say("report_predictive"), note("report_predictive_note"), table(headings, rows)
    )


def _weighted(results: Mapping[str, Any]) -> str:
    weighted = results["weighted"]
    if weighted is None:
        return ""
    headings = ["", say("report_plain"), say("report_corrected"), say("report_effective")]
    rows = [
        [
            say(code),
            rate(results["rates"][name]),
            rate(weighted[name]),
            number(weighted[name]["effective"], 0),
        ]
        for name, code in (("detection", "report_detection"), ("false_alarms", "report_false_alarms"))
        if weighted[name] is not None
    ]
    return section("weighted", say("report_weighted"), note("report_weighted_note"), table(headings, rows))
