"""Which lorries a campaign draws: shares, papers that lie, splits that share nothing."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from drivers.api import ConfigError, Event, EventKind, LineBlock
from scanner.campaign.draw import CONDITIONS, draw_campaign_lorry
from scanner.campaign.ranges import campaign_ranges, campaign_shares
from scanner.campaign.splits import BODIES, SPLITS, lorry_seed
from scanner.simulation.body_library import library
from scanner.simulation.draw import draw_lorry
from scanner.simulation.items import lorry_items
from scanner.simulation.layout import SENSORS
from scanner.simulation.lorry import SimulatedLorry
from scanner.simulation.xray.lane import declared_spec
from scanner.simulation.xray.scene import draw_masses
from scanner.trial_lorries import KINDS
from scanner.vehicle import CargoClass, VehicleClass

N = 2000


@pytest.fixture(scope="module")
def lorries():
    """Draw many lorries of one campaign."""
    return [draw_campaign_lorry("tuning", 9, number, 0.4) for number in range(N)]


def _agrees(hits, of, share):
    """Tell whether a count could come of a share, at one in a million."""
    return binomtest(hits, of, share).pvalue > 1e-6


def test_every_range_and_share_says_where_it_comes_from():
    for one in [*campaign_ranges().values(), *campaign_shares().values()]:
        assert one.mark in {"S", "C", "U"}
        assert len(one.source) > 10
    for table in campaign_shares().values():
        assert sum(table.shares.values()) == pytest.approx(1.0)
    assert set(campaign_shares()["faulty_sensor"].shares) == set(SENSORS)


def test_shares_are_those_of_the_table(lorries):
    shares = campaign_shares()
    classes = Counter(one.spec.declaration.vehicle_class.value for one in lorries)
    assert all(_agrees(classes[name], N, share) for name, share in shares["vehicle"].shares.items())
    assert _agrees(sum(one.spec.occupied for one in lorries), N, 0.4)
    persons = Counter(one.spec.persons for one in lorries if one.spec.occupied)
    assert all(
        _agrees(persons[int(n)], persons.total(), share) for n, share in shares["persons"].shares.items()
    )
    empty = [one for one in lorries if not one.spec.occupied]
    for vehicle in VehicleClass:
        loads = Counter(
            one.spec.cargo.value for one in empty if one.spec.declaration.vehicle_class is vehicle
        )
        assert all(
            _agrees(loads[name], loads.total(), share) for name, share in shares[vehicle].shares.items()
        )
    ranges = campaign_ranges()
    assert _agrees(sum(one.spec.loaded is not None for one in lorries), N, ranges["false_papers"].p)
    assert _agrees(sum(one.fault is not None for one in lorries), N, ranges["faulty"].p)


def test_every_class_cargo_and_condition_occurs(lorries):
    kinds = {(one.spec.declaration.vehicle_class, one.spec.cargo) for one in lorries}
    assert kinds == set(KINDS)
    told = [one.conditions() for one in lorries]
    assert all(tuple(one) == CONDITIONS for one in told)
    assert all(len({one[name] for one in told}) > 1 for name in CONDITIONS)
    assert {one["faulty sensor"] for one in told} == {"none", *SENSORS}


def test_nobody_hides_under_gas_whatever_the_papers_say(lorries):
    occupied = [one.spec for one in lorries if one.spec.occupied]
    assert all(spec.cargo is not CargoClass.INERT for spec in occupied)
    assert any(spec.declaration.cargo is CargoClass.INERT for spec in occupied)


def test_shares_of_nobody_and_of_all():
    assert not any(draw_campaign_lorry("test", 1, n, 0.0).spec.occupied for n in range(50))
    assert all(draw_campaign_lorry("test", 1, n, 1.0).spec.occupied for n in range(50))


def test_a_share_of_tankers_that_is_asked_for():
    def tankers(share):
        drawn = (draw_campaign_lorry("test", 1, n, tanker_share=share) for n in range(200))
        return sum(one.spec.declaration.vehicle_class is VehicleClass.TANKER for one in drawn)

    assert (tankers(0.0), tankers(1.0)) == (0, 200)
    assert 40 < tankers(None) < 80 < tankers(0.5) < 120


def _same(one, other):
    if isinstance(one, Event):
        return one == other
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in one.__dataclass_fields__
        if name != "channels"
    )


@pytest.mark.parametrize(
    ("vehicle", "cargo", "papers"),
    [
        (VehicleClass.REEFER, CargoClass.PRODUCE, CargoClass.EMPTY),
        (VehicleClass.TANKER, CargoClass.EMPTY, CargoClass.INERT),
    ],
)
def test_false_papers_change_the_papers_and_nothing_that_is_measured(vehicle, cargo, papers):
    honest = draw_lorry(2, vehicle, cargo, 2, wide=True)
    lying = draw_lorry(2, vehicle, cargo, 2, papers, wide=True)
    assert lying.cargo is honest.cargo is cargo
    assert lying.true_declaration == honest.declaration
    assert (lying.declaration.cargo, lying.declaration.laden) == (papers, papers is not CargoClass.EMPTY)
    streams = [list(lorry_items(SimulatedLorry(spec), duration_s=13.0)) for spec in (honest, lying)]
    assert any(isinstance(item, LineBlock) for item in streams[0])
    differing = [
        other
        for one, other in zip(*streams, strict=True)
        if type(one) is not type(other) or not _same(one, other)
    ]
    assert [item.kind for item in differing] == [EventKind.DECLARATION]
    assert differing[0].data["cargo"] == papers


def test_papers_name_a_cargo_of_the_vehicle():
    with pytest.raises(ValueError, match="papers of a tanker do not name meat"):
        draw_lorry(1, VehicleClass.TANKER, CargoClass.LIQUID, papers=CargoClass.MEAT)


def test_splits_campaigns_and_numbers_share_no_seed():
    corners = [0, 1, 2**16 - 1]
    numbers = [0, 1, 2**24 - 1]
    seeds = [lorry_seed(split, seed, n) for split in SPLITS for seed in corners for n in numbers]
    assert len(set(seeds)) == len(SPLITS) * len(corners) * len(numbers)
    assert min(seeds) > 2**31  # fits, tests and training scenes draw below
    for bits in (lambda: lorry_seed("test", 2**16, 0), lambda: lorry_seed("test", 0, 2**24)):
        with pytest.raises(ConfigError, match=r"not 65536|no number 16777216"):
            bits()


def test_the_same_number_of_another_split_is_another_lorry():
    drawn = [draw_campaign_lorry(split, 1, 5).spec for split in SPLITS]
    assert len({spec.mass_t for spec in drawn}) == 3
    assert draw_campaign_lorry("test", 1, 5).spec == drawn[2]


def test_other_people_hide_in_the_test_lorries():
    assert {BODIES[split] for split in ("tuning", "calibration")}.isdisjoint({BODIES["test"]})
    split_of = {entry.body: entry.split for entry in library().entries}
    for split in ("calibration", "test"):
        lorry = draw_campaign_lorry(split, 3, 1, 1.0)
        assert lorry.spec.bodies == BODIES[split] != "train"
        scene = declared_spec(
            lorry.spec.true_declaration, 3, 7, n_pixels=64, n_lines=128, bodies=lorry.spec.bodies
        )
        assert {split_of[who.body] for who in draw_masses(scene).who} == {BODIES[split]}


def test_a_row_s_source_follows_what_was_drawn():
    lorry = draw_campaign_lorry("test", 1, 5)
    assert lorry.source == draw_campaign_lorry("test", 1, 5).source
    other = replace(lorry, spec=replace(lorry.spec, mass_t=lorry.spec.mass_t + 0.001))
    assert other.source != lorry.source
