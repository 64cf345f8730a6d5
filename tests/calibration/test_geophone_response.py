"""Counts to velocity, against the analogue response that scipy computes from the poles."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from scipy import signal

from calibration.certificates import CalibrationMissing, Certificate
from calibration.geophone import response_of, velocity_sos
from drivers.api import Channel, Role

DAY = dt.date(2026, 1, 1)


def certificate(**parameters: float) -> Certificate:
    return Certificate("G-1", DAY, DAY, parameters)


@pytest.mark.parametrize(("f0", "damping"), [(4.5, 0.7), (4.5, 0.28), (10.0, 0.6), (2.0, 0.5)])
def test_geophone_then_inverse_is_flat_down_to_the_corner(f0: float, damping: float) -> None:
    channel = Channel("c1", Role.CHASSIS, 28.8, f0, damping, 53_687_091.0)
    response = response_of(channel, None)
    f_hz = np.array([0.7, 1.0, 2.0, 4.5, 8.0, 20.0])
    w0 = 2 * np.pi * f0
    _, element = signal.freqs([28.8 * 53_687_091.0, 0, 0], [1, 2 * damping * w0, w0**2], 2 * np.pi * f_hz)
    _, inverse = signal.sosfreqz(velocity_sos(response, 500.0, 0.7), f_hz, fs=500.0)
    w1 = 2 * np.pi * 0.7
    _, wanted = signal.freqs([1, 0, 0], [1, math.sqrt(2) * w1, w1**2], 2 * np.pi * f_hz)
    np.testing.assert_allclose(element * inverse, wanted, rtol=0.02)


def test_the_inverse_is_stable() -> None:
    response = response_of(Channel("c1", Role.CHASSIS, 28.8, 4.5, 0.3, 1e6), None)
    impulse = np.zeros(200_000)
    impulse[0] = 1.0
    tail = signal.sosfilt(velocity_sos(response, 100.0, 0.7), impulse)[-1000:]
    assert np.abs(tail).max() < 1e-20


def test_certificate_goes_before_declaration() -> None:
    channel = Channel("c1", Role.CHASSIS, 28.8, 4.5, 0.7, 1000.0)
    response = response_of(channel, certificate(sensitivity_v_per_m_s=30.0, damping=0.6))
    assert response.counts_per_m_s == pytest.approx(30_000)
    assert (response.natural_frequency_hz, response.damping, response.source) == (4.5, 0.6, "G-1")


def test_counts_per_velocity_alone_means_flat() -> None:
    response = response_of(Channel("EHZ", Role.GROUND), certificate(counts_per_m_s=3.6e8))
    _, gain = signal.sosfreqz(velocity_sos(response, 100.0, 0.7), [1.0, 10.0, 40.0], fs=100.0)
    np.testing.assert_allclose(gain, 1 / 3.6e8)


@pytest.mark.parametrize(
    "channel",
    [
        Channel("c1", Role.CHASSIS),
        Channel("c1", Role.CHASSIS, 28.8, 4.5, 0.7, None),
        Channel("c1", Role.CHASSIS, 28.8, None, 0.7, 1000.0),
        Channel("c1", Role.CHASSIS, 28.8, 4.5, None, 1000.0),
        Channel("c1", Role.CHASSIS, math.nan, 4.5, 0.7, 1000.0),
        Channel("c1", Role.CHASSIS, 0.0, 4.5, 0.7, 1000.0),
    ],
)
def test_an_incomplete_response_is_missing_not_guessed(channel: Channel) -> None:
    with pytest.raises(CalibrationMissing, match="c1"):
        response_of(channel, None)
