"""The lane agent's loop: every item is recorded, then weighed; each second brings a tick."""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from drivers.api import (
    DeviceState,
    Event,
    EventKind,
    Item,
    LorryscanError,
    RawBytes,
)
from drivers.runner import DeviceGroup
from scanner.canonical import assessment_json
from scanner.evidence import Assessment, Reason, Recommendation
from scanner.lane.carry_out import carry_out
from scanner.lane.commands import Command, CommandRefused
from scanner.lane.config import LaneConfig
from scanner.lane.folder import hold_folder
from scanner.lane.newest import reading_words
from scanner.lane.onlooker import Onlooker
from scanner.lane.recovery import find_open_scans, refeed
from scanner.lane.snapshot import DeviceView, LaneSnapshot, ScanLine, device_kind
from scanner.lane.teller import Teller
from scanner.lane.visits import VisitRecord, boot_id, recover
from scanner.methods import MethodKit
from scanner.outbox import Outbox
from scanner.pipeline import Scan, declaration_data, with_digest
from scanner.recording import manifest
from scanner.vehicle import Declaration

TICK_NS = 1_000_000_000
CLOCK_STEP_NS = 50_000_000

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class OpenScan:
    """A scan that is not closed: its pipeline, declaration and newest assessment.

    ``faults`` say that something of it was not recorded, in this visit or an earlier one.
    """

    scan: Scan
    declaration: Declaration
    visits: int = 0
    assessment: Assessment | None = None
    faults: tuple[Reason, ...] = ()


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
        self.group = group or DeviceGroup(config.devices)
        self.scans: dict[str, OpenScan] = {}
        self.active = ""
        self.last: ScanLine | None = None
        self._commands: queue.SimpleQueue[_Given] = queue.SimpleQueue()
        self._record: VisitRecord | None = None
        self._probe_in = False
        self._visit_start_ns = 0
        self._states: dict[str, DeviceState] = {}
        self._newest: dict[str, Reason] = {}
        self._faults: tuple[Reason, ...] = ()
        self._recovery_faults: list[Reason] = []
        self._utc_offset_ns = 0
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
            self._recover()
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
        if self.active:
            self.end_visit("the lane stopped")
        self._publish()
        if self.onlooker is not None:
            self._teller.tell_the_rest()
            self.onlooker.closing()
        self._teller.close()
        self._hold.close()

    def _take(self, item: Item) -> bool:
        """Record and weigh one item; return whether it calls for a tick at once."""
        self._show(item)
        if self.active:
            self.record(item)
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
        """Weigh what is there, and end the visit when that decides it."""
        self._teller.tell_the_rest()
        if self._record is not None:
            self._follow_clock(now_ns)
            current = self.scans[self.active]
            before = current.assessment
            self._record.tick(now_ns)
            assessment = current.scan.tick(now_ns)
            content = assessment_json(assessment)
            self._record.assessment(content, now_ns)
            self._note_faults(current)
            if current.faults and assessment.recommendation is Recommendation.NO_INDICATION:
                # unrecorded measurements cannot be defended later: never let them speak for empty
                reasons = (Reason("not_recorded"), *assessment.reasons)
                assessment = with_digest(
                    replace(assessment, recommendation=Recommendation.INCONCLUSIVE, reasons=reasons)
                )
                content = assessment_json(assessment)
            current.assessment = assessment
            if before is None or _changed(before, assessment):
                self._teller.tell("assessment", self.active, **content)
            if assessment.final:
                self.end_visit("decided")
        self._publish()

    def _follow_clock(self, now_ns: int) -> None:
        offset = self.wall() - now_ns
        if abs(offset - self._utc_offset_ns) > CLOCK_STEP_NS:
            self.record(self._anchor(now_ns))

    def _anchor(self, now_ns: int) -> Event:
        utc_ns = self.wall()
        self._utc_offset_ns = utc_ns - now_ns
        return Event(EventKind.ANCHOR, now_ns, self.active, {"utc_ns": utc_ns, "boot_id": boot_id()})

    def record(self, item: Item) -> None:
        """Record and feed an item. Raw first: on its way to disk before anything is computed from it."""
        if self._record is not None:
            self._record.write(item)
            self.scans[self.active].scan.feed(item)

    # -- commands -------------------------------------------------------------

    def _carry_out_commands(self) -> None:
        while True:
            try:
                given = self._commands.get_nowait()
            except queue.Empty:
                return
            if not given.done.set_running_or_notify_cancel():
                continue
            try:
                given.done.set_result(carry_out(self, given.command, given.by, given.order))
            except LorryscanError as error:
                given.done.set_exception(error)
            except OSError as error:
                why = str(error.strerror or error)
                given.done.set_exception(CommandRefused("order_disk_refuses", why=why))
            except Exception as error:  # a defect must not end the lane
                _log.exception("%s failed", given.command)
                given.done.set_exception(CommandRefused("order_defect", why=repr(error)))
            self._publish()

    # -- scans and visits -------------------------------------------------------

    def open_scan(self, scan_id: str, declaration: Declaration) -> None:
        """Take a scan in hand."""
        scan = Scan(
            scan_id,
            declaration,
            self.config.sensors,
            self.kit.make(),
            self.kit.calibrations,
            self.config.policy,
            self.kit.versions(self.config.policy),
        )
        self.scans[scan_id] = OpenScan(scan, declaration)

    def start_visit(self, scan_id: str, by: str) -> None:
        """Begin the next visit of an open scan.

        Raises
        ------
        OSError : the recording cannot begin.
        """
        current = self.scans[scan_id]
        now = self.clock()
        record = VisitRecord.begin(self.config, self.kit, scan_id, current.declaration, self.wall())
        current.scan.equip(self.config.sensors, self.config.policy)
        current.visits = record.number
        current.assessment = None
        self._record, self.active, self._probe_in, self._visit_start_ns = record, scan_id, False, now
        self._faults = ()
        self.record(self._anchor(now))
        self.record(Event(EventKind.DECLARATION, now, scan_id, declaration_data(current.declaration)))
        started = Event(EventKind.VISIT_START, now, scan_id, {"visit": current.visits, "by": by})
        self.record(started)
        if self.onlooker is not None:
            self.onlooker.see(started)
        for state in list(self._states.values()):
            self.record(replace(state, stamp=replace(state.stamp, mono_ns=now)))

    def note_probe(self, inside: bool, by: str) -> None:
        """Record where the CO2 probe's tip is."""
        kind = EventKind.PROBE_IN if inside else EventKind.PROBE_OUT
        self._probe_in = inside
        self.record(Event(kind, self.clock(), self.active, {"by": by}))

    def decide_now(self, by: str) -> None:
        """Weigh the visit at hand a last time, as an officer ends the scan, and end it."""
        now = self.clock()
        self.record(Event(EventKind.SCAN_END, now, self.active, {"by": by, "why": "officer"}))
        self._tick(now)
        if self.active:
            self.end_visit("ended")

    def end_visit(self, why: str) -> None:
        """End the visit at hand; its scan stays open."""
        current = self.scans[self.active]
        ended = Event(EventKind.VISIT_END, self.clock(), self.active, {"why": why})
        self.record(ended)
        if self.onlooker is not None:
            self.onlooker.see(ended)
        if self._record is not None:
            self._record.end(self.wall())
            self._note_faults(current)
            self._faults = current.faults
        if current.assessment is not None:
            content = assessment_json(current.assessment)
            self._teller.tell("visit_ended", self.active, why=why, visit=current.visits, assessment=content)
        self.last = _line(self.active, current)
        self._record, self.active, self._probe_in = None, "", False

    def _note_faults(self, current: OpenScan) -> None:
        fault = self._record.fault if self._record is not None else None
        if fault is not None and fault not in current.faults:
            current.faults = (*current.faults, fault)

    def tell(self, kind: str, scan_id: str, /, **body: object) -> None:
        """Put a message to the service on disk."""
        self._teller.tell(kind, scan_id, **body)

    def close_scan(self, scan_id: str, by: str) -> None:
        """Close a scan: it gets no further visit."""
        # told first: a kill in between tells it twice rather than never
        self._teller.tell("scan_closed", scan_id, by=by)
        manifest.close_scan(self.config.data_dir, scan_id, self.wall())
        del self.scans[scan_id]

    def _recover(self) -> None:
        """Rebuild the scans that a stop or a crash left open; go on with the one that was in the lane."""
        interrupted = ""
        scans, self._recovery_faults = find_open_scans(self.config.data_dir)
        for found in scans:
            try:
                recovered = recover(self.config.data_dir, found, self.wall())
                self.open_scan(found.scan_id, recovered.declaration)
            except (LorryscanError, OSError, KeyError, ValueError) as error:
                values = {"scan": found.scan_id, "why": repr(error)}
                self._recovery_faults.append(Reason("scan_not_taken_up", values))
                continue
            current = self.scans[found.scan_id]
            current.visits = recovered.visits
            if not self._teller.has_told("scan_opened", found.scan_id):
                declared = declaration_data(recovered.declaration)
                self._teller.tell("scan_opened", found.scan_id, declaration=declared, by="recovery")
            current.faults = (*recovered.missing, *refeed(current.scan, recovered.recordings))
            if recovered.interrupted:
                interrupted = found.scan_id
                self._teller.tell(
                    "visit_interrupted", found.scan_id, visit=current.visits, why="the lane was cut off"
                )
        if interrupted:
            self.start_visit(interrupted, "recovery")

    # -- what others see ----------------------------------------------------------

    def _publish(self) -> None:
        snapshot = self._make_snapshot()
        with self._snapshot_lock:
            self._snapshot = snapshot
        if self.onlooker is not None:
            self.onlooker.published()

    def _make_snapshot(self) -> LaneSnapshot:
        current = self.scans.get(self.active)
        if current is not None:
            self._note_faults(current)
        recording = current.faults if current is not None else self._faults
        disk = () if self._teller.fault is None else (self._teller.fault,)
        demands = self.config.policy[current.declaration.vehicle_class] if current is not None else None
        devices = tuple(
            DeviceView(s.name, s.role, self._states.get(s.name), self._newest.get(s.name), device_kind(s))
            for s in self.config.sensors.values()
        )
        return LaneSnapshot(
            lane_id=self.config.lane_id,
            devices=devices,
            scan_id=self.active,
            visit=current.visits if current else 0,
            declaration=current.declaration if current else None,
            elapsed_s=(self.clock() - self._visit_start_ns) / 1e9 if current else 0.0,
            probe_in=self._probe_in,
            assessment=current.assessment if current else None,
            waiting=tuple(_line(i, s) for i, s in self.scans.items() if i != self.active),
            last=self.last,
            faults=(*recording, *disk, *self._recovery_faults),
            time_limit_s=demands.time_limit_s if demands is not None else None,
            prior=demands.prior if demands is not None else None,
        )


class _Given:
    """A command on its way to the lane's thread, and its result to come."""

    def __init__(self, command: Command, by: str, order: str) -> None:
        self.command, self.by, self.order = command, by, order
        self.done: concurrent.futures.Future[str] = concurrent.futures.Future()


def _line(scan_id: str, scan: OpenScan) -> ScanLine:
    return ScanLine(scan_id, scan.declaration, scan.visits, scan.assessment)


def _changed(before: Assessment, now: Assessment) -> bool:
    return (before.recommendation, before.final) != (now.recommendation, now.final)
