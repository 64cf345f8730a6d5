"""A device's clock against simulated truth: offsets and drifts that are known, delays that are not."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from drivers.api import Channel, ClockLock, Quantity, Role, Sample, WaveformBlock
from drivers.device_clock import KEPT_WINDOWS, DeviceClock, lower_line
from drivers.device_metrics import ClockWatch

Times = npt.NDArray[np.float64]


def device_time_s(host_s: Times, offset_s: float, drift_ppm: float) -> Times:
    """Closed form: what the device's clock shows when the host's shows ``host_s``."""
    return (host_s - offset_s) * (1 + 1e-6 * drift_ppm)


def exponential_and_bursts(rng: np.random.Generator, sent_s: Times, mean_s: float = 5e-3) -> Times:
    """Delays of a bus with jitter that now and then stalls and then empties its buffer."""
    delays = rng.exponential(mean_s, sent_s.size)
    at_s = 0.0
    while (at_s := at_s + rng.exponential(30.0)) < sent_s[-1]:
        stalled_s = rng.uniform(0.05, 1.0)
        kept = (sent_s >= at_s) & (sent_s < at_s + stalled_s)
        delays[kept] += at_s + stalled_s - sent_s[kept]
        if rng.random() < 0.3:  # a busy bus for some seconds
            busy = (sent_s >= at_s) & (sent_s < at_s + rng.exponential(8.0))
            delays[busy] += rng.uniform(0.02, 0.3) + rng.exponential(0.05, busy.sum())
    return delays


def feed(clock: DeviceClock, device_s: Times, host_s: Times) -> DeviceClock:
    arrived_s = np.maximum.accumulate(host_s)  # a later byte does not overtake
    for device_ns, mono_ns in zip(
        (device_s * 1e9).astype(np.int64).tolist(), (arrived_s * 1e9).astype(np.int64).tolist(), strict=True
    ):
        clock.note(device_ns, mono_ns)
    return clock


@cache
def trials() -> tuple[tuple[float, float, float, float], ...]:
    """Ten minutes each: errors and stated uncertainties of offset (ns) and drift (ppm)."""
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        sent_s = np.arange(1200) / 2.0
        offset_s, drift_ppm = rng.uniform(-1e5, 1e5), rng.choice([-20.0, 20.0])
        device_s = device_time_s(sent_s, offset_s, drift_ppm)
        clock = feed(DeviceClock(), device_s, sent_s + exponential_and_bursts(rng, sent_s))
        known = clock.estimate
        assert known is not None
        at_s = known.at_mono_ns / 1e9
        true_ns = 1e9 * (at_s - float(device_time_s(np.array(at_s), offset_s, drift_ppm)))
        found.append(
            (
                known.offset_ns - true_ns,
                known.offset_uncertainty_ns,
                known.drift_ppm - drift_ppm,
                known.drift_uncertainty_ppm,
            )
        )
    return tuple(found)


def test_the_drift_is_found_within_two_ppm_after_ten_minutes() -> None:
    errors = np.array([abs(trial[2]) for trial in trials()])
    print(f"drift: 95 % within {np.quantile(errors, 0.95):.2f} ppm, worst {errors.max():.2f} ppm")
    assert (errors < 2.0).mean() >= 0.99


def test_errors_lie_within_what_is_stated() -> None:
    found = np.array(trials())
    offsets = np.abs(found[:, 0]) <= found[:, 1]
    drifts = np.abs(found[:, 2]) <= found[:, 3]
    print(f"within its uncertainty: offset {offsets.mean():.1%}, drift {drifts.mean():.1%}")
    assert offsets.mean() >= 0.90
    assert drifts.mean() >= 0.90


def test_what_is_stated_is_of_use() -> None:
    found = np.array(trials())
    offset_ns, drift_ppm = np.median(found[:, 1]), np.median(found[:, 3])
    print(f"stated, median: offset {offset_ns / 1e3:.0f} us, drift {drift_ppm:.2f} ppm")
    assert offset_ns < 1e6
    assert drift_ppm < 2.0


def test_a_clock_without_delays_is_told_to_the_nanosecond() -> None:
    host_s = np.arange(600) / 10.0
    clock = feed(DeviceClock(), device_time_s(host_s, 3.0, -50.0), host_s)
    known = clock.estimate
    assert known is not None
    assert known.drift_ppm == pytest.approx(-50.0, abs=1e-3)
    at_s = known.at_mono_ns / 1e9
    assert known.offset_ns == pytest.approx(1e9 * (at_s - (at_s - 3.0) * (1 - 50e-6)), abs=5)
    assert known.residual_ns == pytest.approx(0.0, abs=5)


def test_nothing_is_said_before_there_is_enough() -> None:
    host_s = np.arange(80) / 10.0
    assert feed(DeviceClock(), host_s, host_s).estimate is None


def test_n_and_span_are_what_was_given_and_memory_ends() -> None:
    host_s = np.arange(8000) / 10.0
    clock = feed(DeviceClock(), host_s, host_s)
    known = clock.estimate
    assert known is not None
    assert known.span_s == pytest.approx((KEPT_WINDOWS - 1) * 2.0, abs=2.0)
    assert known.n == KEPT_WINDOWS * 20
    assert len(clock._points) == KEPT_WINDOWS


STEPS = [
    pytest.param(1.7e9, id="a clock that began at 0 gets the time of 1970 by GPS"),
    pytest.param(3600.0, id="an hour ahead"),
    pytest.param(-3600.0, id="an hour back"),
    pytest.param(0.15, id="NTP sets it ahead"),
    pytest.param(-0.15, id="NTP sets it back"),
]


def stepped(by_s: float) -> DeviceClock:
    rng = np.random.default_rng(3)
    host_s = np.arange(3000) / 10.0
    device_s = device_time_s(host_s, 0.0, 20.0) + np.where(host_s >= 120.0, by_s, 0.0)
    return feed(DeviceClock(), device_s, host_s + rng.exponential(5e-3, host_s.size))


@pytest.mark.parametrize("by_s", STEPS)
def test_a_step_is_noticed_soon_and_once(by_s: float) -> None:
    clock = stepped(by_s)
    assert clock.steps == 1
    step = clock.last_step
    assert step is not None
    assert step.by_ns == pytest.approx(by_s * 1e9, abs=25e6)
    assert 120e9 <= step.mono_ns <= 190e9


@pytest.mark.parametrize("by_s", STEPS)
def test_what_follows_a_step_is_estimated_anew(by_s: float) -> None:
    known = stepped(by_s).estimate
    assert known is not None
    assert known.span_s < 180.0
    at_s = known.at_mono_ns / 1e9
    true_ns = 1e9 * (at_s - at_s * (1 + 20e-6) - by_s)
    assert abs(known.offset_ns - true_ns) <= known.offset_uncertainty_ns
    assert abs(known.drift_ppm - 20.0) <= known.drift_uncertainty_ppm


@pytest.mark.parametrize("at_s", [1.0, 4.0, 7.0])
def test_a_step_before_anything_is_known_voids_nothing(at_s: float) -> None:
    host_s = np.arange(600) / 10.0
    clock = feed(DeviceClock(), host_s + np.where(host_s < at_s, 5000.0, 0.0), host_s)
    known = clock.estimate
    assert known is not None
    assert clock.steps == 0
    assert abs(known.drift_ppm) < 1e-3


def test_old_data_that_is_sent_after_a_gap_is_late_and_no_step() -> None:
    sent_s = np.arange(6000) / 10.0
    arrived_s = sent_s.copy()
    gap = (sent_s >= 200.0) & (sent_s < 320.0)
    arrived_s[gap] = 320.0 + (sent_s[gap] - 200.0) / 10  # two minutes, caught up with in twelve seconds
    order = np.argsort(arrived_s, kind="stable")  # while new data goes on in between
    clock = feed(DeviceClock(), sent_s[order], arrived_s[order])
    known = clock.estimate
    assert known is not None
    assert clock.steps == 0
    assert abs(known.drift_ppm) < 1e-3


def test_one_wrong_time_is_left_out() -> None:
    rng = np.random.default_rng(4)
    host_s = np.arange(3000) / 10.0
    device_s = device_time_s(host_s, 0.0, 20.0)
    arrived_s = host_s + rng.exponential(5e-3, host_s.size)
    device_s[1000] += 0.1
    clock = feed(DeviceClock(), device_s, arrived_s)
    known = clock.estimate
    assert known is not None
    assert clock.steps == 0
    assert abs(known.drift_ppm - 20.0) <= known.drift_uncertainty_ppm < 5.0


def test_a_burst_of_delay_is_no_step() -> None:
    rng = np.random.default_rng(5)
    host_s = np.arange(3000) / 10.0
    delays = rng.exponential(5e-3, host_s.size)
    stalled = (host_s >= 100.0) & (host_s < 140.0)
    delays[stalled] += 140.0 - host_s[stalled]  # forty seconds that all come at once
    clock = feed(DeviceClock(), device_time_s(host_s, 0.0, 20.0), host_s + delays)
    known = clock.estimate
    assert known is not None
    assert clock.steps == 0
    assert abs(known.drift_ppm - 20.0) <= known.drift_uncertainty_ppm


def test_a_clock_that_stands_still_drifts_by_a_million() -> None:
    host_s = np.arange(600) / 10.0
    clock = feed(DeviceClock(), np.full(600, 7.0), host_s)
    known = clock.estimate
    assert known is not None
    assert known.drift_ppm == pytest.approx(-1e6, abs=1)


def test_any_times_are_taken() -> None:
    rng = np.random.default_rng(6)
    clock = DeviceClock()
    mono_ns = 0
    for device_ns in rng.integers(-(2**63), 2**63 - 1, 3000).tolist():
        mono_ns += int(rng.integers(0, 3_000_000_000))
        clock.note(device_ns, mono_ns)
    assert len(clock._points) <= KEPT_WINDOWS


def brute_force_line(points: list[tuple[float, float, int]]) -> float:
    """Least sum of distances over all lines through two of the points that lie below all."""
    best = np.inf
    x, y = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    for i in range(len(points)):
        for j in range(i + 1, len(points)):
            slope = (y[j] - y[i]) / (x[j] - x[i])
            gaps = y - (y[i] + slope * (x - x[i]))
            if gaps.min() > -1e-9:
                best = min(best, float(gaps.sum()))
    return best


@pytest.mark.parametrize("seed", range(20))
def test_the_lower_line_is_the_best_of_all_lines_below(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = [(float(i), float(rng.exponential()), 1) for i in range(int(rng.integers(2, 25)))]
    line = lower_line(points)
    total = sum(y - line.at(x) for x, y, _ in points)
    assert total == pytest.approx(brute_force_line(points), abs=1e-9)


# from readings to metrics


def block(device_ns: int, n_samples: int, lock: ClockLock) -> WaveformBlock:
    counts = np.zeros((1, n_samples), np.int32)
    return WaveformBlock(counts, 100.0, (Channel("c", Role.GROUND),), device_ns=device_ns, clock_lock=lock)


def watch_blocks(drift_ppm: float, lock: ClockLock, seconds: int = 120) -> Any:
    """Blocks of changing length, each sent the moment that it is full."""
    watch, sent_samples = ClockWatch(), 0
    lengths = np.random.default_rng(7).integers(5, 50, 100_000)
    for n_samples in lengths.tolist():
        if sent_samples > 100 * seconds:
            break
        begin_s, end_s = sent_samples / 100.0, (sent_samples + n_samples) / 100.0
        device_ns = round(begin_s * 1e9 * (1 + 1e-6 * drift_ppm))
        watch.note(block(device_ns, n_samples, lock), round(end_s * 1e9))
        sent_samples += n_samples
    return watch.metrics()


def test_the_length_of_a_block_is_no_delay() -> None:
    metrics = watch_blocks(0.0, ClockLock.GPS)
    assert metrics.estimate.residual_ns < 1e3
    assert abs(metrics.estimate.offset_ns) < 1e3


@pytest.mark.parametrize(
    ("drift_ppm", "lock", "suspect"),
    [
        (500.0, ClockLock.GPS, True),
        (-500.0, ClockLock.NTP, True),
        (500.0, ClockLock.NONE, False),
        (50.0, ClockLock.GPS, False),
    ],
)
def test_a_locked_clock_that_drifts_is_suspect(drift_ppm: float, lock: ClockLock, suspect: bool) -> None:
    metrics = watch_blocks(drift_ppm, lock)
    assert metrics.lock is lock
    assert metrics.suspect is suspect


def test_a_device_without_time_has_no_clock() -> None:
    watch = ClockWatch()
    watch.note(Sample(Quantity.CO2_PPM, 400.0), 0)
    assert watch.metrics() is None
