"""Plots as SVG text: curves on normal-deviate axes, reliability, times, bars with intervals.

Colours come from the page's style (`report.css`), so that a plot is right in light and in dark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import ndtri

from scanner.validation.markup import named, number, percent, say

WIDTH, HEIGHT = 480, 380
LEFT, RIGHT, TOP, BOTTOM = 70, 30, 14, 46
DET_TICKS = (0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95)
DET_LOW, DET_HIGH = 0.0005, 0.97
UNIT_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
BAR, BAR_LEFT, BAR_WIDTH = 22, 460, 1000
SERIES = ("a", "b", "c", "d", "e", "f")
"""Classes of lines, in the order in which they are given out."""

Scale = Callable[[float], float]


def probit(share: float) -> float:
    """Return the normal deviate of a share, held within the axes."""
    return float(ndtri(min(max(share, DET_LOW), DET_HIGH)))


def det_plot(curves: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Draw misses over false alarms on normal-deviate axes.

    Parameters
    ----------
    curves : markup of the name, and the points; the first is drawn heavier.

    References
    ----------
    Martin et al., The DET curve in assessment of detection task performance, Eurospeech 1997, 1895-1898.
    """
    x, y = _scales(probit, probit(DET_LOW), probit(DET_HIGH), probit(DET_LOW), probit(DET_HIGH))
    ticks = [(tick, _tick(tick)) for tick in DET_TICKS]
    drawn = [_axes(x, y, ticks, ticks, "report_axis_false_alarms", "report_axis_misses")]
    drawn.append(_line([(x(t), y(t)) for t in (DET_LOW, DET_HIGH)], "chance"))
    for (_, points), kind in reversed(list(zip(curves, SERIES, strict=False))):
        pairs = zip(points["false_alarms"], points["detection"], strict=True)
        drawn.append(_line([(x(a), y(1.0 - d)) for a, d in pairs], kind))
    return _svg(drawn) + _legend([name for name, _ in curves])


