"""The terminal view: what an officer must be able to read from it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from scanner.simulation.stream import demo_stream
from scanner.wording import LANGUAGES
from service.console import render
from service.lane_terminal import ChangeLog


def text(view: object) -> str:
    console = Console(width=160, file=io.StringIO(), record=True)
    console.print(view)
    return console.export_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_last_recommendation_stays_and_is_no_all_clear(played_lane, kit_saying, language):
    agent, _ = played_lane(demo_stream()[-1], kit_saying(-3.0), lost={"co2-inside": 35.0})
    shown = text(render(agent.snapshot(), language))
    assert {"en": "this is not an all-clear", "fr": "ce n’est pas un feu vert"}[language] in shown
    assert {"en": "mend it and scan again", "fr": "rétablissez-le"}[language] in shown
    assert "KL70 OPQ" in shown
    assert "co2-inside" in shown
    for method in ("co2", "heartbeat", "movement", "thermal", "xray"):
        assert method in shown


def test_changes_are_said_once(played_lane, kit_saying):
    agent, scan_id = played_lane(demo_stream()[0], kit_saying(-3.0))
    log = ChangeLog()
    first = log.lines(agent.snapshot())
    assert any(scan_id in line and "(final): no-indication" in line for line in first)
    assert log.lines(agent.snapshot()) == []
