"""A small lane for the methods' tests: sensors, states, and a clock that only the test moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from calibration.certificates import Certificate
from drivers.api import ConnectionState, DeviceState, Role
from scanner.modality import ScanView, Sensor
from scanner.vehicle import CargoClass, Declaration, VehicleClass

UTC_NS = 1_793_606_400_000_000_000  # November 2026

Parameters = dict[str, float]


def certificate(parameters: Parameters, last_day: dt.date = dt.date(2027, 12, 31)) -> Certificate:
    return Certificate("T-1", dt.date(2026, 1, 1), last_day, parameters)


@pytest.fixture
def co2_sensors() -> dict[str, Sensor]:
    paper = certificate({"uncertainty_ppm": 30.0})
    return {
        "in": Sensor("in", Role.INSIDE, ("sample",), 1.0, 60.0, paper),
        "out": Sensor("out", Role.OUTSIDE, ("sample",), 2.0, 60.0, paper),
    }


@pytest.fixture
def board() -> dict[str, Sensor]:
    return {"g": Sensor("g", Role.CHASSIS, ("waveform",), 0.2, 0.0, None)}


@pytest.fixture
def make_view() -> Callable[..., ScanView]:
    def make(
        sensors: dict[str, Sensor],
        cargo: CargoClass = CargoClass.FROZEN,
        states: dict[str, ConnectionState] | None = None,
        elapsed_s: float = 100.0,
    ) -> ScanView:
        told = dict.fromkeys(sensors, ConnectionState.READY) | (states or {})
        vehicle = (
            VehicleClass.TANKER if cargo in (CargoClass.LIQUID, CargoClass.INERT) else VehicleClass.REEFER
        )
        return ScanView(
            Declaration(vehicle, cargo, laden=True, closed_minutes=60.0),
            sensors,
            {name: DeviceState(state) for name, state in told.items() if state},
            elapsed_s,
            UTC_NS,
        )

    return make
