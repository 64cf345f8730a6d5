"""Health, proof and management at the booth: a real line, a real report, each role, both languages."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from scanner.evidence import Reason
from scanner.validation.outcome import to_json
from scanner.wording import sentence
from service.resources import Role
from tests.e2e.line import LANE, PASSWORD, Line, ServiceProcess
from tests.validation.rows import two_normals

if TYPE_CHECKING:
    from tests.e2e.booth import Booth

pytestmark = pytest.mark.timeout(480)

# one language each time, both with `make soak-booth`: both are tried on every page and over a whole shift
LANGUAGES = pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.soak), "fr"])
REPORT = "spring"


class Staffed(ServiceProcess):
    """A service with every role among its people."""

    def know(self, people: dict[str, Role], lane_ids: tuple[str, ...]) -> dict[str, str]:
        """Add an engineer and an auditor to the others."""
        return super().know(people | {"mechanic": Role.ENGINEER, "checker": Role.AUDITOR}, lane_ids)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """Give one line to the whole file, with a report of `lorryscan validate` on a tiny campaign."""
    folder = tmp_path_factory.mktemp("line")
    rows = folder / "rows.jsonl"
    rows.write_text("".join(to_json(row) + "\n" for row in two_normals(120, {"co2": 2.0, "xray": 1.5})))
    command = [
        sys.executable,
        "-m",
        "service",
        "validate",
        str(rows),
        "--out",
        str(folder / "reports" / REPORT),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    reports = f"[validation]\nfolder = {json.dumps(str(folder / 'reports'))}\n"
    with Line(folder, service=Staffed(folder, settings=reports)) as running:
        yield running


def at(booth: Booth, page: str) -> None:
    """Go to a page by its address."""
    booth.page.goto(f"{booth.url}/#/{page}")


def tile(booth: Booth, condition: str) -> None:
    """Wait until the lane's tile says how the lane is."""
    booth.page.locator(f"[data-lane='{LANE}'][data-condition={condition}]").wait_for()


@LANGUAGES
def test_the_report_opens_inside_in_the_pages_language_and_nothing_runs_in_it(
    open_booth: Callable, line: Line, language: str
):
    booth = open_booth(language)
    booth.log_in("officer")
    at(booth, "validation")
    (report,) = line.api("officer", "/api/v1/validation")["reports"]
    found = report["figures"]["methods"][0]["detection"]
    share = f"{round(100 * found['value'], 1):g}".replace(".", "." if language == "en" else ",")
    booth.page.get_by_role("region", name=booth.word("validation_figures")).get_by_text(
        share
    ).first.wait_for()
    assert f"{found['hits']} {'of' if language == 'en' else 'sur'} {found['of']}" in booth.page.inner_text(
        "main"
    )
    booth.page.locator("[data-testid=same][data-same=quiet]").wait_for()  # nothing was assessed yet
    booth.check_accessible("validation")
    booth.check_language()
    booth.picture("validation")
    booth.button("validation_open").focus()
    booth.page.keyboard.press("Enter")
    frame = booth.page.frame_locator(f"iframe[title='{booth.word('validation_frame', name=REPORT)}']")
    frame.locator("h1").get_by_text(sentence(Reason("report_title"), language)).wait_for()
    assert frame.locator("html").get_attribute("lang") == language
    assert not frame.locator(".switch").is_visible()
    assert booth.page.locator("iframe").get_attribute("sandbox") == ""
    booth.button("validation_close").click()
    booth.page.locator("iframe").wait_for(state="detached")


