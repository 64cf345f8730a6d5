"""What shakes a parked vehicle besides people: ground, wind, its unit, and what knocks on it.

Spectra are those of `scipy.fft.rfft` over the whole record.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import fft

from scanner.simulation.priors import draw, stream
from scanner.simulation.vibration_spec import N_FRAME_MODES, Confounder, VibrationSpec

Array = npt.NDArray[np.float64]
Spectrum = npt.NDArray[np.complex128]

HALF_LENGTH_M, HALF_WIDTH_M = 5.0, 1.2
WHEELS = np.array([[1.0, 1.0, -1.0, -1.0], [-1.0, 1.0, -1.0, 1.0]])
WIND_SHARES = np.array([0.3, 0.3, 1.0, 0.3])
ORDERS = np.arange(0.5, 6.5, 0.5)


def white(rng: np.random.Generator, rows: int, n: int, fs_hz: float) -> Spectrum:
    """Return spectra of noise of one-sided density 1, ``(rows, n // 2 + 1)``."""
    parts = rng.standard_normal((2, rows, n // 2 + 1))
    return np.asarray((parts[0] + 1j * parts[1]) * math.sqrt(n * fs_hz / 4))


def slow_log(rng: np.random.Generator, n: int, fs_hz: float, low_s: float, high_s: float) -> Array:
    """Return a slow random course of unit variance with periods from ``low_s`` to ``high_s``, ``(n,)``."""
    f_hz = fft.rfftfreq(n, 1 / fs_hz)
    gain = np.where((f_hz > 0.5 / high_s) & (f_hz < 1 / low_s), 1.0 / np.sqrt(np.maximum(f_hz, 1e-9)), 0.0)
    course = fft.irfft(fft.rfft(rng.standard_normal(n)) * gain, n)
    return np.asarray(course / course.std())


def ground_m_s(
    spec: VibrationSpec, f_hz: Array, n: int, fs_hz: float, rng: np.random.Generator
) -> tuple[Spectrum, Spectrum]:
    """Return the ground's velocity under the wheels ``(4, n_f)`` and at the reference ``(n_f,)``."""
    seed = spec.seed
    fixed = stream(seed, "ground waves")
    colour = _colour(seed, f_hz)
    band = (f_hz >= 1.0) & (f_hz <= 10.0)
    step_hz = f_hz[1]
    level = spec.ground_um_s * 1e-6 / math.sqrt(float(np.sum(colour[band] ** 2)) * step_hz)
    coherence = draw(seed, "site.coherence") * np.exp(-f_hz / draw(seed, "site.coherent_to_hz"))
    main = fixed.uniform(0.55, 0.95)
    waves = white(rng, 2, n, fs_hz) * np.sqrt([[main], [1 - main]])
    delays = [_delays_s(seed, fixed) for _ in range(3)]
    out = np.sqrt(1 - coherence) * white(rng, 5, n, fs_hz)
    for wave, delay in zip(waves, delays, strict=False):
        out = out + np.sqrt(coherence) * wave * np.exp(-2j * np.pi * f_hz * delay[:, np.newaxis])
    out = out * (level * colour)
    passing = _passing(spec, f_hz, n, fs_hz, rng, fixed)
    if passing is not None:
        out = out + passing * np.exp(-2j * np.pi * f_hz * delays[2][:, np.newaxis])
    steps = _steps(spec, n, fs_hz, fixed)
    if steps is not None:
        near = fixed.uniform(0.3, 1.0, 5)
        out = out + near[:, np.newaxis] * steps * np.exp(-2j * np.pi * f_hz * delays[2][:, np.newaxis])
    return out[:4], out[4]


def wind_n(
    spec: VibrationSpec,
    f_hz: Array,
    n: int,
    fs_hz: float,
    rng: np.random.Generator,
    answer: tuple[Array, npt.NDArray[np.bool_]],
) -> tuple[Spectrum, Spectrum]:
    """Return modal forces of wind, N ``(n_modes, n_f)``, and what the air channel hears ``(n_f,)``.

    ``answer`` holds the rigid modes' mobility at 15 t within 0.5-10 Hz and that band.
    """
    seed = spec.seed
    corner, slope = draw(seed, "wind.corner_hz") * max(spec.wind_m_s, 0.5) / 5.0, draw(seed, "wind.slope")
    colour = ((1 + (f_hz / corner) ** 2) / (1 + 1 / corner**2)) ** (-slope / 2)  # 1 at 1 Hz
    gust = stream(seed, "gusts")
    level = draw(seed, "wind.gust_depth") * slow_log(gust, n, fs_hz, 4.0, 40.0)
    envelope = np.exp(level) / math.sqrt(float(np.mean(np.exp(2 * level))))
    mobility, band = answer
    power = float(np.sum((WIND_SHARES[:, np.newaxis] * mobility * colour[band]) ** 2)) * f_hz[1]
    wanted_m_s = draw(seed, "wind.um_s3_per_m2") * 1e-6 * spec.wind_m_s**2
    size = wanted_m_s / math.sqrt(power)
    shares = np.concatenate([WIND_SHARES, np.full(N_FRAME_MODES, draw(seed, "wind.rattle"))])
    force = white(rng, 4 + N_FRAME_MODES, n, fs_hz)
    force[:4] *= colour
    # panels rattle in the fast end of turbulence
    force[4:] *= (1 + (f_hz / 5.0) ** 2) ** -0.5
    gusty = fft.rfft(fft.irfft(force, n, axis=1) * envelope, axis=1) * (shares * size)[:, np.newaxis]
    heard = draw(seed, "wind.heard")
    pressure = (
        gusty[2] / max(size, 1e-12)
        + math.sqrt(1 / max(heard, 1e-3) - 1) * colour * white(rng, 1, n, fs_hz)[0]
    )
    return np.asarray(gusty), np.asarray(0.2 * spec.wind_m_s * pressure)


def unit_m_s(
    spec: VibrationSpec, f_hz: Array, n: int, fs_hz: float, rng: np.random.Generator
) -> Spectrum | float:
    """Return the corners' velocity of the refrigeration unit, ``(4, n_f)``; 0 where none runs."""
    if not spec.unit_um_s:
        return 0.0
    fixed = stream(spec.seed, "unit orders")
    shaft_hz = draw(spec.seed, "machine.rpm") / 60.0
    height = 0.06 * np.exp(0.5 * fixed.standard_normal(ORDERS.size))
    cylinders = int(fixed.integers(2, 5))
    for order, share in ((0.5, 0.15), (1.0, 0.3), (cylinders / 2, 1.0), (cylinders, 0.4)):
        height[round(2 * order) - 1] += share
    height *= spec.unit_um_s * 1e-6 / math.sqrt(0.5 * float(np.sum(height**2)))
    wander = draw(spec.seed, "machine.wander") * slow_log(fixed, n, fs_hz, 2.0, 60.0)
    phase = 2 * np.pi * np.cumsum(shaft_hz * (1 + wander)) / fs_hz
    gains = np.array([1.0, fixed.uniform(0.6, 1.2), fixed.uniform(0.2, 0.7), fixed.uniform(0.2, 0.7)])
    turns = fixed.uniform(0, 2 * np.pi, (ORDERS.size, 4))
    out = np.zeros((4, n))
    for order, size, turn in zip(ORDERS, height, turns, strict=True):
        if order * shaft_hz < 0.47 * fs_hz:  # the board's own filter takes the rest
            # no two firings are alike: each order's level flutters by some per cent
            flutter = 1 + 0.03 * slow_log(rng, n, fs_hz, 0.2, 5.0)
            out += size * flutter * np.sin(order * phase + turn[:, np.newaxis])
    broad = draw(spec.seed, "machine.broad_share") * spec.unit_um_s * 1e-6 / math.sqrt(37.0)
    shape = broad * np.sqrt(1 / (1 + (3.0 / np.maximum(f_hz, 1e-3)) ** 4))
    common = 0.7 * white(rng, 1, n, fs_hz) + 0.7 * white(rng, 4, n, fs_hz)
    return np.asarray(gains[:, np.newaxis] * (fft.rfft(out, axis=1) + shape * common))


def knocks_n(spec: VibrationSpec, n: int, fs_hz: float) -> Spectrum:
    """Return modal forces of drips, ticks and slosh, N ``(n_modes, n_f)``."""
    seed, fixed = spec.seed, stream(spec.seed, "knocks")
    modes = spec.body.f_hz.size
    out = np.zeros((modes, n // 2 + 1), complex)
    if spec.confounder in (Confounder.DRIPS, Confounder.EXHAUST):
        per_s = draw(seed, "knock.per_min") / 60.0
        regularity = draw(seed, "knock.regularity")
        count = int(2 * per_s * n / fs_hz) + 20
        gaps = (1 - regularity) * fixed.exponential(1 / per_s, count) + regularity / per_s
        if spec.confounder is Confounder.EXHAUST:  # ticks come slower as it cools
            gaps = fixed.exponential(1 / per_s, count) * np.linspace(1.0, 3.0, count)
        times = np.cumsum(gaps)
        times = times[times < n / fs_hz - 0.1]
        force = np.zeros(n)
        sizes = draw(seed, "knock.n_s") * np.exp(0.3 * fixed.standard_normal(times.size))
        np.add.at(force, (times * fs_hz).astype(int), sizes * fs_hz)
        places = spec.body.at(float(fixed.uniform(-0.95, 0.95)), float(fixed.uniform(-0.9, 0.9)))
        out += places[:, np.newaxis] * fft.rfft(force)
    if spec.slosh_um_s:
        t_s = np.arange(n) / fs_hz
        phase = 2 * np.pi * draw(seed, "liquid.slosh_hz") * t_s + fixed.uniform(0, 6.28)
        fading = np.exp(-t_s / 180.0)
        sway = fading * (np.sin(phase) + 0.3 * np.sin(2 * phase + 0.7) + 0.1 * np.sin(3 * phase + 1.9))
        # the force that moves the body's bounce mass so fast against its spring
        stiff = spec.body.mass_kg[1] * (2 * np.pi * spec.body.f_hz[1]) ** 2
        speed = 2 * np.pi * draw(seed, "liquid.slosh_hz")
        out[1] += fft.rfft(sway) * spec.slosh_um_s * 1e-6 * stiff / speed
    return out


def _colour(seed: int, f_hz: Array) -> Array:
    """Amplitude density of the ground over frequency, any scale."""
    f = np.maximum(f_hz, 0.05)
    layer = draw(seed, "site.layer_hz")
    lift = 1 + draw(seed, "site.layer_gain") / (1 + ((f - layer) / (0.25 * layer)) ** 2)
    return f ** -draw(seed, "site.slope") * lift * np.sqrt(1 / (1 + (0.4 / f) ** 4)) / (1 + (f / 30.0) ** 2)


def _delays_s(seed: int, fixed: np.random.Generator) -> Array:
    """Arrival of a plane wave at the four wheels and the reference, s ``(5,)``."""
    bearing, speed = fixed.uniform(0, 2 * np.pi), draw(seed, "site.speed_m_s")
    x, y = HALF_LENGTH_M * WHEELS[0], HALF_WIDTH_M * WHEELS[1]
    away = draw(seed, "site.reference_m")
    where = stream(seed, "reference").uniform(0, 2 * np.pi)
    x, y = np.append(x, away * math.cos(where)), np.append(y, away * math.sin(where))
    return np.asarray((x * math.cos(bearing) + y * math.sin(bearing)) / speed)


def _passing(
    spec: VibrationSpec,
    f_hz: Array,
    n: int,
    fs_hz: float,
    rng: np.random.Generator,
    fixed: np.random.Generator,
) -> Spectrum | None:
    """One source: a train, a ship's machines, or a neighbour's idling engine."""
    seed, level = spec.seed, spec.ground_um_s * 1e-6
    t_s = np.arange(n) / fs_hz
    if spec.train_gain:
        length, at = fixed.uniform(20.0, 70.0), fixed.uniform(-10.0, n / fs_hz)
        x = np.clip((t_s - at) / length, 0.0, 1.0)
        colour = 1 / (1 + ((f_hz - fixed.uniform(4, 15)) / fixed.uniform(3, 10)) ** 2)
        noise = fft.irfft(white(rng, 1, n, fs_hz)[0] * colour, n)
        # carriages follow each other
        bogies = 1 + 0.5 * np.sin(2 * np.pi * fixed.uniform(0.7, 2.0) * t_s + fixed.uniform(0, 6.28))
        shape = spec.train_gain * level * np.sin(np.pi * x) ** 2 * bogies
        return np.asarray(fft.rfft(noise / noise.std() * shape))
    hz = rms = 0.0
    orders: tuple[float, ...] = (1.0,)
    if spec.machine_share:
        hz, rms, orders = draw(seed, "site.machine_hz"), spec.machine_share * level, (0.5, 1.0, 2.0, 3.0)
    if spec.confounder is Confounder.IDLING:
        hz, rms, orders = draw(seed, "idling.hz"), draw(seed, "idling.um_s") * 1e-6, (0.5, 1.0, 1.5, 3.0)
    if not rms:
        return None
    phase = 2 * np.pi * np.cumsum(hz * (1 + 0.004 * slow_log(fixed, n, fs_hz, 1.0, 30.0))) / fs_hz
    hum = np.zeros(n)
    for order in orders:
        if order * hz < 0.47 * fs_hz:
            hum += fixed.uniform(0.2, 1.0) * np.sin(order * phase + fixed.uniform(0, 6.28))
    return np.asarray(fft.rfft(hum / hum.std() * rms))


def _steps(spec: VibrationSpec, n: int, fs_hz: float, fixed: np.random.Generator) -> Spectrum | None:
    """Footsteps of somebody walking past: a pulse in the ground each, nearer and farther."""
    if spec.confounder is not Confounder.STEPS:
        return None
    gap = 60.0 / draw(spec.seed, "steps.per_min")
    times = np.cumsum(gap * (1 + 0.04 * fixed.standard_normal(int(n / fs_hz / gap) + 2)))
    near = fixed.uniform(0, n / fs_hz)
    away = np.hypot(1.4 * (times - near) * fixed.uniform(0.1, 1.0), 3.0) / 3.0
    out = np.zeros(n)
    ring_hz = fixed.uniform(8, 25)
    t_s = np.arange(round(0.4 * fs_hz)) / fs_hz
    pulse = np.exp(-t_s / 0.06) * np.sin(2 * np.pi * ring_hz * t_s) + 0.3 * np.exp(-t_s / 0.1) * np.sin(
        2 * np.pi * 6.0 * t_s
    )
    for at, size in zip(times, 1 / away, strict=True):
        k = int(at * fs_hz)
        if k + t_s.size < n:
            out[k : k + t_s.size] += size * pulse * math.exp(0.15 * fixed.standard_normal())
    return np.asarray(fft.rfft(out * draw(spec.seed, "steps.um_s") * 1e-6))
