"""A booth's page in a browser, told and read by the words that an officer sees."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.words import foreign, page_words

LOCALES = {"en": "en-GB", "fr": "fr-FR"}
SEEN_WITHIN_MS = 10_000
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
    """

    def __init__(
        self, browser: Browser, url: str, language: str, pictures: Path, name: str, theme: str = "light"
    ) -> None:
        self.url, self.language, self.name = url, language, re.sub(r"[^\w-]+", "-", name)
        self.words = page_words(language)
        self._pictures = pictures
        self.context = browser.new_context(
            locale=LOCALES[language],
            timezone_id="Europe/London",
            viewport={"width": 1366, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(SEEN_WITHIN_MS)
        self.page = self.context.new_page()
        self.misdeeds: list[str] = []
        self.page.on("pageerror", lambda error: self.misdeeds.append(f"threw {error}"))
        self.page.on("console", self._listen)
        self.page.on("request", self._watch_request)

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
        """Fail where axe finds a violation."""
        found = Axe().run(self.page)
        assert found.violations_count == 0, f"{where}:\n{found.generate_report()}"
