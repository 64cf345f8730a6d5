"""The lane agent's loop: every item is recorded, then weighed; each second brings a tick."""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable

from drivers.api import (
    DeviceState,
    Event,
    Item,
    LorryscanError,
    RawBytes,
)
from drivers.runner import DeviceGroup
from scanner.evidence import Reason
from scanner.lane.carry_out import carry_out
from scanner.lane.commands import Command, CommandRefused, Quit, Reopen
from scanner.lane.config import LaneConfig
from scanner.lane.folder import hold_folder
from scanner.lane.newest import reading_words
from scanner.lane.onlooker import Onlooker
from scanner.lane.open_scans import OpenScans
from scanner.lane.snapshot import DeviceView, LaneSnapshot, device_kind
from scanner.lane.teller import Teller
from scanner.limits import limits_of
from scanner.methods import MethodKit
from scanner.outbox import Outbox

TICK_NS = 1_000_000_000

_log = logging.getLogger(__name__)


class LaneAgent:
    """One lane: devices, recorder, pipeline and outbox.

    `run` is the only thread that touches scans and files; `command`, `submit` and
    `snapshot` may be called from any other. What begins a visit, ends one or
    records is for `run` and what it carries out.

    Raises
    ------
    LaneBusy : the data folder is held by another lane.
    """

    def __init__(
        self,
        config: LaneConfig,
        kit: MethodKit,
        *,
        clock: Callable[[], int] = time.monotonic_ns,
        wall: Callable[[], int] = time.time_ns,
        group: DeviceGroup | None = None,
    ) -> None:
        self.config = config
        self.kit = kit
        self.clock, self.wall = clock, wall
        config.data_dir.mkdir(parents=True, exist_ok=True)
        self._hold = hold_folder(config.data_dir)
        self.outbox = Outbox(config.data_dir / "outbox.sqlite")
        self.onlooker: Onlooker | None = None
        self._teller = Teller(self.outbox, wall)
        self._states: dict[str, DeviceState] = {}
        self.scans = OpenScans(config, kit, self._teller, self._states, clock, wall, self._show)
        self.group = group or DeviceGroup(config.devices)
        self._commands: queue.SimpleQueue[_Given] = queue.SimpleQueue()
        self._newest: dict[str, Reason] = {}
        self._snapshot_lock = threading.Lock()
        self._snapshot = self._make_snapshot()
        self._stop = threading.Event()
        self.stopped = threading.Event()

    # -- called from other threads -----------------------------------------

    def command(self, command: Command, by: str = "officer", timeout_s: float = 10.0) -> str:
        """Carry out a command in the lane's thread and return what it did in words.

        Raises
        ------
        CommandRefused : it cannot be done now; says why.
        TimeoutError : the lane did not get to it.
        """
        done = self.submit(command, by)
        try:
            return done.result(timeout_s)
        except TimeoutError:
            if done.cancel():  # what was given up is not carried out later
                raise
            return done.result(timeout_s)

    def submit(
        self, command: Command, by: str = "officer", order: str = ""
    ) -> concurrent.futures.Future[str]:
        """Hand a command to the lane's thread and return its result to come; cancelled, it is not begun.

        Parameters
        ----------
        order : id of the booth's order, "" for none.
        """
        given = _Given(command, by, order)
        self._commands.put(given)
        return given.done

    def snapshot(self) -> LaneSnapshot:
        """Return the lane as it is now."""
        with self._snapshot_lock:
            return self._snapshot

    def stop(self) -> None:
        """Ask `run` to end after the item at hand."""
        self._stop.set()

    # -- the lane's own thread ----------------------------------------------

    def run(self) -> None:
        """Run until `stop`: recover open scans, then record and weigh what comes."""
        try:
            self.scans.recover()
            self.group.start()
            next_tick = self.clock() + TICK_NS
            while not self._stop.is_set():
                self._carry_out_commands()
                wait_s = min(max((next_tick - self.clock()) / 1e9, 0.0), 0.05)
                with contextlib.suppress(queue.Empty):
                    if self._take(self.group.items.get(timeout=wait_s)):
                        self._tick(self.clock())
                if self.clock() >= next_tick:
                    self._tick(self.clock())
                    next_tick += TICK_NS
                    if next_tick < self.clock():  # the machine slept: no burst of ticks
                        next_tick = self.clock() + TICK_NS
        finally:
            self._stop_devices()
            self.stopped.set()

    def _stop_devices(self) -> None:
        self.group.stop()
        if self.scans.active:
            self.scans.end_visit("the lane stopped")
        self._publish()
        if self.onlooker is not None:
            self._teller.tell_the_rest()
            self.onlooker.closing()
        self._teller.close()
        self._hold.close()

    def _take(self, item: Item) -> bool:
        """Record and weigh one item; return whether it calls for a tick at once."""
        self._show(item)
        self.scans.record(item)
        if not isinstance(item, DeviceState):
            return False
        self._publish()  # weighing takes a moment, and a lost device must be seen at once
        return True

    def _show(self, item: Item) -> None:
        if self.onlooker is not None:
            self.onlooker.see(item)
        if isinstance(item, DeviceState):
            self._states[item.stamp.sensor] = item
        elif not isinstance(item, RawBytes | Event):
            words = reading_words(item)
            if words is not None:
                self._newest[item.stamp.sensor] = words

    def _tick(self, now_ns: int) -> None:
        self._teller.tell_the_rest()
        self.scans.weigh(now_ns)
        self._publish()

    # -- commands -------------------------------------------------------------

    def _carry_out_commands(self) -> None:
        while True:
            try:
                given = self._commands.get_nowait()
            except queue.Empty:
                return
            if not given.done.set_running_or_notify_cancel():
                continue
            said, refused = "", None
            try:
                said = self._obey(given)
            except LorryscanError as error:
                refused = error
            except OSError as error:
                refused = CommandRefused("order_disk_refuses", why=str(error.strerror or error))
            except Exception as error:  # a defect must not end the lane
                _log.exception("%s failed", given.command)
                refused = CommandRefused("order_defect", why=repr(error))
            self._publish()  # before the answer: who has it may look at once
            if refused is None:
                given.done.set_result(said)
            else:
                given.done.set_exception(refused)

    def _obey(self, given: _Given) -> str:
        if isinstance(given.command, Quit):
            self.stop()
            return "stopping"
        if isinstance(given.command, Reopen):
            return self._reopen(given.command.sensor)
        return carry_out(self.scans, given.command, given.by, given.order)

    def _reopen(self, name: str) -> str:
        if name not in self.group.runners:
            raise CommandRefused("order_no_device", word=repr(name), known=", ".join(self.group.runners))
        if not self.group.reopen(name):
            raise CommandRefused("order_device_hangs", sensor=name)
        return f"{name} is opened anew"

    # -- what others see ----------------------------------------------------------

    def _publish(self) -> None:
        snapshot = self._make_snapshot()
        with self._snapshot_lock:
            self._snapshot = snapshot
        if self.onlooker is not None:
            self.onlooker.published()

    def _make_snapshot(self) -> LaneSnapshot:
        scans, current = self.scans, self.scans.current
        disk = () if self._teller.fault is None else (self._teller.fault,)
        vehicle = current.declaration.vehicle_class if current is not None else None
        demands = self.config.policy[vehicle] if vehicle is not None else None
        devices = tuple(
            DeviceView(s.name, s.role, self._states.get(s.name), self._newest.get(s.name), device_kind(s))
            for s in self.config.sensors.values()
        )
        return LaneSnapshot(
            lane_id=self.config.lane_id,
            devices=devices,
            scan_id=scans.active,
            visit=current.visits if current else 0,
            declaration=current.declaration if current else None,
            elapsed_s=scans.elapsed_s,
            probe_in=scans.probe_in,
            assessment=current.assessment if current else None,
            waiting=scans.waiting(),
            last=scans.last,
            faults=(*scans.faults(), *disk),
            time_limit_s=demands.time_limit_s if demands is not None else None,
            prior=demands.prior_of(current.declaration.profile) if demands and current else None,
            limits=limits_of(demands, self.kit.calibrations, vehicle) if demands and vehicle else None,
            utc_ms=scans.wall() // 1_000_000,
        )


class _Given:
    """A command on its way to the lane's thread, and its result to come."""

    def __init__(self, command: Command, by: str, order: str) -> None:
        self.command, self.by, self.order = command, by, order
        self.done: concurrent.futures.Future[str] = concurrent.futures.Future()
