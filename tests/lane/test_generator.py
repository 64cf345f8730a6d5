"""An X-ray supply on the lane: what it says in words, and what its loss means to an officer."""

from __future__ import annotations

import pytest

from drivers.api import ConnectionState, GeneratorState, Role
from scanner.lane.newest import reading_words
from scanner.lane.snapshot import DeviceKind, DeviceView, device_kind
from scanner.modality import Sensor
from scanner.wording import sentence


@pytest.mark.parametrize(
    ("state", "en", "fr"),
    [
        ("on", "X-rays on, 160 kV, 1.25 mA", "rayons X émis, 160\u00a0kV, 1,25\u00a0mA"),
        ("off", "X-rays off, 160 kV, 1.25 mA", "rayons X coupés, 160\u00a0kV, 1,25\u00a0mA"),
        ("fault", "X-rays fault, 160 kV, 1.25 mA", "rayons X en défaut, 160\u00a0kV, 1,25\u00a0mA"),
    ],
)
def test_its_reading_in_both_languages(state: str, en: str, fr: str):
    words = reading_words(GeneratorState(state, 160.0, 1.25))
    assert words is not None
    assert sentence(words, "en") == en
    assert sentence(words, "fr") == fr


def test_a_lost_supply_warns_of_the_beam():
    sensor = Sensor("supply", Role.GENERATOR, ("generator_state",), 1.0, 0.0, None)
    assert device_kind(sensor) is DeviceKind.GENERATOR
    from drivers.api import DeviceState

    view = DeviceView("supply", Role.GENERATOR, DeviceState(ConnectionState.LOST), None, device_kind(sensor))
    assert view.reason is not None
    assert "keep clear of the beam" in sentence(view.reason, "en")
    assert "restez hors du faisceau" in sentence(view.reason, "fr")
