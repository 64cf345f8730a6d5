"""Thermal scenes: twins, what walls hide, what an open door shows."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.simulation.thermal_scene import DoorsScene
from scanner.vehicle import CargoClass, Declaration, VehicleClass

REEFER = Declaration(VehicleClass.REEFER, CargoClass.BOXED)


def _scene(persons: int, seed: int, declaration: Declaration = REEFER) -> DoorsScene:
    return DoorsScene(declaration, persons, 4.0, 12.0, np.random.default_rng(seed))


def test_frames_are_pure_functions_of_time() -> None:
    scene = _scene(2, 1)
    later = scene.frame_c(3.0)
    scene.frame_c(9.0)
    assert np.array_equal(scene.frame_c(3.0), later)
    assert later.shape == (24, 32)
    assert later.dtype == np.float32
    assert not np.array_equal(scene.frame_c(3.25), later)


def test_an_occupied_scene_is_its_empty_twin_plus_what_people_add() -> None:
    for seed in range(20):
        empty, full = _scene(0, seed), _scene(5, seed)
        added = full.frame_c(7.0).astype(float) - empty.frame_c(7.0)
        assert added == pytest.approx(full.persons_k(7.0), abs=1e-4)
        assert not empty.persons_k(7.0).any()


def test_closed_insulated_doors_hide_people_but_at_leaks() -> None:
    shares = []
    for seed in range(40):
        scene = _scene(4, seed)
        if not scene.ajar:
            shares.append(float((np.abs(scene.persons_k(2.0)) > 0.5).mean()))
    assert max(shares) < 0.08, "warmth through walls"
    assert np.median(shares) < 0.01


def test_an_open_gap_shows_warm_shapes() -> None:
    peaks = [float(scene.persons_k(2.0).max()) for seed in range(120) if (scene := _scene(4, seed)).ajar]
    assert len(peaks) > 5
    assert np.median(peaks) > 5.0


def test_noise_is_that_of_a_small_imager() -> None:
    scene = _scene(0, 3)
    frames = np.stack([scene.frame_c(0.25 * k) for k in range(40)])
    residual = frames - frames.mean(axis=(1, 2), keepdims=True)
    assert 0.15 < float(np.median(residual.std(axis=0))) < 0.8
