"""From login to the closed alert, on the real line, in both languages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.line import LANE, PASSWORD, Line
from tests.e2e.scene import told_scan

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("language", ["en", pytest.param("fr", marks=pytest.mark.soak)])
def test_an_officer_follows_a_lorry_with_people_to_the_end(open_booth: Callable, line: Line, language: str):
    booth = open_booth(language)
    booth.open()
    booth.page.get_by_role("heading", name=booth.word("login_title")).wait_for()
    booth.check_language()
    booth.check_accessible("login")
    booth.picture("01-login")
    booth.enter("officer", PASSWORD)
    booth.wait_until_live()
    booth.check_language()
    booth.check_accessible("empty lane")
    booth.picture("02-empty-lane")

    plan = line.arrive(2)
    plate = plan.spec.declaration.plate
    booth.start_scan(plan)
    booth.put_probe_in()
    booth.wait_for_advice("inconclusive")
    line.twins.pass_portal(1)
    booth.check_language()
    booth.picture("03-measuring")

    # a search comes up, with its reasons, and everybody is alerted
    booth.wait_for_advice("search", "rescue")
    booth.alert.wait_for()
    assert plate in booth.alert.inner_text()
    for method in ("co2", "heartbeat", "movement", "thermal", "xray"):
        assert booth.page.locator(f"[data-modality={method}] .reason").inner_text().strip()
    ready = booth.page.locator("[data-modality=xray][data-state=ready]")
    ready.first.wait_for()
    assert ready.count() == 1
    booth.page.locator("img, canvas").first.wait_for()
    booth.check_language()
    booth.check_accessible("alert")
    booth.picture("04-alert")

    booth.button("acknowledge_of", plate=plate).wait_for()
    booth.page.keyboard.press("F8")  # as the page says: by keyboard alone
    booth.page.keyboard.press("Enter")
    booth.page.locator("article[data-state=acknowledged]").wait_for()
    dialog = booth.page.get_by_role("dialog")
    booth.button("assign_of", plate=plate).click()
    booth.page.get_by_label(booth.word("assign_to"), exact=True).fill("Rex 2")
    booth.check_language()
    booth.check_accessible("assign")
    dialog.get_by_role("button", name=booth.word("assign"), exact=True).click()
    booth.page.locator("article[data-state=assigned]").wait_for()
    booth.button("outcome_of", plate=plate).click()
    booth.page.get_by_label(booth.word("outcome_people_found"), exact=True).check()
    booth.page.get_by_label(booth.word("outcome_people"), exact=True).fill("3")
    booth.page.get_by_label(booth.word("outcome_needs_care"), exact=True).fill("3")
    booth.page.get_by_label(booth.word("outcome_medical"), exact=True).check()
    booth.page.get_by_label(booth.word("outcome_referral"), exact=True).check()
    booth.check_language()
    booth.check_accessible("outcome")
    booth.picture("05-outcome")
    dialog.get_by_role("button", name=booth.word("save"), exact=True).click()
    booth.page.locator("article[data-state=outcome]").wait_for()
    booth.picture("06-outcome-recorded")
    booth.button("close_of", plate=plate).click()
    booth.alert.wait_for(state="detached")

    # the visit ends by itself with a final recommendation; the officer ends the scan
    booth.page.get_by_text(booth.word("past_visit_over")).first.wait_for(timeout=90_000)
    booth.check_language()
    booth.picture("07-visit-over")
    booth.button("end_of", plate=plate).click()
    booth.button("end_yes").click()
    booth.button("end_of", plate=plate).wait_for(state="detached")

    # the scan can be looked at afterwards, its alert beside it
    booth.page.get_by_role("button").filter(has_text=plate).last.click()
    booth.page.get_by_role("heading", name=booth.word("scan_title", plate=plate)).wait_for()
    booth.page.get_by_text(booth.word("outcome_people_n", n=3)).first.wait_for()
    booth.check_language()
    booth.check_accessible("scan")
    booth.picture("08-scan")
    alert = line.api("officer", "/api/v1/alerts?state=all")[0]
    assert (alert["assigned_to"], alert["outcome"]["people"]) == ("Rex 2", 3)
    assert alert["outcome"]["conditions"]["needs_care"] == 3
    assert alert["outcome"]["safeguarding_referral"]
    told_scan(line, plate, "closed", lambda scan: scan["state"] == "closed")
    assert line.api("officer", "/api/v1/lanes")[0]["id"] == LANE
