"""What goes wrong around an officer at work: cable, service, lane, clocks, tabs, the way back, the session.

Nothing that is old looks alive, nothing that was typed is lost, and the page comes back by itself.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from service.resources import Role
from service.store.sqlite_database import FILE
from tests.e2e.balancer import Cable
from tests.e2e.line import ANSWER_WITHIN_S, LANE, PASSWORD, Line, ServiceProcess, session_cookie
from tests.e2e.load import post_search

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.e2e.booth import Booth

pytestmark = [pytest.mark.soak, pytest.mark.timeout(240)]

STALE_WITHIN_S = 2.0
HOUR_MS = 3_600_000
CLOCK_WITHIN_S = 3.0
GIVES_UP_WITHIN_MS = 30_000
OLD = "[data-lane][data-old=true]"
NOW = "[data-lane][data-old=false]"
# the machine's time of day as the page reads it; what measures how long things take runs on
WALL_CLOCK = """
(() => {
  const True = Date;
  window.ahead_ms = 0;
  globalThis.Date = class extends True {
    constructor(...given) {
      if (given.length) super(...given);
      else super(True.now() + window.ahead_ms);
    }
    static now() {
      return True.now() + window.ahead_ms;
    }
  };
})();
"""
PEOPLE = {"officer": Role.OFFICER, "second": Role.OFFICER, "chief": Role.SUPERVISOR}


@pytest.fixture(scope="module")
def kept_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """Give a service without a lane process; its lane's token is in ``lane_token``."""
    running = ServiceProcess(tmp_path_factory.mktemp("service"))
    running.lane_token = running.know(PEOPLE, (LANE,))[LANE]
    with running:
        yield running


@pytest.fixture
def service(kept_service: ServiceProcess) -> ServiceProcess:
    """Give the service as a test before it left it, and running."""
    assert kept_service.child is not None
    if kept_service.child.poll() is not None:
        kept_service.start()
    return kept_service


@pytest.fixture
def booth_at(
    browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Booth]]:
    """Give a function that opens a booth on an address."""
    from tests.e2e.booth import Booth

    with contextlib.ExitStack() as stack:

        def make(url: str, language: str = "en") -> Booth:
            booth = Booth(browser, url, language, tmp_path / "pictures", request.node.name)
            stack.callback(booth.close)
            return booth

        yield make


def begin_outcome(booth: Booth, service: ServiceProcess, plate: str) -> str:
    """Raise an alert, take it at this booth and begin to write its outcome; return the scan's id."""
    scan = post_search(service.url, service.lane_token, plate)
    booth.button("acknowledge_of", plate=plate).click()
    open_outcome(booth, plate)
    booth.page.get_by_label(booth.word("outcome_people_found"), exact=True).check()
    booth.page.get_by_label(booth.word("outcome_people"), exact=True).fill("2")
    return scan


def open_outcome(booth: Booth, plate: str) -> None:
    """Open the form of the outcome unless it is open."""
    title = booth.page.get_by_role("heading", name=booth.word("outcome_title", plate=plate))
    if not title.is_visible():
        booth.button("outcome_of", plate=plate).click()
    title.wait_for()


def end_outcome(booth: Booth) -> None:
    """Write the rest of the outcome and press its button."""
    booth.page.get_by_label(booth.word("outcome_note"), exact=True).fill("behind pallets")
    save(booth)


def save(booth: Booth) -> None:
    """Press the button of the open form."""
    booth.page.get_by_role("dialog").get_by_role("button", name=booth.word("save"), exact=True).click()


def assert_nothing_lost(booth: Booth, note: str = "") -> None:
    """Fail where something is missing that was written in the open form."""
    assert booth.page.get_by_label(booth.word("outcome_people_found"), exact=True).is_checked()
    assert booth.page.get_by_label(booth.word("outcome_people"), exact=True).input_value() == "2"
    assert booth.page.get_by_label(booth.word("outcome_note"), exact=True).input_value() == note


def alert_of(service: ServiceProcess, plate: str) -> dict:
    """Return the alert of a lorry as the service has it."""
    answer = httpx.get(
        f"{service.url}/api/v1/alerts",
        params={"state": "all"},
        headers={"Cookie": session_cookie(service.url, "second")},
        trust_env=False,
        timeout=ANSWER_WITHIN_S,
    )
    (alert,) = [alert for alert in answer.raise_for_status().json() if alert["plate"] == plate]
    return alert


def assert_recorded_once(booth: Booth, service: ServiceProcess, plate: str) -> None:
    """Wait until the page shows the outcome; fail where the service has not exactly one, and that one."""
    booth.page.locator("article[data-state=outcome]").filter(has_text=plate).wait_for()
    booth.page.get_by_role("dialog").wait_for(state="hidden")
    alert = alert_of(service, plate)
    assert (alert["state"], alert["outcome"]["people"]) == ("outcome", 2)
    assert alert["outcome"]["note"] == "behind pallets"
    with contextlib.closing(sqlite3.connect(f"file:{service.data / FILE}?mode=ro", uri=True)) as db:
        told = db.execute("SELECT action FROM audit WHERE subject = ?", (alert["id"],)).fetchall()
    assert [action for (action,) in told if action.startswith("outcome_")] == ["outcome_recorded"]


