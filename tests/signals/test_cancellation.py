"""Ground cancellation against the theory of linear systems: what is coherent goes, what is not stays."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from scanner.signals.cancellation import cancel_references

FS_HZ = 100.0


def band_rms(x: np.ndarray) -> float:
    sos = signal.butter(4, [1, 20], "bandpass", fs=FS_HZ, output="sos")
    return float(signal.sosfiltfilt(sos, x)[..., 300:-300].std())


@pytest.mark.parametrize("coherence", [0.5, 0.8, 0.95])
def test_the_residual_is_the_incoherent_part(coherence: float) -> None:
    rng = np.random.default_rng(11)
    ground = rng.normal(size=6000)
    through_springs = signal.sosfilt(
        signal.butter(1, [1.0, 12.0], "bandpass", fs=FS_HZ, output="sos"), np.roll(ground, 2)
    )
    own = rng.normal(size=6000)
    own = signal.sosfilt(signal.butter(1, [1.0, 12.0], "bandpass", fs=FS_HZ, output="sos"), own)
    share = np.sqrt((1 - coherence) / coherence) * through_springs.std() / own.std()
    chassis = (through_springs + share * own)[None]
    residual, predicted = cancel_references(chassis, ground[None], FS_HZ)
    np.testing.assert_allclose(residual + predicted, chassis, atol=1e-12)
    left_db = 20 * np.log10(band_rms(residual) / band_rms(chassis))
    theory_db = 10 * np.log10(1 - coherence)
    # a minute of data leaves some tenths of the achievable decibels
    assert theory_db - 0.7 < left_db < theory_db + 0.25 * abs(theory_db) + 0.3


def test_two_references_take_out_two_sources() -> None:
    rng = np.random.default_rng(12)
    ground = rng.normal(size=(2, 6000))
    own = 0.05 * rng.normal(size=6000)
    chassis = (np.roll(ground[0], 3) - 0.5 * np.roll(ground[1], 5) + own)[None]
    one, _ = cancel_references(chassis, ground[:1], FS_HZ)
    both, _ = cancel_references(chassis, ground, FS_HZ)
    assert band_rms(both) < 0.35 * band_rms(one)


def test_an_unrelated_reference_changes_nothing_much() -> None:
    rng = np.random.default_rng(13)
    chassis, ground = rng.normal(size=(2, 6000)), rng.normal(size=(1, 6000))
    residual, _ = cancel_references(chassis, ground, FS_HZ)
    assert band_rms(residual) == pytest.approx(band_rms(chassis), rel=0.02)
    assert band_rms(residual - chassis) < 0.12 * band_rms(chassis)


def test_twin_and_dead_references_do_not_blow_up() -> None:
    rng = np.random.default_rng(14)
    ground = rng.normal(size=6000)
    references = np.stack([ground, ground, np.zeros(6000)])
    chassis = np.roll(ground, 1)[None] + 0.1 * rng.normal(size=(1, 6000))
    residual, _ = cancel_references(chassis, references, FS_HZ)
    assert np.isfinite(residual).all()
    assert band_rms(residual) < 0.3 * band_rms(chassis)


def test_unusable_stretches_do_not_teach_the_filter() -> None:
    rng = np.random.default_rng(15)
    ground = rng.normal(size=(1, 6000))
    chassis = np.roll(ground, 3, axis=1) + 0.1 * rng.normal(size=(1, 6000))
    usable = np.ones(6000, bool)
    chassis[:, 2000:2300] += 500 * rng.normal(size=300)
    usable[1990:2310] = False
    residual, _ = cancel_references(chassis, ground, FS_HZ, usable)
    assert residual[0, 3000:5500].std() < 0.25


def test_too_little_to_learn_from_predicts_nothing() -> None:
    rng = np.random.default_rng(16)
    chassis, ground = rng.normal(size=(1, 700)), rng.normal(size=(1, 700))
    residual, predicted = cancel_references(chassis, ground, FS_HZ)
    np.testing.assert_array_equal(residual, chassis)
    assert not predicted.any()
