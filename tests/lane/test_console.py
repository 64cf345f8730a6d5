"""The terminal view: what an officer must be able to read from it."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console
from rich.screen import Screen

from scanner.evidence import Assessment, LifeRisk, Reason, Recommendation
from scanner.lane.hearing import Hearing
from scanner.lane.snapshot import LaneSnapshot, ScanLine
from scanner.policy import MODALITIES
from scanner.simulation.stream import demo_stream
from scanner.vehicle import CargoClass, Declaration, VehicleClass
from scanner.wording import LANGUAGES, name
from service.terminal.attend import ChangeLog, obey
from service.terminal.view import render
from tests.lane.short_lane import ShortLane

EMPTY = LaneSnapshot("north", (), "", 0, None, 0.0, False, None, (), None, ())


def text(view: object) -> str:
    console = Console(width=160, file=io.StringIO(), record=True)
    console.print(view)
    return console.export_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_last_recommendation_stays_and_is_no_all_clear(played_lane, kit_saying, language):
    agent, _ = played_lane(demo_stream()[-1], kit_saying(-3.0), lost={"co2-inside": 35.0})
    shown = text(render(agent.snapshot(), language))
    assert {"en": "this is not an all-clear", "fr": "ce n’est pas un feu vert"}[language] in shown
    assert {"en": "mend it and scan again", "fr": "rétablissez-la"}[language] in shown
    assert "KL70 OPQ" in shown
    assert "co2-inside" in shown
    for method in MODALITIES:
        assert name("modality", method, language) in shown
    headings = {
        "en": ("sensor", "role", "state", "what to do", "method", "lost", "refrigerated trailer"),
        "fr": ("capteur", "rôle", "état", "que faire", "méthode", "perdu", "semi-remorque frigorifique"),
    }
    for heading in headings[language]:
        assert heading in shown


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
        ("en", "INCONCLUSIVE", "CO2 is needed"),
        ("fr", "NON CONCLUANT", "CO2\u00a0: mesure exigée"),
    ):
        rows = on_a_screen(agent.snapshot(), language, 80, 24)
        assert advice in rows[2]
        assert reason in rows[3]
        shown = "\n".join(rows)
        for method in MODALITIES:
            assert name("modality", method, language) in shown
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
    for odd in ("[/x]", "[red]", "[link=x", "AB[/]12"):
        declaration = replace(snapshot.last.declaration, plate=odd)
        last = replace(snapshot.last, declaration=declaration)
        devices = tuple(
            replace(
                device,
                name=f"{device.name} {odd}",
                newest=Reason("recording_missing", {"file": f"newest {odd}"}),
                state=replace(device.state, reason=f"reason {odd}"),
            )
            for device in snapshot.devices
        )
        ended = replace(
            snapshot,
            devices=devices,
            faults=(Reason("recording_missing", {"file": f"fault {odd}"}),),
            lane_id=f"lane {odd}",
            last=last,
            waiting=(last, replace(last, scan_id=f"scan {odd}")),
        )
        shown = text(render(ended))
        assert shown.count(f"{odd}  refrigerated") == 1  # the head of the scan
        assert f"lane {odd}" in shown
        assert f"! fault {odd}" in shown
        assert f"scan {odd}" in shown
        assert shown.count(f"newest {odd}") == shown.count(f"reason {odd}") == len(devices)
        in_lane = replace(
            snapshot, scan_id=scan_id, declaration=declaration, assessment=snapshot.last.assessment
        )
        shown = text(render(in_lane, prompt=odd, answer=f"answer {odd}"))
        assert f"{odd}  refrigerated" in shown
        assert f"> {odd}" in shown
        assert f"answer {odd}" in shown
        nameless = replace(in_lane, declaration=replace(declaration, plate=""), scan_id=odd)
        assert f"{odd}  refrigerated" in text(render(nameless))


@pytest.mark.parametrize(
    ("language", "away", "back"),
    [
        ("en", "Service: away for 12 s, 3 messages waiting", "Service: connected, 0 messages waiting"),
        ("fr", "Service\u00a0: absent depuis 12\u00a0s, 3 message(s) en attente", "Service\u00a0: connecté"),
    ],
)
def test_whether_the_service_hears_the_lane_is_one_line(language, away, back):
    now_s = 100.0
    hearing = Hearing(lambda: now_s)
    hearing.heard()
    now_s = 112.0
    log = ChangeLog(language)
    assert any(away in line for line in log.lines(EMPTY, hearing.status(3)))
    assert away in text(render(EMPTY, language, link=hearing.status(3)))
    hearing.heard()
    assert any(back in line for line in log.lines(EMPTY, hearing.status(0)))
    assert log.lines(EMPTY, hearing.status(1)) == []  # said once, not at each message


def test_a_refused_command_is_said_in_the_language_of_the_terminal(kit_saying, tmp_path):
    lane = ShortLane(tmp_path / "data", kit_saying(0.0), duration_s=1.0)
    lane.start()
    assert obey(lane.agent, "leave", "en") == (
        "not done: No lorry is in the lane: start a scan, or take an open one up again, first."
    )
    assert obey(lane.agent, "leave", "fr").startswith(
        "non exécuté\u00a0: Aucun poids lourd n’est sur la voie"
    )
    assert obey(lane.agent, "sing", "fr").startswith("non exécuté\u00a0: pas de commande 'sing'")
    assert "CARGO est l’un de" in obey(lane.agent, "start reefer gold", "fr")
    lane.stop()


def test_waiting_lorries_stand_in_the_order_of_their_second_dips() -> None:
    now_ms = 1_793_606_400_000

    def line(plate: str, due_ms: int | None) -> ScanLine:
        assessment = Assessment(
            "scan",
            1,
            0,
            True,
            0.1,
            Recommendation.INCONCLUSIVE,
            (),
            None,
            LifeRisk(None, None, Reason("life_risk_no_level")),
            (),
            {},
            second_dip_due_utc_ms=due_ms,
        )
        return ScanLine(plate, Declaration(VehicleClass.REEFER, CargoClass.FROZEN, plate), 1, assessment)

    waiting = (
        line("NEVER", None),
        line("SOON", now_ms + 600_000),
        line("LATE", now_ms - 480_000),
        line("NOW", now_ms),
    )
    shown = text(render(replace(EMPTY, waiting=waiting, utc_ms=now_ms)))
    places = [shown.index(words) for words in ("overdue by 8 min", "due now", "in 10 min", "NEVER")]
    assert places == sorted(places)
