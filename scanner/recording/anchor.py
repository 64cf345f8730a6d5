"""Anchors: what ties the host's monotonic time to wall time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from drivers.api import Event, EventKind

BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Anchor:
    """Wall time and monotonic time of one instant, and the boot that the latter counts from.

    Examples
    --------
    >>> anchor = Anchor(utc_ns=1_000_000, mono_ns=400, boot_id="")
    >>> anchor.log_time_ns(mono_ns=500), anchor.mono_at(1_000_100)
    (1000100, 500)
    """

    utc_ns: int
    mono_ns: int
    boot_id: str = ""

    def log_time_ns(self, mono_ns: int) -> int:
        """Return the wall time that belongs to a monotonic time, ns since 1970."""
        return self.utc_ns + (mono_ns - self.mono_ns)

    def mono_at(self, log_time_ns: int) -> int:
        """Return the monotonic time that belongs to a wall time under this anchor, ns."""
        return log_time_ns - self.utc_ns + self.mono_ns

    def step_ns(self, now: Anchor) -> int:
        """Return by how much the wall clock ran ahead since this anchor, ns.

        A new anchor is to be recorded once this leaves the tolerance of the lane.
        """
        return now.utc_ns - self.log_time_ns(now.mono_ns)

    def event(self, scan_id: str = "") -> Event:
        """Return the event that a recording holds for this anchor."""
        data = {"utc_ns": self.utc_ns, "boot_id": self.boot_id}
        return Event(EventKind.ANCHOR, self.mono_ns, scan_id, data)


def anchor_of(event: Event) -> Anchor:
    """Return the anchor that an event of kind ANCHOR holds.

    Raises
    ------
    ValueError : another kind of event, or no whole ``utc_ns`` in it.
    """
    utc_ns = event.data.get("utc_ns")
    if event.kind is not EventKind.ANCHOR or not isinstance(utc_ns, int) or isinstance(utc_ns, bool):
        raise ValueError(f"an anchor event with utc_ns in its data is needed, not {event}")
    return Anchor(utc_ns, event.mono_ns, str(event.data.get("boot_id", "")))


def read_anchor() -> Anchor:
    """Read both clocks of this host now.

    The monotonic clock is read before and after the wall clock, and the middle
    is taken, so that being interrupted in between costs half of the delay.
    """
    before_ns = time.monotonic_ns()
    utc_ns = time.time_ns()
    after_ns = time.monotonic_ns()
    return Anchor(utc_ns, (before_ns + after_ns) // 2, _boot_id())


def _boot_id() -> str:
    try:
        return BOOT_ID_FILE.read_text(encoding="ascii").strip()
    except OSError:
        return ""
