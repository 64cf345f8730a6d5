"""People of ellipsoids: mass, height, and chords against a closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.simulation.former.bodies import HEIGHT_FRACTION, Ellipsoid, Pose, body


@pytest.mark.parametrize("pose", list(Pose))
def test_an_adult_of_175_cm_weighs_what_an_adult_weighs(pose: Pose) -> None:
    """ICRP Publication 89: reference adults weigh 60 and 73 kg at 1.63 and 1.76 m."""
    mass_kg = 1000 * sum(p.volume_m3() * p.density_g_cm3 for p in body(pose, 1.75, 0.4, (0, 0, 0)))
    assert 58 < mass_kg < 82


@pytest.mark.parametrize("pose", list(Pose))
def test_nobody_sinks_into_the_floor_or_out_of_the_head_room(pose: Pose) -> None:
    stature = 1.8
    for part in body(pose, stature, 1.1, (3.0, 0.0, 1.3)):
        half_z = part.half_extent_m()[1]
        assert part.centre_m[2] - half_z > 1.3 - 0.07
        assert part.centre_m[2] + half_z < 1.3 + HEIGHT_FRACTION[pose] * stature + 0.01


def test_chords_of_a_tilted_ellipsoid_fill_its_volume() -> None:
    axes, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))  # tilted about every axis
    form = axes @ np.diag(1 / np.square([0.3, 0.2, 0.1])) @ axes.T
    part = Ellipsoid((1.0, 0.0, 2.0), form, 1.0)
    x, z = np.meshgrid(np.linspace(0.5, 1.5, 800), np.linspace(1.5, 2.5, 800), indexing="ij")
    integral = float(part.chord_m(x, z).sum()) * (1 / 799) ** 2
    closed_form = 4 / 3 * math.pi * 0.3 * 0.2 * 0.1
    assert integral == pytest.approx(closed_form, rel=2e-3)
    assert part.volume_m3() == pytest.approx(closed_form)


def test_a_sphere_is_as_thick_as_its_diameter_at_most() -> None:
    sphere = Ellipsoid((0.0, 5.0, 0.0), np.eye(3) / 0.25**2, 1.0)
    assert float(sphere.chord_m(np.array(0.0), np.array(0.0))) == pytest.approx(0.5)
    assert float(sphere.chord_m(np.array(0.2), np.array(0.0))) == pytest.approx(2 * 0.15)
    assert float(sphere.chord_m(np.array(0.26), np.array(0.0))) == 0.0
