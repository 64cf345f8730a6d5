"""The pages for alerts and for the shift, on the real line: by keyboard, and nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.e2e.line import ANSWER_WITHIN_S, PASSWORD, Line, session_cookie
from tests.e2e.test_risk_profiles import Announcing, announce

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.e2e.booth import Booth

pytestmark = pytest.mark.timeout(600)

NOTE = "behind the third pallet"
COUNT_TONES = """
window.tones = 0;
const create = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () { window.tones += 1; return create.call(this); };
"""
UNCOVERED = """
(element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  return element.contains(document.elementFromPoint(x + width / 2, y + height / 2));
}
"""


@pytest.fixture
def line(tmp_path: Path):
    """Give a line with a gate that announces."""
    with Line(tmp_path, service=Announcing(tmp_path)) as running:
        yield running


def go(booth: Booth, page: str) -> None:
    """Go to a page by its place in the rail."""
    rail = booth.page.get_by_role("navigation", name=booth.word("pages"))
    rail.get_by_role("link", name=re.compile(f"^{booth.word(page)}")).click()


def look(booth: Booth, what: str) -> None:
    """Check language and access, and keep a picture."""
    booth.check_language()
    booth.check_accessible(what)
    booth.picture(what)


def end_sessions(line: Line, name: str) -> None:
    """Log somebody out everywhere, as from another machine."""
    url = line.service.url
    headers = {"Cookie": session_cookie(url, name), "Origin": url}
    answer = httpx.delete(
        f"{url}/api/v1/me/sessions", headers=headers, trust_env=False, timeout=ANSWER_WITHIN_S
    )
    assert answer.status_code == 204


def begin_outcome(booth: Booth, plate: str) -> None:
    """Open the form for an outcome."""
    booth.button("outcome_of", plate=plate).click()
    booth.page.get_by_role("dialog").wait_for()


def typed_is_there(booth: Booth, plate: str) -> None:
    """Open the form again and find what was typed."""
    booth.page.get_by_text(booth.word("outcome_begun"), exact=True).wait_for()
    begin_outcome(booth, plate)
    assert booth.page.get_by_label(booth.word("outcome_people_found"), exact=True).is_checked()
    assert booth.page.get_by_label(booth.word("outcome_people"), exact=True).input_value() == "3"
    assert booth.page.get_by_label(booth.word("outcome_note"), exact=True).input_value() == NOTE


@pytest.mark.parametrize("language", ["en", pytest.param("fr", marks=pytest.mark.soak)])
def test_an_alert_is_dealt_with_on_its_page(open_booth: Callable, line: Line, language: str):
    booth = open_booth(language)
    booth.context.add_init_script(COUNT_TONES)
    booth.log_in("officer")
    plan = line.arrive(2)
    plate = plan.spec.declaration.plate
    booth.start_scan(plan)
    booth.put_probe_in()
    line.twins.pass_portal(1)

    # a locked booth shows and sounds what is raised meanwhile
    booth.button("lock").click()
    locked = booth.page.locator("[data-locked-alert]")
    locked.wait_for(timeout=90_000)
    assert plate in locked.inner_text()
    assert locked.evaluate(UNCOVERED)
    booth.page.evaluate("window.tones = 0")
    booth.page.wait_for_function("() => window.tones > 0", timeout=10_000)
    look(booth, "locked")
    booth.page.get_by_label(booth.word("login_password"), exact=True).fill(PASSWORD)
    booth.page.keyboard.press("Enter")
    locked.wait_for(state="detached")

    go(booth, "page_alerts")
    booth.page.locator("[data-row]").filter(has_text=plate).wait_for()
    booth.page.locator("article[data-state=raised]").wait_for()
    look(booth, "alerts-open")
    booth.page.keyboard.press("F8")
    booth.page.keyboard.press("Enter")
    booth.page.locator("article[data-state=acknowledged]").wait_for()

    # nothing typed is lost: not by a reload, not by another page, not by the end of the session
    begin_outcome(booth, plate)
    booth.page.get_by_label(booth.word("outcome_people_found"), exact=True).check()
    booth.page.get_by_label(booth.word("outcome_people"), exact=True).fill("3")
    booth.page.get_by_label(booth.word("outcome_note"), exact=True).fill(NOTE)
    booth.page.reload()
    typed_is_there(booth, plate)
    look(booth, "outcome-restored")
    booth.page.keyboard.press("Escape")
    go(booth, "page_lane")
    go(booth, "page_alerts")
    typed_is_there(booth, plate)
    end_sessions(line, "officer")
    booth.page.get_by_text(booth.word("ended_session_ended"), exact=True).wait_for()
    booth.enter("officer", PASSWORD)
    booth.wait_until_live()
    typed_is_there(booth, plate)
    dialog = booth.page.get_by_role("dialog")
    dialog.get_by_role("button", name=booth.word("save"), exact=True).click()
    booth.page.locator("article[data-state=outcome]").wait_for()
    dialog.wait_for(state="hidden")  # closed by the answer, which the stream's event may come before
    assert booth.page.evaluate("Object.keys(sessionStorage).filter((key) => key.includes('draft'))") == []
    booth.button("close_of", plate=plate).click()
    booth.page.get_by_text(booth.word("alertspage_none_open"), exact=True).wait_for()
    (alert,) = line.api("officer", "/api/v1/alerts?state=closed")
    assert (alert["outcome"]["people"], alert["outcome"]["note"]) == (3, NOTE)

    # it is found again, and a reload finds the same
    views = booth.page.get_by_role("navigation", name=booth.word("alertspage_views"))
    views.get_by_role("link", name=booth.word("alertspage_past"), exact=True).click()
    booth.page.get_by_label(booth.word("alertspage_plate"), exact=True).fill("ZZZ 999")
    booth.button("alertspage_find_go").click()
    booth.page.get_by_text(booth.word("alertspage_none_past"), exact=True).wait_for()
    booth.page.get_by_label(booth.word("alertspage_plate"), exact=True).fill(plate[:4])
    booth.page.get_by_label(booth.word("alertspage_state"), exact=True).select_option("closed")
    row = booth.page.locator("[data-row]").filter(has_text=plate)
    row.wait_for()
    booth.page.reload()
    row.wait_for()
    assert booth.page.get_by_label(booth.word("alertspage_state"), exact=True).input_value() == "closed"
    booth.page.locator("article[data-state=closed]").wait_for()
    look(booth, "alerts-past")
    views.get_by_role("link", name=booth.word("alertspage_figures"), exact=True).click()
    booth.page.get_by_role("heading", name=booth.word("alertspage_manageable"), exact=True).wait_for()
    booth.page.get_by_text(booth.word("alertspage_over"), exact=True).first.wait_for(state="detached")
    look(booth, "alerts-figures")


@pytest.mark.parametrize("language", ["en", pytest.param("fr", marks=pytest.mark.soak)])
def test_a_shift_begins_and_is_handed_over(open_booth: Callable, line: Line, language: str):
    announce(line, "KNOWN 1", "")
    announce(line, "LOST 2", "")
    booth = open_booth(language)
    booth.log_in("officer")
    plan = line.arrive(2)
    plate = plan.spec.declaration.plate
    booth.start_scan(plan)
    go(booth, "page_shift")

    # the check at its start
    check = booth.page.get_by_role("region", name=booth.word("shift_check"), exact=True)
    for tile in ("shift_lanes", "shift_devices", "shift_clock"):
        check.get_by_role("region", name=booth.word(tile), exact=True).and_(
            check.locator("[data-good=true]")
        ).wait_for()
    check.locator("[data-alone=true]").wait_for()  # the browser was started to let pages sound
    booth.button("shift_sound_play").focus()
    booth.page.keyboard.press("Enter")
    booth.page.get_by_text(booth.word("shift_sound_question"), exact=True).wait_for()
    look(booth, "shift-sound")
    booth.button("shift_sound_no").click()
    booth.page.get_by_text(booth.word("shift_sound_mend"), exact=True).wait_for()
    booth.button("shift_sound_play").click()
    booth.button("shift_sound_yes").click()
    all_good = booth.page.get_by_text(booth.word("shift_check_good"), exact=True)
    all_good.wait_for()
    booth.page.reload()
    all_good.wait_for()
    log = line.api("chief", "/api/v1/audit?limit=1000")
    checks = [entry for entry in log if entry["action"] == "sound_checked"]
    assert [(entry["who"], entry["detail"]["heard"]) for entry in checks] == [
        ("officer", False),
        ("officer", True),
    ]

    # a vehicle that does not come
    booth.button("shift_vehicle_drop_of", plate="LOST 2").click()
    look(booth, "shift-drop")
    booth.button("shift_vehicle_drop_yes").click()
    booth.button("shift_vehicle_drop_of", plate="LOST 2").wait_for(state="detached")
    assert [one["plate"] for one in line.api("officer", "/api/v1/vehicles")] == ["KNOWN 1"]

    # another session, ended from here
    booth.button("shift_refresh").click()
    booth.page.reload()
    booth.button("shift_sessions_end").click()
    booth.button("shift_sessions_end").wait_for(state="detached")

    # handed over: what was typed outlives a reload; the colleague reads and signs
    booth.button("shift_begin").click()
    booth.page.get_by_label(booth.word("shift_note"), exact=True).fill("The ferry is late")
    booth.page.get_by_label(booth.word("shift_note_of", plate=plate), exact=True).fill(NOTE)
    booth.page.reload()
    note = booth.page.get_by_label(booth.word("shift_note"), exact=True)
    note.wait_for()
    assert note.input_value() == "The ferry is late"
    look(booth, "shift-handover")
    booth.button("shift_sign_begin").focus()
    booth.page.keyboard.press("Enter")
    booth.page.get_by_text(booth.word("shift_waiting"), exact=True).wait_for()
    booth.button("lock").click()
    booth.button("unlock_other").click()
    locked = booth.page.get_by_role("dialog")
    locked.get_by_label(booth.word("login_name"), exact=True).fill("second")
    locked.get_by_label(booth.word("login_password"), exact=True).fill(PASSWORD)
    booth.page.keyboard.press("Enter")
    offered = booth.page.get_by_role("region", name=booth.word("shift_take", who="officer"), exact=True)
    offered.wait_for()
    assert "The ferry is late" in offered.inner_text()
    assert NOTE in offered.inner_text()
    booth.page.get_by_text(
        booth.word("shift_sound_unchecked"), exact=True
    ).wait_for()  # another officer's shift
    look(booth, "shift-take-over")
    take_over(booth, offered)
    booth.page.get_by_text(
        booth.word("shift_past_line", **{"from": "officer", "to": "second"}), exact=True
    ).click()
    look(booth, "shift-handed-over")
    (handover,) = line.api("second", "/api/v1/handovers")
    assert (handover["state"], handover["incoming"], handover["note"]) == (
        "signed",
        "second",
        "The ferry is late",
    )


def take_over(booth: Booth, offered: Locator) -> None:
    """Sign; once more where the page says that something changed between reading and signing."""
    from playwright.sync_api import expect

    changed = booth.page.get_by_text(booth.word("problem_handover_changed"), exact=True)
    booth.button("shift_sign_take").click()
    expect(offered.filter(has_not=changed)).to_have_count(0, timeout=30_000)
    if changed.count():
        booth.button("shift_sign_take").click()
    offered.wait_for(state="detached")
