"""Wrong logins, ended sessions, a service that is away, officers who collide: said, and nothing half done."""

from __future__ import annotations

import contextlib
import resource
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from service.resources import Role
from service.store.sqlite_database import FILE
from tests.e2e.line import ANSWER_WITHIN_S, LANE, PASSWORD, ServiceProcess, session_cookie
from tests.e2e.load import post_search

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.e2e.booth import Booth

pytestmark = pytest.mark.timeout(360)

HOURS_AGO_MS = 13 * 3600 * 1000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """Give a service without a lane process; its lane's token is in ``lane_token``."""
    running = ServiceProcess(tmp_path_factory.mktemp("service"))
    names = ("officer", "second", "third")
    people = {**dict.fromkeys(names, Role.OFFICER), "chief": Role.SUPERVISOR}
    running.lane_token = running.know(people, (LANE,))[LANE]
    with running:
        yield running


@pytest.fixture
def booth_of(
    browser: Browser, service: ServiceProcess, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Booth]]:
    """Give a function that opens a page on the service."""
    from tests.e2e.booth import Booth

    with contextlib.ExitStack() as stack:

        def make(language: str = "en") -> Booth:
            booth = Booth(browser, service.url, language, tmp_path / "pictures", request.node.name)
            stack.callback(booth.close)
            return booth

        yield make


@pytest.mark.parametrize("language", ["en", pytest.param("fr", marks=pytest.mark.soak)])
def test_a_wrong_login(booth_of, language: str):
    booth = booth_of(language)
    booth.open()
    for name, password in (("officer", "not the password"), ("nobody.here", PASSWORD)):
        booth.enter(name, password)
        said = booth.page.get_by_role("alert").filter(has_text=booth.word("problem_login_refused"))
        said.wait_for()
        assert booth.page.get_by_label(booth.word("login_password"), exact=True).input_value() == ""
    assert booth.context.cookies() == []
    booth.check_language()
    booth.check_accessible("refused login")
    booth.enter("officer", PASSWORD)
    booth.wait_until_live()
    assert [cookie["httpOnly"] for cookie in booth.context.cookies()] == [True]


def test_an_account_that_is_disabled_loses_its_page_at_once(booth_of, service: ServiceProcess):
    booth = booth_of()
    booth.log_in("third")
    httpx.patch(
        f"{service.url}/api/v1/users/third",
        json={"disabled": True},
        headers={"Cookie": session_cookie(service.url, "chief"), "Origin": service.url},
        trust_env=False,
        timeout=ANSWER_WITHIN_S,
    ).raise_for_status()
    booth.page.get_by_role("alert").filter(has_text=booth.word("ended_session_ended")).wait_for()
    assert "north-quay" not in booth.text()


def test_a_session_that_ran_out_while_the_service_was_away(booth_of, service: ServiceProcess):
    booth = booth_of("fr")
    booth.log_in("officer")
    service.end()
    db = sqlite3.connect(service.data / FILE)
    with contextlib.closing(db), db:
        db.execute("UPDATE sessions SET opened_utc_ms = opened_utc_ms - ?", (HOURS_AGO_MS,))
    service.start()
    booth.page.get_by_role("alert").filter(has_text=booth.word("ended_session_ended")).wait_for()
    booth.check_language()
    booth.enter("officer", PASSWORD)
    booth.wait_until_live()


def test_a_button_pressed_while_the_service_is_away(booth_of, service: ServiceProcess):
    booth = booth_of()
    booth.log_in("officer")
    post_search(service.url, service.lane_token, "AWAY 1")
    acknowledge = booth.button("acknowledge_of", plate="AWAY 1")
    acknowledge.wait_for()

    def killed_before_it_arrives(route) -> None:
        service.kill()
        route.continue_()

    # a page that knows that it is stale has no button to press any more
    booth.page.route("**/acknowledge", killed_before_it_arrives, times=1)
    acknowledge.click()
    booth.page.get_by_role("alert").filter(has_text=booth.word("problem_unreachable")).wait_for()
    booth.wait_until_stale()
    service.start()
    booth.wait_until_live()
    (alert,) = alerts(service, "AWAY 1")
    assert (alert["state"], alert["acknowledged_by"]) == ("raised", "")
    acknowledge.click()
    booth.page.locator("article[data-state=acknowledged]").filter(has_text="AWAY 1").wait_for()
    (alert,) = alerts(service, "AWAY 1")
    assert (alert["state"], alert["acknowledged_by"]) == ("acknowledged", "officer")


