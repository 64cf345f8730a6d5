"""A booth's page in a browser, told and read by the words that an officer sees."""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from scanner.simulation.stream import DemoLorry
from tests.e2e.line import PASSWORD
from tests.e2e.words import foreign, page_words

LOCALES = {"en": "en-GB", "fr": "fr-FR"}
SEEN_WITHIN_MS = 30_000
OFFLINE = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
)
_ASIDE = """
() => [...document.querySelectorAll('[aria-label], [title], [placeholder], [alt]')]
  .flatMap((e) => ['aria-label', 'title', 'placeholder', 'alt'].map((a) => e.getAttribute(a)))
  .filter(Boolean).join('\\n')
"""
# a page's own clock: what the machine does between page and test is not the page's
_WATCH = """
(selector) => {
  window.seen ??= {};
  delete window.seen[selector];
  const look = () => {
    if (!(selector in window.seen) && document.querySelector(selector)) {
      window.seen[selector] = Date.now();
      observer.disconnect();
    }
  };
  const observer = new MutationObserver(look);
  observer.observe(document.documentElement, { subtree: true, childList: true, attributes: true });
  look();
}
"""
STALE = "[data-testid=link][data-state=stale]"
LIVE = "[data-testid=link][data-state=live]"


@contextlib.contextmanager
def launched(chromium: str) -> Iterator[Browser]:
    """Give a running browser that talks to nobody by itself."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(OFFLINE))
        yield running
        running.close()


class Booth:
    """One browser at one booth.

    It notes what a page must never do: throw, break its own content policy, ask another host.

    Parameters
    ----------
    pictures : folder for `picture`; name : begins its files' names.
    touch : whether the screen feels fingers.
    """

    def __init__(
        self, browser: Browser, url: str, language: str, pictures: Path, name: str, touch: bool = False
    ) -> None:
        self.url, self.language, self.name = url, language, re.sub(r"[^\w-]+", "-", name)
        self.words = page_words(language)
        self._pictures = pictures
        self.context = browser.new_context(
            locale=LOCALES[language],
            timezone_id="Europe/London",
            viewport={"width": 1366, "height": 900},
            reduced_motion="reduce",
            has_touch=touch,
        )
        self.context.set_default_timeout(SEEN_WITHIN_MS)
        self.misdeeds: list[str] = []
        self.page = self._new_page()

    def _new_page(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.misdeeds.append(f"threw {error}"))
        page.on("console", self._listen)
        page.on("request", self._watch_request)
        return page

    def second_tab(self) -> Self:
        """Return another tab of the same browser, with the same session; it ends with the first."""
        other = copy.copy(self)
        other.page = other._new_page()
        return other

    def _listen(self, message: Any) -> None:
        if "Content Security Policy" in message.text:
            self.misdeeds.append(message.text)

    def _watch_request(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.misdeeds.append(f"asked {request.url}")

    def close(self) -> None:
        """Close the browser's window, and fail where the page misbehaved."""
        self.context.close()
        if self.misdeeds:
            pytest.fail("the page " + "; ".join(self.misdeeds))

    def picture(self, what: str) -> Path:
        """Keep a picture of the whole page."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        path = self._pictures / f"{self.name}-{self.language}-{what}.png"
        self.page.screenshot(path=path, full_page=True)
        return path

    def text(self) -> str:
        """Return what can be read on the page, and what is said beside it."""
        return self.page.inner_text("body") + "\n" + str(self.page.evaluate(_ASIDE))

    def check_language(self) -> None:
        """Fail where a text of the other language stands on the page."""
        assert not foreign(self.text(), self.language)

    def check_accessible(self, where: str) -> None:
        """Fail where axe finds a violation, by day or by night."""
        for theme in ("dark", "light"):
            self.page.emulate_media(color_scheme=theme)
            found = Axe().run(self.page)
            assert found.violations_count == 0, f"{where}, {theme}:\n{found.generate_report()}"

    # -- what an officer does ---------------------------------------------------

    def word(self, key: str, **values: object) -> str:
        """Return one of the page's texts, its holes filled."""
        text = self.words[key]
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    def open(self) -> None:
        """Go to the booth's address."""
        self.page.goto(self.url)

    def enter(self, name: str, password: str) -> None:
        """Fill in the login and press its button."""
        self.page.get_by_label(self.word("login_name"), exact=True).fill(name)
        self.page.get_by_label(self.word("login_password"), exact=True).fill(password)
        self.page.get_by_role("button", name=self.word("login"), exact=True).click()

    def log_in(self, name: str) -> None:
        """Open the page, log in and wait until it is live."""
        self.open()
        self.enter(name, PASSWORD)
        self.wait_until_live()

    def button(self, key: str, **values: object) -> Locator:
        """Return a button by its words."""
        return self.page.get_by_role("button", name=self.word(key, **values), exact=True)

    def fill_in_lorry(self, plan: DemoLorry) -> None:
        """Fill in the form of a new scan as papers and driver say."""
        declared = plan.spec.declaration
        self.page.get_by_label(self.word("start_plate"), exact=True).fill(declared.plate)
        self.page.get_by_label(self.word("start_vehicle"), exact=True).select_option(declared.vehicle_class)
        self.page.get_by_label(self.word("start_cargo"), exact=True).select_option(declared.cargo)
        if declared.closed_minutes is not None:
            closed = self.page.get_by_label(self.word("start_closed"), exact=True)
            closed.fill(f"{declared.closed_minutes:g}")
        laden = self.page.get_by_label(self.word("start_laden"), exact=True)
        if laden.is_enabled():
            laden.set_checked(declared.laden)

    def start_scan(self, plan: DemoLorry) -> None:
        """Start the scan of the lorry in the lane, and wait until the lane has begun."""
        self.fill_in_lorry(plan)
        self.button("start").click()
        self.button("probe_go_in").wait_for()

    def put_probe_in(self) -> None:
        """Say that the probe is in, and wait until the lane knows."""
        self.button("probe_go_in").click()
        self.button("probe_goes_out").wait_for()

    def end_scan(self) -> None:
        """End the scan in the lane and confirm it."""
        self.button("end").click()
        self.button("end_yes").click()
        self.page.get_by_role("form", name=self.word("start")).wait_for()

    # -- what an officer sees ---------------------------------------------------

    def watch_for(self, selector: str) -> None:
        """Let the page note when something first stands on it; `seen_at_s` gives the time."""
        self.page.evaluate(_WATCH, selector)

    def seen_at_s(self, selector: str) -> float:
        """Wait for what `watch_for` looks for; return when the page had it, s since 1970."""
        handle = self.page.wait_for_function("(selector) => window.seen[selector]", arg=selector)
        return float(handle.json_value()) / 1e3

    def wait_until_live(self) -> None:
        """Wait until the page hears the service."""
        self.page.locator(LIVE).wait_for()

    def wait_until_stale(self) -> None:
        """Wait until the page says across its width that it is old."""
        self.page.get_by_role("alert").filter(has_text=self.word("page_stale_title")).first.wait_for()
        self.page.locator(STALE).wait_for()

    def wait_for_advice(self, *kinds: str, within_s: float = 90.0) -> str:
        """Wait until one of these recommendations is shown, and return which."""
        found = self.page.locator(", ".join(f"[data-recommendation={kind}]" for kind in kinds)).first
        found.wait_for(timeout=1e3 * within_s)
        return str(found.get_attribute("data-recommendation"))

    def device(self, name: str) -> Locator:
        """Return a device's line."""
        return self.page.locator(f"[data-device={name}]")

    @property
    def alert(self) -> Locator:
        """The open alerts."""
        return self.page.locator("article[data-alert]")
