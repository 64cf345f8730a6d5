"""The curves of one lane over the last two minutes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from scanner.lane.wire import TraceLive

KEPT_MS = 120_000
AHEAD_MS = 5_000
MOST_POINTS = 24_000  # 120 s at 200 points a second
MOST_TRACES = 500


class Traces:
    """Merges the new points of successive live views.

    A lane that sees the service again sends its last minute again: points that are here are not taken
    twice.
    """

    def __init__(self) -> None:
        self._held: dict[tuple[str, str, bool], TraceLive] = {}

    def add(self, traces: Sequence[TraceLive], utc_ms: int) -> list[TraceLive]:
        """Take traces of a view made at ``utc_ms``; return them with the points that are new only."""
        new = [fresh for trace in traces if (fresh := self._fresh(trace, utc_ms)).t_utc_ms]
        for trace in new:
            key = (trace.sensor, trace.channel, trace.cancelled)
            held = self._held.pop(key, None)  # to the end: the first in line is the longest without points
            self._held[key] = _joined(held, trace)
        for key, held in list(self._held.items()):
            keep_from = bisect_left(held.t_utc_ms, utc_ms - KEPT_MS)
            if keep_from == len(held.t_utc_ms) or len(self._held) > MOST_TRACES:
                del self._held[key]
            elif keep_from:
                self._held[key] = _part(held, keep_from)
        return new

    def all(self) -> list[TraceLive]:
        """Return every curve."""
        return list(self._held.values())

    def since(self, utc_ms: int) -> list[TraceLive]:
        """Return the part of every curve that has points from a time on."""
        parts = [_part(held, bisect_left(held.t_utc_ms, utc_ms)) for held in self._held.values()]
        return [part for part in parts if part.t_utc_ms]

    def _fresh(self, trace: TraceLive, utc_ms: int) -> TraceLive:
        t = trace.t_utc_ms
        if not len(t) == len(trace.low) == len(trace.high) or any(b < a for a, b in pairwise(t)):
            return _part(trace, len(t))
        held = self._held.get((trace.sensor, trace.channel, trace.cancelled))
        after = held.t_utc_ms[-1] if held else -1
        start = max(bisect_left(t, after + 1), bisect_left(t, utc_ms - KEPT_MS))
        return _part(trace, start, bisect_left(t, utc_ms + AHEAD_MS))


def _part(trace: TraceLive, start: int, stop: int | None = None) -> TraceLive:
    return trace.model_copy(
        update={
            "t_utc_ms": trace.t_utc_ms[start:stop],
            "low": trace.low[start:stop],
            "high": trace.high[start:stop],
        }
    )


def _joined(held: TraceLive | None, new: TraceLive) -> TraceLive:
    if held is None or held.unit != new.unit:
        return new
    return new.model_copy(
        update={
            "t_utc_ms": (held.t_utc_ms + new.t_utc_ms)[-MOST_POINTS:],
            "low": (held.low + new.low)[-MOST_POINTS:],
            "high": (held.high + new.high)[-MOST_POINTS:],
        }
    )
