"""Resampling by the encoder, the load space, and what is blind."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.line_pixels import PixelClass
from scanner.signals.xray import (
    blind_share,
    load_space_mask,
    positions_mm,
    resample,
    vehicle_columns,
)
from scanner.vehicle import CargoClass, Declaration, VehicleClass
from tests.simulation.former.xray_scene import render_passage


def test_speed_does_not_stretch_the_picture() -> None:
    """The same object at two speed profiles gives the same picture."""

    def seen(places_mm: np.ndarray) -> np.ndarray:
        lines = np.where((places_mm > 3000) & (places_mm < 5000), 2.0, 0.0)[:, None] * np.ones((1, 50))
        return resample(lines.astype(np.float32), places_mm - places_mm[0], 10.0, 20.0).image

    steady = seen(np.arange(0, 8000, 8.0))
    speed = 8.0 * (1 + 0.4 * np.sin(np.linspace(0, 9, 1100)))
    places = np.cumsum(speed) - speed[0]
    places = places[places < 8000]
    varying = seen(places)
    width = min(steady.shape[1], varying.shape[1]) - 2
    difference = np.abs(steady[:, :width] - varying[:, :width])
    assert (difference > 0.1).mean() < 0.01, "more than the two edges differ"


def test_averaging_keeps_the_integral() -> None:
    rng = np.random.default_rng(1)
    lines = rng.random((300, 64)).astype(np.float32)
    place = np.cumsum(rng.uniform(3, 9, 300))
    picture = resample(lines, place - place[0], 8.0, 32.0)
    assert picture.covered.all()
    inner = picture.image[:, 2:-2]
    assert float(inner.mean()) == pytest.approx(0.5, abs=0.01)


def test_a_gap_is_reported_and_not_filled() -> None:
    place = np.concatenate([np.arange(0, 1000, 10.0), np.arange(2000, 3000, 10.0)])
    picture = resample(np.ones((200, 10), np.float32), place, 10.0, 20.0)
    assert not picture.covered[55:95].any()
    assert picture.covered[:48].all()
    assert picture.covered[102:].all()


def test_a_lorry_that_rolls_back_adds_no_width() -> None:
    encoder = np.r_[np.arange(0, 500, 5), np.arange(500, 400, -5), np.arange(400, 900, 5)]
    place = positions_mm(encoder, 5000, 1000.0)
    assert place[-1] == pytest.approx(895.0)
    assert (np.diff(place) >= 0).all()


def test_the_other_direction_and_an_unknown_scale() -> None:
    away = positions_mm(-np.arange(0, 1000, 4), 5000)
    assert away[-1] == pytest.approx(249 * 5.0)
    assert positions_mm(np.zeros(10, np.int64), 5000).max() == 0.0


@pytest.mark.parametrize(
    ("vehicle", "cargo"), [(VehicleClass.REEFER, CargoClass.BOXED), (VehicleClass.TANKER, CargoClass.EMPTY)]
)
def test_the_load_space_holds_the_people_and_leaves_out_wheels_and_cab(
    vehicle: VehicleClass, cargo: CargoClass
) -> None:
    for seed in range(6):
        passage = render_passage(Declaration(vehicle, cargo), 3, np.random.default_rng(seed), 256, 512)
        net = (passage.data - np.median(passage.dark, axis=0)).clip(1)
        opened = (np.median(passage.air, axis=0) - np.median(passage.dark, axis=0)).clip(1)
        place = positions_mm(passage.encoder, passage.line_pitch_um, 100.0)
        pitch = passage.pixel_pitch_um / 1000
        picture = resample(-np.log(net / opened).astype(np.float32), place, pitch, 32.0).image
        people = resample(passage.persons_mask.astype(np.float32), place, pitch, 32.0).image > 0.5
        space = load_space_mask(picture, 32.0, vehicle)
        assert people[space].sum() > 0.95 * people.sum()
        wheels = picture[-int(1.1 / 0.032) :]
        assert not space[-int(1.1 / 0.032) :].any()
        assert wheels.max() > 1
        first, last = vehicle_columns(picture) or (0, 0)
        assert 16.0 < (last - first) * 0.032 < 16.8, "16.25 m of lorry"
        assert not space[:, : first + int(2.5 / 0.032)].any()


def test_blind_share_counts_the_load_space_only() -> None:
    blind = np.zeros((4, 4), np.uint8)
    blind[:, :2] = PixelClass.NOT_PENETRATED
    mask = np.zeros((4, 4), bool)
    mask[:, 1:3] = True
    assert blind_share(blind, mask) == 0.5
    assert blind_share(blind, np.zeros((4, 4), bool)) == 1.0


def test_nothing_in_the_beam_has_no_load_space() -> None:
    assert vehicle_columns(np.zeros((10, 10), np.float32)) is None
    assert not load_space_mask(np.zeros((140, 500), np.float32), 32.0, VehicleClass.REEFER).any()
