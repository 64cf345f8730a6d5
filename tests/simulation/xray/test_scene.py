"""Scenes by their seed: twins, who is where, and what a detector counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scanner.simulation.xray.beam import Beam
from scanner.simulation.xray.cargo import Load
from scanner.simulation.xray.passage import drive_through
from scanner.simulation.xray.ranges import read_ranges
from scanner.simulation.xray.scene import SceneSpec, draw_group, draw_load, draw_scene, visible_m2
from scanner.simulation.xray.vehicles import Body


def of(seed: int, beam: Beam, body: Body, load: Load, persons: int) -> SceneSpec:
    return SceneSpec(seed, beam, body, load, persons, n_pixels=128, n_lines=384)


@pytest.mark.parametrize("load", Load)
def test_an_empty_twin_differs_where_people_are_and_nowhere_else(load: Load) -> None:
    body = Body.FOOD if load is Load.LIQUID else Body.REEFER
    spec = of(11, Beam.LINAC, body, load, 2)
    occupied, twin = draw_scene(spec), draw_scene(spec.twin())
    assert len(occupied.who) == 2
    assert twin.transmission == pytest.approx(occupied.without_people, abs=1e-6)
    away = occupied.people_m == 0
    assert occupied.transmission[away] == pytest.approx(twin.transmission[away], abs=1e-6)
    assert not twin.people_m.any()


def test_people_weigh_what_they_weigh_and_are_inside() -> None:
    for seed in range(6):
        scene = draw_scene(of(seed, Beam.LINAC, Body.REEFER, Load.EMPTY, 1))
        twin = draw_scene(scene.spec.twin())
        line_m, pixel_m = float(np.diff(scene.x_m).mean()), scene.pixel_m
        more = sum(
            float(layer.sum()) - float(twin.areal_g_cm2.get(name, np.zeros(1)).sum())
            for name, layer in scene.areal_g_cm2.items()
        )
        # rays spread: what is nearer to the source than the middle plane casts a larger shadow
        kg = more * 1e4 * line_m * pixel_m / 1e3
        assert 10 < kg < 220
        columns = scene.people_m.any(axis=1)
        assert scene.x_m[columns].min() > scene.space.box.x0 - 0.1
        assert scene.x_m[columns].max() < scene.space.box.x1 + 0.1


def test_a_linac_shows_people_whom_a_tube_does_not() -> None:
    seen = dict.fromkeys(Beam, 0.0)
    for beam in Beam:
        for seed in range(6):
            scene = draw_scene(of(seed, beam, Body.REEFER, Load.FROZEN, 1))
            seen[beam] += visible_m2(scene, photons=400.0, electronic=5e-4)
    assert seen[Beam.LINAC] > seen[Beam.TUBE] > 0


def test_a_scene_is_its_seed() -> None:
    specs = [
        of(seed, Beam.TUBE, *draw_load(seed), draw_group(of(seed, Beam.TUBE, *draw_load(seed), 0)))
        for seed in (5, 5, 6)
    ]
    first, again, other = (draw_scene(spec).transmission for spec in specs)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_detector_counts_the_scene_and_forgets_nothing_of_its_faults() -> None:
    spec = of(3, Beam.LINAC, Body.REEFER, Load.BOXES, 1)
    quiet = read_ranges().but(
        detector={
            "scatter": [0.0, 1e-9], "afterglow": [0.0, 1e-9], "pile_up": [0.0, 1e-9], "blur_px": [0.0, 0.0],
            "drift": [0.0, 1e-9], "dead": [0.05, 0.06], "photons": [5000.0, 6000.0], "half_module_out": 0.0,
            "stuck": [0.0, 1e-9], "flicker": [0.0, 1e-9], "repeated": [0.0, 1e-9], "dose_step": 0.0,
        }
    )  # fmt: skip
    scene = draw_scene(replace(spec, ranges=quiet))
    passage = drive_through(scene)
    counted = passage.counted
    assert 0 < counted.untrue.sum() < 20
    good = ~counted.untrue
    dark = np.median(counted.dark, axis=0)
    air = np.median((counted.air - dark) / (counted.air_dose[:, np.newaxis] / 32768), axis=0)
    seen = (counted.data - dark) / np.where(good, air, 1.0) / (counted.dose[:, np.newaxis] / 32768)
    true = np.exp(-passage.log_attenuation)
    bright = true > 0.2
    bright[:, ~good] = False
    assert np.median(np.abs(seen / true - 1)[bright]) < 0.05
    assert np.median((seen / true)[bright]) == pytest.approx(1.0, abs=0.01)
    assert passage.encoder.size == counted.line.size == passage.people_m.shape[0]


def test_twins_share_detector_and_noise() -> None:
    spec = of(9, Beam.LINAC, Body.REEFER, Load.FRUIT, 1)
    full, empty = (drive_through(draw_scene(s)) for s in (spec, spec.twin()))
    assert np.array_equal(full.counted.dark, empty.counted.dark)
    assert np.array_equal(full.counted.air, empty.counted.air)
    assert np.array_equal(full.encoder, empty.encoder)
    away = ~full.people_m.any(axis=1)
    far = np.flatnonzero(away)[:40]  # before the first of them: afterglow comes later
    if not full.rear_first:
        assert np.array_equal(full.counted.data[far], empty.counted.data[far])


def test_unknown_ranges_are_refused() -> None:
    with pytest.raises(KeyError, match="no such range"):
        read_ranges().but(beam={"volts": [1, 2]})