def roc_plot(curves: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Draw detection over false alarms; the axis of false alarms is a square root, as low ones matter."""
    x, _ = _scales(lambda share: share**0.5, 0.0, 1.0, 0.0, 1.0)
    _, y = _scales(float, 0.0, 1.0, 0.0, 1.0)
    ticks = [(tick, _tick(tick)) for tick in (0.01, 0.05, 0.2, 0.5, 1.0)]
    drawn = [_axes(x, y, ticks, _unit_ticks(), "report_axis_false_alarms", "report_axis_detection")]
    drawn.append(_line([(x(t), y(t)) for t in np.linspace(0, 1, 60)], "chance"))
    for (_, points), kind in reversed(list(zip(curves, SERIES, strict=False))):
        pairs = zip(points["false_alarms"], points["detection"], strict=True)
        drawn.append(_line([(x(a), y(d)) for a, d in pairs], kind))
    return _svg(drawn) + _legend([name for name, _ in curves])


def reliability_plot(bins: Sequence[Mapping[str, Any]]) -> str:
    """Draw the share that was occupied over the probability that was claimed, with exact intervals."""
    x, y = _scales(float, 0.0, 1.0, 0.0, 1.0)
    drawn = [_axes(x, y, _unit_ticks(), _unit_ticks(), "report_axis_claimed", "report_axis_occupied")]
    drawn.append(_line([(x(0), y(0)), (x(1), y(1))], "chance"))
    for one in bins:
        at, told = x(one["mean"]), one["occupied"]
        drawn.append(_line([(at, y(told["low"])), (at, y(told["high"]))], "whisker"))
        size = 3 + 1.2 * np.log10(max(told["of"], 1))
        title = f"<title>{told['hits']}/{told['of']}</title>"
        drawn.append(
            f'<circle class="dot" cx="{at:.1f}" cy="{y(told["value"]):.1f}" r="{size:.1f}">{title}</circle>'
        )
    return _svg(drawn)


def time_plot(curves: Mapping[str, Sequence[float]]) -> str:
    """Draw which share of scans was decided after so many seconds, occupied and empty apart."""
    latest = max((max(times) for times in curves.values() if times), default=1.0)
    step = next(s for s in (5, 10, 20, 30, 60, 120, 300, 600, 3600, 1e9) if latest / s <= 8)
    end = step * np.ceil(latest / step)
    x, _ = _scales(float, 0.0, end, 0.0, 1.0)
    _, y = _scales(float, 0.0, 1.0, 0.0, 1.0)
    ticks = [(float(t), number(float(t), 0, "s", "tspan")) for t in np.arange(0, end + step / 2, step)]
    drawn = [_axes(x, y, ticks, _unit_ticks(), "report_axis_seconds", "report_axis_decided")]
    shown = [name for name in ("occupied", "empty") if curves.get(name)]
    for name, kind in zip(shown, SERIES, strict=False):
        drawn.append(_line(_steps(curves[name], x, y, end), kind))
    return _svg(drawn) + _legend([say(f"report_{name}") for name in shown])


def bars(rows: Sequence[tuple[str, Mapping[str, Any], str]]) -> str:
    """Draw a bar a rate, with its exact interval.

    Parameters
    ----------
    rows : SVG markup of the name, the rate, class of the bar.
    """
    height = TOP + BAR * len(rows) + BOTTOM
    span = BAR_WIDTH - BAR_LEFT - 70

    def x(share: float) -> float:
        return BAR_LEFT + span * share

    drawn = []
    for tick in UNIT_TICKS:
        drawn.append(_line([(x(tick), TOP), (x(tick), TOP + BAR * len(rows))], "grid"))
        drawn.append(_text(x(tick), TOP + BAR * len(rows) + 18, _tick(tick), "middle"))
    for row, (label, told, kind) in enumerate(rows):
        top = TOP + BAR * row
        middle = top + BAR / 2
        drawn.append(_text(BAR_LEFT - 8, middle + 4, label, "end"))
        if told["value"] is None:
            continue
        drawn.append(
            f'<rect class="bar {kind}" x="{BAR_LEFT}" y="{top + 4}" '
            f'width="{span * told["value"]:.1f}" height="{BAR - 8}" rx="2"/>'
        )
        drawn.append(_line([(x(told["low"]), middle), (x(told["high"]), middle)], "whisker"))
        for end in (told["low"], told["high"]):
            drawn.append(_line([(x(end), middle - 4), (x(end), middle + 4)], "whisker"))
        drawn.append(_text(x(1) + 10, middle + 4, percent(told["value"], "tspan"), "start"))
    return _svg(drawn, BAR_WIDTH, height, "wide")


def interval_mark(told: Mapping[str, Any]) -> str:
    """Draw one rate with its interval, small enough for a table's cell."""
    if told["value"] is None:
        return ""
    width, height = 120, 16
    at = [4 + (width - 8) * told[end] for end in ("low", "value", "high")]
    drawn = [
        _line([(4, height / 2), (width - 4, height / 2)], "grid"),
        _line([(at[0], height / 2), (at[2], height / 2)], "whisker"),
        f'<circle class="dot" cx="{at[1]:.1f}" cy="{height / 2}" r="3.5"/>',
    ]
    return _svg(drawn, width, height, "mark")


def method_names(methods: Sequence[str], tag: str = "span") -> str:
    """Return methods by their names, with plus signs between."""
    return " + ".join(named("modality", name, tag) for name in methods)


def _scales(bend: Scale, x_low: float, x_high: float, y_low: float, y_high: float) -> tuple[Scale, Scale]:
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(value: float) -> float:
        return LEFT + wide * (bend(value) - x_low) / (x_high - x_low)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - high * (bend(value) - y_low) / (y_high - y_low)

    return x, y


def _axes(
    x: Scale,
    y: Scale,
    x_ticks: Sequence[tuple[float, str]],
    y_ticks: Sequence[tuple[float, str]],
    x_code: str,
    y_code: str,
) -> str:
    drawn = []
    for tick, label in x_ticks:
        drawn.append(_line([(x(tick), TOP), (x(tick), HEIGHT - BOTTOM)], "grid"))
        drawn.append(_text(x(tick), HEIGHT - BOTTOM + 16, label, "middle"))
    for tick, label in y_ticks:
        drawn.append(_line([(LEFT, y(tick)), (WIDTH - RIGHT, y(tick))], "grid"))
        drawn.append(_text(LEFT - 6, y(tick) + 4, label, "end"))
    drawn.append(_line([(LEFT, TOP), (LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, HEIGHT - BOTTOM)], "axis"))
    centre = (LEFT + WIDTH - RIGHT) / 2
    drawn.append(_text(centre, HEIGHT - 8, say(x_code, "tspan"), "middle", "title"))
    up = (TOP + HEIGHT - BOTTOM) / 2
    words = say(y_code, "tspan")
    drawn.append(
        f'<text class="title" text-anchor="middle" transform="translate(14 {up}) rotate(-90)">{words}</text>'
    )
    return "".join(drawn)


def _tick(share: float) -> str:
    return number(100 * share, 0 if share >= 0.01 or share == 0 else 1, "%", "tspan")


def _unit_ticks() -> list[tuple[float, str]]:
    return [(tick, _tick(tick)) for tick in UNIT_TICKS]


def _steps(times: Sequence[float], x: Scale, y: Scale, end: float) -> list[tuple[float, float]]:
    """Return the corners of the share decided over time; times of the same second are one step."""
    at, counts = np.unique(np.round(np.asarray(times, float), 0), return_counts=True)
    shares = np.cumsum(counts) / len(times)
    corners = [(x(0.0), y(0.0))]
    below = 0.0
    for time_s, share in zip(at, shares, strict=True):
        corners += [(x(time_s), y(below)), (x(time_s), y(share))]
        below = share
    return [*corners, (x(end), y(1.0))]


def _line(points: Sequence[tuple[float, float]], kind: str) -> str:
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    return f'<polyline class="{kind}" points="{path}"/>'


def _text(x: float, y: float, words: str, anchor: str, kind: str = "") -> str:
    kinds = f' class="{kind}"' if kind else ""
    return f'<text{kinds} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'


def _svg(drawn: Sequence[str], width: int = WIDTH, height: int = HEIGHT, kind: str = "plot") -> str:
    return (
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-hidden="true">{"".join(drawn)}</svg>'
    )


def _legend(names: Sequence[str]) -> str:
    items = "".join(
        f'<li><i class="{kind}"></i>{name}</li>' for name, kind in zip(names, SERIES, strict=False)
    )
    return f'<ul class="legend">{items}</ul>'
