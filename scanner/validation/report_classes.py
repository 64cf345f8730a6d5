"""Part of the report: what each method finds in each class of vehicle and with each cargo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scanner.validation.markup import NONE, named, note, number, percent, rate, say, section, table
from scanner.validation.plots import method_names


def classes_section(classes: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the tables of `classes.by_class`; "" where no class has both kinds of scan."""
    shown = []
    for name, values in classes.items():
        methods = _methods(values)
        if methods:
            shown.append(f"<h3>{say(f'report_group_{name}')}</h3>{_found(name, values, methods)}")
            if name == "vehicle":
                shown.append(_times(values))
    return section("classes", say("report_classes"), note("report_classes_note"), *shown) if shown else ""


def _methods(values: Mapping[str, Any]) -> list[str]:
    """Return the single methods that any class names, in the order of the first."""
    named_ones = (row["methods"][0] for told in values.values() for row in told["methods"][1:])
    return list(dict.fromkeys(named_ones))


def _found(name: str, values: Mapping[str, Any], methods: Sequence[str]) -> str:
    headings = ["", say("report_all_methods"), *(method_names([method]) for method in methods)]
    rows = []
    for value, told in values.items():
        if told["methods"]:
            alone = {
                row["methods"][0]: row["detection"] for row in told["methods"] if len(row["methods"]) == 1
            }
            cells = (rate(alone[method]) if method in alone else NONE for method in methods)
            rows.append([named(name, value), rate(told["methods"][0]["detection"]), *cells])
    return table(headings, rows)


def _times(values: Mapping[str, Any]) -> str:
    headings = ["", *(say(f"report_{truth}") for truth in ("occupied", "empty"))]
    rows = []
    for value, told in values.items():
        cells = []
        for truth in ("occupied", "empty"):
            took = told["times"][truth]
            ends = f"{number(took['mean_s'], 1, 's')} <small>{percent(took['share'])}</small>"
            cells.append(ends if took["n"] else NONE)
        rows.append([named("vehicle", value), *cells])
    return f"<h4>{say('report_class_times')}</h4>{table(headings, rows)}"
