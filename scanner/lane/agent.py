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
from typing import assert_never

from ulid import ULID

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
from scanner.lane.commands import (
    Command,
    CommandRefused,
    End,
    Leave,
    Probe,
    Quit,
    Return,
    Start,
    same_plate,
)
from scanner.lane.config import LaneConfig
from scanner.lane.folder import hold_folder
from scanner.lane.recovery import find_open_scans, refeed
from scanner.lane.snapshot import DeviceView, LaneSnapshot, ScanLine, in_words
from scanner.lane.teller import Teller
from scanner.lane.visits import VisitRecord, boot_id, forget_scan, recover
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

    ``fault`` says that something of it was not recorded, in this visit or an earlier one.
    """

    scan: Scan
    declaration: Declaration
    visits: int = 0
    assessment: Assessment | None = None
    fault: str = ""


class LaneAgent:
    """One lane: devices, recorder, pipeline and outbox.

    `run` is the only thread that touches scans and files; `command` and
    `snapshot` may be called from any other.

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
        self._teller = Teller(Outbox(config.data_dir / "outbox.sqlite"), wall)
        self.group = group or DeviceGroup(config.devices)
        self.scans: dict[str, OpenScan] = {}
        self._commands: queue.SimpleQueue[tuple[Command, str, concurrent.futures.Future[str]]] = (
            queue.SimpleQueue()
        )
        self._active = ""
        self._record: VisitRecord | None = None
        self._probe_in = False
        self._visit_start_ns = 0
        self._states: dict[str, DeviceState] = {}
        self._newest: dict[str, str] = {}
        self._fault = ""
        self._last: ScanLine | None = None
        self._recovery_faults: list[str] = []
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
        return self.submit(command, by).result(timeout_s)

    def submit(self, command: Command, by: str = "officer") -> concurrent.futures.Future[str]:
        """Hand a command to the lane's thread and return its result to come."""
        done: concurrent.futures.Future[str] = concurrent.futures.Future()
        self._commands.put((command, by, done))
        return done

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
        if self._active:
            self._end_visit("the lane stopped")
        self._teller.close()
        self._hold.close()

    def _take(self, item: Item) -> bool:
        """Record and weigh one item; return whether it calls for a tick at once."""
        self._show(item)
        if self._active:
            self._record_and_feed(item)
        return isinstance(item, DeviceState)

    def _show(self, item: Item) -> None:
        if isinstance(item, DeviceState):
            self._states[item.stamp.sensor] = item
        elif not isinstance(item, RawBytes | Event):
            words = in_words(item)
            if words:
                self._newest[item.stamp.sensor] = words

    def _tick(self, now_ns: int) -> None:
        self._teller.tell_the_rest()
        if self._record is not None:
            self._follow_clock(now_ns)
            current = self.scans[self._active]
            before = current.assessment
            self._record.tick(now_ns)
            assessment = current.scan.tick(now_ns)
            content = assessment_json(assessment)
            self._record.assessment(content, now_ns)
            current.fault = current.fault or self._record.fault
            if current.fault and assessment.recommendation is Recommendation.NO_INDICATION:
                # unrecorded measurements cannot be defended later: never let them speak for empty
                reasons = (Reason("not_recorded"), *assessment.reasons)
                assessment = with_digest(
                    replace(assessment, recommendation=Recommendation.INCONCLUSIVE, reasons=reasons)
                )
                content = assessment_json(assessment)
            current.assessment = assessment
            if before is None or _changed(before, assessment):
                self._teller.tell("assessment", self._active, **content)
            if assessment.final:
                self._end_visit("decided")
        self._publish()

    def _follow_clock(self, now_ns: int) -> None:
        offset = self.wall() - now_ns
        if abs(offset - self._utc_offset_ns) > CLOCK_STEP_NS:
            self._record_and_feed(self._anchor(now_ns))

    def _anchor(self, now_ns: int) -> Event:
        utc_ns = self.wall()
        self._utc_offset_ns = utc_ns - now_ns
        return Event(EventKind.ANCHOR, now_ns, self._active, {"utc_ns": utc_ns, "boot_id": boot_id()})

    def _record_and_feed(self, item: Item) -> None:
        """Raw first: on its way to disk before anything is computed from it."""
        if self._record is not None:
            self._record.write(item)
            self.scans[self._active].scan.feed(item)

    # -- commands -------------------------------------------------------------

    def _carry_out_commands(self) -> None:
        while True:
            try:
                command, by, done = self._commands.get_nowait()
            except queue.Empty:
                return
            try:
                done.set_result(self._carry_out(command, by))
            except LorryscanError as error:
                done.set_exception(error)
            except OSError as error:
                done.set_exception(CommandRefused(f"the disk refuses ({error.strerror or error})"))
            except Exception as error:  # a defect must not end the lane
                _log.exception("%s failed", command)
                done.set_exception(CommandRefused(f"a defect in the software ({error!r}): report it"))
            self._publish()

    def _carry_out(self, command: Command, by: str) -> str:
        match command:
            case Start(declaration):
                self._require_no_lorry()
                scan_id = str(ULID())
                try:
                    manifest.create(
                        self.config.data_dir, scan_id, self.config.lane_id, declaration_data(declaration)
                    )
                    self._open_scan(scan_id, declaration)
                    self._start_visit(scan_id, by)
                except OSError as error:
                    self.scans.pop(scan_id, None)
                    forget_scan(self.config.data_dir, scan_id, self.wall())
                    raise CommandRefused(
                        f"the recording cannot begin ({error.strerror or error}): check the disk"
                    ) from error
                self._teller.tell("scan_opened", scan_id, declaration=declaration_data(declaration), by=by)
                return scan_id
            case Return(name):
                self._require_no_lorry()
                scan_id = self._find(name)
                self._start_visit(scan_id, by)
                return f"{scan_id}, visit {self.scans[scan_id].visits}"
            case Probe(inside):
                self._require_lorry()
                kind = EventKind.PROBE_IN if inside else EventKind.PROBE_OUT
                self._probe_in = inside
                self._record_and_feed(Event(kind, self.clock(), self._active, {"by": by}))
                return f"probe {'in' if inside else 'out'}"
            case Leave():
                self._require_lorry()
                scan_id = self._active
                self._end_visit("left")
                return f"{scan_id} stays open"
            case End(name):
                scan_id = self._find(name) if name else (self._active or self._last_decided())
                if scan_id == self._active:
                    now = self.clock()
                    self._record_and_feed(
                        Event(EventKind.SCAN_END, now, scan_id, {"by": by, "why": "officer"})
                    )
                    self._tick(now)
                    if self._active:
                        self._end_visit("ended")
                self._close_scan(scan_id, by)
                return f"{scan_id} closed"
            case Quit():
                self._stop.set()
                return "stopping"
            case _:
                assert_never(command)

    def _require_lorry(self) -> None:
        if not self._active:
            raise CommandRefused("no lorry is in the lane: 'start' or 'return' first")

    def _require_no_lorry(self) -> None:
        if self._active:
            raise CommandRefused("a lorry is in the lane: 'leave' or 'end' first")

    def _last_decided(self) -> str:
        if self._last is None or self._last.scan_id not in self.scans:
            raise CommandRefused("no lorry is in the lane: name the scan to end, by plate or id")
        return self._last.scan_id

    def _find(self, name: str) -> str:
        found = [i for i, s in self.scans.items() if name == i or same_plate(name, s.declaration.plate)]
        if len(found) != 1:
            known = ", ".join(f"{s.declaration.plate} {i}".strip() for i, s in self.scans.items()) or "none"
            raise CommandRefused(f"{len(found)} open scans match {name!r}; open: {known}")
        return found[0]

    # -- scans and visits -------------------------------------------------------

    def _open_scan(self, scan_id: str, declaration: Declaration) -> None:
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

    def _start_visit(self, scan_id: str, by: str) -> None:
        current = self.scans[scan_id]
        now = self.clock()
        record = VisitRecord.begin(self.config, self.kit, scan_id, current.declaration, self.wall())
        current.scan.equip(self.config.sensors, self.config.policy)
        current.visits = record.number
        current.assessment = None
        self._record, self._active, self._probe_in, self._visit_start_ns = record, scan_id, False, now
        self._fault = ""
        self._record_and_feed(self._anchor(now))
        self._record_and_feed(
            Event(EventKind.DECLARATION, now, scan_id, declaration_data(current.declaration))
        )
        self._record_and_feed(Event(EventKind.VISIT_START, now, scan_id, {"visit": current.visits, "by": by}))
        for state in list(self._states.values()):
            self._record_and_feed(replace(state, stamp=replace(state.stamp, mono_ns=now)))

    def _end_visit(self, why: str) -> None:
        current = self.scans[self._active]
        self._record_and_feed(Event(EventKind.VISIT_END, self.clock(), self._active, {"why": why}))
        if self._record is not None:
            self._record.end(self.wall())
            current.fault = self._fault = current.fault or self._record.fault
        if current.assessment is not None:
            content = assessment_json(current.assessment)
            self._teller.tell("visit_ended", self._active, why=why, visit=current.visits, assessment=content)
        self._last = _line(self._active, current)
        self._record, self._active, self._probe_in = None, "", False

    def _close_scan(self, scan_id: str, by: str) -> None:
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
                self._open_scan(found.scan_id, recovered.declaration)
            except (LorryscanError, OSError, KeyError, ValueError) as error:
                self._recovery_faults.append(f"Scan {found.scan_id} could not be taken up again: {error!r}")
                continue
            current = self.scans[found.scan_id]
            current.visits = recovered.visits
            if not self._teller.has_told("scan_opened", found.scan_id):
                declared = declaration_data(recovered.declaration)
                self._teller.tell("scan_opened", found.scan_id, declaration=declared, by="recovery")
            current.fault = " ".join([*recovered.missing, *refeed(current.scan, recovered.recordings)])
            if recovered.interrupted:
                interrupted = found.scan_id
                self._teller.tell(
                    "visit_interrupted", found.scan_id, visit=current.visits, why="the lane was cut off"
                )
        if interrupted:
            self._start_visit(interrupted, "recovery")

    # -- what others see ----------------------------------------------------------

    def _publish(self) -> None:
        snapshot = self._make_snapshot()
        with self._snapshot_lock:
            self._snapshot = snapshot

    def _make_snapshot(self) -> LaneSnapshot:
        current = self.scans.get(self._active)
        recorder = (current.fault or self._record.fault) if current and self._record else self._fault
        devices = tuple(
            DeviceView(s.name, s.role, self._states.get(s.name), self._newest.get(s.name, ""))
            for s in self.config.sensors.values()
        )
        return LaneSnapshot(
            lane_id=self.config.lane_id,
            devices=devices,
            scan_id=self._active,
            visit=current.visits if current else 0,
            declaration=current.declaration if current else None,
            elapsed_s=(self.clock() - self._visit_start_ns) / 1e9 if current else 0.0,
            probe_in=self._probe_in,
            assessment=current.assessment if current else None,
            waiting=tuple(_line(i, s) for i, s in self.scans.items() if i != self._active),
            last=self._last,
            faults=tuple(filter(None, (recorder, self._teller.fault, *self._recovery_faults))),
        )


def _line(scan_id: str, scan: OpenScan) -> ScanLine:
    return ScanLine(scan_id, scan.declaration, scan.visits, scan.assessment)


def _changed(before: Assessment, now: Assessment) -> bool:
    return (before.recommendation, before.final) != (now.recommendation, now.final)
