"""Channel health on simulated vehicles: bad channels are found, sound ones are not called bad."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.signals.channel_health import (
    BAND_HZ,
    ChannelFault,
    channel_health,
    cross_spectra,
    healthy_rows,
    multiple_coherence,
)
from scanner.simulation.vibration_spec import Condition
from tests.bench.channel_health import dead, exchanged, loose, reversed_poles, sound, trials

FS_HZ = 100.0
SEED = 7_900_000


def plane(n: int = 6000, seed: int = 1, own: float = 0.05) -> np.ndarray:
    """Four corners of a rigid body, m/s: bounce, pitch and roll of their own, and a little noise."""
    rng = np.random.default_rng(seed)
    modes = rng.normal(size=(3, n)) * np.array([[1.0], [0.8], [1.2]])
    corners = np.array([[1, 1, -1], [1, 1, 1], [1, -1, -1], [1, -1, 1.0]]) @ modes
    return 1e-6 * (corners + own * rng.normal(size=(4, n)))


def faults(x: np.ndarray, **facts) -> list[str]:
    return [found.fault.value for found in channel_health(x, FS_HZ, np.ones(x.shape, bool), **facts)]


def test_coherence_is_what_the_textbook_says() -> None:
    # output = a x + b y + n with unit inputs: (a² + b²) / (a² + b² + σ²) of its power is predicted
    rng = np.random.default_rng(3)
    inputs, noise = rng.normal(size=(2, 400_000)), rng.normal(size=400_000)
    x = np.vstack([0.8 * inputs[0] - 0.6 * inputs[1] + 0.5 * noise, inputs])
    spectra, segments = cross_spectra(x, FS_HZ, np.ones(x.shape[1], bool))
    assert segments > 3000
    assert multiple_coherence(spectra, 0, [1, 2]).mean() == pytest.approx(1.0 / 1.25, abs=0.01)


def test_the_level_is_that_of_the_band() -> None:
    # white noise of 1 µm/s over 0 to 50 Hz
    x = 1e-6 * np.random.default_rng(4).normal(size=(2, 60_000))
    found = channel_health(x, FS_HZ, np.ones(x.shape, bool))[0]
    width_hz = BAND_HZ[1] - BAND_HZ[0] + 0.5
    assert found.rms_m_s == pytest.approx(1e-6 * np.sqrt(width_hz / 50.0), rel=0.03)


@pytest.mark.parametrize("condition", list(Condition))
def test_sound_channels_are_not_called_bad(condition: Condition) -> None:
    said = trials(condition, sound, 15, 20.0, SEED)
    assert all(len(healthy_rows(health)) == 4 for _, health in said)


@pytest.mark.parametrize(("broken", "at_least"), [(dead, 18), (loose, 12), (exchanged, 8)])
def test_bad_channels_are_left_out(broken, at_least: int) -> None:
    said = trials(Condition.WIND_3_5, broken, 20, 30.0, SEED)
    assert sum(not health[row].usable for row, health in said) >= at_least


def test_turned_poles_are_doubted_and_the_channel_is_used() -> None:
    said = trials(Condition.WIND_3_5, reversed_poles, 20, 30.0, SEED)
    assert sum(health[row].fault is ChannelFault.REVERSED for row, health in said) >= 12
    assert all(health[row].usable for row, health in said)


@pytest.mark.parametrize("turned", range(4))
def test_the_turned_channel_of_a_plane_is_the_one(turned: int) -> None:
    x = plane()
    x[turned] *= -1
    assert [row for row, fault in enumerate(faults(x)) if fault == "reversed"] == [turned]


def test_a_bad_one_is_found_whatever_its_gain() -> None:
    x = plane()
    x[1] *= 0.02  # quiet but coherent: a hard place, or a wrong sensitivity; no fault of the channel
    assert faults(x) == ["", "", "", ""]


def test_two_dead_channels_of_four() -> None:
    x = plane()
    x[1:3] = 1e-9 * np.random.default_rng(5).normal(size=(2, 6000))
    assert faults(x) == ["", "dead", "dead", ""]


def test_clipping_repeats_and_holes_go_before_coherence() -> None:
    x = plane()
    counts = np.rint(1e9 * x)
    counts[0, 1000:1250] = 33.0
    usable = np.ones(x.shape, bool)
    usable[2, ::3] = usable[2, 1::3] = False
    found = channel_health(x, FS_HZ, usable, counts=counts, clipped_share=np.array([0, 0.06, 0, 0]))
    assert [h.fault.value for h in found] == ["stuck", "clipped", "holed", ""]


def test_too_little_data_says_nothing_of_coherence() -> None:
    x = np.random.default_rng(6).normal(size=(4, 600))
    found = channel_health(x, FS_HZ, np.ones(x.shape, bool))
    assert [h.fault for h in found] == [ChannelFault.NONE] * 4
    assert np.isnan(found[0].coherence)


def test_one_channel_alone_is_sound() -> None:
    assert faults(plane()[:1]) == [""]


def test_a_quiet_hall_makes_no_dead_channels() -> None:
    x = 1e-9 * np.random.default_rng(7).normal(size=(4, 6000))  # self-noise alone, on all alike
    assert faults(x) == ["", "", "", ""]
