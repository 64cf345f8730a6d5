"""What ``calibrate co2`` prints: the budget as a table, the history and its drift, a plot in characters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from calibration.co2_budget import Budget
from calibration.co2_drift import Drift, NextDue
from calibration.co2_history import Calibrated
from calibration.co2_pair import PairMatch

Array = npt.NDArray[np.float64]


def show_budget(budget: Budget, console: Console) -> None:
    """Print gain, offset and each source of uncertainty, the largest first."""
    line = budget.line
    known = "not measured" if budget.zero_only else f"± {2 * np.sqrt(line.covariance[1, 1]):.4f} (k = 2)"
    _say(console, f"offset {line.offset_ppm:+.1f} ppm, gain {line.gain:.4f} ({known})")
    _say(console, f"uncertainty of a corrected reading at {budget.level_ppm:.0f} ppm on the last day:")
    table = Table()
    table.add_column("source")
    table.add_column("ppm (k = 1)", justify="right")
    for name, part in sorted(budget.parts.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{part:.1f}")
    table.add_row("together, k = 2", f"{budget.expanded_ppm:.1f}", style="bold")
    console.print(table)


def show_match(match: PairMatch, other: str, console: Console) -> None:
    """Print how two probes differ."""
    _say(
        console,
        f"beside {other}: {match.offset_ppm:+.1f} ppm, ± {2 * match.sigma_ppm:.1f} ppm (k = 2) today, "
        f"compared at {match.level_ppm:.0f} ppm",
    )
    if match.gain is not None and match.gain_sigma is not None:
        _say(console, f"gain against {other}: {match.gain:.3f} ± {2 * match.gain_sigma:.3f} (k = 2)")
    else:
        _say(console, "the air varied too little to compare gains")


def show_history(history: Sequence[Calibrated], drift: Drift, due: NextDue, console: Console) -> None:
    """Print a probe's calibrations, its drift and when it is due."""
    newest = history[-1]
    _say(console, f"{newest.sensor}{f', serial {newest.serial}' if newest.serial else ''}:")
    table = Table()
    for heading in ("day", "error at 450 ppm", "k = 2", "reference", ""):
        table.add_column(heading, justify="right" if heading in ("error at 450 ppm", "k = 2") else "left")
    rebased = {rebase.index: rebase for rebase in drift.rebases}
    for index, entry in enumerate(history):
        note = ""
        if index in rebased:
            found = rebased[index]
            word = "rebased" if found.confirmed else "rebased, or a bad calibration"
            note = f"{word}: {found.step_ppm:+.0f} ± {2 * found.sigma_ppm:.0f} ppm"
        elif index in drift.outliers:
            note = "fits nothing: a bad calibration"
        table.add_row(
            entry.day.isoformat(),
            f"{entry.error_ppm:+.1f}",
            f"{2 * entry.sigma_ppm:.1f}",
            entry.reference,
            note,
        )
    console.print(table)
    for sentence in drift_sentences(history, drift, due):
        _say(console, sentence)


def drift_sentences(history: Sequence[Calibrated], drift: Drift, due: NextDue) -> list[str]:
    """Return what the history means, sentence by sentence."""
    if not np.isfinite(drift.ppm_per_year):
        count = "1 calibration" if len(history) == 1 else f"{len(history)} calibrations"
        words = [f"{count} so far: three on different days are needed to tell a drift"]
    else:
        words = [f"drift {drift.ppm_per_year:+.0f} ppm a year ({drift.low:+.0f} to {drift.high:+.0f}, 95 %)"]
    if any(rebase.confirmed for rebase in drift.rebases):
        words.append(
            "a sudden step is no drift: the probe rebased itself or was adjusted; check that nothing else, "
            "and no spell elsewhere, switches its self-calibration on"
        )
    if due.because == "rebase":
        words.append("calibrate it again now: the newest calibration lies off by itself")
    elif due.because == "drift":
        words.append(f"due on {due.due}: the drift may have used up the certificate's uncertainty by then")
    else:
        words.append(f"due on {due.due}, when its certificate expires")
    if due.leaves_likely is not None:
        words.append(f"along its slope it leaves its uncertainty on {due.leaves_likely}")
    return words


def text_plot(
    days: Sequence[dt.date], error_ppm: Sequence[float], fitted_ppm: Array, width: int = 64, height: int = 14
) -> str:
    """Return errors (o) and the fitted line with its steps (·) over time as lines of characters.

    Examples
    --------
    >>> days = [dt.date(2026, 1, 1), dt.date(2026, 3, 1)]
    >>> print(text_plot(days, [0.0, 10.0], np.array([0.0, 10.0]), width=8, height=3))
      +10 |      ·o
       +5 |  ····
       +0 |o·
          +--------
           2026-01-01 to 2026-03-01
    """
    number = np.array([day.toordinal() for day in days], dtype=float)
    error = np.asarray(error_ppm, dtype=float)
    fitted = np.asarray(fitted_ppm, dtype=float)
    both = np.concatenate([error, fitted[np.isfinite(fitted)]])
    low, high = float(both.min()), float(both.max())
    if high - low < 1.0:
        low, high = low - 1.0, high + 1.0
    first, span = number[0], max(number[-1] - number[0], 1.0)
    grid = [[" "] * width for _ in range(height)]

    def put(day: float, ppm: float, mark: str) -> None:
        row = round((high - ppm) / (high - low) * (height - 1))
        grid[min(max(row, 0), height - 1)][round((day - first) / span * (width - 1))] = mark

    if np.isfinite(fitted).all() and fitted.size > 1:
        for column in range(width):
            day = first + column / (width - 1) * span
            put(day, float(np.interp(day, number, fitted)), "·")
    for day, ppm in zip(number, error, strict=True):
        put(day, ppm, "o")
    lines = []
    for row, marks in enumerate(grid):
        label = high - (high - low) * row / (height - 1)
        lines.append(f"{label:+5.0f} |{''.join(marks)}".rstrip())
    lines.append(f"      +{'-' * width}")
    lines.append(f"       {days[0].isoformat()} to {days[-1].isoformat()}")
    return "\n".join(lines)


def _say(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)
