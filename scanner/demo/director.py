"""Plays lorries on a lane: declares, puts the probe in, sends through the portal, waits, closes.

An officer at the booth may command the same lane meanwhile: what he does first stands, and the
play goes on from there.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sized
from dataclasses import dataclass
from typing import Protocol

from drivers.api import ConnectionState, LorryscanError
from scanner.demo.twins import DemoTwins
from scanner.evidence import Assessment, Reason
from scanner.lane.agent import LaneAgent
from scanner.lane.commands import Command, CommandRefused, End, Probe, Start
from scanner.simulation.lorry import SimulatedLorry
from scanner.simulation.lorry_spec import LorrySpec

PORTAL_S = 6.0
DEVICES_READY_LIMIT_S = 20.0
SCAN_LIMIT_S = 150.0
ANSWER_LIMIT_S = 10.0
STEP_S = 0.05
PAUSE_S = 4.0  # to read the recommendation before the next lorry comes
LONGEST_TABLE = 100  # lorries that are remembered; the play may go on for weeks


class Plan(Protocol):
    """One lorry to play."""

    @property
    def name(self) -> str:
        """Short, for the screen."""

    @property
    def spec(self) -> LorrySpec:
        """The truth."""

    @property
    def inside_probe_fails_s(self) -> float | None:
        """When the inside CO2 probe's plug is pulled, s from the start."""

    @property
    def passes_portal(self) -> bool:
        """Whether it is X-rayed."""

    def lorry(self) -> SimulatedLorry:
        """Return the lorry, ready to be scanned."""


@dataclass(frozen=True, slots=True)
class Played:
    """One lorry that was played: what was true and what was recommended."""

    plan: Plan
    scan_id: str
    assessment: Assessment | None


class LaneSilent(LorryscanError, TimeoutError):
    """The lane runs and does not carry out a command."""


class LaneStopped(Exception):
    """The lane stopped, or the play shall: nobody is left to tell anything."""


class Director:
    """Runs a sequence of lorries through a lane, in a thread of its own.

    It ends by itself where the lane stops; ``failure`` is what else stopped it.
    ``played`` are the newest lorries that were through.

    Parameters
    ----------
    plans : the lorries in order; without a length it may never end.
    say : takes what happens.
    pause_s : after a lorry, to read what was said of it.
    """

    def __init__(
        self,
        agent: LaneAgent,
        twins: DemoTwins,
        plans: Iterable[Plan],
        say: Callable[[Reason], None] = lambda _reason: None,
        pause_s: float = PAUSE_S,
    ) -> None:
        self.agent, self.twins, self.say, self.pause_s = agent, twins, say, pause_s
        self.played: deque[Played] = deque(maxlen=LONGEST_TABLE)
        self._plans = iter(plans)
        self._count = len(plans) if isinstance(plans, Sized) else None
        self.failure: LorryscanError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="director", daemon=True)

    @property
    def finished(self) -> bool:
        """Whether every lorry has been played, or something stopped the play."""
        return self._thread.ident is not None and not self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step at hand."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(20.0)

    def _run(self) -> None:
        try:
            self._wait(self._devices_ready, DEVICES_READY_LIMIT_S)
            for scan_id in filter(None, self._open_scans()):  # an earlier run was cut off
                self._tell_if_it_can(End(scan_id))
            for number, plan in enumerate(self._plans, start=1):
                if number > 1:
                    self._wait(lambda: False, self.pause_s)
                self._play(number, plan)
        except LaneStopped:
            return
        except LorryscanError as error:
            self.failure = error

    def _tell(self, command: Command) -> str:
        """Give the lane a command and return its answer.

        Raises
        ------
        LaneStopped : the lane will not get to it.
        LaneSilent : it should have, and did not.
        """
        answer = self.agent.submit(command, by="demo")
        self._wait(answer.done, ANSWER_LIMIT_S)
        if answer.done():
            return answer.result()
        if self._ended:
            raise LaneStopped
        raise LaneSilent(
            f"the lane did not answer within {ANSWER_LIMIT_S:.0f} s: look at its data folder's disk"
        )

    def _tell_if_it_can(self, command: Command) -> None:
        """Give the lane a command that an officer may have made needless."""
        with contextlib.suppress(CommandRefused):
            self._tell(command)

    def _start(self, spec: LorrySpec) -> str:
        """Declare the lorry, once no other is in the lane, and return its scan."""
        while True:
            self._wait(lambda: not self._in_lane(), math.inf)
            self._go_on()
            try:
                return self._tell(Start(spec.declaration))
            except CommandRefused:
                if not self._in_lane():
                    raise

    @property
    def _ended(self) -> bool:
        return self._stop.is_set() or self.agent.stopped.is_set()

    def _go_on(self) -> None:
        if self._ended:
            raise LaneStopped

    def _play(self, number: int, plan: Plan) -> None:
        self._go_on()
        spec = plan.spec
        known: dict[str, float | str] = {"number": float(number), "name": plan.name}
        if self._count is None:
            self.say(Reason("demo_lorry", known))
        else:
            self.say(Reason("demo_lorry_of", {**known, "count": float(self._count)}))
        self._wait(
            lambda: not self._in_lane(), math.inf
        )  # an officer may have begun a scan of the empty lane
        self._go_on()
        self.twins.source.settle()
        self.twins.source.arrive(plan.lorry())
        scan_id = self._start(spec)
        steps: list[tuple[float, Callable[[], object]]] = [
            (spec.probe_in_s, lambda: self._tell_if_it_can(Probe(True))),
        ]
        if plan.passes_portal:
            steps.append((PORTAL_S, lambda: self.twins.pass_portal(number)))
        if plan.inside_probe_fails_s is not None:
            steps.append((plan.inside_probe_fails_s, self.twins.inside.unplug))
        for at_s, act in sorted(steps, key=lambda step: step[0]):
            wait_s = max(0.0, at_s - self.twins.source.elapsed_s)
            self._wait(lambda: False, wait_s)
            self._go_on()
            if scan_id not in self._open_scans():
                break
            if self._in_lane(scan_id):
                act()
        self._wait(lambda: not self._in_lane(scan_id), SCAN_LIMIT_S)
        self._go_on()
        last = self.agent.snapshot().last
        assessment = last.assessment if last is not None and last.scan_id == scan_id else None
        if scan_id in self._open_scans():  # an officer may have ended it
            self._tell_if_it_can(End(scan_id))
        self.twins.source.leave()
        self.twins.inside.replug()
        self.played.append(Played(plan, scan_id, assessment))

    def _devices_ready(self) -> bool:
        views = self.agent.snapshot().devices
        return all(v.state is not None and v.state.state is ConnectionState.READY for v in views)

    def _open_scans(self) -> list[str]:
        shot = self.agent.snapshot()
        return [shot.scan_id, *(line.scan_id for line in shot.waiting)]

    def _in_lane(self, scan_id: str = "") -> bool:
        """Tell whether this scan's lorry is in the lane, or any."""
        now = self.agent.snapshot().scan_id
        return now == scan_id if scan_id else bool(now)

    def _wait(self, condition: Callable[[], bool], limit_s: float) -> bool:
        """Wait until the condition holds, at most ``limit_s``; tell whether it does."""
        deadline = time.monotonic() + limit_s
        while not condition() and not self._ended:
            left_s = deadline - time.monotonic()
            if left_s <= 0.0:
                break
            self._stop.wait(min(left_s, STEP_S))
        return condition()
