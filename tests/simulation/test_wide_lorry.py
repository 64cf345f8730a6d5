"""The single simulated lorry with what only some lorries have: opened doors, a second room, odd probes."""

import dataclasses

import numpy as np
import pytest

from drivers.api import Event, EventKind, Quality, Quantity, Role, Sample
from scanner.simulation.closed_air import PEOPLE_O2_PER_CO2
from scanner.simulation.co2 import Bursts
from scanner.simulation.co2_quirks import QUIRKS
from scanner.simulation.items import START_NS, lorry_items
from scanner.simulation.layout import DEMO_LAYOUT, with_oxygen
from scanner.simulation.lorry import SimulatedLorry, draw_lorry
from scanner.simulation.lorry_spec import LorrySpec
from scanner.vehicle import CargoClass, VehicleClass

CO2_ONLY = DEMO_LAYOUT.without("xray", "thermal-doors", "geophones", "shake")
STILL = {
    "closed_minutes": 120.0, "tip_fraction": 0.8, "tip_fluctuation": 0.0, "initial_excess_ppm": 0.0,
    "outside_fluctuation_ppm": 0.0, "exhaust_puffs_per_h": 0.0, "probe_in_s": 4.0,
    "inside_offset_ppm": 0.0, "inside_gain": 1.0,
}  # fmt: skip


def _lorry(persons=3, **changes):
    return SimulatedLorry(draw_lorry(31, VehicleClass.REEFER, CargoClass.BOXED, persons, **(STILL | changes)))


def _co2(items, role=Role.INSIDE):
    got = [
        ((i.stamp.mono_ns - START_NS) / 1e9, i)
        for i in items
        if isinstance(i, Sample) and i.stamp.role is role and i.quantity is Quantity.CO2_PPM
    ]
    return np.array([t for t, _ in got]), [i for _, i in got]


def test_a_wide_lorry_is_the_plain_one_with_more_to_it():
    plain, wide = draw_lorry(12), draw_lorry(12, wide=True)
    defaulted = {f.name for f in dataclasses.fields(LorrySpec) if f.default is not dataclasses.MISSING}
    differing = {f.name for f in dataclasses.fields(plain) if getattr(plain, f.name) != getattr(wide, f.name)}
    assert differing <= defaulted | {"free_volume_m3"}
    assert plain.free_volume_m3 == pytest.approx(wide.free_volume_m3 + wide.second_volume_m3)


def test_wide_lorries_have_it_all_in_their_share():
    specs = [draw_lorry(seed, wide=True) for seed in range(800)]
    opened = [s for s in specs if s.door_opened_minutes_ago is not None]
    assert 0.03 < len(opened) / len(specs) < 0.1
    assert all(s.door_opened_minutes_ago < s.closed_minutes for s in opened)
    divided = [s for s in specs if s.second_volume_m3 > 0]
    assert divided
    assert {s.declaration.vehicle_class for s in divided} == {VehicleClass.REEFER}
    assert 0.005 < np.mean([s.inside_quirk != "" for s in specs]) < 0.04
    assert any(s.breath_at_s is not None for s in specs)
    assert draw_lorry(3, wide=True, persons=0).gusts_per_h == draw_lorry(3, wide=True, persons=5).gusts_per_h


def test_a_door_opened_takes_its_share_away():
    shut = _lorry(door_opened_minutes_ago=None)
    just = _lorry(door_opened_minutes_ago=0.0, door_kept_share=0.25)
    assert just.co2_bulk_excess_ppm(0.0) == pytest.approx(0.25 * shut.co2_bulk_excess_ppm(0.0))


def test_a_second_visit_knows_when_the_door_was_opened():
    lorry = _lorry(door_opened_minutes_ago=30.0)
    later = SimulatedLorry(lorry.spec.next_visit(15.0))
    assert later.co2_bulk_excess_ppm(0.0) == pytest.approx(lorry.co2_bulk_excess_ppm(900.0))


def test_a_room_that_exchanges_fast_is_one_room():
    one = _lorry()
    volume_m3 = one.spec.free_volume_m3
    two = _lorry(free_volume_m3=0.6 * volume_m3, second_volume_m3=0.4 * volume_m3, exchange_m3_h=1e6)
    t_s = np.array([[0.0, 600.0], [30.0, 3600.0]])
    np.testing.assert_allclose(two.co2_bulk_excess_ppm(t_s), one.co2_bulk_excess_ppm(t_s), rtol=1e-3)


def test_people_behind_a_wall_fill_their_room_faster():
    one = _lorry()
    volume_m3 = one.spec.free_volume_m3
    two = _lorry(free_volume_m3=0.6 * volume_m3, second_volume_m3=0.4 * volume_m3, exchange_m3_h=1.0)
    assert two.co2_bulk_excess_ppm(0.0) > one.co2_bulk_excess_ppm(0.0)


def test_a_gust_takes_its_depth_of_the_excess():
    calm, windy = _lorry(), _lorry(gusts_per_h=40.0, gust_depth=0.6)
    t_s = np.arange(5.0, 1200.0)
    kept = (windy.co2_tip_ppm(t_s) - calm.spec.outside_co2_ppm) / (
        calm.co2_tip_ppm(t_s) - calm.spec.outside_co2_ppm
    )
    assert kept.min() == pytest.approx(0.4, abs=0.05)
    assert kept.max() == pytest.approx(1.0, abs=1e-6)


