"""Every page of the booth, dark and light, in both languages: for everybody, and within the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import pytest

from tests.e2e.line import Line
from tests.e2e.pages import NOBODY, booth_pages
from tests.e2e.scene import Scene, scanned_lorry

if TYPE_CHECKING:
    from tests.e2e.booth import Booth

pytestmark = pytest.mark.timeout(360)

NARROW = {"width": 1280, "height": 800}
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give a lorry in the lane, with an alert."""
    with scanned_lorry(tmp_path_factory.mktemp("scene")) as there:
        yield there


@pytest.fixture
def line(scene: Scene) -> Line:
    """Give the scene's line, to open booths on."""
    return scene.line


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_page_is_for_everybody(open_booth: Callable[..., Booth], scene: Scene, language: str):
    """No page has a violation that axe finds, a text of the other language, or more width than the screen."""
    for account, pages in groupby(sorted(booth_pages(), key=lambda p: p.account), lambda p: p.account):
        booth = open_booth(language)
        booth.page.set_viewport_size(NARROW)
        if account == NOBODY:
            booth.open()
        else:
            booth.log_in(account)
        for page in pages:
            page.open(booth, scene.past)
            booth.check_language()
            booth.check_accessible(f"{page.id} in {language}")
            assert booth.page.evaluate(TOO_WIDE) <= 0, f"{page.id} in {language} is wider than the screen"
            booth.picture(f"page-{page.id}")


def test_every_page_of_the_rail_is_reached_from_it(open_booth: Callable[..., Booth], scene: Scene):
    """Each account finds in its rail what it may open, and nothing that does not come."""
    for account in ("officer", "chief", "engineer", "auditor"):
        booth = open_booth()
        booth.log_in(account)
        rail = booth.page.get_by_role("navigation", name=booth.word("pages")).get_by_role("link")
        shown = [str(link.get_attribute("href")).removeprefix("#/") or "lane" for link in rail.all()]
        owned = [p.id for p in booth_pages() if p.listed and p.account == account]
        assert set(owned) <= set(shown)
        for page in (p for p in booth_pages() if p.listed and p.id in shown):
            rail.nth(shown.index(page.id)).click()
            page.wait(booth)
        booth.check_language()
