"""Plots of the heart bench: detection by condition, detection against level, false alarms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from scanner.simulation.vibration_spec import Condition
from tests.bench.heart_trials import LEVELS_DB

STYLES = {
    "ours": ("o", "tab:red"),
    "a": ("x", "tab:blue"),
    "a best": ("+", "tab:cyan"),
    "b": ("s", "tab:purple"),
    "c1": ("^", "tab:green"),
    "c2": ("v", "tab:olive"),
    "e1": ("D", "0.45"),
    "e": ("D", "0.2"),
    "d": ("|", "0.0"),
}


def plot(found: dict[str, Any], conditions: list[Condition], folder: Path) -> list[Path]:
    """Draw the three plots and return their files."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for name, draw in (
        ("heart-detection.png", _detection),
        ("heart-levels.png", _levels),
        ("heart-false-alarms.png", _false_alarms),
    ):
        figure = draw(pyplot, found, conditions)
        figure.savefig(folder / name, dpi=120)
        pyplot.close(figure)
        out.append(folder / name)
    return out


def _detection(pyplot: Any, found: dict[str, Any], conditions: list[Condition]) -> Any:
    figure, panels = pyplot.subplots(
        1, 3, figsize=(13, 1.5 + 0.6 * len(conditions)), sharey=True, layout="constrained"
    )
    for axes, duration in zip(panels, ("15", "30", "60"), strict=True):
        for index, (name, (mark, colour)) in enumerate(STYLES.items()):
            rows = [found["detection"][c.value][duration].get(name) for c in conditions]
            here = [(k, row["pd"]) for k, row in enumerate(rows) if row]
            if not here:
                continue
            y = [-k + 0.32 - 0.08 * index for k, _ in here]
            x = np.array([pd["share"] for _, pd in here])
            ends = np.array([[pd["share"] - pd["low"], pd["high"] - pd["share"]] for _, pd in here]).T
            axes.errorbar(
                x,
                y,
                xerr=np.maximum(ends, 0),
                fmt=mark,
                color=colour,
                label=name,
                markersize=5,
                linewidth=0.9,
            )
        for k in range(len(conditions) - 1):
            axes.axhline(-k - 0.5, color="0.85", linewidth=0.8)
        axes.set(xlim=(-0.02, 1.02), title=f"{duration} s", xlabel="detected at 1 % false alarms")
        axes.grid(axis="x", alpha=0.3)
    panels[0].set_yticks(-np.arange(len(conditions)), [c.value for c in conditions])
    panels[0].set_ylim(-len(conditions) + 0.5, 0.5)
    panels[-1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _levels(pyplot: Any, found: dict[str, Any], conditions: list[Condition]) -> Any:
    rows = -(-len(conditions) // 3)
    figure, panels = pyplot.subplots(
        rows, 3, figsize=(13, 0.6 + 3.0 * rows), sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for axes, condition in zip(panels.ravel(), conditions, strict=False):
        for name, (mark, colour) in STYLES.items():
            pd = found["curves"][condition.value]["30"]["pd"].get(name)
            if pd:
                axes.plot(LEVELS_DB, pd, marker=mark, color=colour, label=name, markersize=4, linewidth=1.1)
        axes.axhline(0.5, color="0.7", linewidth=0.8, linestyle=":")
        axes.set(title=condition.value, ylim=(-0.03, 1.03))
        axes.grid(alpha=0.3)
    for axes in panels.ravel()[len(conditions) :]:
        axes.set_axis_off()
    for axes in panels[-1]:
        axes.set_xlabel("level of the heart, dB over nominal")
    panels[0, 0].set_ylabel("detected at 1 %, 30 s")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper")
    return figure


def _false_alarms(pyplot: Any, found: dict[str, Any], conditions: list[Condition]) -> Any:
    alarms = {name: cells for name, cells in found["false_alarms"]["30"].items() if cells}
    names = list(dict.fromkeys(cell for cells in alarms.values() for cell in cells))
    figure, axes = pyplot.subplots(figsize=(8.5, 1.5 + 0.45 * len(names)), layout="constrained")
    least = 0.0005
    for index, (name, cells) in enumerate(alarms.items()):
        mark, colour = STYLES[name]
        here = [(k, cells[cell]) for k, cell in enumerate(names) if cell in cells]
        x = np.maximum([c["share"] for _, c in here], least)
        ends = np.array(
            [[v - max(c["low"], least), c["high"] - v] for v, (_, c) in zip(x, here, strict=True)]
        ).T
        y = [-k + 0.25 - 0.1 * index for k, _ in here]
        axes.errorbar(
            x, y, xerr=np.maximum(ends, 0), fmt=mark, color=colour, label=name, markersize=5, linewidth=0.9
        )
    axes.axvspan(0.005, 0.02, color="0.9", zorder=0, label="within a factor of 2")
    axes.set(xscale="log", xlim=(least, 1.05), xlabel="false alarms, threshold at 1 % of calm, 30 s")
    axes.set_yticks(-np.arange(len(names)), names)
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure
