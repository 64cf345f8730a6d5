"""Plots of the bench on recorded hearts: detection by condition and null, all thresholds on the third."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.real_hearts_answers import Key, Scores
from tests.bench.real_hearts_scoring import RATE, curve, null_of
from tests.bench.real_hearts_statistics import RHYTHMLESS
from tests.bench.real_hearts_trials import AXES, CONDITIONS, HEART

SHOWN = ("smooth", "surrogate", "shuffled")
JUDGED = "shuffled"
COLOURS = [f"C{k}" for k in range(10) if k != 7]
"""All but the grey one."""


def style(index: int, statistic: str) -> dict[str, Any]:
    """Return how a statistic is drawn: those without rhythm are grey."""
    if statistic in RHYTHMLESS:
        return {"color": ("0.4", "0.65")[RHYTHMLESS.index(statistic)], "marker": "x", "linestyle": "--"}
    return {"color": COLOURS[index % len(COLOURS)], "marker": "osD^v<>Php*"[index % 11], "linestyle": "-"}


def plot(found: dict[str, Any], scores: dict[Key, Scores], folder: Path) -> list[Path]:
    """Draw both plots and return their files."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for name, draw in (("real-hearts-detection.png", _detection), ("real-hearts-roc.png", _roc)):
        figure = draw(pyplot, found, scores)
        figure.savefig(folder / name, dpi=110)
        pyplot.close(figure)
        out.append(folder / name)
    return out


def _detection(pyplot: Any, found: dict[str, Any], scores: dict[Key, Scores]) -> Any:
    statistics = list(dict.fromkeys(row["statistic"] for row in found["detection"]))
    figure, panels = pyplot.subplots(
        len(AXES), len(SHOWN), figsize=(13, 8), sharex=True, sharey=True, layout="constrained"
    )
    for axes, line in zip(AXES, panels, strict=True):
        for kind, axis in zip(SHOWN, line, strict=True):
            for index, statistic in enumerate(statistics):
                rows = [
                    row
                    for row in found["detection"]
                    if (row["statistic"], row["axes"], row["null"]) == (statistic, axes, kind)
                ]
                pd = np.array([row["pd"] for row in rows])
                ends = np.array([[row["pd"] - row["low"], row["high"] - row["pd"]] for row in rows]).T
                place = np.arange(pd.size) + 0.07 * (index - 0.5 * (len(statistics) - 1))
                axis.errorbar(
                    place,
                    pd,
                    yerr=np.maximum(ends, 0),
                    label=statistic,
                    markersize=5,
                    linewidth=0.9,
                    **style(index, statistic),
                )
            axis.set(title=f"{axes}, null: {kind}", ylim=(-0.02, 1.02))
            axis.set_xticks(range(len(CONDITIONS)), list(CONDITIONS))
            axis.axhline(RATE, color="0.7", linewidth=0.8, linestyle=":")
            axis.grid(alpha=0.3, axis="y")
        line[0].set_ylabel(f"detected at {RATE:.0%} false alarms")
    handles, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=min(6, len(names)), fontsize=9)
    return figure


def _roc(pyplot: Any, found: dict[str, Any], scores: dict[Key, Scores]) -> Any:
    statistics = list(dict.fromkeys(key[0] for key in scores))
    figure, panels = pyplot.subplots(
        len(AXES), len(CONDITIONS), figsize=(13, 8.4), sharex=True, sharey=True, layout="constrained"
    )
    for axes, line in zip(AXES, panels, strict=True):
        for condition, axis in zip(CONDITIONS, line, strict=True):
            for index, statistic in enumerate(statistics):
                empties = null_of(scores, statistic, axes, condition, JUDGED)
                alarms, detected = curve(scores[statistic, axes, condition, HEART], empties)
                drawn = {k: v for k, v in style(index, statistic).items() if k != "marker"}
                axis.step(np.maximum(alarms, 1e-3), detected, where="post", label=statistic, **drawn)
            axis.axvline(RATE, color="0.7", linewidth=0.8, linestyle=":")
            chance = np.geomspace(1e-3, 1, 50)
            axis.plot(chance, chance, color="0.85", linewidth=0.8)
            axis.set(xscale="log", xlim=(1e-3, 1), ylim=(0, 1.02), title=f"{axes}, {condition}")
            axis.grid(alpha=0.3)
        line[0].set_ylabel("detected")
    for axis in panels[-1]:
        axis.set_xlabel("false alarms on the same bursts, shuffled")
    handles, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=min(6, len(names)), fontsize=9)
    return figure
