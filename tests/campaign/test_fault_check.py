"""The check of every fault: a sensor's fault reaches the methods that it names, and no other."""

import pytest

from drivers.api import Event
from scanner.campaign.faults import draw_fault, with_fault
from scanner.methods import load_kit
from scanner.pipeline import Scan
from scanner.policy import make_policy
from scanner.simulation.draw import draw_lorry
from scanner.simulation.items import lorry_items
from scanner.simulation.layout import SENSORS
from scanner.simulation.lorry import SimulatedLorry
from scanner.vehicle import CargoClass, VehicleClass
from tests.bench.faults import LISTENS, ticked

TICKS_S = (10.0, 19.0, 31.0)


@pytest.fixture(scope="module")
def kit():
    """Calibrations and models as shipped."""
    return load_kit()


@pytest.fixture(scope="module")
def visit():
    """A lorry and its visit without a fault."""
    spec = draw_lorry(12, VehicleClass.REEFER, CargoClass.FROZEN, 2)
    return spec, list(lorry_items(SimulatedLorry(spec), duration_s=33.0))


def _evidences(kit, visit, fault):
    spec, items = visit
    scan = Scan("check", spec.declaration, SENSORS, kit.make(), kit.calibrations, make_policy({}), {})
    told = []
    ticks_ns = [items[0].mono_ns + round(1e9 * at_s) for at_s in TICKS_S]
    for entry in ticked(with_fault(iter(items), fault), ticks_ns):
        if isinstance(entry, int):
            told.append({e.modality: (e.state, e.score, e.llr, e.reason) for e in scan.tick(entry).evidences})
        else:
            scan.feed(entry)
    return told


@pytest.fixture(scope="module")
def sound(kit, visit):
    """What every method says without a fault, at each tick."""
    return _evidences(kit, visit, None)


@pytest.mark.parametrize("sensor", SENSORS)
@pytest.mark.parametrize("kind", ["lost", "doubled"])
def test_a_fault_reaches_only_the_methods_that_listen(kit, visit, sound, sensor, kind):
    faulty = _evidences(kit, visit, draw_fault(sensor, 1, kind=kind))
    assert len(faulty) == len(TICKS_S)
    for before, after in zip(sound, faulty, strict=True):
        assert {name for name in before if before[name] != after[name]} <= set(LISTENS[sensor])


@pytest.mark.parametrize("sensor", [name for name in SENSORS if name != "shake"])
def test_a_silent_sensor_is_missed_by_its_methods(kit, visit, sound, sensor):
    faulty = _evidences(kit, visit, draw_fault(sensor, 1, kind="never speaks"))
    assert {name for name in sound[-1] if sound[-1][name] != faulty[-1][name]} == set(LISTENS[sensor])


def test_a_tick_comes_after_all_that_arrived_up_to_it(visit):
    _, items = visit
    first_ns = items[0].mono_ns
    order = list(ticked(iter(items), [first_ns + 10**9]))
    at = order.index(first_ns + 10**9)
    times = [one.mono_ns if isinstance(one, Event) else one.stamp.mono_ns for one in order[:at]]
    assert max(times) == first_ns + 10**9  # many sensors report on the full second
    assert all(
        (one.mono_ns if isinstance(one, Event) else one.stamp.mono_ns) > first_ns + 10**9
        for one in order[at + 1 :]
    )
