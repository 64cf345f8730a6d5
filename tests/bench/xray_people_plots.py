"""Plots of the X-ray judgement: ROC by load, detection by what is visible, and examples of errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.training.xray_pictures import CELL, picture_of
from scanner.simulation.xray.beam import Beam
from tests.bench.xray_people_answers import Answer, beams
from tests.bench.xray_people_frozen import FALSE_ALARMS, Frozen
from tests.bench.xray_people_judge import Judge
from tests.bench.xray_people_scoring import (
    LEAST_VISIBLE_M2,
    LOADS,
    alarms,
    auc,
    pick,
    scores,
    wilson,
)
from tests.bench.xray_people_trials import EMPTY, FIRST_EMPTY, FIRST_OCCUPIED, OCCUPIED, Trial, View, views

EXAMPLES = 3
"""Of each kind and beam."""
DARKEST = 6.0


def plot(answers: Sequence[Answer], frozen: Frozen, judge: Judge, folder: Path) -> list[Path]:
    """Draw the plots and return their files."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    out = []

    def keep(name: str, figure: Any, dpi: int = 120) -> None:
        figure.savefig(folder / name, dpi=dpi)
        pyplot.close(figure)
        out.append(folder / name)

    keep("xray-people-roc.png", _roc(pyplot, answers))
    keep("xray-people-visible.png", _visible(pyplot, answers, frozen))
    for name, chosen in (
        ("misses", misses(answers, frozen)),
        ("false-alarms", false_alarms(answers, frozen)),
    ):
        if chosen:
            keep(f"xray-people-{name}.png", _examples(pyplot, chosen, judge), 80)
    return out


