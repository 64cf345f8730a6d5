"""A comparison written down: Markdown, the trials as CSV, and the curves where matplotlib is there."""

from __future__ import annotations

import csv
import importlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scanner.comparison.figures import roc
from scanner.comparison.results import EVERY_CARGO, FALSE_ALARMS, Comparison, Row, scores_of

REPORT, TRIALS, CURVES = "report.md", "trials.csv", "roc.svg"
FEW_EMPTY = round(1 / FALSE_ALARMS)


def rate_words(hits: int, of: int, ends: tuple[float, float]) -> str:
    """Return a share with its interval and number.

    Examples
    --------
    >>> rate_words(9, 10, (0.596, 0.982))
    '.900 (.596-.982), n=10'
    """
    if of == 0:
        return "none"
    low, high = ends
    return f"{_short(hits / of)} ({_short(low)}-{_short(high)}), n={of}"


def count_words(hits: int, of: int, ends: tuple[float, float]) -> str:
    """Return a count with the interval of its share.

    Examples
    --------
    >>> count_words(9, 10, (0.596, 0.982))
    '9/10 (.596-.982)'
    """
    return f"{hits}/{of} ({_short(ends[0])}-{_short(ends[1])})" if of else "none"


def auc_words(row: Row) -> str:
    """Return a row's area under the curve, with its interval where it has one."""
    if row.auc is None:
        return ""
    if row.auc_low is None or row.auc_high is None:
        return _short(row.auc)
    return f"{_short(row.auc)} ({_short(row.auc_low)}-{_short(row.auc_high)})"


def cautions(found: Comparison) -> list[str]:
    """Return what has to be known before the figures are believed."""
    said = []
    for row in found.rows:
        if row.model == found.models[0] and row.cargo == EVERY_CARGO and row.empty < FEW_EMPTY:
            said.append(
                f"{row.beam}: {row.empty} empty scans are too few for a threshold at 1 % false alarms; "
                f"the highest empty score stands for it. Take {FEW_EMPTY} or more."
            )
    said.append(
        "Thresholds are set on the same empty scans that are counted here: "
        "elsewhere there may be more false alarms."
    )
    for name, reasons in zip(found.models, found.reasons, strict=True):
        if reasons:
            why = ", ".join(f"{code} {count}" for code, count in reasons.most_common())
            said.append(
                f"{name} could not tell in {reasons.total()} of {len(found.trials)} scans ({why}): "
                "they count as no alarm."
            )
    return said


def write_report(found: Comparison, seconds: Mapping[str, float], source: str, folder: Path) -> list[Path]:
    """Write the report, the trials and, if matplotlib is installed, the curves; return the files.

    Parameters
    ----------
    seconds : a picture takes, by model.
    source : which scans these are, in words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / REPORT, folder / TRIALS]
    curves = draw_curves(found, folder / CURVES)
    (folder / REPORT).write_text(_markdown(found, seconds, source, curves), encoding="utf-8")
    with (folder / TRIALS).open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["scan", "lorry", "beam", "cargo", "occupied", *found.models])
        for trial in found.trials:
            told = [
                why if score is None else score for score, why in zip(trial.scores, trial.why, strict=True)
            ]
            answer = "yes" if trial.occupied else "no"
            table.writerow([trial.scan, trial.lorry, trial.beam, trial.cargo, answer, *told])
    return [*written, folder / CURVES] if curves else written


def draw_curves(found: Comparison, path: Path) -> bool:
    """Draw detection over false alarms as SVG, a panel a beam; False where matplotlib is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        return False
    figure_class: Any = importlib.import_module("matplotlib.figure").Figure
    context: Any = importlib.import_module("matplotlib").rc_context
    beams = sorted({row.beam for row in found.rows})
    with context({"svg.hashsalt": "lorryscan"}):
        figure = figure_class(figsize=(5 * len(beams), 4.4), layout="constrained")
        for axes, beam in zip(figure.subplots(1, len(beams), squeeze=False)[0], beams, strict=True):
            trials = [trial for trial in found.trials if trial.beam == beam]
            occupied = np.array([trial.occupied for trial in trials])
            for name, scores in zip(found.models, scores_of(trials), strict=True):
                axes.step(*roc(scores, occupied), where="post", label=name)
            axes.axvline(FALSE_ALARMS, color="0.7", linewidth=0.8)
            axes.set(title=beam, xlabel="false alarms", ylabel="detection", xscale="symlog")
            axes.set_xscale("symlog", linthresh=FALSE_ALARMS)
            axes.set(xlim=(0, 1), ylim=(0, 1.01))
            axes.legend(loc="lower right", fontsize="small")
        figure.savefig(path, format="svg", metadata={"Date": None})
    return True


def _short(share: float) -> str:
    text = f"{share:.3f}"
    return text[1:] if text.startswith("0.") else text


def _markdown(found: Comparison, seconds: Mapping[str, float], source: str, curves: bool) -> str:
    scans = f"{len(found.trials)} scans, {sum(trial.occupied for trial in found.trials)} of them occupied"
    lines = ["# Image models compared", "", f"{source}: {scans}.", ""]
    lines += [f"- {caution}" for caution in cautions(found)]
    lines += ["", "| model | ms a picture |", "|---|---|"]
    lines += [f"| {name} | {1000 * seconds[name]:.0f} |" for name in found.models]
    lines += ["", "## Detection at 1 % false alarms, 95 % intervals", ""]
    headings = ("beam", "cargo", "model", "threshold", "AUC", "detection", "false alarms", "cannot tell")
    lines += [f"| {' | '.join(headings)} |", "|" + "---|" * len(headings)]
    for row in sorted(found.rows, key=lambda r: (r.beam, r.cargo != EVERY_CARGO, r.cargo)):
        found_words = rate_words(row.detected, row.occupied, row.detection)
        alarms = rate_words(row.alarmed, row.empty, row.false_alarms)
        cells = (
            row.beam,
            row.cargo,
            row.model,
            f"{row.threshold:.3f}",
            auc_words(row),
            found_words,
            alarms,
            str(row.unanswered),
        )
        lines.append(f"| {' | '.join(cells)} |")
    if found.differences:
        first = found.models[0]
        lines += ["", f"## On the same scans, against {first}", ""]
        lines += ["| beam | model | AUC difference | found by it alone | by the first alone | p |"]
        lines += ["|" + "---|" * 6]
        for one in found.differences:
            area = f"{one.auc:+.3f} ({one.auc_low:+.3f} to {one.auc_high:+.3f})"
            paired = (one.beam, one.model, area, str(one.only_this), str(one.only_first), f"{one.p:.3g}")
            lines.append(f"| {' | '.join(paired)} |")
        lines += [
            "",
            "Intervals of differences: paired bootstrap over lorries. p: McNemar, exact, two-sided.",
        ]
    if curves:
        lines += ["", f"![Detection over false alarms]({CURVES})"]
    return "\n".join(lines) + "\n"
