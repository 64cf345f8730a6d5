"""Tells the service what the lane looks like now: twice a second, and at once when something changed."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from ulid import ULID

from drivers.api import Item, Sample, WaveformBlock
from scanner.canonical import assessment_json, reason_json
from scanner.evidence import Assessment, Reason
from scanner.lane.courier import TOKEN_RETRY_S
from scanner.lane.hearing import TWICE, Hearing
from scanner.lane.pictures import Pictures
from scanner.lane.risk_profiles import named_profiles
from scanner.lane.service_client import ServiceAway, ServiceClient, TokenRefused
from scanner.lane.snapshot import DeviceView, LaneSnapshot
from scanner.lane.traces import Traces
from scanner.lane.wire import (
    AssessmentWire,
    DeclarationWire,
    DeviceLive,
    LimitsLive,
    Live,
    LiveAnswer,
    Said,
    TraceLive,
    WaitingLive,
)
from scanner.pipeline import declaration_data
from scanner.sequential import Limits
from scanner.vehicle import Declaration
from scanner.wording import LANGUAGES, sentences

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner.lane.agent import LaneAgent

BEAT_S = 0.5
KEPT_ITEMS = 20_000
"""Readings that wait for this thread: more than a minute of a large lane; the oldest give way."""

_ULID = re.compile(r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")
_SILENT = dict.fromkeys(LANGUAGES, "")
_log = logging.getLogger(__name__)


class LiveView:
    """A lane as the booth shows it, built outside the lane's own thread.

    Parameters
    ----------
    lane : whose clock ties monotonic to wall time.
    """

    def __init__(self, lane: LaneAgent) -> None:
        self.run = str(ULID())
        self.traces = Traces(lane.config.sensors)
        self._lane = lane
        self._sequence = 0
        self._items: deque[Sample | WaveformBlock] = deque(maxlen=KEPT_ITEMS)
        self._assessed: tuple[Assessment, AssessmentWire] | None = None

    def see(self, item: Item) -> None:
        """Take note of a reading, in the lane's thread."""
        if isinstance(item, Sample | WaveformBlock):
            self._items.append(item)

    def build(
        self,
        snapshot: LaneSnapshot,
        faults: tuple[Reason, ...],
        untold: int,
        pictures: Pictures,
        *,
        with_traces: bool = True,
    ) -> Live:
        """Return the lane now.

        Parameters
        ----------
        faults : of the link, beside those of the snapshot.
        untold : messages that the service does not have yet.
        pictures : those that the service holds are listed.
        """
        wall_ns = self._lane.wall()
        offset_ns = wall_ns - self._lane.clock()
        while self._items:
            item = self._items.popleft()
            self.traces.take(item, (item.stamp.mono_ns + offset_ns) // 1_000_000)
        self._sequence += 1
        return Live(
            run=self.run,
            sequence=self._sequence,
            utc_ms=max(wall_ns // 1_000_000, 0),
            scan_id=snapshot.scan_id,
            visit=snapshot.visit,
            declaration=_declaration(snapshot.declaration) if snapshot.declaration else None,
            elapsed_s=max(snapshot.elapsed_s, 0.0),
            time_limit_s=snapshot.time_limit_s,
            prior=snapshot.prior,
            limits=_limits(snapshot.limits) if snapshot.limits else None,
            profiles=named_profiles(self._lane.config.policy),
            probe_in=snapshot.probe_in,
            assessment=self._assessment(snapshot.assessment),
            assessed_utc_ms=_utc_ms(snapshot.assessment, offset_ns),
            devices=[_device(one, offset_ns) for one in snapshot.devices[:200]],
            waiting=[
                WaitingLive(
                    scan_id=line.scan_id,
                    plate=line.declaration.plate[:24],
                    visits=line.visits,
                    recommendation=line.assessment.recommendation if line.assessment else None,
                    second_dip_due_utc_ms=line.assessment.second_dip_due_utc_ms if line.assessment else None,
                )
                for line in snapshot.waiting
                if _ULID.match(line.scan_id)
            ][-500:],
            faults=[Said(**reason_json(fault)) for fault in (*snapshot.faults, *faults)[:50]],
            untold=untold,
            traces=self.traces.untold() if with_traces else [],
            pictures=pictures.held(),
        )

    def _assessment(self, assessment: Assessment | None) -> AssessmentWire | None:
        if assessment is None:
            return None
        if self._assessed is None or self._assessed[0] is not assessment:
            self._assessed = assessment, AssessmentWire(**assessment_json(assessment))
        return self._assessed[1]


def _utc_ms(assessment: Assessment | None, offset_ns: int) -> int | None:
    return None if assessment is None else max((assessment.mono_ns + offset_ns) // 1_000_000, 0)


def _declaration(declaration: Declaration) -> DeclarationWire:
    told: dict[str, Any] = declaration_data(declaration)
    return DeclarationWire(**told)


def _limits(limits: Limits) -> LimitsLive:
    return LimitsLive(search_llr=limits.search_llr, no_indication_llr=limits.no_indication_llr)


def _device(device: DeviceView, offset_ns: int) -> DeviceLive:
    reason, state = device.reason, device.state
    since_ns = state.since_mono_ns + offset_ns if state is not None and state.since_mono_ns else None
    return DeviceLive(
        name=device.name,
        role=device.role.value,
        state=device.connection.value,
        text=sentences(reason) if reason is not None else _SILENT,
        detail=device.detail,
        newest=sentences(device.newest) if device.newest else {},
        since_utc_ms=None if since_ns is None else max(since_ns // 1_000_000, 0),
    )


def urgent(snapshot: LaneSnapshot, faults: tuple[Reason, ...]) -> tuple[object, ...]:
    """Return what must be told at once when it differs from what was told last."""
    assessment = snapshot.assessment
    advice = None if assessment is None else (assessment.recommendation, assessment.final)
    states = tuple((d.name, d.connection, d.detail) for d in snapshot.devices)
    return states, snapshot.faults, faults, snapshot.scan_id, snapshot.visit, snapshot.probe_in, advice


class LiveTeller:
    """Posts the live view from a thread of its own.

    Parameters
    ----------
    lane : what is shown.
    client : this thread's connection.
    hearing : told how it went.
    pictures : told what the service holds.
    faults, untold : give the link's faults, and how many messages are waiting.
    """

    def __init__(
        self,
        lane: LaneAgent,
        client: ServiceClient,
        hearing: Hearing,
        pictures: Pictures,
        faults: Callable[[], tuple[Reason, ...]],
        untold: Callable[[], int],
    ) -> None:
        self.view = LiveView(lane)
        self._lane, self._client, self._hearing, self._pictures = lane, client, hearing, pictures
        self._faults, self._untold = faults, untold
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._service_run = ""
        self._may_be_new = False
        self._told: tuple[object, ...] = ()

    def published(self) -> None:
        """Know that the lane has a new snapshot, in the lane's thread."""
        self._changed.set()

    def stop(self) -> None:
        """Ask `run` to end."""
        self._stopping.set()
        self._changed.set()

    def run(self) -> None:
        """Post until stopped; what the service does not take in time is lost, but for the curves."""
        while not self._stopping.is_set():
            pause_s = BEAT_S
            try:
                self._post()
            except TokenRefused as refused:
                self._hearing.failed(refused.trouble)
                pause_s = TOKEN_RETRY_S
            except ServiceAway as away:
                self._hearing.failed(away.trouble)
                self._may_be_new = True
            except Exception:  # a defect in one view must not end all others
                _log.exception("the live view failed")
            self._pause(pause_s)

    def _pause(self, pause_s: float) -> None:
        """Wait for the next beat, or until something has changed that cannot wait for it."""
        until_s = time.monotonic() + pause_s
        while not self._stopping.is_set() and (left_s := until_s - time.monotonic()) > 0:
            if self._changed.wait(left_s):
                self._changed.clear()
                if pause_s == BEAT_S and urgent(self._lane.snapshot(), self._faults()) != self._told:
                    return

    def _post(self) -> None:
        snapshot, faults = self._lane.snapshot(), self._faults()
        self._told = urgent(snapshot, faults)
        held = self._pictures.versions()
        # a service that came back may hold nothing: its run is asked for first, since older points
        # of a curve that it was given newer ones of would come too late
        live = self.view.build(
            snapshot, faults, self._untold(), self._pictures, with_traces=not self._may_be_new
        )
        answer = self._client.ask("POST", "/live", live.model_dump_json().encode())
        if answer.is_problem and answer.body.get("code") == TWICE:
            raise ServiceAway(answer.words, Reason(TWICE))
        if answer.is_problem:
            raise self._client.foreign(f"HTTP {answer.status}: {answer.words}")
        try:
            understood = LiveAnswer.model_validate(answer.body)
        except ValidationError as error:
            raise self._client.foreign("no answer to a live view") from error
        self._hearing.heard()
        self._hearing.alone()
        if answer.ahead_s is not None:
            self._hearing.clocks_differ(answer.ahead_s)
        self._arrived(live.traces, understood, held)

    def _arrived(self, traces: list[TraceLive], answer: LiveAnswer, held: dict[str, int]) -> None:
        if self._service_run and answer.run != self._service_run:
            self.view.traces.tell_again()
        self.view.traces.told(traces)
        if self._may_be_new:
            self._may_be_new = False
            self._changed.set()
            self._told = ()  # the curves follow at once
        self._service_run = answer.run
        self._pictures.service_holds(answer.pictures, held)
