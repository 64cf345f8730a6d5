"""Estimates offset and drift of a device's own clock against the host's monotonic time at arrival.

What arrives is late, never early: buffers of the adapter, the driver and the kernel add delays that are
positive and skewed, often in bursts. So the line through ``host - device`` is drawn below the points, along
their lower envelope: the least of each window of two seconds is kept, and the edge of the lower convex hull
that spans the mean time is the line that lies below all of them with the least sum of distances, which is
the likeliest line under exponential delays. Its uncertainty is what four interleaved quarters of the
windows, each treated alike, disagree by; that holds without knowing how the delays are distributed.

The part of the delay that never goes away (the line's speed, the device's own filter) cannot be told from
an offset and is in it.

References
----------
S. B. Moon, P. Skelly, D. Towsley, "Estimation and removal of clock skew from network delay measurements",
INFOCOM 1999. L. Zhang, Z. Liu, C. H. Xia, "Clock synchronization algorithms for network measurements",
INFOCOM 2002 (the convex hull).
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

WINDOW_NS = 2_000_000_000
KEPT_WINDOWS = 300
"""Ten minutes."""

FEWEST_WINDOWS = 5
FIT_SHARE = 40  # a new line once there are a fortieth more windows: one in each, later one in seven
SUBSETS = 4
STUDENT_95 = (12.71, 4.30, 3.18)
"""Two-sided 95 % factors of Student's distribution for 1 to 3 degrees of freedom."""

SUDDEN_NS = 500_000_000
"""A reading that is early by more is a step at once. A late one may have waited, however long."""

LEAST_STEP_NS = 10_000_000
FORWARD_WINDOWS = 3
"""Windows in a row below the line that make a step; fewer are one wrong time and are left out."""

