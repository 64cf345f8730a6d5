"""What benches and fits compute for thousands of lorries is what the lane computes for one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from drivers.api import Event, EventKind, Quantity, Role, Sample, Stamp
from scanner.co2_trials import answers, declared
from scanner.evidence import EvidenceState
from scanner.modalities.co2 import Co2Modality
from scanner.modality import ScanView, Sensor
from scanner.simulation.co2_batch import Procedure, simulate_dips
from scanner.simulation.co2_world import Condition, draw_lorries, draw_world
from scanner.vehicle import CargoClass, VehicleClass
from tests.modalities.conftest import UTC_NS

START_NS = 10**12


@pytest.mark.parametrize("hold_s", [(60.0,), (60.0, 60.0)], ids=["one dip", "two dips"])
def test_a_batch_and_the_lane_agree(
    hold_s: tuple[float, ...], co2_sensors: dict[str, Sensor], make_view: Callable[..., ScanView]
) -> None:
    rng = np.random.default_rng(31)
    condition = Condition(VehicleClass.REEFER, CargoClass.FROZEN, closed_minutes=60.0)
    lorries = draw_lorries(draw_world(31), condition, 8, 1, rng)
    series = simulate_dips(lorries, Procedure(hold_s), rng)
    said = answers(series, lorries, condition)
    compared = 0
    for k in range(len(lorries)):
        t90_s = float(lorries.t90_s[k])
        sensors = {
            "in": Sensor("in", Role.INSIDE, ("sample",), 2.0, t90_s, co2_sensors["in"].certificate),
            "out": Sensor("out", Role.OUTSIDE, ("sample",), 2.0, t90_s, co2_sensors["out"].certificate),
        }
        view = make_view(sensors)
        minutes = float(lorries.declared_minutes[k])
        view.declaration = type(view.declaration)(
            VehicleClass.REEFER, CargoClass.FROZEN, "", True, minutes if np.isfinite(minutes) else None
        )
        assert declared(condition).laden
        method = Co2Modality(None)
        for dip, insertion_s in enumerate(series.insertion_s):
            for i, t_s in enumerate(series.t_s):
                ns = START_NS + round((insertion_s + t_s) * 1e9)
                if t_s == 0.0:
                    method.feed(Event(EventKind.PROBE_IN, ns))
                for name, role, ppm in (
                    ("in", Role.INSIDE, series.inside_ppm),
                    ("out", Role.OUTSIDE, series.outside_ppm),
                ):
                    stamp = Stamp(name, role, ns, i)
                    method.feed(Sample(Quantity.CO2_PPM, float(ppm[k, dip, i]), stamp=stamp))
            end_ns = START_NS + round((insertion_s + hold_s[dip]) * 1e9)
            view.utc_ns = UTC_NS + end_ns - START_NS
            evidence = method.evaluate(end_ns, view)
            method.feed(Event(EventKind.PROBE_OUT, end_ns))
        if evidence.state is EvidenceState.READY and evidence.features["dips"] == len(hold_s):
            assert evidence.score == pytest.approx(float(said.llr[k]), abs=1e-6)
            compared += 1
    assert compared >= 6
