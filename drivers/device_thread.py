"""Runs one device: its thread, retries, arrival times, raw bytes, and its state in words."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from drivers.api import (
    ConnectionState,
    Device,
    DeviceState,
    DeviceTimeout,
    Direction,
    DriverError,
    Flag,
    Frame,
    Identity,
    Item,
    LineBlock,
    LinkOpener,
    LorryscanError,
    Quality,
    RawBytes,
    Reading,
    Role,
    Stamp,
    WaveformBlock,
)
from drivers.device_metrics import ClockWatch, DeviceMetrics
from drivers.device_states import DeviceStates
from drivers.freshness import MENDS, ReadingJudge, silence_limit_s
from drivers.leak_watch import LeakWatch
from drivers.reading_check import checked_readings
from drivers.retries import Retries, RetryPlan
from drivers.transport import PortLinks, Tap

OPEN_LIMIT_S = 3.0
HANG_LIMIT_S = 1.2  # a driver's read returns within about 0.2 s, a polled one within its time limit
HANG_NAMED_S = 5.0  # no answer is waited for so long: it is not the cable that keeps the driver
GIVEN_UP_LIMIT_S = 30.0  # how long a try of a device that was given up may take before it is said anew
HELD_S = 2.0  # a device that speaks only when something passes counts as back once its wire held so long
LAG_LIMIT_S = 0.5
LAG_SHOWN_S = 2.0

Clock: TypeAlias = Callable[[], int]
Links: TypeAlias = Callable[[Tap], LinkOpener]

log = logging.getLogger("lorryscan.drivers")


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """One device of the lane: its name, lane role, driver and checked configuration."""

    name: str
    role: Role
    driver_class: type[Device[Any]]
    config: Any


class DeviceRunner:
    """Owns one device: its thread, retries, arrival times and state.

    Parameters
    ----------
    spec : the device.
    sink : takes raw bytes, readings and states in order; may block, which is
        counted as lag and shown as degraded.
    links : makes the opener of wires from the tap that records raw bytes.
    clock : host monotonic time, ns.
    plan : how often it is tried again, and when it is given up.
    """

    def __init__(
        self,
        spec: DeviceSpec,
        sink: Callable[[Item], None],
        links: Links = PortLinks,
        clock: Clock = time.monotonic_ns,
        plan: RetryPlan | None = None,
    ) -> None:
        self.spec = spec
        self._sink = sink
        self._links = links(self._tap)
        self._clock = clock
        self._capabilities = capabilities = spec.driver_class.capabilities
        self._silence_s = silence_limit_s(capabilities.period_s)
        self._speaks_always = capabilities.period_s > 0
        # A configuration may know that the device is never switched off.
        self._warm_up_s: float = getattr(spec.config, "warm_up_s", capabilities.warm_up_s)
        self._judge = ReadingJudge(capabilities)
        self._clock_watch = ClockWatch()
        self._retries = Retries(spec.name, plan or RetryPlan(), clock())
        self._states = DeviceStates(spec.name, spec.role, clock)
        self._set = self._states.set
        self._stopping = threading.Event()
        self._wake = threading.Event()  # to stop, or to open anew
        self._thread: threading.Thread | None = None

        # Written by the device's thread, read by the watchdog.
        self._doing = ""
        self._doing_since_ns = 0
        self._blocked_since_ns: int | None = None
        self._lagged_ns: int | None = None
        self._opened_ns = 0
        self._waiting_from_ns = 0  # silence counts from here: the opening, or the end of a lag
        self._last_reading_ns: int | None = None
        self._last_rx_ns = 0
        self._identity: Identity | None = None
        self._readings = self._raws = self._rx_bytes = self._tx_bytes = 0
        self._opens = self._failures = self._lags = self._lag_ns = 0
        self._last_error = ""
        self._gap_open = False
        self._leaks = LeakWatch()  # a leak outlives the object that made it

    @property
    def state(self) -> DeviceState:
        """Newest state of the device."""
        return self._states.newest

    def metrics(self) -> DeviceMetrics:
        """Return the device's counts."""
        return DeviceMetrics(
            readings=self._readings,
            rx_bytes=self._rx_bytes,
            tx_bytes=self._tx_bytes,
            opens=self._opens,
            failures=self._failures,
            lags=self._lags,
            lag_s=self._lag_ns / 1e9,
            last_reading_mono_ns=self._last_reading_ns,
            identity=self._identity,
            tries_since_reading=self._retries.tries,
            given_up=self._retries.given_up,
            last_error=self._last_error,
            clock=self._clock_watch.metrics(),
        )

    def start(self) -> None:
        """Start the device's thread."""
        self._begin("open")
        self._set(ConnectionState.OPENING, f"{self.spec.name} is being opened")
        self._thread = threading.Thread(target=self._run, name=f"device {self.spec.name}", daemon=True)
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Let the thread end after its present call."""
        self._stopping.set()
        self._wake.set()

    def reopen(self) -> bool:
        """Have the device closed and opened anew, at once when it is waiting for its next try.

        Returns
        -------
        False when its driver hangs: it is opened anew should the driver ever come back.
        """
        self._wake.set()
        limit_s = HANG_LIMIT_S if self._doing == "read" else OPEN_LIMIT_S
        hangs = self._doing != "wait" and self._clock() - self._doing_since_ns > limit_s * 1e9
        return self._blocked_since_ns is not None or not hangs

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread; False when its driver hangs and it had to be left behind."""
        if self._thread is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                return False
            self._thread = None
        return True

    def watch(self, offer: Callable[[Item], bool]) -> None:
        """Judge the device from outside its thread, which may hang in the driver.

        Parameters
        ----------
        offer : takes a state without blocking; False when there is no room now.
        """
        now_ns = self._clock()
        name, doing, since_ns = self.spec.name, self._doing, self._doing_since_ns
        given_up = self._retries.given_up
        blocked_ns = self._blocked_since_ns
        if self._stopping.is_set():
            return
        if self._thread is not None and not self._thread.is_alive():
            self._set(ConnectionState.LOST, f"{name} is read no more, its thread ended: restart the lane")
        elif blocked_ns is not None:
            if now_ns - blocked_ns > LAG_LIMIT_S * 1e9:
                self._set(ConnectionState.DEGRADED, self._lag_words())
        elif doing in ("open", "identify", "close"):
            limit_s = GIVEN_UP_LIMIT_S if given_up else OPEN_LIMIT_S
            if now_ns - since_ns > limit_s * 1e9:
                self._set(
                    ConnectionState.LOST,
                    f"{name} has not come up for {limit_s:g} s (its driver is in {doing}): "
                    "check its cable and power",
                )
        elif doing == "read":
            if given_up and now_ns - since_ns < GIVEN_UP_LIMIT_S * 1e9:
                pass  # its state says why it was given up
            elif now_ns - since_ns > (HANG_NAMED_S if self._speaks_always else HANG_LIMIT_S) * 1e9:
                self._set(
                    ConnectionState.LOST,
                    f"{name}: its driver hangs in read(): restart the lane and tell the driver's maker",
                )
            elif self._silent_s(now_ns) > self._silence_s:
                self._set(ConnectionState.LOST, self._silence_words())
            elif not self._speaks_always and self.state.state is ConnectionState.WARMING_UP:
                self._settle(now_ns, "")
        self._states.tell(offer, wait=False)

    def _run(self) -> None:
        while not self._stopping.is_set():
            device: Device[Any] | None = None
            self._retries.begin()
            try:
                self._begin("open")
                device = self.spec.driver_class(self.spec.config, self._links)
                device.open()
                self._begin("identify")
                self._identity = device.identify()
                self._opened_ns = self._waiting_from_ns = self._clock()
                self._opens += 1
                self._gap_open = self._opens > 1
                if not self._speaks_always:
                    self._refresh(self._opened_ns, "")
                while not self._wake.is_set():
                    self._read_once(device)
            except BaseException as error:  # whatever a driver raises, the lane goes on
                if not self._stopping.is_set():
                    self._fail(error)
            finally:
                self._begin("close")
                if device is not None:
                    with contextlib.suppress(Exception):
                        device.close()
            self._begin("wait")
            if self._wake.wait(self._retries.pause_s) and not self._stopping.is_set():
                self._wake.clear()
                self._retries.ordered(self._clock())
                self._set(ConnectionState.OPENING, f"{self.spec.name} is being opened anew")
                self._states.tell(self._block, wait=True)
        self._set(ConnectionState.CLOSED, "")
        self._states.tell(self._block, wait=True)

    def _read_once(self, device: Device[Any]) -> None:
        """Read and pass on."""
        self._begin("read")
        began_ns, rx_before = self._clock(), self._rx_bytes
        # all before the first is passed on: a driver that returns one odd reading is not ready for a moment
        with self._leaks.call():
            got = device.read()
        readings = checked_readings(got, self._capabilities)
        now_ns = self._clock()
        self._begin("read")
        if readings:
            self._retries.brought(now_ns)
            for reading in readings:
                self._take(reading, now_ns, device.complaint() or self._leak_words())
            if self._leaks.shut_out:
                raise DriverError(self._leak_words())
        else:
            if self._silent_s(now_ns) > self._silence_s:
                raise DeviceTimeout(self._silence_words())
            if not self._speaks_always and now_ns - self._opened_ns > HELD_S * 1e9:
                self._retries.brought(now_ns)
            if now_ns - began_ns < 1e6 and self._rx_bytes == rx_before:
                self._wake.wait(0.005)  # a driver that does not wait must not eat the processor

    def _take(self, reading: Reading, now_ns: int, complaint: str) -> None:
        self._last_reading_ns = now_ns
        self._clock_watch.note(reading, now_ns)
        judged = self._judge.judge(reading, now_ns, self._warming_up(now_ns))
        if self._gap_open and isinstance(judged, WaveformBlock | Frame | LineBlock):
            # the driver is a new object since the loss and cannot know what it missed
            judged = replace(judged, flags=judged.flags | Flag.GAP_BEFORE)
            self._gap_open = False
        stamp = Stamp(self.spec.name, self.spec.role, now_ns, self._readings)
        stamped = replace(judged, stamp=stamp)
        self._readings += 1
        self._refresh(now_ns, complaint)
        self._block(stamped)

    def _refresh(self, now_ns: int, complaint: str) -> None:
        self._settle(now_ns, complaint)
        self._states.tell(self._block, wait=True)

    def _settle(self, now_ns: int, complaint: str) -> None:
        """Set the state of a device that speaks."""
        name, verdict = self.spec.name, self._judge.verdict
        if self._lagged_ns is not None and now_ns - self._lagged_ns < LAG_SHOWN_S * 1e9:
            self._set(ConnectionState.DEGRADED, self._lag_words())
        elif complaint:
            self._set(ConnectionState.DEGRADED, f"{name} {complaint}")
        elif verdict not in (Quality.GOOD, Quality.WARMING_UP):
            self._set(ConnectionState.DEGRADED, f"{name} {MENDS[verdict]}")
        elif self._warming_up(now_ns):
            self._set(ConnectionState.WARMING_UP, f"{name} warms up for {self._warm_up_s:g} s after opening")
        elif verdict is Quality.WARMING_UP:
            self._set(ConnectionState.WARMING_UP, f"{name} {MENDS[verdict]}")
        else:
            self._set(ConnectionState.READY, "")

    def _fail(self, error: BaseException) -> None:
        name = self.spec.name
        self._failures += 1
        if isinstance(error, LorryscanError):
            text = str(error)
            words = text if text.startswith(name) else f"{name}: {text}"
            self._last_error = words.removeprefix(f"{name}: ")
        else:
            log.error("driver of %s failed", name, exc_info=error)
            what = f"its driver failed ({type(error).__name__}: {error})"
            words = f"{name}: {what}: it is opened again; tell the driver's maker"
            self._last_error = f"{what}: tell the driver's maker"
        was_given_up = self._retries.given_up
        self._retries.failed(self._clock(), crashed=not isinstance(error, DriverError))
        if self._leaks.shut_out:
            self._retries.give_up()
            words = f"{name}: {self._leak_words()}"
        elif self._retries.given_up:
            words = self._retries.words(self._clock(), self._last_error)
        if self._retries.given_up and not was_given_up:
            log.error("%s", words)
        self._set(ConnectionState.LOST, words)
        self._states.tell(self._block, wait=True)

    def _begin(self, what: str) -> None:
        self._doing_since_ns = self._clock()
        self._doing = what

    def _tap(self, direction: Direction, data: bytes) -> None:
        now_ns = self._clock()
        if direction is Direction.RX:
            self._rx_bytes += len(data)
            self._last_rx_ns = now_ns
        else:
            self._tx_bytes += len(data)
        stamp = Stamp(self.spec.name, self.spec.role, now_ns, self._raws)
        self._raws += 1
        self._block(RawBytes(direction, data, stamp))

    def _block(self, item: Item) -> bool:
        """Give an item to the sink and measure how long it kept us."""
        began_ns = self._clock()
        self._blocked_since_ns = began_ns
        self._sink(item)
        self._blocked_since_ns = None
        ended_ns = self._clock()
        if ended_ns - began_ns > LAG_LIMIT_S * 1e9:
            self._lags += 1
            self._lag_ns += ended_ns - began_ns
            self._lagged_ns = ended_ns
            # It was not the device that we waited for.
            self._waiting_from_ns = self._doing_since_ns = ended_ns
        return True

    def _warming_up(self, now_ns: int) -> bool:
        return now_ns - self._opened_ns < self._warm_up_s * 1e9

    def _silent_s(self, now_ns: int) -> float:
        return (now_ns - max(self._waiting_from_ns, self._last_reading_ns or 0)) / 1e9

    def _silence_words(self) -> str:
        name, limit = self.spec.name, f"{self._silence_s:g} s"
        if self._last_rx_ns > max(self._waiting_from_ns, self._last_reading_ns or 0):
            return (
                f"{name} sends bytes that make no reading for {limit}: "
                "check that it is the right device and its line speed"
            )
        return f"{name} has sent nothing for {limit}: check its cable and power"

    def _leak_words(self) -> str:
        if not self._leaks.named:
            return ""
        left = f"its driver has left {self._leaks.left_open} files or ports open"
        if self._leaks.shut_out:
            return (
                f"{left} and was stopped before the lane runs out of them: restart the lane, tell its maker"
            )
        return f"works, but {left}: restart the lane when it is idle, and tell the driver's maker"

    def _lag_words(self) -> str:
        return (
            f"{self.spec.name} waits for the lane's recorder, which does not keep up: "
            "check the disk and the computer's load"
        )
