"""Watches one device as a lane would run it: drawn live in a terminal, a line a second in a pipe."""

from __future__ import annotations

import contextlib
import io
import logging
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.live import Live

from drivers.api import ConnectionState, Device, DeviceTimeout, LinkOpener
from drivers.runner import DeviceGroup, DeviceMetrics, DeviceSpec, QueuePolicy
from service.terminal.device_view import (
    DeviceHead,
    counter_words,
    draw,
    frame_words,
    line_words,
    sample_words,
    state_words,
)
from service.terminal.device_watch import DeviceWatch

REFRESH_S = 0.2
LINE_EVERY_S = 1.0
QUEUE_SIZE = 2000


class Monitor:
    """One device under a lane's runner, watched; used in a ``with`` statement.

    Parameters
    ----------
    spec : the device.
    url : where it is, for the view's title.
    """

    def __init__(self, spec: DeviceSpec, url: str) -> None:
        self.head = DeviceHead(spec.name, url)
        self.watch = DeviceWatch()
        self._newest_device: Device[Any] | None = None
        held = replace(spec, driver_class=_held(spec.driver_class, self._hold))
        # a view that is too slow must not keep the device
        self._group = DeviceGroup([held], QUEUE_SIZE, policy=QueuePolicy.DROP_OLDEST)
        self._name = spec.name

    def __enter__(self) -> Monitor:
        self._group.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._group.stop()

    @property
    def metrics(self) -> DeviceMetrics:
        """The device's counts now."""
        return self._group.metrics()[self._name]

    @property
    def counters(self) -> Any:
        """What the driver's decoder counts; None when it shows none."""
        counters = getattr(self._newest_device, "counters", None)
        wanted = ("frames", "bytes_dropped", "dropped")
        return counters if counters is not None and all(hasattr(counters, key) for key in wanted) else None

    def take_until(self, end_s: float) -> bool:
        """Take what the device says until a monotonic time; tell whether its state changed."""
        before = self.watch.state
        while (left := end_s - time.monotonic()) > 0:
            try:
                self.watch.take(self._group.items.get(timeout=left))
            except queue.Empty:
                break
        now = self.watch.state
        return (before.state if before else None) != (now.state if now else None)

    def _hold(self, device: Device[Any]) -> None:
        self._newest_device = device


def watch_device(spec: DeviceSpec, url: str, seconds: float, console: Console) -> None:
    """Show a device until so many seconds have passed, or Ctrl-C.

    Parameters
    ----------
    seconds : 0 goes on until Ctrl-C.

    Raises
    ------
    DeviceTimeout : the time is over and not one reading came.
    """
    monitor = Monitor(spec, url)
    interrupted = False
    with _stop_signals(), _crashes_told_at_the_end():
        try:
            with monitor:
                end_s = time.monotonic() + seconds if seconds > 0 else float("inf")
                (_live if console.is_terminal else _plain)(monitor, console, end_s)
        except KeyboardInterrupt:
            interrupted = True
        if console.is_terminal:
            console.print(
                _drawn(monitor, console, running=False)
            )  # the other screen is gone: leave what it showed
    if not interrupted and not monitor.metrics.readings:
        reason = monitor.watch.state.reason if monitor.watch.state is not None else ""
        raise DeviceTimeout(reason or f"{url} gave no reading within {seconds:g} s: wait longer")


def _live(monitor: Monitor, console: Console, end_s: float) -> None:
    with Live(console=console, screen=True, auto_refresh=False) as view:
        while (now_s := time.monotonic()) < end_s:
            monitor.take_until(min(now_s + REFRESH_S, end_s))
            view.update(_drawn(monitor, console), refresh=True)


def _plain(monitor: Monitor, console: Console, end_s: float) -> None:
    next_s = time.monotonic() + LINE_EVERY_S
    said: ConnectionState | None = None
    while (now_s := time.monotonic()) < end_s:
        monitor.take_until(min(next_s, now_s + REFRESH_S, end_s))
        state = monitor.watch.state
        changed = state is not None and state.state is not said
        if changed or time.monotonic() >= next_s:
            said = state.state if state is not None else None
            console.print(line(monitor), markup=False, highlight=False, soft_wrap=True)
            next_s = time.monotonic() + LINE_EVERY_S


def line(monitor: Monitor) -> str:
    """Return a device as it is now in one line."""
    watch, metrics, now_s = monitor.watch, monitor.metrics, time.monotonic()
    parts = [state_words(watch.state, now_s)]
    parts += [f"{s.quantity.value.rsplit('_', 1)[0]} {sample_words(s)}" for s in watch.newest.values()]
    for name, wave in watch.waves.items():
        rms, low, high = wave.numbers()
        parts.append(f"{name} rms {rms:.4g} ({low} to {high})")
    if watch.frame is not None:
        parts.append(f"frame {frame_words(watch.frame)}")
    if watch.lines is not None:
        parts.append(line_words(watch, now_s))
    if watch.generator is not None:
        supply = watch.generator
        parts.append(f"generator {supply.state}, {supply.kv:g} kV, {supply.ma:g} mA")
    parts.append(f"{metrics.readings} readings ({watch.readings.per_s(now_s):.3g}/s)")
    parts.append(f"{metrics.rx_bytes} B received ({watch.rx.per_s(now_s):.4g} B/s)")
    if monitor.counters is not None:
        parts.append(counter_words(monitor.counters))
    return f"{time.strftime('%H:%M:%S')} {monitor.head.driver}: " + "; ".join(parts)


def _drawn(monitor: Monitor, console: Console, running: bool = True) -> Any:
    colour = console.color_system not in (None, "standard") and not console.no_color
    return draw(
        monitor.head,
        monitor.watch,
        monitor.metrics,
        monitor.counters,
        time.monotonic(),
        console.width,
        console.height,
        colour,
        running,
    )


def _held(driver_class: type[Device[Any]], hold: Callable[[Device[Any]], None]) -> type[Device[Any]]:
    """Return the same driver, each object of which is shown to ``hold``."""

    def __init__(self: Device[Any], config: Any, links: LinkOpener) -> None:
        driver_class.__init__(self, config, links)
        hold(self)

    body = {"__init__": __init__, "__module__": driver_class.__module__, "__doc__": driver_class.__doc__}
    return type(driver_class.__name__, (driver_class,), body)


@contextlib.contextmanager
def _stop_signals() -> Iterator[None]:
    """Let a told end be an end: the terminal is left as it was."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _crashes_told_at_the_end() -> Iterator[None]:
    """Keep what the runner logs of a driver that fails off the drawing; its maker sees it afterwards."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log = logging.getLogger("lorryscan.drivers")
    passed_on, log.propagate = log.propagate, False
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.propagate = passed_on
        said = text.getvalue()
        if said:
            Console(stderr=True).print(said[-4000:], markup=False, highlight=False, soft_wrap=True)
