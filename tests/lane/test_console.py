"""The terminal view: what an officer must be able to read from it."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console
from rich.screen import Screen

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


def on_a_screen(snapshot: object, language: str, columns: int, rows: int) -> list[str]:
    """Return the rows of the live view on a terminal of this size."""
    console = Console(width=columns, height=rows, file=io.StringIO(), record=True)
    console.print(Screen(render(snapshot, language, "start ree", "not done", rows=rows)))
    return console.export_text().splitlines()


def test_a_small_terminal_shows_what_to_do_and_the_command_line(played_lane, kit_saying):
    agent, _ = played_lane(demo_stream()[-1], kit_saying(-3.0), lost={"co2-inside": 35.0})
    for language, advice, reason in (
        ("en", "INCONCLUSIVE", "co2 is needed"),
        ("fr", "NON CONCLUANT", "co2 est exigé"),
    ):
        rows = on_a_screen(agent.snapshot(), language, 80, 24)
        assert advice in rows[2]
        assert reason in rows[3]
        shown = "\n".join(rows)
        for method in ("co2 ", "heartbeat ", "movement ", "thermal ", "xray "):
            assert method in shown
        assert "not done" in rows[-3]
        assert "> start ree" in rows[-2]
        assert rows[-1].startswith("╰")
    empty = "\n".join(on_a_screen(replace(agent.snapshot(), last=None, waiting=()), "en", 80, 24))
    assert "co2-inside does not" in empty
    assert "and power" in empty
    assert "xray" in empty
    assert "more below" not in empty


def test_brackets_are_shown_as_they_are(played_lane, kit_saying):
    agent, scan_id = played_lane(demo_stream()[0], kit_saying(-3.0))
    snapshot = agent.snapshot()
    for name in ("[/x]", "[red]", "[link=x", "AB[/]12"):
        declaration = replace(snapshot.last.declaration, plate=name)
        last = replace(snapshot.last, declaration=declaration)
        devices = tuple(
            replace(
                device,
                name=f"{device.name} {name}",
                newest=f"newest {name}",
                state=replace(device.state, reason=f"reason {name}"),
            )
            for device in snapshot.devices
        )
        ended = replace(
            snapshot,
            devices=devices,
            faults=(f"fault {name}",),
            lane_id=f"lane {name}",
            last=last,
            waiting=(last, replace(last, scan_id=f"scan {name}")),
        )
        shown = text(render(ended))
        assert shown.count(f"{name}  reefer") == 1  # the head of the scan
        assert f"lane {name}" in shown
        assert f"! fault {name}" in shown
        assert f"scan {name}" in shown
        assert shown.count(f"newest {name}") == shown.count(f"reason {name}") == len(devices)
        in_lane = replace(
            snapshot, scan_id=scan_id, declaration=declaration, assessment=snapshot.last.assessment
        )
        shown = text(render(in_lane, prompt=name, answer=f"answer {name}"))
        assert f"{name}  reefer" in shown
        assert f"> {name}" in shown
        assert f"answer {name}" in shown
        nameless = replace(in_lane, declaration=replace(declaration, plate=""), scan_id=name)
        assert f"{name}  reefer" in text(render(nameless))