def assert_stale_within(booth: Booth, since_s: float) -> None:
    """Wait until the page says that it is stale; fail where that took too long."""
    from tests.e2e.booth import STALE

    booth.wait_until_stale()
    assert booth.seen_at_s(STALE) - since_s <= STALE_WITHIN_S


# -- cable and service ---------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_cable_is_pulled_out_in_the_middle_of_an_outcome(
    booth_at, service: ServiceProcess, language: str
):
    """English: for as long as the page goes on trying. French: for longer, so that it says that it failed."""
    from tests.e2e.booth import STALE

    plate = f"CABLE {language}"
    with Cable(service.port) as cable:
        booth = booth_at(cable.url, language)
        booth.log_in("officer")
        begin_outcome(booth, service, plate)
        booth.watch_for(STALE)
        pulled_s = time.time()
        cable.pull_out()
        assert_stale_within(booth, pulled_s)
        end_outcome(booth)
        if language == "fr":
            refused = booth.page.get_by_role("dialog").get_by_role("alert")
            refused.filter(has_text=booth.word("problem_timeout")).wait_for(timeout=GIVES_UP_WITHIN_MS)
            booth.check_language()
        assert_nothing_lost(booth, "behind pallets")
        assert alert_of(service, plate)["outcome"] is None
        cable.put_back()
        booth.wait_until_live()
        if language == "fr":
            save(booth)
        assert_recorded_once(booth, service, plate)
        booth.close()


def test_the_service_is_killed_after_it_took_an_outcome_and_before_it_answered(
    booth_at, service: ServiceProcess
):
    booth = booth_at(service.url)
    booth.log_in("officer")
    begin_outcome(booth, service, "KILLED 1")

    def take_and_die(route) -> None:
        route.fetch()
        service.kill()
        route.abort("connectionreset")
        service.spawn()

    booth.page.route("**/outcome", take_and_die, times=1)
    end_outcome(booth)
    booth.wait_until_stale()
    service.wait_until_ready()
    booth.wait_until_live()
    booth.page.locator("article[data-state=outcome]").filter(has_text="KILLED 1").wait_for()
    refused = booth.page.get_by_role("dialog").get_by_text(booth.word("problem_unreachable"))
    if refused.is_visible():  # it started more slowly than the page tries again
        save(booth)
    assert_recorded_once(booth, service, "KILLED 1")


# -- lane ----------------------------------------------------------------------


def test_a_lane_that_is_killed_looks_dead_and_comes_back(open_booth: Callable, line: Line):
    booths = [open_booth(language) for language in ("en", "fr")]
    for booth in booths:
        booth.log_in("officer")
    booths[0].start_scan(line.arrive(2))
    for booth in booths:
        booth.page.locator(NOW).wait_for()
        booth.watch_for(OLD)
    assert line.lane is not None
    killed_s = time.time()
    line.lane.kill()
    for booth in booths:
        assert booth.seen_at_s(OLD) - killed_s <= STALE_WITHIN_S
        booth.page.get_by_text(booth.word("disabled_silent")).wait_for()
        assert booth.button("probe_go_in").is_disabled()
        booth.wait_until_live()  # it is the lane that is silent, and only that is said
        booth.check_language()
        booth.check_accessible("a lane that was killed")
        booth.picture("lane-killed")
    line.start_lane()
    for booth in booths:
        booth.page.locator(NOW).wait_for()
        booth.page.get_by_text(booth.word("disabled_silent")).wait_for(state="detached")
        booth.picture("lane-back")


# -- clocks --------------------------------------------------------------------


def page_clock_s(booth: Booth) -> float:
    """Return the time that the page shows, s since 1970."""
    shown = str(booth.page.locator("header time[datetime]").first.get_attribute("datetime"))
    return datetime.fromisoformat(shown).timestamp()


