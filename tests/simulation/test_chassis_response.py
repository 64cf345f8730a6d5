"""Geophone, springs and unit against textbook formulas."""

import numpy as np
import pytest
from scipy import signal

from scanner.simulation.chassis import (
    ALONG,
    Body,
    Filter,
    Geophone,
    Modes,
    geophone_sos,
    mobility_sos,
    transmissibility_sos,
)
from scanner.simulation.reefer_unit import ReeferUnit

FS_HZ = 500.0
MODES = Modes(1.5, 2.0, 1.4, 9.0, 30.0, 0.1)


def test_geophone_follows_the_textbook_transfer_function():
    geophone = Geophone()
    f_hz = np.geomspace(0.5, 40.0, 200)
    omega_0 = 2 * np.pi * 4.5
    _, textbook = signal.freqs([1.0, 0.0, 0.0], [1.0, 2 * 0.7 * omega_0, omega_0**2], worN=2 * np.pi * f_hz)
    _, ours = signal.sosfreqz(geophone_sos(geophone, FS_HZ), worN=f_hz, fs=FS_HZ)
    # the bilinear transform bends the axis: 2 % at 40 Hz, nothing at the natural frequency
    assert np.abs(ours / textbook - 1).max() < 0.02
    at = np.argmin(np.abs(f_hz - 4.5))
    assert abs(ours[at]) == pytest.approx(1 / (2 * 0.7), rel=0.02)


@pytest.mark.parametrize("f_hz", [1.5, 9.0, 30.0])
def test_springs_follow_their_transfer_functions(f_hz):
    omega_0, damping, mass_kg = 2 * np.pi * f_hz, 0.1, 15_000.0
    tested_hz = np.geomspace(0.3, 40.0, 100)
    denominator = [1.0, 2 * damping * omega_0, omega_0**2]
    for sos, numerator in (
        (mobility_sos(f_hz, damping, mass_kg, FS_HZ), [1 / mass_kg, 0.0]),
        (transmissibility_sos(f_hz, damping, FS_HZ), [2 * damping * omega_0, omega_0**2]),
    ):
        _, textbook = signal.freqs(numerator, denominator, worN=2 * np.pi * tested_hz)
        _, ours = signal.sosfreqz(sos, worN=tested_hz, fs=FS_HZ)
        assert np.abs(ours / textbook - 1).max() < 0.06


def _response_um_s(mass_t, force, along=0.0, across=0.0):
    body = Body(mass_t, MODES, FS_HZ)
    modal = Body.modal_shapes(along, across)[:, np.newaxis] * force
    return 1e6 * body.answer_forces(modal)


@pytest.mark.parametrize(("mass_t", "expected_um_s"), [(3.5, 10.0), (15.0, 2.3), (30.0, 1.1)])
def test_velocity_for_one_newton_at_5_hz(mass_t, expected_um_s):
    t_s = np.arange(20_000) / FS_HZ
    corners = _response_um_s(mass_t, np.sin(2 * np.pi * 5.0 * t_s))[:, 10_000:]
    np.testing.assert_allclose(np.sqrt(2) * corners.std(axis=1), expected_um_s, rtol=0.1)


def test_a_person_at_the_rear_moves_the_rear_most():
    t_s = np.arange(20_000) / FS_HZ
    corners = _response_um_s(15.0, np.sin(2 * np.pi * 5.0 * t_s), along=-0.8)[:, 10_000:]
    size = corners.std(axis=1)
    assert size[ALONG < 0].min() > 2 * size[ALONG > 0].max()


def test_the_body_follows_slow_ground_and_is_isolated_from_fast():
    body = Body(15.0, MODES, FS_HZ)
    t_s = np.arange(60_000) / FS_HZ
    slow = body.answer_ground(np.tile(np.sin(2 * np.pi * 0.2 * t_s), (4, 1)))[:, 30_000:]
    assert slow.std(axis=1) == pytest.approx(np.sqrt(0.5), rel=0.05)
    fast = Body(15.0, MODES, FS_HZ).answer_ground(np.tile(np.sin(2 * np.pi * 25.0 * t_s), (4, 1)))
    assert (fast[:, 30_000:].std(axis=1) < 0.01).all()


def test_filtering_in_pieces_equals_filtering_the_whole():
    sos = geophone_sos(Geophone(), FS_HZ)
    x = np.random.default_rng(0).standard_normal((3, 1000))
    pieces = Filter(sos, 3)
    joined = np.concatenate([pieces(x[:, a:b]) for a, b in ((0, 1), (1, 400), (400, 1000))], axis=1)
    np.testing.assert_allclose(joined, signal.sosfilt(sos, x, axis=1), atol=1e-12)


def test_full_scale_is_what_converter_and_element_give():
    geophone = Geophone()
    assert geophone.full_scale == 8_388_607
    assert geophone.full_scale / geophone.counts_per_m_s == pytest.approx(0.15625 / 28.8, rel=1e-6)


@pytest.mark.parametrize("cylinders", [2, 3, 4])
def test_the_unit_stands_on_half_orders_of_its_shaft(cylinders):
    rpm = 1500.0
    unit = ReeferUnit(rpm, cylinders, 100.0, 0.0, seed=4, fs_hz=FS_HZ)
    velocity = unit.velocity_m_s(0, 20_000)
    f_hz, power = signal.welch(velocity[0], FS_HZ, nperseg=10_000)
    half_order_hz = rpm / 60 / 2
    order = f_hz / half_order_hz
    near = np.abs(order - np.round(order)) * half_order_hz < 0.6  # hunting swings it some tenths of a hertz
    assert power[near].sum() > 0.98 * power.sum()
    for line in range(1, 7):
        around = np.abs(order - line) * half_order_hz < 0.6
        between = np.abs(order - line - 0.5) < 0.2
        assert power[around].max() > 100 * power[between].max()
    firing_hz = rpm / 60 * cylinders / 2
    assert f_hz[np.argmax(power)] == pytest.approx(firing_hz, abs=0.6)
    assert velocity[0].std() == pytest.approx(100e-6, rel=0.05)


def test_the_unit_stops_and_starts():
    unit = ReeferUnit(1500.0, 3, 100.0, 60.0, seed=4, fs_hz=FS_HZ)
    seconds = unit.velocity_m_s(0, 60_000)[0].reshape(120, 500).std(axis=1)
    silent = seconds < 1e-9
    assert 0.3 < silent.mean() < 0.5
    assert (silent[:60] == silent[60:]).all()
