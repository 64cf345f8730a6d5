"""The table of ranges and the lorries drawn from it."""

import dataclasses

import numpy as np
import pytest

from scanner.simulation.draw import draw_lorry
from scanner.simulation.priors import Prior, draw, priors
from scanner.simulation.site import Site
from scanner.vehicle import CargoClass, VehicleClass


@pytest.mark.parametrize("name", sorted(priors()))
def test_every_range_is_complete(name):
    prior = priors()[name]
    assert prior.mark in {"S", "C", "U"}
    assert len(prior.source) > 10
    if prior.shape in {"uniform", "log"}:
        assert prior.low < prior.high
        assert prior.shape != "log" or prior.low > 0
    values = [draw(seed, name) for seed in range(200)]
    if prior.shape != "chance":
        low = prior.mean - 2 * prior.sd if prior.shape == "normal" else prior.low
        high = prior.mean + 2 * prior.sd if prior.shape == "normal" else prior.high
        assert low <= min(values) < max(values) <= high
        assert max(values) - min(values) > 0.5 * (high - low)
    else:
        assert np.mean(values) == pytest.approx(prior.p, abs=0.12)


def test_an_unknown_shape_is_refused():
    with pytest.raises(ValueError, match="not gamma"):
        Prior("gamma", "U", "nowhere").draw(np.random.default_rng(1))


def test_people_change_nothing_but_themselves():
    empty, full = (draw_lorry(5, VehicleClass.REEFER, CargoClass.PRODUCE, n) for n in (0, 6))
    differing = {
        field.name
        for field in dataclasses.fields(empty)
        if getattr(empty, field.name) != getattr(full, field.name)
    }
    assert differing == {"persons", "hearts"}
    assert len(full.hearts) == 6
    assert len({heart.bpm for heart in full.hearts}) == 6


def test_lorries_vary_over_everything():
    specs = [draw_lorry(seed) for seed in range(300)]
    assert {s.declaration.vehicle_class for s in specs} == set(VehicleClass)
    assert {s.declaration.cargo for s in specs} == set(CargoClass)
    assert {s.site for s in specs} == set(Site)
    assert 0.35 < np.mean([s.occupied for s in specs]) < 0.6
    assert np.mean([s.declaration.closed_minutes is None for s in specs]) == pytest.approx(0.4, abs=0.1)
    assert len({s.mass_t for s in specs}) == 300


def test_each_cargo_brings_its_own_source():
    for seed in range(40):
        spec = draw_lorry(seed)
        cargo = spec.declaration.cargo
        assert (spec.respiration_mg_kg_h > 0) == (cargo is CargoClass.PRODUCE)
        assert (spec.dry_ice_kg > 0) == (cargo is CargoClass.DRY_ICE)
        assert (spec.pack_co2_l_s > 0) == (cargo is CargoClass.MEAT)
        assert (spec.slosh_um_s > 0) == (cargo is CargoClass.LIQUID)
        assert spec.declaration.laden == (cargo is not CargoClass.EMPTY)
        assert (spec.inside_c <= -18) == (cargo is CargoClass.FROZEN)
        assert not (cargo is CargoClass.INERT and spec.occupied)


def test_overrides_hold_and_strangers_are_refused():
    assert draw_lorry(1, mass_t=17.25, plate="X1").mass_t == 17.25
    assert draw_lorry(1, plate="X1").declaration.plate == "X1"
    with pytest.raises(TypeError, match="weight"):
        draw_lorry(1, weight=3)
    with pytest.raises(ValueError, match="tanker does not carry meat"):
        draw_lorry(1, VehicleClass.TANKER, CargoClass.MEAT)


def test_a_liquid_decides_the_vehicle():
    assert draw_lorry(1, cargo=CargoClass.LIQUID).declaration.vehicle_class is VehicleClass.TANKER
    assert draw_lorry(1, cargo=CargoClass.MEAT).declaration.vehicle_class is VehicleClass.REEFER