def test_another_officer_was_faster(booth_of, service: ServiceProcess):
    booth = booth_of()
    booth.log_in("officer")
    post_search(service.url, service.lane_token, "BOTH 2")
    acknowledge = booth.button("acknowledge_of", plate="BOTH 2")
    acknowledge.wait_for()

    def second_first(route) -> None:
        (alert,) = alerts(service, "BOTH 2")
        httpx.post(
            f"{service.url}/api/v1/alerts/{alert['id']}/acknowledge",
            headers={"Cookie": session_cookie(service.url, "second"), "Origin": service.url},
            trust_env=False,
            timeout=ANSWER_WITHIN_S,
        ).raise_for_status()
        route.continue_()

    booth.page.route("**/acknowledge", second_first)
    acknowledge.click()
    booth.page.get_by_role("alert").filter(has_text=booth.word("problem_already_acknowledged")).wait_for()
    article = booth.page.locator("article[data-state=acknowledged]").filter(has_text="BOTH 2")
    assert "second" in article.inner_text()
    (alert,) = alerts(service, "BOTH 2")
    assert alert["acknowledged_by"] == "second"


def test_an_outcome_that_is_not_whole(booth_of, service: ServiceProcess):
    booth = booth_of()
    booth.log_in("officer")
    post_search(service.url, service.lane_token, "PART 3")
    booth.button("acknowledge_of", plate="PART 3").click()
    booth.button("outcome_of", plate="PART 3").click()
    save = booth.page.get_by_role("dialog").get_by_role("button", name=booth.word("save"), exact=True)
    save.click()
    booth.page.get_by_text(booth.word("outcome_choose")).wait_for()
    booth.page.get_by_label(booth.word("outcome_people_found"), exact=True).check()
    booth.page.get_by_label(booth.word("outcome_people"), exact=True).fill("none")
    save.click()
    booth.page.get_by_text(booth.word("outcome_people_bad")).wait_for()
    booth.page.get_by_label(booth.word("outcome_not_searched"), exact=True).check()
    save.click()
    booth.page.get_by_text(booth.word("outcome_reason_missing")).wait_for()
    booth.check_accessible("an outcome that is not whole")
    (alert,) = alerts(service, "PART 3")
    assert alert["outcome"] is None


def alerts(service: ServiceProcess, plate: str) -> list[dict]:
    """Return what the service holds of a lorry's alerts."""
    cookie = session_cookie(service.url, "second")
    answer = httpx.get(
        f"{service.url}/api/v1/alerts",
        params={"state": "all"},
        headers={"Cookie": cookie},
        trust_env=False,
        timeout=ANSWER_WITHIN_S,
    )
    return [alert for alert in answer.raise_for_status().json() if alert["plate"] == plate]


@pytest.mark.parametrize("language", ["en", pytest.param("fr", marks=pytest.mark.soak)])
def test_a_full_disk_is_on_the_page_until_there_is_room(booth_of, service: ServiceProcess, language: str):
    booth = booth_of(language)
    booth.log_in("officer")
    banner = booth.page.get_by_role("alert").filter(has_text=booth.word("trouble_store_unavailable"))
    assert service.child is not None
    _, hard = resource.prlimit(service.child.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(service.child.pid, resource.RLIMIT_FSIZE, (1, hard))
    try:
        banner.wait_for()
        booth.check_language()
        booth.check_accessible(f"full disk {language}")
    finally:
        resource.prlimit(service.child.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))
    banner.wait_for(state="detached")
