"""A whole shift on the real line with the keys alone: no pointer, in both languages."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.e2e.line import PASSWORD, Line
from tests.e2e.scene import told_scan

if TYPE_CHECKING:
    from tests.e2e.booth import Booth
    from tests.e2e.by_keys import Keys

pytestmark = pytest.mark.timeout(360)

WITHIN_S = 90.0
POINTING = """
for (const kind of ['mousedown', 'pointerdown', 'touchstart'])
  addEventListener(kind, () => (window.pointed = kind), true);
"""


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_whole_shift_by_keyboard_alone(open_booth: Callable, line: Line, language: str):
    from tests.e2e.by_keys import Keys

    booth = open_booth(language)
    booth.page.add_init_script(POINTING)
    booth.open()
    began_s = time.monotonic()
    keys, word = Keys(booth), booth.word

    keys.write(word("login_name"), "officer")
    keys.write(word("login_password"), PASSWORD)
    keys.press("Enter")
    booth.wait_until_live()

    plan = line.arrive(2)
    declared = plan.spec.declaration
    plate = declared.plate
    keys.write(word("start_plate"), plate)
    keys.choose(word("start_vehicle"), word(f"class_{declared.vehicle_class}"))
    keys.choose(word("start_cargo"), word(f"cargo_{declared.cargo}"))
    keys.write(word("start_closed"), "45")
    keys.do(word("start"))
    booth.button("probe_go_in").wait_for()
    keys.do(word("probe_go_in"))
    booth.button("probe_goes_out").wait_for()

    line.twins.pass_portal(1)
    booth.button("acknowledge_of", plate=plate).wait_for(timeout=1e3 * WITHIN_S)
    keys.press("F8", "Enter")
    booth.page.locator("article[data-state=acknowledged]").wait_for()

    keys.do(word("assign_of", plate=plate))
    keys.write(word("assign_to"), "Rex 2")
    keys.press("Enter")
    booth.page.locator("article[data-state=assigned]").wait_for()

    keys.do(word("outcome_of", plate=plate))
    keys.tick(word("outcome_people_found"))
    keys.write(word("outcome_people"), "3")
    keys.write(word("outcome_needs_care"), "3")
    keys.tick(word("outcome_medical"))
    keys.tick(word("outcome_referral"))
    keys.write(word("outcome_note"), "ouvert au quai 4")
    keys.do(word("save"))
    booth.page.locator("article[data-state=outcome]").wait_for()
    booth.page.get_by_role("dialog").wait_for(state="hidden")

    hand_over(booth, keys, plate)
    keys.do(word("close_of", plate=plate))
    booth.page.locator("article[data-alert]").wait_for(state="detached")
    keys.do(word("end"), word("end_of", plate=plate))  # the visit may have ended by itself
    keys.do(word("end_yes"))
    booth.button("end_of", plate=plate).wait_for(state="detached")
    booth.page.get_by_role("form", name=word("start")).wait_for()

    keys.do(word("logout"))
    booth.page.get_by_role("status").filter(has_text=word("ended_logged_out")).wait_for()
    booth.check_language()
    assert plate not in booth.text()
    took_s = time.monotonic() - began_s
    assert booth.page.evaluate("window.pointed ?? null") is None
    assert took_s <= WITHIN_S

    (alert,) = line.api("second", "/api/v1/alerts?state=all")
    assert (alert["state"], alert["assigned_to"], alert["closed_by"]) == ("closed", "Rex 2", "officer")
    outcome = alert["outcome"]
    assert (outcome["people"], outcome["medical_help"], outcome["note"]) == (3, True, "ouvert au quai 4")
    assert (outcome["conditions"]["needs_care"], outcome["safeguarding_referral"]) == (3, True)
    told_scan(line, plate, "closed", lambda scan: scan["state"] == "closed")
    (handover,) = line.api("second", "/api/v1/handovers")
    assert (handover["outgoing"], handover["note"]) == ("officer", "quay 4 is wet")


def hand_over(booth: Booth, keys: Keys, plate: str) -> None:
    """Sign the shift over with the search still open, and go back to the lane."""
    word = booth.word
    keys.do(word("page_shift"))
    booth.button("shift_begin").wait_for()
    keys.do(word("shift_begin"))
    booth.page.get_by_label(word("shift_note_of", plate=plate), exact=True).wait_for()
    keys.write(word("shift_note_of", plate=plate), "Rex 2 is still at it")
    keys.write(word("shift_note"), "quay 4 is wet")
    keys.do(word("shift_sign_begin"))
    booth.page.get_by_role("status").filter(has_text=word("shift_waiting")).wait_for()
    keys.do(word("page_lane"))
    booth.page.locator("[data-lane]").wait_for()
