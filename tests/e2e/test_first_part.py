"""What a browser fetches first: small, enough for the lane, and what comes after it is missed aloud.

A part that did not come is told where it stands, with a way to try again; what has come is there when the
service is away.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.e2e.built import FIRST_LIMIT_BYTES, first_part, packed_bytes, whole_build
from tests.e2e.words import page_words, plain, telltales

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tests.e2e.booth import Booth

pytestmark = pytest.mark.timeout(240)

ASSETS = "**/assets/*"
PLOT = ".u-over"
"""What uPlot puts over its canvas."""


def test_what_comes_first_is_small():
    """It is far less than all, and below its limit."""
    size = packed_bytes(first_part())
    assert size < FIRST_LIMIT_BYTES
    assert size < packed_bytes(whole_build()) / 1.5


def test_what_comes_first_has_neither_the_other_language_nor_what_draws_curves():
    """Both are in the build, and in no file that is fetched first."""

    def texts(first: bool) -> str:
        files = [file for file in whole_build() if file.suffix == ".js" and (file in first_part()) == first]
        return plain("\n".join(file.read_text(encoding="utf-8") for file in files))

    early, late = texts(first=True), texts(first=False)
    french = [text for text in telltales("fr") if text in late]
    assert len(french) > 100
    assert not [text for text in french if text in early]
    assert "u-over" in late
    assert "u-over" not in early


def only_the_first(route: Route) -> None:
    """Let through what is fetched first; the rest does not come."""
    name = PurePosixPath(urlsplit(route.request.url).path).name
    if name in {file.name for file in first_part()}:
        route.continue_()
    else:
        route.abort()


def test_parts_that_do_not_come_are_told_and_tried_again(open_booth: Callable[..., Booth]):
    """The lane is drawn without them; each says that it is missing, and comes when it can."""
    booth = open_booth()
    booth.context.route(ASSETS, only_the_first)
    booth.log_in("officer")
    booth.page.locator("[data-device]").first.wait_for()
    missed = booth.page.get_by_role("alert").filter(has_text=booth.word("part_failed"))
    missed.first.wait_for()
    assert booth.page.locator(PLOT).count() == 0

    switch = booth.page.get_by_role("group", name=booth.word("language"), exact=True)
    switch.get_by_role("button", name=booth.word("language_fr")).click()
    unsaid = switch.get_by_role("alert")
    assert booth.word("language_failed") in unsaid.inner_text()
    booth.check_language()
    booth.check_accessible("parts that did not come")
    booth.picture("missed")

    booth.context.unroute(ASSETS)
    # all of them together: each goes as soon as its part has come
    missed.get_by_role("button", name=booth.word("page_again")).evaluate_all(
        "(buttons) => buttons.forEach((button) => button.click())"
    )
    booth.page.locator(PLOT).first.wait_for()
    missed.first.wait_for(state="detached")
    unsaid.get_by_role("button", name=booth.word("page_again")).click()
    french = page_words("fr")
    booth.page.get_by_role("button", name=french["logout"], exact=True).wait_for()
    assert booth.page.evaluate("document.documentElement.lang") == "fr"
    unsaid.wait_for(state="detached")


def test_what_has_come_needs_no_service(open_booth: Callable[..., Booth]):
    """Once the page stands it has both languages and what draws curves: nothing is asked for any more."""
    booth = open_booth()
    with booth.page.expect_response(lambda answer: "/assets/french" in answer.url):
        booth.log_in("officer")
    booth.page.locator(PLOT).first.wait_for()
    booth.context.route("**/*", lambda route: route.abort())
    booth.page.get_by_role("button", name=booth.word("language_fr"), exact=True).click()
    booth.page.get_by_role("button", name=page_words("fr")["logout"], exact=True).wait_for()
    booth.page.locator(PLOT).first.wait_for()


def test_a_booth_in_french_gets_no_english_first(open_booth: Callable[..., Booth]):
    """Its words come before anything is drawn."""
    booth = open_booth("fr")
    booth.context.add_init_script(
        "window.shown = '';"
        "new MutationObserver(() => (window.shown += document.body?.innerText ?? ''))"
        ".observe(document, { subtree: true, childList: true, characterData: true });"
    )
    booth.log_in("officer")
    shown = plain(str(booth.page.evaluate("window.shown")))
    assert plain(booth.word("logout")) in shown
    assert page_words("en")["connecting"] not in shown
