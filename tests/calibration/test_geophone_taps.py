"""Tap and release tests on simulated taps and closed-form decays."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from calibration.geophone_release import fit_release
from calibration.geophone_spectra import GeophoneRefused
from calibration.geophone_taps import TapChannel, TapFault, find_taps, tap_test
from tests.calibration.simulated_geophones import Element, draw_element, record, tapped

FS_HZ = 500.0
NAMES = ("c1", "c2", "c3", "c4")
BESIDE = [k for k in range(4) for _ in range(3)]


def taps(seed: int, turned: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    motion, times_s = tapped(4, FS_HZ, rng)
    elements = [draw_element(rng) for _ in range(4)]
    if turned is not None:
        e = elements[turned]
        elements[turned] = Element(e.sensitivity, e.f0_hz, e.damping, sign=-1)
    return record(motion, elements, FS_HZ, rng), times_s


def said(counts: np.ndarray, times_s: np.ndarray) -> list[TapFault]:
    found: tuple[TapChannel, ...] = tap_test(counts, FS_HZ, NAMES, times_s.tolist(), BESIDE)
    return [channel.fault for channel in found]


def test_taps_are_found_where_they_were() -> None:
    counts, times_s = taps(1)
    np.testing.assert_allclose(find_taps(counts, FS_HZ), times_s, atol=0.02)


def test_sound_channels_are_sound() -> None:
    assert said(*taps(2)) == [TapFault.NONE] * 4


@pytest.mark.parametrize("turned", range(4))
def test_turned_poles_move_up_first(turned: int) -> None:
    found = said(*taps(3, turned))
    assert [k for k, fault in enumerate(found) if fault is TapFault.REVERSED] == [turned]


def test_a_dead_channel_does_not_answer() -> None:
    counts, times_s = taps(4)
    counts[2] = np.rint(np.random.default_rng(1).normal(0, 5, counts.shape[1]))
    assert said(counts, times_s) == [TapFault.NONE, TapFault.NONE, TapFault.SILENT, TapFault.NONE]


def test_exchanged_plugs_are_both_named() -> None:
    counts, times_s = taps(5)
    found = said(counts[[0, 3, 2, 1]], times_s)
    assert found == [TapFault.NONE, TapFault.EXCHANGED, TapFault.NONE, TapFault.EXCHANGED]


def test_a_foot_that_slips_is_unsteady() -> None:
    counts, times_s = taps(6)
    at = round(times_s[1] * FS_HZ)
    counts[0, at - 5 : at + 400] *= 0.1
    assert said(counts, times_s)[0] is TapFault.UNSTEADY


def test_a_geophone_beside_which_nobody_tapped_is_named() -> None:
    counts, times_s = taps(7)
    with pytest.raises(GeophoneRefused, match="no tap beside c4"):
        tap_test(counts, FS_HZ, NAMES, times_s[:9].tolist(), BESIDE[:9])


def decay(f0_hz: float, damping: float, noise: float = 3.0) -> np.ndarray:
    """A mass held aside and let go at 2.013 s, from scipy's solution of its equation of motion."""
    t_s = np.arange(3000) / FS_HZ
    w = 2 * np.pi * f0_hz
    after = np.maximum(t_s - 2.013, 0.0)
    _, moved = signal.impulse(([1.0], [1.0, 2 * damping * w, w**2]), T=np.arange(0, 5, 1e-3))
    wave = 5e6 * np.interp(after, np.arange(0, 5, 1e-3), moved)
    return np.rint(wave + np.random.default_rng(8).normal(0, noise, t_s.size))


@pytest.mark.parametrize(("f0_hz", "damping"), [(4.5, 0.28), (4.5, 0.7), (10.0, 0.6), (2.0, 0.5), (4.5, 1.3)])
def test_a_release_tells_frequency_and_damping(f0_hz: float, damping: float) -> None:
    found = fit_release(decay(f0_hz, damping), FS_HZ, 2.0)
    assert found.natural_frequency_hz == pytest.approx(f0_hz, rel=0.01)
    assert found.damping == pytest.approx(damping, rel=0.01)


def test_no_release_is_refused() -> None:
    with pytest.raises(GeophoneRefused, match="nothing swings"):
        fit_release(np.random.default_rng(9).normal(0, 3, 3000), FS_HZ, 2.0)


def test_a_knock_is_no_release() -> None:
    counts = decay(4.5, 0.7)
    counts += (
        2e5
        * np.exp(-np.abs(np.arange(3000) / FS_HZ - 2.6) / 0.2)
        * np.random.default_rng(1).normal(size=3000)
    )
    with pytest.raises(GeophoneRefused, match="no decay of a damped mass"):
        fit_release(counts, FS_HZ, 2.0)