def test_the_clock_of_the_booths_machine_is_set(booth_at, service: ServiceProcess):
    """Forward by an hour and back by two: the page tells the service's time, and how old things are."""
    from tests.e2e.booth import STALE

    booth = booth_at(service.url)
    booth.context.add_init_script(WALL_CLOCK)
    booth.log_in("officer")
    post_search(service.url, service.lane_token, "CLOCK 1")
    age = booth.page.locator("article").filter(has_text="CLOCK 1").locator(".age")
    age.wait_for()
    for ahead_ms in (HOUR_MS, -HOUR_MS):
        booth.page.evaluate("(ms) => (window.ahead_ms = ms)", ahead_ms)
        booth.page.wait_for_timeout(1_000)  # longer than the page's own look at its clocks
        booth.wait_until_live()
        assert abs(page_clock_s(booth) - time.time()) <= CLOCK_WITHIN_S
        assert "59" not in age.inner_text()
        assert "60" not in age.inner_text()
    # what is old is told by the clock that nobody can set
    booth.watch_for(STALE)
    killed_s = time.time() - HOUR_MS / 1e3
    service.kill()
    assert_stale_within(booth, killed_s)
    service.start()
    booth.wait_until_live()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_clock_of_the_service_is_set(booth_at, tmp_path: Path, language: str):
    """Back by an hour in the middle of an outcome: said, the page goes on, and the outcome is recorded."""
    ahead = tmp_path / "ahead"
    ahead.write_text("0")
    program = (sys.executable, "-m", "tests.e2e.serve_with_clock", str(ahead))
    service = ServiceProcess(tmp_path, program=program)
    service.lane_token = service.know(PEOPLE, (LANE,))[LANE]
    with service:
        booth = booth_at(service.url, language)
        booth.log_in("officer")
        begin_outcome(booth, service, "CLOCK 2")
        beside = ahead.with_suffix(".new")
        beside.write_text(str(-HOUR_MS / 1e3))
        beside.replace(ahead)
        told = booth.page.get_by_text(booth.word("trouble_clock_stepped"))
        told.wait_for()
        booth.wait_until_live()
        assert abs(page_clock_s(booth) - (time.time() - HOUR_MS / 1e3)) <= CLOCK_WITHIN_S
        booth.check_language()
        assert_nothing_lost(booth)
        end_outcome(booth)
        assert_recorded_once(booth, service, "CLOCK 2")


# -- tabs, the way back, the session ---------------------------------------------


def test_a_second_tab(booth_at, service: ServiceProcess):
    """Both are live; what is done in one shows in the other; who logs out in one is out in both."""
    first = booth_at(service.url)
    first.log_in("officer")
    second = first.second_tab()
    second.open()
    second.wait_until_live()
    first.wait_until_live()
    post_search(service.url, service.lane_token, "TABS 1")
    second.button("acknowledge_of", plate="TABS 1").click()
    taken = "article[data-state=acknowledged]"
    for tab in (second, first):
        tab.page.locator(taken).filter(has_text="TABS 1").wait_for()
    first.button("logout").click()
    second.page.get_by_role("heading", name=second.word("login_title")).wait_for()
    assert "TABS 1" not in second.text()
    second.enter("officer", PASSWORD)
    second.wait_until_live()
    second.page.locator(taken).filter(has_text="TABS 1").wait_for()


def test_the_way_back(booth_at, service: ServiceProcess):
    """From a scan to the lane and in the middle of an outcome; after the log-out it shows nothing."""
    booth = booth_at(service.url)
    booth.log_in("officer")
    plate = "BACK 1"
    scan = begin_outcome(booth, service, plate)
    booth.page.keyboard.press("Escape")
    booth.button("show_scan_of", plate=plate).click()
    title = booth.page.get_by_role("heading", name=booth.word("scan_title", plate=plate))
    title.wait_for()
    booth.page.go_back()
    booth.page.locator("[data-lane]").wait_for()
    booth.wait_until_live()
    booth.page.go_forward()
    title.wait_for()
    assert booth.page.url.endswith(f"#/scan/{scan}")

    open_outcome(booth, plate)
    booth.page.get_by_label(booth.word("outcome_people_found"), exact=True).check()
    booth.page.get_by_label(booth.word("outcome_people"), exact=True).fill("2")
    booth.page.go_back()
    booth.page.locator("[data-lane]").wait_for()
    open_outcome(booth, plate)
    assert_nothing_lost(booth)
    end_outcome(booth)
    assert_recorded_once(booth, service, plate)

    booth.button("show_scan_of", plate=plate).click()
    title.wait_for()
    booth.button("logout").click()
    booth.page.get_by_role("heading", name=booth.word("login_title")).wait_for()
    booth.page.go_back()
    booth.page.get_by_role("heading", name=booth.word("login_title")).wait_for()
    assert plate not in booth.text()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_session_that_ends_in_the_middle_of_an_outcome(booth_at, service: ServiceProcess, language: str):
    """Who logs in again at the same booth goes on where they were."""
    booth = booth_at(service.url, language)
    booth.log_in("officer")
    plate = f"ENDED {language}"
    begin_outcome(booth, service, plate)
    booth.page.get_by_label(booth.word("outcome_note"), exact=True).fill("behind")
    httpx.delete(
        f"{service.url}/api/v1/users/officer/sessions",
        headers={"Cookie": session_cookie(service.url, "chief"), "Origin": service.url},
        trust_env=False,
        timeout=ANSWER_WITHIN_S,
    ).raise_for_status()
    booth.page.get_by_role("alert").filter(has_text=booth.word("ended_session_ended")).wait_for()
    assert plate not in booth.text()
    booth.enter("officer", PASSWORD)
    booth.wait_until_live()
    open_outcome(booth, plate)
    assert_nothing_lost(booth, "behind")
    end_outcome(booth)
    assert_recorded_once(booth, service, plate)