def test_bursts_asked_one_by_one_are_the_same():
    bursts = Bursts(5, "gusts", 60.0, (2.0, 12.0))
    t_s = np.arange(0.0, 900.0, 30.0)
    np.testing.assert_allclose([float(bursts(t)) for t in t_s], bursts(t_s), atol=1e-9)


def test_breath_comes_and_goes():
    lorry = _lorry(breath_at_s=30.0, breath_ppm=2000.0, breath_s=10.0)
    t_s = np.array([33.0, 34.0, 43.0, 44.0])
    added = lorry.co2_tip_ppm(t_s) - _lorry().co2_tip_ppm(t_s)
    np.testing.assert_allclose(added, [0.0, 2000.0, 2000.0, 0.0], atol=1e-9)


def test_the_tip_s_place_is_another_in_a_later_visit():
    spec = _lorry(tip_change=-0.5).spec
    assert spec.tip_of_mean == 0.8
    assert spec.next_visit(15.0).tip_of_mean == pytest.approx(0.8 * np.exp(-0.5))
    assert _lorry(tip_change=-3.0).spec.next_visit(15.0).tip_of_mean == 0.3


def test_condensation_drifts_from_insertion_on():
    dry, wet = (_co2(lorry_items(_lorry(condensation_ppm_per_min=d), CO2_ONLY, 64.0))[1] for d in (0.0, 6.0))
    drift = np.array([w.value - d.value for w, d in zip(wet, dry, strict=True)])
    assert drift[:2] == pytest.approx(0.0, abs=0.02)
    assert drift[-1] == pytest.approx(6.0, abs=0.02)


def test_a_dip_shorter_than_the_visit_is_told_and_seen():
    lorry = _lorry(probe_out_s=64.0)
    items = list(lorry_items(lorry, CO2_ONLY, 300.0))
    told = [(i.kind, (i.mono_ns - START_NS) / 1e9) for i in items if isinstance(i, Event)][3:]
    assert told == [(EventKind.PROBE_IN, 4.0), (EventKind.PROBE_OUT, 64.0)]
    t_s, samples = _co2(items)
    at_end = samples[int(np.searchsorted(t_s, 64.0))].value
    assert at_end - samples[0].value > 300
    assert samples[-1].value == pytest.approx(samples[0].value, abs=20)


def test_a_probe_by_turns_at_minus_one_is_flagged():
    _, samples = _co2(lorry_items(_lorry(inside_quirk="minus_one"), CO2_ONLY, 60.0))
    values = np.array([s.value for s in samples])
    assert (values[1::2] == -1.0).all()
    assert (values[::2] > 300).all()
    assert {s.quality for s in samples[1::2]} == {Quality.UNDER_RANGE}


def test_a_probe_that_loses_reports_sends_fewer():
    whole, lossy = (_co2(lorry_items(_lorry(inside_quirk=q), CO2_ONLY, 90.0))[0] for q in ("", "dropped"))
    assert 0.35 < len(lossy) / len(whole) < 0.98


@pytest.mark.parametrize("quirk", QUIRKS)
def test_a_quirk_leaves_the_outside_probe_alone(quirk):
    plain, odd = (
        [s.value for s in _co2(lorry_items(_lorry(inside_quirk=q), CO2_ONLY, 20.0), Role.OUTSIDE)[1]]
        for q in ("", quirk)
    )
    assert plain == odd


def test_an_oxygen_cell_sees_what_the_people_took():
    lorry = _lorry(persons=8)
    items = list(lorry_items(lorry, with_oxygen(CO2_ONLY), 120.0))
    oxygen = [i.value for i in items if isinstance(i, Sample) and i.quantity is Quantity.OXYGEN_PCT]
    assert len(oxygen) == 121
    assert np.mean(oxygen[:4]) == pytest.approx(20.95, abs=0.06)
    taken_ppm = 0.8 * float(lorry.co2_bulk_excess_ppm(115.0)) * PEOPLE_O2_PER_CO2
    assert np.mean(oxygen[-10:]) == pytest.approx(20.95 + taken_ppm / 1e4, abs=0.04)


def test_a_nitrogen_tank_holds_no_oxygen():
    seeds = (s for s in range(40) if draw_lorry(s, cargo=CargoClass.INERT).initial_excess_ppm < 0)
    spec = draw_lorry(next(seeds), cargo=CargoClass.INERT, closed_minutes=10.0, tip_fraction=1.0)
    tank = SimulatedLorry(dataclasses.replace(spec, tip_fluctuation=0.0))
    assert float(tank.oxygen_tip_pct(30.0)) < 4.0


def test_two_sensors_inside_do_not_confuse_the_lane():
    assert with_oxygen(CO2_ONLY).named(Role.INSIDE, "sample") == "co2-inside"
    assert with_oxygen(CO2_ONLY).without("oxygen-inside").oxygen == ""