def roc(
    occupied: npt.NDArray[np.float64], empty: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return false alarms and detection at every threshold, both rising.

    >>> [ends.tolist() for ends in roc(np.array([2.0, 3.0]), np.array([1.0, 2.0]))]
    [[0.0, 0.0, 0.5, 1.0, 1.0], [0.0, 0.5, 1.0, 1.0, 1.0]]
    """
    limits = np.unique(np.concatenate([occupied, empty]))[::-1]
    rates = [
        np.concatenate(
            [[0.0], 1.0 - np.searchsorted(np.sort(values), limits, "left") / max(values.size, 1), [1.0]]
        )
        for values in (empty, occupied)
    ]
    return rates[0], rates[1]


def _roc(pyplot: Any, answers: Sequence[Answer]) -> Any:
    figure, panels = pyplot.subplots(1, 2, figsize=(13, 6), sharey=True, layout="constrained")
    colours = pyplot.get_cmap("tab20")(np.linspace(0, 1, len(LOADS)))
    for axes, beam in zip(panels, beams(), strict=True):
        for load, colour in zip(LOADS, colours, strict=True):
            one = scores(pick(answers, beam, OCCUPIED, load))
            none = scores(pick(answers, beam, EMPTY, load))
            if one.size and none.size:
                x, y = roc(one, none)
                label = f"{load}: AUC {auc(one, none):.3f}"
                # one in a thousand stands for none: the axis is logarithmic
                axes.step(np.maximum(x, 1e-3), y, where="post", color=colour, label=label, linewidth=1.3)
        axes.axvline(FALSE_ALARMS, color="0.4", linestyle=":", linewidth=1)
        axes.set(xscale="log", xlim=(1e-3, 1.0), ylim=(0, 1.01), title=beam, xlabel="false alarms")
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="lower right", fontsize=8)
    panels[0].set_ylabel("detected")
    return figure


def _visible(pyplot: Any, answers: Sequence[Answer], frozen: Frozen) -> Any:
    figure, panels = pyplot.subplots(2, 2, figsize=(11, 8), sharey=True, layout="constrained")
    edges = {
        "visible_m2": np.array([0.0, 1e-6, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0, np.inf]),
        "attenuation": np.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, np.inf]),
    }
    for line, beam in zip(panels, beams(), strict=True):
        occupied = pick(answers, beam, OCCUPIED)
        hit = alarms(occupied, frozen)
        for axes, (name, ends) in zip(line, edges.items(), strict=True):
            value = np.array([getattr(a, name) for a in occupied], float)
            binned(axes, value, hit, ends)
            axes.set(ylim=(-0.02, 1.02), title=beam)
            axes.grid(alpha=0.3)
        line[0].axvline(LEAST_VISIBLE_M2, color="0.4", linestyle=":", linewidth=1)
        line[0].set(xlabel="people visible, m²", ylabel=f"detected at {100 * FALSE_ALARMS:g} %")
        line[1].set(xlabel="median log-attenuation of the rays through people")
    return figure


def binned(
    axes: Any, value: npt.NDArray[np.float64], hit: npt.NDArray[np.bool_], edges: npt.NDArray[np.float64]
) -> None:
    """Draw the share of hits in bins of a value, each at its median."""
    for low, high in pairwise(edges.tolist()):
        inside = (value >= low) & (value < high)
        if inside.any():
            rate = float(hit[inside].mean())
            ends = wilson(int(hit[inside].sum()), int(inside.sum()))
            error = [[max(rate - ends[0], 0.0)], [max(ends[1] - rate, 0.0)]]
            axes.errorbar(float(np.median(value[inside])), rate, yerr=error, fmt="o", color="tab:blue")


def misses(answers: Sequence[Answer], frozen: Frozen) -> list[Answer]:
    """Return the misses of each beam in which most of people was visible."""
    out = []
    for beam in beams():
        occupied = pick(answers, beam, OCCUPIED)
        hit = alarms(occupied, frozen)
        missed = [a for a, h in zip(occupied, hit, strict=True) if not h and not math.isnan(a.score)]
        out += sorted(missed, key=lambda a: -a.visible_m2)[:EXAMPLES]
    return out


def false_alarms(answers: Sequence[Answer], frozen: Frozen) -> list[Answer]:
    """Return the false alarms of each beam that lie highest over their thresholds."""
    out = []
    for beam in beams():
        empty = pick(answers, beam, EMPTY)
        wrong = [a for a, h in zip(empty, alarms(empty, frozen), strict=True) if h]
        out += sorted(wrong, key=lambda a: frozen.threshold(a.beam, a.load) - a.score)[:EXAMPLES]
    return out


def view_again(a: Answer) -> View:
    """Draw an answer's view once more."""
    occupied = a.seed < FIRST_EMPTY
    trial = Trial(a.seed - (FIRST_OCCUPIED if occupied else FIRST_EMPTY), occupied)
    return next(v for v in views(trial) if v.spec.beam.value == a.beam and v.side == a.side)


def _examples(pyplot: Any, chosen: Sequence[Answer], judge: Judge) -> Any:
    figure, panels = pyplot.subplots(
        len(chosen), 2, figsize=(13, 2.2 * len(chosen)), squeeze=False, layout="constrained"
    )
    for (left, right), a in zip(panels, chosen, strict=True):
        picture = picture_of(view_again(a).passage)
        heat = judge.look(picture, Beam(a.beam)).heatmap
        left.imshow(picture.attenuation.astype(np.float32), cmap="gray_r", vmin=0, vmax=DARKEST)
        right.imshow(heat, cmap="magma", vmin=0, vmax=1)
        people = (picture.people > 0).repeat(CELL, axis=0).repeat(CELL, axis=1).astype(float)
        for axes in (left, right):
            if people.any():
                axes.contour(people, levels=[0.5], colors="tab:cyan", linewidths=0.8)
            axes.set_axis_off()
        left.set_title(f"{a.beam}, {a.load}, {a.body}, seed {a.seed}", fontsize=9)
        right.set_title(
            f"score {a.score:.2f}, {a.persons} inside, {a.visible_m2:.2f} m² visible, product: {a.state}",
            fontsize=9,
        )
    return figure