BACKWARD_WINDOWS = 30
"""Windows in a row above the line, close together, that make a step; fewer are a burst of delay."""


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The device's clock was set, or its device started anew: what was known of it before is void.

    ``by_ns`` is by how much the device's time went ahead (negative: back), as far as the delays let it
    be told; ``mono_ns`` when it was noticed.
    """

    mono_ns: int
    by_ns: int


@dataclass(frozen=True, slots=True)
class ClockEstimate:
    """Offset and drift of a device's clock since its last step.

    Parameters
    ----------
    offset_ns : what is added to the device's time to get host monotonic time, at ``at_mono_ns``;
        the constant part of the delay is in it.
    drift_ppm : by how much the device's clock runs fast; negative when it is slow.
    offset_uncertainty_ns, drift_uncertainty_ppm : half width of about 95 %.
    residual_ns : median distance of the windows' least delays from the line.
    n : readings that it rests on; those of windows that were let go count no more.
    span_s : time from the first window that is kept to the newest, s.
    """

    offset_ns: int
    drift_ppm: float
    offset_uncertainty_ns: float
    drift_uncertainty_ppm: float
    residual_ns: float
    n: int
    span_s: float
    at_mono_ns: int


class _Point(NamedTuple):
    """The least delay of one window: host time, and host minus device, both less the reference, ns."""

    host: float
    delay: float
    n: int


class _Line(NamedTuple):
    """Host minus device over host time."""

    level: float
    slope: float

    def at(self, host: float) -> float:
        return self.level + self.slope * host

    def above(self, point: _Point) -> float:
        """Return how far a point lies above the line."""
        return point.delay - self.at(point.host)


class DeviceClock:
    """Follows the clock of one device; bounded in memory, for one thread.

    Device times may start anywhere (1970, the device's own start); they are never compared with wall time.

    Attributes
    ----------
    estimate : the newest `ClockEstimate`, None before ten seconds of readings; made anew with each
        window, later with each seventh.
    steps : how often the clock stepped.
    last_step : the newest `ClockStep`, None without one.

    Examples
    --------
    >>> clock = DeviceClock()
    >>> for second in range(60):  # a clock that began 5 s late and loses 100 us in each second
    ...     clock.note(device_ns=second * 999_900_000, mono_ns=5_000_000_000 + second * 1_000_000_000)
    >>> round(clock.estimate.drift_ppm), clock.steps
    (-100, 0)
    """

    def __init__(self) -> None:
        self.estimate: ClockEstimate | None = None
        self.steps = 0
        self.last_step: ClockStep | None = None
        self._begin()

    def _begin(self) -> None:
        self.estimate = None
        self._reference: tuple[int, int] | None = None
        self._points: deque[_Point] = deque(maxlen=KEPT_WINDOWS)
        self._odd: list[_Point] = []  # windows that do not fit the line, in a row and on one side
        self._line: _Line | None = None
        self._since_fit = 0
        self._window_end_ns = 0
        self._least: _Point | None = None  # of the window that is open
        self._in_window = 0
        self._newest_delay = 0  # less the reference, as all

    def note(self, device_ns: int, mono_ns: int) -> None:
        """Take one reading.

        Parameters
        ----------
        device_ns : the device's time of the reading's end, ns.
        mono_ns : host monotonic time when it arrived, ns.
        """
        if self._reference is None:
            self._reference = device_ns, mono_ns
            self._window_end_ns = mono_ns + WINDOW_NS
        device, host = device_ns - self._reference[0], mono_ns - self._reference[1]
        early_ns = self._early_by(host - device, host)
        if early_ns > SUDDEN_NS or (self._line is None and early_ns < -SUDDEN_NS):
            if self._line is None:  # nothing was known, so nothing is lost
                self._begin()
            else:
                self._step(mono_ns, early_ns)
            self.note(device_ns, mono_ns)
            return
        self._newest_delay = host - device
        if mono_ns >= self._window_end_ns:
            self._close_window(mono_ns)
            if self._reference is None:  # the window showed a step
                self.note(device_ns, mono_ns)
                return
            self._window_end_ns = mono_ns + WINDOW_NS
        if self._least is None or host - device < self._least.delay:
            self._least = _Point(float(host), float(host - device), 1)
        self._in_window += 1

    def _early_by(self, delay: int, host: int) -> int:
        """Return by how much a reading came before it could, ns; negative when it is late."""
        if self._line is not None:
            return int(self._line.at(host)) - delay
        return self._newest_delay - delay

    def _step(self, mono_ns: int, by_ns: int) -> None:
        self._begin()
        self.steps += 1
        self.last_step = ClockStep(mono_ns, by_ns)

    def _close_window(self, mono_ns: int) -> None:
        point = self._least
        if point is None:
            return
        point = point._replace(n=self._in_window)
        self._least, self._in_window = None, 0
        odd_by = self._odd_by(point)
        if odd_by:
            if self._odd and (self._odd_by(self._odd[-1]) > 0) != (odd_by > 0):
                self._keep_late()
            self._odd.append(point)
            if self._has_stepped():
                self._step(mono_ns, int(-odd_by))
            return
        self._keep_late()
        self._points.append(point)
        self._since_fit += 1
        if len(self._points) >= FEWEST_WINDOWS and self._since_fit >= len(self._points) // FIT_SHARE:
            self._since_fit = 0
            self._fit()

    def _odd_by(self, point: _Point) -> float:
        """Return how far a window is off the line, 0 when it may belong to it."""
        known = self.estimate
        if self._line is None or known is None:
            return 0.0
        off = self._line.above(point)
        since_ns = point.host - self._points[-1].host
        uncertain_ns = known.offset_uncertainty_ns + 1e-6 * known.drift_uncertainty_ppm * since_ns
        limit = max(LEAST_STEP_NS, 5 * known.residual_ns, 2 * uncertain_ns)
        return off if abs(off) > limit else 0.0

    def _has_stepped(self) -> bool:
        assert self._line is not None
        off = [self._line.above(point) for point in self._odd]
        if off[0] < 0:
            return len(off) >= FORWARD_WINDOWS
        if len(off) < BACKWARD_WINDOWS:
            return False
        if max(off) - min(off) < 0.25 * min(off):
            return True
        self._keep_late()
        return False

    def _keep_late(self) -> None:
        """Keep windows of a burst of delay: they harm no lower line; drop what was too early to be true."""
        self._points.extend(point for point in self._odd if self._odd_by(point) > 0)
        self._odd = []

    def _fit(self) -> None:
        points = list(self._points)
        self._line = line = lower_line(points)
        residuals = sorted(line.above(point) for point in points)
        newest = points[-1].host
        offset_spread, drift_spread = _disagreement(points, line, newest)
        assert self._reference is not None
        device_ns, mono_ns = self._reference
        self.estimate = ClockEstimate(
            offset_ns=mono_ns - device_ns + round(line.at(newest)),
            drift_ppm=-1e6 * line.slope,
            offset_uncertainty_ns=offset_spread,
            drift_uncertainty_ppm=1e6 * drift_spread,
            residual_ns=residuals[len(residuals) // 2],
            n=sum(point.n for point in points),
            span_s=(newest - points[0].host) / 1e9,
            at_mono_ns=mono_ns + round(newest),
        )


def lower_line(points: Sequence[_Point] | Sequence[tuple[float, float, int]]) -> _Line:
    """Return the line below all points with the least sum of distances to them.

    Parameters
    ----------
    points : time, height and weight (not used) of each; at least two, times rising.

    Examples
    --------
    >>> lower_line([(0.0, 1.0, 1), (1.0, 9.0, 1), (2.0, 3.0, 1), (3.0, 9.0, 1)])
    _Line(level=1.0, slope=1.0)
    """
    hull: list[tuple[float, float]] = []
    for x, y, _ in points:
        while len(hull) > 1 and _is_above(hull[-2], hull[-1], x, y):
            hull.pop()
        hull.append((x, y))
    mean = sum(point[0] for point in points) / len(points)
    (x1, y1), (x2, y2) = next((a, b) for a, b in itertools.pairwise(hull) if b[0] >= mean)
    slope = (y2 - y1) / (x2 - x1)
    return _Line(y1 - slope * x1, slope)


def _is_above(one: tuple[float, float], middle: tuple[float, float], x: float, y: float) -> bool:
    return (middle[1] - one[1]) * (x - one[0]) >= (y - one[1]) * (middle[0] - one[0])


def _disagreement(points: Sequence[_Point], line: _Line, host: float) -> tuple[float, float]:
    """Return how far lines through parts of the windows are from the line: its height at a time, its slope.

    Lines through fewer windows lie higher and turn more, so this errs to the large side.
    """
    parts = min(SUBSETS, len(points) // 2)
    lines = [lower_line(points[part::parts]) for part in range(parts)]
    return (
        _expanded([one.at(host) - line.at(host) for one in lines]),
        _expanded([one.slope - line.slope for one in lines]),
    )


def _expanded(differences: list[float]) -> float:
    n = len(differences)
    mean = sum(differences) / n
    variance = sum((one - mean) ** 2 for one in differences) / (n - 1)
    return abs(mean) + STUDENT_95[n - 2] * math.sqrt(variance)
