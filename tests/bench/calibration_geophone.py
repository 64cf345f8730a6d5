"""How well huddle, release and tap tests find what is true of simulated geophones: by hand.

``python -m tests.bench.calibration_geophone`` prints the figures of docs/calibration-geophone.md.
"""

from __future__ import annotations

import numpy as np

from calibration.geophone import GeophoneResponse
from calibration.geophone_huddle import huddle
from calibration.geophone_release import fit_release, free_decay
from calibration.geophone_spectra import GeophoneRefused
from calibration.geophone_taps import TapFault, find_taps, tap_test
from tests.bench.channel_health import share
from tests.calibration.simulated_geophones import (
    COUNTS_PER_VOLT,
    Element,
    draw_element,
    plate_m_s,
    record,
    self_noise_v,
    tapped,
)

SEED = 20261401  # the tests' seeds are others
N_HUDDLES, N_RELEASES, N_TAPS = 200, 1000, 500
N_CHANNELS, BOARD_HZ = 5, 500.0
KNOWN = GeophoneResponse(28.8 * COUNTS_PER_VOLT, 4.5, 0.7, "given")


def huddles(um_s: float, seconds: float, fs_hz: float = 100.0) -> None:
    """Print the errors of four sensors beside a reference, and how often 2 sigma held them."""
    errors, held, noise = [], [], []
    for i in range(N_HUDDLES):
        rng = np.random.default_rng([SEED, i])
        elements = [Element(), *(draw_element(rng) for _ in range(N_CHANNELS - 1))]
        counts = record(plate_m_s(seconds, fs_hz, um_s, rng), elements, fs_hz, rng)
        for element, found in zip(elements[1:], huddle(counts, fs_hz, "gabcd", 0, KNOWN)[1:], strict=True):
            response = found.response
            error = np.array(
                [
                    np.log(response.counts_per_m_s / (element.sensitivity * COUNTS_PER_VOLT)),
                    np.log(response.natural_frequency_hz / element.f0_hz),
                    response.damping - element.damping,
                ]
            )
            errors.append(error)
            sigmas = np.array([found.sensitivity_sigma, found.natural_frequency_sigma, found.damping_sigma])
            held.append(np.abs(error) <= 2 * sigmas)
            for at_hz in (1.0, 2.0, 5.0, 10.0):
                near = np.abs(found.f_hz - at_hz) <= 0.25 * at_hz
                f_hz = found.f_hz[near]
                truth = self_noise_v(f_hz) * COUNTS_PER_VOLT / np.abs(element.counts_at(f_hz))
                noise.append(20 * np.log10(np.nanmedian(found.self_noise_m_s[near] / truth)))
    rms, most = np.sqrt(np.mean(np.square(errors), axis=0)), np.abs(errors).max(axis=0)
    inside = [share(int(hits), len(held)) for hits in np.sum(held, axis=0)]
    print(f"huddle, {um_s:g} um/s, {seconds:g} s, {len(errors)} sensors:")
    print(f"  sensitivity rms {100 * rms[0]:.3f} %, most {100 * most[0]:.3f} %, 2 sigma held {inside[0]}")
    print(f"  natural frequency rms {100 * rms[1]:.3f} %, most {100 * most[1]:.3f} %, held {inside[1]}")
    print(f"  damping rms {rms[2]:.4f}, most {most[2]:.4f}, held {inside[2]}")
    db = np.reshape(noise, (-1, 4))
    print(f"  self-noise at 1, 2, 5, 10 Hz: rms {np.round(np.sqrt(np.mean(db**2, axis=0)), 2)} dB")


def releases() -> None:
    """Print the errors of decays of some 1 000 to 1 000 000 counts over a noise of 3 to 30."""
    errors, held, refused = [], [], 0
    for i in range(N_RELEASES):
        rng = np.random.default_rng([SEED, 1, i])
        f0, damping = rng.uniform(2.0, 14.0), rng.uniform(0.2, 1.2)
        t_s = np.arange(3000) / BOARD_HZ
        size = np.exp(rng.uniform(np.log(2e3), np.log(1e6)))
        wave = size * free_decay(t_s - 2.0 - rng.uniform(0, 0.1), f0, damping)
        counts = np.rint(wave + rng.normal(0, rng.uniform(3.0, 30.0), t_s.size))
        try:
            found = fit_release(counts, BOARD_HZ, 2.05)
        except GeophoneRefused:
            refused += 1
            continue
        off = found.natural_frequency_hz - f0, found.damping - damping
        errors.append((off[0] / f0, off[1]))
        held.append(
            (abs(off[0]) < 2 * found.natural_frequency_sigma_hz, abs(off[1]) < 2 * found.damping_sigma)
        )
    rms = np.sqrt(np.mean(np.square(errors), axis=0))
    inside = [share(int(hits), len(held)) for hits in np.sum(held, axis=0)]
    print(
        f"release, {len(errors)}, {refused} refused: natural frequency rms {100 * rms[0]:.3f} %, "
        f"2 sigma held {inside[0]}"
    )
    print(f"  damping rms {rms[1]:.4f}, held {inside[1]}")


def taps(fs_hz: float) -> None:
    """Print how often faults are named and sound channels are not."""
    beside = [k for k in range(N_CHANNELS) for _ in range(3)]
    wanted = {
        "sound": TapFault.NONE,
        "dead": TapFault.SILENT,
        "turned": TapFault.REVERSED,
        "exchanged": TapFault.EXCHANGED,
        "slipping": TapFault.UNSTEADY,
    }
    for kind, fault in wanted.items():
        named = others = counted = 0
        for i in range(N_TAPS):
            rng = np.random.default_rng([SEED, 2, i])
            row = i % N_CHANNELS
            motion, times_s = tapped(N_CHANNELS, fs_hz, rng)
            elements = [draw_element(rng) for _ in range(N_CHANNELS)]
            if kind == "turned":
                e = elements[row]
                elements[row] = Element(e.sensitivity, e.f0_hz, e.damping, sign=-1)
            if kind == "slipping":  # each tap passes a twentieth to all of it
                for at in (times_s[3 * row : 3 * row + 3] * fs_hz).astype(int):
                    motion[row, at - 5 : at + round(0.8 * fs_hz)] *= np.exp(rng.uniform(np.log(0.05), 0.0))
            counts = record(motion, elements, fs_hz, rng)
            if kind == "dead":
                counts[row] = np.rint(rng.normal(0, 5, counts.shape[1]))
            other = (row + 1) % N_CHANNELS
            if kind == "exchanged":
                counts[[row, other]] = counts[[other, row]]
            counted += len(find_taps(counts, fs_hz)) == len(times_s)
            said = tap_test(counts, fs_hz, "abcde", times_s.tolist(), beside)
            named += said[row].fault is fault
            broken = {row, other} if kind == "exchanged" else {row}
            others += any(c.fault for k, c in enumerate(said) if k not in broken)
        print(
            f"taps at {fs_hz:g} Hz, {kind}: named {share(named, N_TAPS)}, another channel called bad "
            f"{share(others, N_TAPS)}, all taps found by themselves {share(counted, N_TAPS)}"
        )


if __name__ == "__main__":
    for level in (0.1, 0.5):
        huddles(level, 300.0)
    huddles(0.5, 120.0)
    releases()
    taps(BOARD_HZ)
    taps(100.0)