@LANGUAGES
def test_a_supervisor_adds_an_account_after_giving_the_password_again(
    open_booth: Callable, line: Line, language: str
):
    booth = open_booth(language)
    booth.log_in("chief")
    at(booth, "admin")
    booth.page.locator("[data-account=officer]").wait_for()
    booth.check_accessible("accounts")
    booth.button("admin_add_account").click()
    name = f"new-{language}"
    booth.page.get_by_label(booth.word("admin_name"), exact=True).fill(name)
    booth.button("admin_make_password").click()
    booth.check_accessible("adding an account")
    refused = {"status": 403, "code": "reauthenticate", "detail": "", "title": "", "type": "", "instance": ""}
    booth.page.route(
        "**/api/v1/users",
        lambda route: route.fulfill(
            status=403, content_type="application/problem+json", body=json.dumps(refused)
        ),
        times=1,
    )
    booth.button("admin_yes_add").click()
    again = booth.page.get_by_role("dialog", name=booth.word("admin_password_title"))
    again.get_by_label(booth.word("login_password"), exact=True).fill("not the password")
    booth.page.keyboard.press("Enter")
    again.get_by_role("alert").wait_for()
    again.get_by_label(booth.word("login_password"), exact=True).fill(PASSWORD)
    booth.page.keyboard.press("Enter")
    shown = booth.page.get_by_role("dialog", name=booth.word("admin_password_of", name=name))
    secret = shown.locator("code").first.inner_text()
    booth.check_accessible("a secret")
    booth.button("admin_kept").click()
    shown.wait_for(state="hidden")
    assert secret not in booth.page.content()
    booth.page.locator(f"[data-account={name}]").wait_for()
    booth.check_language()
    booth.picture("accounts")
    assert name in [user["name"] for user in line.api("chief", "/api/v1/users")]
    newcomer = open_booth(language, "newcomer")
    newcomer.open()
    newcomer.enter(name, secret)
    newcomer.wait_until_live()
    # disabled: what it says comes true
    what = booth.word("admin_of", what=booth.word("admin_do_disable"), name=name)
    booth.page.get_by_role("button", name=what, exact=True).click()
    booth.button("admin_yes_disable").click()
    booth.page.locator(f"[data-account={name}]").get_by_text(booth.word("admin_disabled")).wait_for()
    newcomer.page.get_by_label(newcomer.word("login_name"), exact=True).wait_for()


@LANGUAGES
def test_the_last_supervisor_stays_and_the_page_says_why(open_booth: Callable, line: Line, language: str):
    booth = open_booth(language)
    booth.log_in("chief")
    at(booth, "admin/accounts")
    what = booth.word("admin_of", what=booth.word("admin_do_disable"), name="chief")
    booth.page.get_by_role("button", name=what, exact=True).click()
    booth.button("admin_yes_disable").click()
    booth.page.get_by_role("alert").filter(has_text=booth.word("problem_last_supervisor")).wait_for()
    booth.button("cancel").click()
    at(booth, "admin/erase")
    booth.page.get_by_label(booth.word("admin_plate"), exact=True).fill("NOBODY 1")
    booth.page.get_by_label(booth.word("admin_reason"), exact=True).fill("2026/17")
    booth.check_accessible("erase")
    booth.button("admin_erase_begin").click()
    booth.page.get_by_role("dialog").get_by_label(booth.word("login_password"), exact=True).fill(PASSWORD)
    booth.button("admin_erase_yes").click()
    booth.page.get_by_text(booth.word("admin_erased_none"), exact=True).wait_for()
    booth.check_language()


@LANGUAGES
def test_an_engineer_adds_a_lane_and_its_token_is_shown_once(open_booth: Callable, line: Line, language: str):
    booth = open_booth(language)
    booth.log_in("mechanic")
    at(booth, "admin")
    booth.page.locator(f"[data-owner='{LANE}']").wait_for()
    assert booth.page.get_by_role("link", name=booth.word("admin_accounts"), exact=True).count() == 0
    booth.check_accessible("lanes")
    booth.button("admin_add_lane").click()
    name = f"ferry-{language}"
    booth.page.get_by_label(booth.word("admin_name"), exact=True).fill(name)
    yes = booth.word("admin_yes_lane")
    booth.page.get_by_role("dialog").get_by_role("button", name=yes, exact=True).click()
    shown = booth.page.get_by_role("dialog", name=booth.word("admin_token_of", name=name))
    shown.wait_for()
    token, config = shown.locator("code").all_inner_texts()
    assert len(token) > 20
    assert f'url = "{booth.url}"' in config
    booth.picture("token")
    booth.button("admin_kept").click()
    shown.wait_for(state="hidden")
    assert token not in booth.page.content()
    what = booth.word("admin_of", what=booth.word("admin_do_revoke"), name=name)
    booth.page.get_by_role("button", name=what, exact=True).click()
    booth.page.get_by_role("dialog").get_by_text(booth.word("admin_will_lane_revoke"), exact=True).wait_for()
    yes = booth.word("admin_yes_revoke")
    booth.page.get_by_role("dialog").get_by_role("button", name=yes, exact=True).click()
    booth.page.locator(f"[data-owner='{name}']").get_by_text(booth.word("admin_revoked")).wait_for()
    at(booth, "admin/gates")
    booth.page.get_by_text(booth.word("admin_no_gates"), exact=True).wait_for()
    booth.check_language()
    lanes = {one["id"]: one["revoked"] for one in line.api("mechanic", "/api/v1/lanes")}
    assert lanes[name]


