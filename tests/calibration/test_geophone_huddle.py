"""Huddle test against simulated sensors of known response and self-noise."""

from __future__ import annotations

import datetime as dt
import tomllib

import numpy as np
import pytest

from calibration.certificate_toml import certificate_toml
from calibration.certificates import Certificate
from calibration.geophone import GeophoneResponse, response_of
from calibration.geophone_certificate import ReferenceUncertainty, huddle_certificate
from calibration.geophone_huddle import HuddleChannel, huddle
from calibration.geophone_spectra import GeophoneRefused
from drivers.api import Channel, Role
from tests.calibration.simulated_geophones import (
    COUNTS_PER_VOLT,
    Element,
    draw_element,
    plate_m_s,
    record,
    self_noise_v,
)

FS_HZ = 100.0
NAMES = ("g1", "c1", "c2", "c3")
KNOWN = GeophoneResponse(28.8 * COUNTS_PER_VOLT, 4.5, 0.7, "its certificate")

Huddle = tuple[list[Element], np.ndarray, tuple[HuddleChannel, ...]]


@pytest.fixture(scope="module")
def done() -> Huddle:
    rng = np.random.default_rng(20261301)
    elements = [Element(), *(draw_element(rng) for _ in range(3))]
    elements[3] = Element(elements[3].sensitivity, elements[3].f0_hz, elements[3].damping, sign=-1)
    counts = record(plate_m_s(300.0, FS_HZ, 0.5, rng), elements, FS_HZ, rng)
    return elements, counts, huddle(counts, FS_HZ, NAMES, 0, KNOWN)


def test_responses_are_found(done: Huddle) -> None:
    elements, _, found = done
    for element, channel in zip(elements, found, strict=True):
        counts_per_m_s = element.sensitivity * COUNTS_PER_VOLT
        assert channel.response.counts_per_m_s == pytest.approx(counts_per_m_s, rel=0.002)
        assert channel.response.natural_frequency_hz == pytest.approx(element.f0_hz, rel=0.003)
        assert channel.response.damping == pytest.approx(element.damping, abs=0.003)


def test_the_stated_uncertainty_is_of_the_errors_size(done: Huddle) -> None:
    elements, _, found = done
    for element, channel in zip(elements[1:], found[1:], strict=True):
        error = np.log(channel.response.counts_per_m_s / (element.sensitivity * COUNTS_PER_VOLT))
        assert abs(error) < 5 * channel.sensitivity_sigma
        assert channel.sensitivity_sigma < 0.002


def test_turned_poles_are_told(done: Huddle) -> None:
    assert [channel.polarity for channel in done[2]] == [1, 1, 1, -1]


@pytest.mark.parametrize("at_hz", [1.0, 2.0, 5.0, 10.0, 20.0])
def test_self_noise_is_found_far_below_the_ground(done: Huddle, at_hz: float) -> None:
    elements, _, found = done
    for element, channel in zip(elements, found, strict=True):
        near = np.abs(channel.f_hz - at_hz) < 0.25 * at_hz
        f_hz = channel.f_hz[near]
        truth = self_noise_v(f_hz) * COUNTS_PER_VOLT / np.abs(element.counts_at(f_hz))
        ratio = channel.self_noise_m_s[near] / truth
        assert np.nanmedian(ratio) == pytest.approx(1.0, abs=0.3)


def test_the_certificate_gives_each_channel_its_own_response(done: Huddle) -> None:
    elements, _, found = done
    day = dt.date(2026, 12, 1)
    made = huddle_certificate(found, ReferenceUncertainty(), "H-1", day, 365, "ab12")
    read = tomllib.loads(certificate_toml(made))["device"]["certificate"]
    lane = Certificate(read["id"], read["issued"], read["expires"], read["parameters"], read["method"])
    for name, element in zip(NAMES[1:], elements[1:], strict=True):
        response = response_of(Channel(name, Role.CHASSIS, 28.8, 4.5, 0.7, COUNTS_PER_VOLT), lane)
        assert response.counts_per_m_s == pytest.approx(element.sensitivity * COUNTS_PER_VOLT, rel=0.002)
        assert response.natural_frequency_hz == pytest.approx(element.f0_hz, rel=0.003)
    assert lane.parameters["c1_sensitivity_uncertainty_percent"] >= 5.0
    assert "ab12" in lane.method
    assert "poles turned: c3" in lane.method


def test_a_channel_that_the_certificate_does_not_name_keeps_its_declaration(done: Huddle) -> None:
    made = huddle_certificate(done[2], ReferenceUncertainty(), "H-1", dt.date(2026, 12, 1), 365, "")
    response = response_of(Channel("c9", Role.CHASSIS, 30.0, 10.0, 0.6, 1000.0), made)
    assert (response.counts_per_m_s, response.natural_frequency_hz) == (30_000.0, 10.0)


def test_a_flat_reference_serves_as_well() -> None:
    rng = np.random.default_rng(3)
    elements = [draw_element(rng) for _ in range(3)]
    motion = plate_m_s(200.0, FS_HZ, 0.5, rng)
    counts = np.vstack([np.rint(motion * 1e9), record(motion, elements, FS_HZ, rng)])
    found = huddle(counts, FS_HZ, ("bb", *NAMES[1:]), 0, GeophoneResponse(1e9, 0.0, 1.0, "flat"))
    for element, channel in zip(elements, found[1:], strict=True):
        assert channel.response.natural_frequency_hz == pytest.approx(element.f0_hz, rel=0.005)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda c: c[:2], "three channels"),
        (lambda c: c[:, :3000], "too short"),
        (lambda c: np.vstack([c[:3], 0 * c[:1]]), "c3 sends one constant value"),
        (
            lambda c: np.vstack([c[:3], 500.0 * np.random.default_rng(1).normal(size=(1, c.shape[1]))]),
            "c3 shares too little motion",
        ),
    ],
)
def test_what_makes_no_huddle_is_refused(done: Huddle, spoil, words: str) -> None:
    counts = spoil(done[1])
    with pytest.raises(GeophoneRefused, match=words):
        huddle(counts, FS_HZ, NAMES[: len(counts)], 0, KNOWN)
