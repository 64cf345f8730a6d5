"""Decimation, masks and velocity: chunked equals whole, aliases stay out, gaps stay gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.geophone import GeophoneResponse
from scanner.signals.seismic import bridge, decimate, decimator_state, to_velocity

FLAT = GeophoneResponse(1e6, 0.0, 1.0, "declared")


@settings(max_examples=30)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=12), st.sampled_from([1, 2, 5]))
def test_any_split_into_blocks_gives_the_same_stream(lengths: list[int], factor: int) -> None:
    n = sum(lengths)
    rng = np.random.default_rng(n)
    counts, usable = rng.normal(size=(2, n)), rng.random((2, n)) > 0.02
    whole, good, _ = decimate(counts, usable, factor, decimator_state(2, factor))
    state, pieces, masks, at = decimator_state(2, factor), [], [], 0
    for length in lengths:
        x, m, state = decimate(counts[:, at : at + length], usable[:, at : at + length], factor, state)
        pieces.append(x)
        masks.append(m)
        at += length
    np.testing.assert_allclose(np.hstack(pieces), whole, atol=1e-12)
    np.testing.assert_array_equal(np.hstack(masks), good)


@pytest.mark.parametrize("tone_hz", [60.0, 90.0, 110.0, 180.0, 240.0])
def test_what_would_alias_is_gone(tone_hz: float) -> None:
    t_s = np.arange(5000) / 500
    x = np.sin(2 * np.pi * tone_hz * t_s)[None]
    out, _, _ = decimate(x, np.ones(x.shape, bool), 5, decimator_state(1, 5))
    assert 20 * np.log10(out[:, 50:].std() / x.std()) < -45


def test_an_unusable_sample_spoils_what_the_filter_makes_of_it_and_no_more() -> None:
    usable = np.ones((1, 1000), bool)
    usable[0, 500] = False
    _, good, _ = decimate(np.zeros((1, 1000)), usable, 5, decimator_state(1, 5))
    spoilt = np.flatnonzero(~good[0])
    assert spoilt[0] == 100
    assert spoilt.size <= 17


def test_velocity_of_a_flat_sensor_is_counts_over_sensitivity() -> None:
    t_s = np.arange(6000) / 100
    counts = 5000 + 300 * np.sin(2 * np.pi * 8 * t_s)[None]
    velocity, usable = to_velocity(counts, np.ones(counts.shape, bool), [FLAT], 100.0)
    assert velocity[usable].std() == pytest.approx(300e-6 / np.sqrt(2), rel=0.01)


def test_a_gap_brings_no_step_and_stays_unusable() -> None:
    rng = np.random.default_rng(1)
    counts = 50_000 + rng.normal(0, 10, (1, 3000)).cumsum(axis=1)
    usable = np.ones(counts.shape, bool)
    usable[0, 1000:1400] = False
    counts[0, 1000:1400] = np.nan
    velocity, good = to_velocity(counts, usable, [FLAT], 100.0)
    assert np.isfinite(velocity).all()
    assert not good[0, 1000:1400].any()
    assert good[0, 500:900].all()
    bridged = bridge(counts, usable)
    assert np.abs(np.diff(bridged[0, 990:1410])).max() < 60


def test_nothing_usable_at_all_gives_zeros() -> None:
    counts = np.full((2, 500), np.nan)
    velocity, good = to_velocity(counts, np.zeros(counts.shape, bool), [FLAT, FLAT], 100.0)
    assert not good.any()
    assert (velocity == 0).all()
