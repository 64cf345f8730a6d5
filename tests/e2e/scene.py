"""A lorry with people in it, scanned on the real line until an alert is open, for looking at pages."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanner.simulation.stream import DemoLorry
from tests.e2e.line import Line

ALERT_WITHIN_S = 60.0
TOLD_WITHIN_S = 60.0
WITH_PEOPLE = 2
EARLIER = 1


@dataclass(frozen=True, slots=True)
class Scene:
    """A line, the lorry in its lane, its scan and its open alert, and a scan before it that can be played."""

    line: Line
    plan: DemoLorry
    scan: str
    past: str


@contextlib.contextmanager
def scanned_lorry(
    folder: Path,
    policy: Mapping[str, float | str] | None = None,
    before: Callable[[Line], str] | None = None,
) -> Iterator[Scene]:
    """Give a line on which a lorry with three people has just raised an alert.

    Parameters
    ----------
    policy : see `Line`.
    before : what is done on the line before it comes; returns a scan that has ended. None: a short scan.
    """
    with Line(folder, policy=policy) as line:
        past = (before or earlier_scan)(line)
        plan = begin_scan(line, WITH_PEOPLE)
        yield Scene(line, plan, alerted_scan(line, plan.spec.declaration.plate), past)


def earlier_scan(line: Line) -> str:
    """Scan a lorry until it was assessed, and end its scan; return the scan's id."""
    plate = begin_scan(line, EARLIER).spec.declaration.plate
    told_scan(line, plate, "assessed", lambda scan: scan["assessed_utc_ms"] is not None)
    return ended_scan(line, plate)


def begin_scan(line: Line, number: int) -> DemoLorry:
    """Let a lorry stop in the lane and pass the portal, and start its scan at the lane's own console."""
    plan = line.arrive(number)
    declared = plan.spec.declaration
    assert line.lane is not None
    laden = " laden" if declared.laden else ""
    line.lane.tell(f"start {declared.vehicle_class} {declared.cargo} {declared.plate}{laden}")
    line.lane.tell("probe in")
    line.twins.pass_portal(1)
    return plan


def ended_scan(line: Line, plate: str) -> str:
    """End the scan in the lane at its own console; return its id when the service knows that it is closed."""
    assert line.lane is not None
    line.lane.tell("end")
    return told_scan(line, plate, "closed", lambda scan: scan["state"] == "closed")


def told_scan(line: Line, plate: str, what: str, told: Callable[[Any], bool]) -> str:
    """Wait until the service was told something of a lorry's scan; return the scan's id.

    Raises
    ------
    AssertionError : it was not in time.
    """
    deadline = time.monotonic() + TOLD_WITHIN_S
    while time.monotonic() < deadline:
        for scan in line.api("second", "/api/v1/scans"):
            if scan["declaration"]["plate"] == plate and told(scan):
                return str(scan["id"])
        time.sleep(0.25)
    raise AssertionError(f"the scan of {plate} is not {what} within {TOLD_WITHIN_S:g} s")


def alerted_scan(line: Line, plate: str) -> str:
    """Wait until the service has an alert of a lorry; return its scan's id.

    Raises
    ------
    AssertionError : it has none in time.
    """
    deadline = time.monotonic() + ALERT_WITHIN_S
    while time.monotonic() < deadline:
        for alert in line.api("second", "/api/v1/alerts"):
            if alert["plate"] == plate:
                return str(alert["scan_id"])
        time.sleep(0.25)
    raise AssertionError(f"no alert of {plate} within {ALERT_WITHIN_S:g} s")