@LANGUAGES
def test_an_auditor_searches_the_log_and_knows_when_it_was_changed(
    open_booth: Callable, line: Line, language: str
):
    booth = open_booth(language)
    booth.log_in("checker")
    at(booth, "admin")
    booth.page.get_by_label(booth.word("admin_what"), exact=True).select_option("login")
    booth.page.get_by_label(booth.word("admin_who"), exact=True).fill("CHECK")
    booth.button("admin_search").click()
    rows = booth.page.locator("tr[data-entry]")
    booth.page.wait_for_function(
        """(word) => [...document.querySelectorAll('tr[data-entry]')]
          .every((row) => row.cells[1].innerText === word)""",
        arg="checker",
    )
    assert rows.count() >= 1
    booth.check_accessible("audit")
    booth.button("admin_seal_check").click()
    booth.page.get_by_text(booth.word("admin_seal_first").split("{n}")[1]).wait_for()
    line.api("checker", f"/api/v1/audit/search?who={time.time_ns()}")  # the log grows
    booth.button("admin_seal_check").click()
    booth.page.get_by_text(booth.word("admin_seal_whole").split("{when}")[1]).wait_for()
    booth.check_language()
    booth.picture("audit")
    # a seal of another log: what a store that was put in its place looks like
    booth.page.evaluate(
        """() => {
          const kept = JSON.parse(localStorage.getItem('lorryscan.checkpoint'));
          const lines = kept.note.split('\\n');
          lines[2] = btoa('x'.repeat(32));
          localStorage.setItem('lorryscan.checkpoint', JSON.stringify({ ...kept, note: lines.join('\\n') }));
        }"""
    )
    booth.page.reload()
    booth.button("admin_seal_check").click()
    booth.page.get_by_text(booth.word("admin_seal_changed").split("{before}")[0]).wait_for()


def test_an_officer_has_no_way_to_manage(open_booth: Callable, line: Line):
    booth = open_booth("en")
    booth.log_in("officer")
    assert booth.page.get_by_role("link", name=booth.word("page_admin"), exact=True).count() == 0
    at(booth, "admin")
    booth.page.get_by_text(booth.word("page_unknown"), exact=True).wait_for()


@LANGUAGES
def test_health_says_what_works_and_never_looks_alive_on_old_data(
    open_booth: Callable, line: Line, language: str
):
    from playwright.sync_api import expect

    from tests.e2e.booth import SEEN_WITHIN_MS

    booth = open_booth(language)
    booth.log_in("officer")
    at(booth, "health")
    tile(booth, "works")
    booth.page.locator("[data-part=writes][data-well=true]").wait_for()
    booth.check_accessible("health")
    booth.check_language()
    booth.picture("health")
    booth.page.locator(f"[data-lane='{LANE}']").focus()
    booth.page.keyboard.press("Enter")
    detail = booth.page.get_by_role("region", name=booth.word("health_lane", lane=LANE)).first
    detail.get_by_text(booth.word("health_link_live"), exact=True).wait_for()
    detail.get_by_text(booth.word("health_clock_well"), exact=True).wait_for()
    expect(booth.page.locator("[data-device][data-state=ready]")).to_have_count(
        len(line.twins.by_sensor), timeout=SEEN_WITHIN_MS
    )
    booth.check_accessible("one lane")
    assert line.lane is not None
    line.lane.end()
    tile(booth, "silent")
    booth.check_accessible("silent")
    booth.picture("silent")
    line.start_lane()
    tile(booth, "works")
    line.service.kill()
    tile(booth, "stale")
    booth.picture("stale")
    line.service.start()
    tile(booth, "works")
