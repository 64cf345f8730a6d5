"""The scans that a lane has in hand: the one in the lane is recorded and weighed, others wait.

All of it belongs to the lane's own thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from drivers.api import DeviceState, Event, EventKind, Item, LorryscanError
from scanner.canonical import assessment_json
from scanner.evidence import Assessment, Reason, Recommendation
from scanner.lane.config import LaneConfig
from scanner.lane.recovery import find_open_scans, refeed
from scanner.lane.risk_profiles import profile_fault
from scanner.lane.snapshot import ScanLine
from scanner.lane.teller import Teller
from scanner.lane.visits import VisitRecord, boot_id, recover
from scanner.methods import MethodKit
from scanner.pipeline import Scan, declaration_data, with_digest
from scanner.recording import manifest
from scanner.vehicle import Declaration

CLOCK_STEP_NS = 50_000_000


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


class OpenScans:
    """Every scan that is not closed, by id; ``active`` is the one in the lane, "" when there is none.

    Parameters
    ----------
    teller : takes the messages to the service.
    states : newest state of each device; what is in it when a visit begins is recorded.
    clock, wall : monotonic and wall time, ns.
    see : shown what begins and ends a visit.
    """

    def __init__(
        self,
        config: LaneConfig,
        kit: MethodKit,
        teller: Teller,
        states: Mapping[str, DeviceState],
        clock: Callable[[], int],
        wall: Callable[[], int],
        see: Callable[[Event], None],
    ) -> None:
        self.config = config
        self.open: dict[str, OpenScan] = {}
        self.active = ""
        self.last: ScanLine | None = None
        self.probe_in = False
        self.recovery_faults: list[Reason] = []
        self.clock, self.wall = clock, wall
        self._kit, self._teller, self._states, self._see = kit, teller, states, see
        self._record: VisitRecord | None = None
        self._visit_start_ns = 0
        self._utc_offset_ns = 0
        self._ended_with: tuple[Reason, ...] = ()

    @property
    def current(self) -> OpenScan | None:
        """The scan in the lane."""
        return self.open.get(self.active)

    @property
    def elapsed_s(self) -> float:
        """Time in the visit at hand, 0 without one."""
        return (self.clock() - self._visit_start_ns) / 1e9 if self.active else 0.0

    def faults(self) -> tuple[Reason, ...]:
        """Return what was not recorded, of the visit at hand or the one that ended last.

        Of the lorry in the lane also that its risk profile is not known.
        """
        current = self.current
        if current is None:
            return (*self._ended_with, *self.recovery_faults)
        self._note_faults(current)
        assumed = profile_fault(self.config.policy, current.declaration)
        return (*current.faults, *assumed, *self.recovery_faults)

    def waiting(self) -> tuple[ScanLine, ...]:
        """Return the open scans whose lorry is not in the lane."""
        return tuple(_line(i, s) for i, s in self.open.items() if i != self.active)

    # -- recording and weighing -------------------------------------------------

    def record(self, item: Item) -> None:
        """Record and feed an item. Raw first: on its way to disk before anything is computed from it."""
        if self._record is not None:
            self._record.write(item)
            self.open[self.active].scan.feed(item)

    def weigh(self, now_ns: int) -> None:
        """Assess the visit at hand, if there is one, and end it when that decides it."""
        if self._record is None:
            return
        self._follow_clock(now_ns)
        current = self.open[self.active]
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

    def _follow_clock(self, now_ns: int) -> None:
        offset = self.wall() - now_ns
        if abs(offset - self._utc_offset_ns) > CLOCK_STEP_NS:
            self.record(self._anchor(now_ns))

    def _anchor(self, now_ns: int) -> Event:
        utc_ns = self.wall()
        self._utc_offset_ns = utc_ns - now_ns
        return Event(EventKind.ANCHOR, now_ns, self.active, {"utc_ns": utc_ns, "boot_id": boot_id()})

    def _note_faults(self, current: OpenScan) -> None:
        fault = self._record.fault if self._record is not None else None
        if fault is not None and fault not in current.faults:
            current.faults = (*current.faults, fault)

    # -- scans and visits -------------------------------------------------------

    def open_scan(self, scan_id: str, declaration: Declaration) -> None:
        """Take a scan in hand."""
        scan = Scan(
            scan_id,
            declaration,
            self.config.sensors,
            self._kit.make(),
            self._kit.calibrations,
            self.config.policy,
            self._kit.versions(self.config.policy),
        )
        self.open[scan_id] = OpenScan(scan, declaration)

    def start_visit(self, scan_id: str, by: str) -> None:
        """Begin the next visit of an open scan.

        Raises
        ------
        OSError : the recording cannot begin.
        """
        current = self.open[scan_id]
        now = self.clock()
        record = VisitRecord.begin(self.config, self._kit, scan_id, current.declaration, self.wall())
        current.scan.equip(self.config.sensors, self.config.policy)
        current.visits = record.number
        current.assessment = None
        self._record, self.active, self.probe_in, self._visit_start_ns = record, scan_id, False, now
        self._ended_with = ()
        self.record(self._anchor(now))
        self.record(Event(EventKind.DECLARATION, now, scan_id, declaration_data(current.declaration)))
        started = Event(EventKind.VISIT_START, now, scan_id, {"visit": current.visits, "by": by})
        self.record(started)
        self._see(started)
        for state in list(self._states.values()):
            self.record(replace(state, stamp=replace(state.stamp, mono_ns=now)))

    def note_probe(self, inside: bool, by: str) -> None:
        """Record where the CO2 probe's tip is."""
        kind = EventKind.PROBE_IN if inside else EventKind.PROBE_OUT
        self.probe_in = inside
        self.record(Event(kind, self.clock(), self.active, {"by": by}))

    def decide_now(self, by: str) -> None:
        """Weigh the visit at hand a last time, as an officer ends the scan, and end it."""
        now = self.clock()
        self.record(Event(EventKind.SCAN_END, now, self.active, {"by": by, "why": "officer"}))
        self.weigh(now)
        if self.active:
            self.end_visit("ended")

    def end_visit(self, why: str) -> None:
        """End the visit at hand; its scan stays open."""
        current = self.open[self.active]
        ended = Event(EventKind.VISIT_END, self.clock(), self.active, {"why": why})
        self.record(ended)
        self._see(ended)
        recording = None
        if self._record is not None:
            self._record.end(self.wall())
            recording = self._record.recording
            self._note_faults(current)
            self._ended_with = current.faults
        if current.assessment is not None:
            content = assessment_json(current.assessment)
            self._teller.tell(
                "visit_ended",
                self.active,
                why=why,
                visit=current.visits,
                assessment=content,
                recording=recording,
            )
        self.last = _line(self.active, current)
        self._record, self.active, self.probe_in = None, "", False

    def tell(self, kind: str, scan_id: str, /, **body: object) -> None:
        """Put a message to the service on disk."""
        self._teller.tell(kind, scan_id, **body)

    def close_scan(self, scan_id: str, by: str) -> None:
        """Close a scan: it gets no further visit."""
        # told first: a kill in between tells it twice rather than never
        self._teller.tell("scan_closed", scan_id, by=by)
        manifest.close_scan(self.config.data_dir, scan_id, self.wall())
        del self.open[scan_id]

    def recover(self) -> None:
        """Rebuild the scans that a stop or a crash left open; go on with the one that was in the lane."""
        interrupted = ""
        found_scans, self.recovery_faults = find_open_scans(self.config.data_dir)
        for found in found_scans:
            try:
                recovered = recover(self.config.data_dir, found, self.wall())
                self.open_scan(found.scan_id, recovered.declaration)
            except (LorryscanError, OSError, KeyError, ValueError) as error:
                values = {"scan": found.scan_id, "why": repr(error)}
                self.recovery_faults.append(Reason("scan_not_taken_up", values))
                continue
            current = self.open[found.scan_id]
            current.visits = recovered.visits
            if not self._teller.has_told("scan_opened", found.scan_id):
                declared = declaration_data(recovered.declaration)
                self._teller.tell("scan_opened", found.scan_id, declaration=declared, by="recovery")
            current.faults = (*recovered.missing, *refeed(current.scan, recovered.recordings))
            if recovered.interrupted:
                interrupted = found.scan_id
                self._teller.tell(
                    "visit_interrupted",
                    found.scan_id,
                    visit=current.visits,
                    why="the lane was cut off",
                    recording=recovered.cut,
                )
        if interrupted:
            self.start_visit(interrupted, "recovery")


def _line(scan_id: str, scan: OpenScan) -> ScanLine:
    return ScanLine(scan_id, scan.declaration, scan.visits, scan.assessment)


def _changed(before: Assessment, now: Assessment) -> bool:
    return (before.recommendation, before.final) != (now.recommendation, now.final)
