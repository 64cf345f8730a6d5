"""Draws one device as it is now: who it is, its state, what it says, what came and what was lost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from drivers.api import (
    ClockLock,
    DeviceState,
    Flag,
    Frame,
    LineBlock,
    Quality,
    Sample,
)
from drivers.device_metrics import ClockMetrics, DeviceMetrics
from service.terminal.bars import binned, picture, scale_of, span_bar, sparkline, usual_gap
from service.terminal.device_watch import MINUTE_S, DeviceWatch
from service.terminal.view import STATE_STYLE

PLOT_ROWS = 6
FRAME_ROWS = 24
LINE_ROWS = 16
BAR_WIDTH = 25
LABEL_WIDTH = 10
HOLD_GAPS = 2.5
LEAST_SPAN = {"co2_ppm": 20.0, "temperature_c": 1.0, "humidity_pct": 2.0, "oxygen_pct": 0.5}
"""A plot spans no less, so that noise of the last digit does not look like weather."""


@dataclass(frozen=True, slots=True)
class DeviceHead:
    """What does not change: the driver's name and where the device is."""

    driver: str
    url: str


def draw(
    head: DeviceHead,
    watch: DeviceWatch,
    metrics: DeviceMetrics,
    counters: Any,
    now_s: float,
    columns: int,
    rows: int,
    colour: bool,
    running: bool = True,
) -> RenderableType:
    """Return the whole view.

    Parameters
    ----------
    counters : the driver's `DecodeCounters`, None when it has none.
    now_s : host monotonic time, s.
    columns, rows : of the screen.
    colour : whether it shows colours.
    running : whether it goes on.
    """
    inside = columns - 4
    facts = _facts(watch, metrics, counters, now_s)
    parts: list[RenderableType] = [facts]
    rows_left = rows - 3 - facts.row_count
    if watch.waves:
        parts += ["", _waves(watch, now_s, inside)]
        rows_left -= len(watch.waves) + 3
    if watch.frame is not None:
        tall = min(FRAME_ROWS, max(rows_left - 3, 4))
        parts += ["", _frame(watch.frame, inside, tall, colour)]
        rows_left -= tall + 2
    if watch.lines is not None:
        tall = min(LINE_ROWS, max(rows_left - 3, 4))
        parts += ["", _lines(watch, now_s, inside, tall, colour)]
        rows_left -= tall + 2
    if watch.minutes:
        # beside a picture or channels a scalar is an aside
        most = PLOT_ROWS if len(parts) == 1 else 1
        each = min(most, max(1, rows_left // len(watch.minutes) - 2))
        for name, minute in watch.minutes.items():
            parts += ["", _plot(name, list(minute.points), watch, now_s, inside, each)]
    if len(parts) == 1:
        parts += ["", Text("no reading yet", style="dim")]
    title = Text.assemble((head.driver, "bold"), " at ", head.url)
    return Panel(
        Group(*parts),
        title=title,
        title_align="left",
        subtitle="Ctrl-C ends" if running else None,
        border_style="blue",
    )


def state_words(state: DeviceState | None, now_s: float) -> str:
    """Return state, since when, and why, as one line.

    Examples
    --------
    >>> from drivers.api import ConnectionState
    >>> state_words(DeviceState(ConnectionState.LOST, "it sent nothing: check its cable"), 3.0)
    'lost for 3 s: it sent nothing: check its cable'
    """
    if state is None:
        return "not opened yet"
    words = f"{state.state.value.replace('_', ' ')} for {_span(now_s - state.since_mono_ns / 1e9)}"
    reason = state.reason.removeprefix(f"{state.stamp.sensor}: ")
    return f"{words}: {reason}" if reason else words


def sample_words(sample: Sample) -> str:
    """Return a value with its unit, and its quality when that is not good.

    Examples
    --------
    >>> from drivers.api import Quantity
    >>> sample_words(Sample(Quantity.CO2_PPM, 904.0, Quality.WARMING_UP))
    '904 ppm (warming up)'
    """
    value = f"{_digits(sample.value)} {sample.quantity.unit}"
    return value if sample.quality is Quality.GOOD else f"{value} ({sample.quality.value.replace('_', ' ')})"


def counter_words(counters: Any) -> str:
    """Return what a decoder saw and dropped, as one line.

    Examples
    --------
    >>> from drivers.codecs.counters import DecodeCounters
    >>> seen = DecodeCounters(bytes_in=120, frames=9)
    >>> seen.drop("checksum", 12)
    >>> counter_words(seen)
    '9 frames whole, 12 B dropped (checksum 1)'
    """
    words = f"{counters.frames} frames whole"
    if not (counters.bytes_dropped or counters.dropped):
        return f"{words}, nothing dropped"
    reasons = ", ".join(
        f"{why.replace('_', ' ')} {count}" for why, count in counters.dropped.items() if count
    )
    return f"{words}, {_bytes(counters.bytes_dropped)} dropped" + (f" ({reasons})" if reasons else "")


def clock_words(clock: ClockMetrics) -> str:
    """Return a device clock's drift against the host's, as one line."""
    lock = {ClockLock.NONE: "free running", ClockLock.GPS: "held by GPS", ClockLock.NTP: "held by NTP"}
    words = lock[clock.lock]
    if clock.estimate is None:
        words += ", drift not known before 10 s"
    else:
        drift = clock.estimate
        words += f", {drift.drift_ppm:+.1f} ± {drift.drift_uncertainty_ppm:.1f} ppm against this computer"
        words += f", offset ± {drift.offset_uncertainty_ns / 1e6:.2f} ms"
    if clock.steps:
        words += f", stepped {clock.steps} times"
    return words + (": it drifts more than a held clock can" if clock.suspect else "")


def _facts(watch: DeviceWatch, metrics: DeviceMetrics, counters: Any, now_s: float) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(ratio=1)
    who = metrics.identity
    if who is not None:
        parts = [f"{who.maker} {who.model}".strip()]
        parts += [f"serial {who.serial}"] if who.serial else []
        parts += [f"firmware {who.firmware}"] if who.firmware else []
        table.add_row("device", Text(", ".join(parts)))
    style = STATE_STYLE[watch.state.state] if watch.state else "dim"
    table.add_row("state", Text(state_words(watch.state, now_s), style=style))
    for sample in watch.newest.values():
        style = "bold" if sample.quality is Quality.GOOD else "bold yellow"
        table.add_row(sample.quantity.value.rsplit("_", 1)[0], Text(sample_words(sample), style=style))
    supply = watch.generator
    if supply is not None:
        words = f"{supply.state}, {_digits(supply.kv)} kV, {_digits(supply.ma)} mA"
        table.add_row("generator", Text(words, style="bold red" if supply.state == "on" else "bold"))
    table.add_row("readings", Text(f"{metrics.readings}, {watch.readings.per_s(now_s):.3g}/s"))
    table.add_row("wire", Text(_wire(watch, metrics, now_s)))
    if counters is not None:
        dropped = bool(counters.bytes_dropped or counters.dropped)
        table.add_row("decoder", Text(counter_words(counters), style="yellow" if dropped else ""))
    if metrics.clock is not None:
        style = "yellow" if metrics.clock.suspect else ""
        table.add_row("its clock", Text(clock_words(metrics.clock), style=style))
    lost = _losses(watch, metrics)
    if lost:
        table.add_row("lost", Text(lost, style="yellow"))
    return table


def _wire(watch: DeviceWatch, metrics: DeviceMetrics, now_s: float) -> str:
    words = f"received {_bytes(metrics.rx_bytes)} ({_bytes(watch.rx.per_s(now_s))}/s)"
    if metrics.tx_bytes:
        words += f", sent {_bytes(metrics.tx_bytes)} ({_bytes(watch.tx.per_s(now_s))}/s)"
    if metrics.opens != 1:
        words += f", opened {metrics.opens} times" if metrics.opens else ", never opened"
    return words + (f", {metrics.failures} failures" if metrics.failures else "")


def _losses(watch: DeviceWatch, metrics: DeviceMetrics) -> str:
    lost = watch.losses
    counts = {"gap": lost.gaps, "sample": lost.samples, "line": lost.lines}
    parts = [f"{count} {what}{'s' if count > 1 else ''}" for what, count in counts.items() if count]
    parts += [f"{metrics.drops} items that this view was too slow for"] if metrics.drops else []
    return ", ".join(parts)


def _plot(
    name: str, points: list[tuple[float, float]], watch: DeviceWatch, now_s: float, columns: int, rows: int
) -> Text:
    width = max(10, columns - LABEL_WIDTH - 2)
    values = binned(points, now_s, MINUTE_S, width, HOLD_GAPS * usual_gap(points))
    low, high = scale_of(values, LEAST_SPAN.get(name, 0.0))
    drawn = sparkline(values, low, high, rows)
    newest = next((s for s in watch.newest.values() if s.quantity.value == name), None)
    style = "cyan" if newest is None or newest.quality is Quality.GOOD else "yellow"
    text = Text(f"{name}, last {MINUTE_S:g} s\n", style="dim", no_wrap=True)
    for number, line in enumerate(drawn):
        label = _digits(high) if number == 0 else _digits(low) if number == rows - 1 else ""
        if rows == 1:
            label = _digits(points[-1][1])
        text.append(f"{label:>{LABEL_WIDTH}} ┤", style="dim not italic")
        text.append(line + ("\n" if number < rows - 1 else ""), style=style)
    return text


def _waves(watch: DeviceWatch, now_s: float, columns: int) -> Table:
    table = Table(box=None, pad_edge=False, expand=True, header_style="dim")
    for heading in ("channel", "role"):
        table.add_column(heading, no_wrap=True)
    for heading in ("rms", "lowest", "highest"):
        table.add_column(heading, no_wrap=True, justify="right")
    table.add_column("lowest to highest".center(BAR_WIDTH), no_wrap=True)
    spark = max(10, columns - BAR_WIDTH - max(len(name) for name in watch.waves) - 46)
    table.add_column("rms, last 60 s", no_wrap=True, ratio=1)
    numbers = {name: wave.numbers() for name, wave in watch.waves.items()}
    reach = max(max(abs(low), abs(high)) for _, low, high in numbers.values())
    for name, wave in watch.waves.items():
        rms, low, high = numbers[name]
        history = binned(wave.rms.points, now_s, MINUTE_S, spark)
        style = "bold red" if wave.clipped else ""
        table.add_row(
            Text(name + (f" (clipped in {wave.clipped} blocks)" if wave.clipped else ""), style=style),
            wave.role,
            _digits(rms),
            str(low),
            str(high),
            Text(span_bar(low, high, reach, BAR_WIDTH), style="green"),
            Text(sparkline(history, 0.0, float(np.nanmax(history, initial=0.0)))[0], style="cyan"),
        )
    rate = watch.samples_per_s.per_s(now_s)
    fs_hz = next(iter(watch.waves.values())).fs_hz
    table.caption = Text(f"counts; {rate:.4g} samples/s came, {fs_hz:g} are declared", style="dim")
    table.caption_justify = "left"
    return table


def frame_words(frame: Frame) -> str:
    """Return size and range of an image, as one line.

    Examples
    --------
    >>> frame_words(Frame(np.array([[2000, 3650]], np.int16), "°C", scale=0.01))
    '1 x 2 pixels, 20 to 36.5 °C'
    """
    low, high = (
        float(edge) * frame.scale + frame.offset for edge in (frame.pixels.min(), frame.pixels.max())
    )
    height, width = frame.pixels.shape
    words = f"{height} x {width} pixels, {_digits(low)} to {_digits(high)} {frame.unit}"
    if frame.ambient_c is not None:
        words += f", device at {frame.ambient_c:.1f} °C"
    return words + _flag_words(frame.flags)


def _frame(frame: Frame, columns: int, rows: int, colour: bool) -> Group:
    return Group(Text(frame_words(frame), style="dim"), picture(frame.pixels, rows, columns, colour))


def line_words(watch: DeviceWatch, now_s: float) -> str:
    """Return rate and passage of a line scan, as one line."""
    if watch.lines is None:
        return "no lines yet"
    block: LineBlock = watch.lines
    words = (
        f"{watch.line_rate.per_s(now_s):.4g} lines/s, passage {block.scan}, {block.kind.value} line "
        f"{int(block.line_numbers[-1])}, {block.pixels.shape[1]} pixels of {block.bits} bits"
    )
    end = watch.scan_end
    if end is not None:
        hashed = "hash equal" if end.hash_matches else "hash DIFFERENT"
        words += f"; passage {end.scan} ended: {end.lines_received} of {end.lines_sent} lines, {hashed}"
    return words + _flag_words(block.flags)


def _lines(watch: DeviceWatch, now_s: float, columns: int, rows: int, colour: bool) -> Group:
    words = Text(line_words(watch, now_s), style="dim")
    held = [row for row in watch.waterfall if row.size == watch.waterfall[-1].size]
    return Group(words, picture(np.array(held), rows, columns, colour) if held else Text())


def _flag_words(flags: Flag) -> str:
    names = [str(flag.name).lower().replace("_", " ") for flag in Flag if flag in flags and flag.value]
    return f", {', '.join(names)}" if names else ""


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{max(seconds, 0.0):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _bytes(count: float) -> str:
    for limit, unit in ((1e6, "MB"), (1e3, "kB")):
        if count >= limit:
            return f"{count / limit:.3g} {unit}"
    return f"{count:.3g} B"


def _digits(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
