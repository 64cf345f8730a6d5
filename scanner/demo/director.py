"""Plays lorries on a lane: declares, puts the probe in, sends through the portal, waits, closes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from drivers.api import ConnectionState, LorryscanError
from scanner.demo.twins import DemoTwins
from scanner.evidence import Assessment
from scanner.lane.agent import LaneAgent
from scanner.lane.commands import End, Probe, Start
from scanner.simulation.lorry import SimulatedLorry
from scanner.simulation.lorry_spec import LorrySpec

PORTAL_S = 6.0
DEVICES_READY_LIMIT_S = 20.0
SCAN_LIMIT_S = 150.0
PAUSE_S = 4.0  # to read the recommendation before the next lorry comes


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


class Director:
    """Runs a sequence of lorries through a lane, in a thread of its own.

    Parameters
    ----------
    say : takes a line of what happens.
    """

    def __init__(
        self,
        agent: LaneAgent,
        twins: DemoTwins,
        plans: Iterable[Plan],
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.agent, self.twins, self.plans, self.say = agent, twins, list(plans), say
        self.played: list[Played] = []
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
                self.agent.command(End(scan_id), by="demo")
            for number, plan in enumerate(self.plans, start=1):
                if self._stop.is_set():
                    return
                self._play(number, plan)
        except LorryscanError as error:
            self.failure = error

    def _play(self, number: int, plan: Plan) -> None:
        spec = plan.spec
        self.say(f"lorry {number} of {len(self.plans)}: {plan.name}")
        self.twins.source.settle()
        self.twins.source.arrive(plan.lorry())
        scan_id = self.agent.command(Start(spec.declaration), by="demo")
        began = threading.Event()
        steps: list[tuple[float, Callable[[], object]]] = [
            (spec.probe_in_s, lambda: self.agent.command(Probe(True), by="demo")),
        ]
        if plan.passes_portal:
            steps.append((PORTAL_S, lambda: self.twins.pass_portal(number)))
        if plan.inside_probe_fails_s is not None:
            steps.append((plan.inside_probe_fails_s, self.twins.inside.unplug))
        for at_s, act in sorted(steps, key=lambda step: step[0]):
            began.wait(max(0.0, at_s - self.twins.source.elapsed_s))
            if self._stop.is_set() or scan_id not in self._open_scans():
                break
            if self._in_lane(scan_id):
                act()
        self._wait(lambda: not self._in_lane(scan_id), SCAN_LIMIT_S)
        last = self.agent.snapshot().last
        assessment = last.assessment if last is not None and last.scan_id == scan_id else None
        self.agent.command(End(scan_id), by="demo")
        self.twins.source.leave()
        self.twins.inside.replug()
        self.played.append(Played(plan, scan_id, assessment))
        if number < len(self.plans):
            self._stop.wait(PAUSE_S)

    def _devices_ready(self) -> bool:
        views = self.agent.snapshot().devices
        return all(v.state is not None and v.state.state is ConnectionState.READY for v in views)

    def _open_scans(self) -> list[str]:
        shot = self.agent.snapshot()
        return [shot.scan_id, *(line.scan_id for line in shot.waiting)]

    def _in_lane(self, scan_id: str) -> bool:
        return self.agent.snapshot().scan_id == scan_id

    def _wait(self, condition: Callable[[], bool], limit_s: float) -> bool:
        """Wait until the condition holds, at most ``limit_s``; tell whether it does."""
        steps = int(limit_s / 0.1)
        for _ in range(steps):
            if condition() or self._stop.is_set() or self.agent.stopped.is_set():
                return condition()
            self._stop.wait(0.1)
        return condition()
