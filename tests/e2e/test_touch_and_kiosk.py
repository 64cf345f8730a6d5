"""The booth on a touch screen and in a kiosk: fingers hit and move things, and alarms need no tap."""

from __future__ import annotations

import http
import re
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from tests.e2e.line import PASSWORD, Line
from tests.e2e.pages import NOBODY, booth_pages
from tests.e2e.scene import Scene, scanned_lorry
from tests.e2e.words import page_words

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

    from tests.e2e.booth import Booth

pytestmark = pytest.mark.timeout(480)

TABLET = {"width": 1280, "height": 800}
FINGERTIP_PX = 44  # WCAG 2.5.5
# what is pressed: a box or a round one with its label, since the label takes the press too
TOO_SMALL = """
(least) => [...document.querySelectorAll(
  'a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button]')]
  .filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
  .map((e) => (/^(radio|checkbox)$/.test(e.type) && e.closest('label')) || e)
  .filter((e) => getComputedStyle(e).display !== 'inline')
  .map((e) => [e, e.getBoundingClientRect()])
  .filter(([, { right, width, height }]) => right > 0 && (width < least - 0.5 || height < least - 0.5))
  .map(([e, { width, height }]) =>
    `${e.tagName} "${(e.getAttribute('aria-label') || e.innerText || e.type || '').slice(0, 30)}"`
    + ` ${width.toFixed(1)}x${height.toFixed(1)}`)
"""
DOCS = Path(__file__).resolve().parents[2] / "docs" / "booth.md"
ALONE = "--autoplay-policy=no-user-gesture-required"
NEVER_FOR_THE_TEST = ("--user-data-dir",)
SOUNDS_WITHIN_S = 60.0
DRAWN_WITHIN_S = 30.0
REST_MS = 500.0
# each tone with whether anybody had pressed anything on the page until then
NOTE_TONES = """
window.tones = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...at) {
  window.tones.push({ context: this.context.state, pressed: navigator.userActivation.hasBeenActive });
  return start.apply(this, at);
};
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give a lorry in the lane, with an alert that nobody acknowledges."""
    with scanned_lorry(tmp_path_factory.mktemp("scene")) as there:
        yield there


@pytest.fixture
def line(scene: Scene) -> Line:
    """Give the scene's line, to open booths on."""
    return scene.line


@pytest.mark.soak
@pytest.mark.parametrize("language", ["en", "fr"])
def test_everything_to_press_is_as_large_as_a_fingertip(
    open_booth: Callable[..., Booth], scene: Scene, language: str
):
    found = {}
    for account, pages in groupby(sorted(booth_pages(), key=lambda p: p.account), lambda p: p.account):
        booth = open_booth(language, touch=True)
        booth.page.set_viewport_size(TABLET)
        if account == NOBODY:
            booth.open()
        else:
            booth.log_in(account)
        for page in pages:
            page.open(booth, scene.past)
            if small := booth.page.evaluate(TOO_SMALL, FINGERTIP_PX):
                found[page.id] = sorted(set(small))
    assert not found, "\n".join(f"{page}: {one}" for page, all_ in found.items() for one in all_)


class Hand:
    """Fingers on a touch screen, as the browser's own input gets them."""

    def __init__(self, booth: Booth) -> None:
        self._told = booth.context.new_cdp_session(booth.page)

    def move(self, *ways: tuple[tuple[float, float], tuple[float, float]], steps: int = 8) -> None:
        """Put a finger down at the start of each way, move all to the ends together, and lift them."""
        for n in range(steps + 1):
            part = n / steps
            points = [
                {"x": a[0] + part * (b[0] - a[0]), "y": a[1] + part * (b[1] - a[1]), "id": finger}
                for finger, (a, b) in enumerate(ways)
            ]
            self._send("touchMove" if n else "touchStart", points)
        self._send("touchEnd", [])

    def _send(self, kind: str, points: list[dict[str, float]]) -> None:
        self._told.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_two_fingers_enlarge_and_move_a_picture(open_booth: Callable[..., Booth]):
    booth = open_booth(touch=True)
    booth.page.set_viewport_size(TABLET)
    booth.log_in("officer")
    picture = booth.page.locator("figure, section").filter(has=booth.page.locator(".zoom")).last
    canvas = picture.get_by_role("application")
    canvas.scroll_into_view_if_needed()
    assert zoom_of(picture) == 1.0
    whole = drawn(canvas)
    x, y = middle_of(canvas)
    hand = Hand(booth)

    hand.move(((x - 20, y), (x - 60, y)), ((x + 20, y), (x + 60, y)))
    before = drawn(canvas, after=whole)
    assert zoom_of(picture) == pytest.approx(3.0, abs=0.1)
    assert booth.page.evaluate("visualViewport.scale") == 1

    hand.move(((x - 30, y), (x + 10, y)), ((x + 30, y), (x + 70, y)))
    moved = drawn(canvas, after=before)
    assert zoom_of(picture) == pytest.approx(3.0, abs=0.1)
    assert moved_px(before, moved) == pytest.approx(40.0, abs=2.0)

    hand.move(((x - 60, y), (x - 10, y)), ((x + 60, y), (x + 10, y)))
    drawn(canvas, after=moved)
    assert zoom_of(picture) == 1.0


def test_one_finger_scrolls_the_page_over_a_whole_picture(open_booth: Callable[..., Booth]):
    booth = open_booth(touch=True)
    booth.page.set_viewport_size(TABLET)
    booth.log_in("officer")
    canvas = booth.page.get_by_role("application").first
    drawn(canvas)
    canvas.scroll_into_view_if_needed()
    x, y = middle_of(canvas)
    before = booth.page.evaluate("scrollY")
    assert before > 50
    Hand(booth).move(((x, y), (x, y + 120)), steps=20)
    booth.page.wait_for_function("(before) => scrollY < before - 50", arg=before)


def zoom_of(picture: Locator) -> float:
    """Return how many times enlarged a picture says that it is."""
    return float(picture.locator(".zoom").inner_text().removesuffix("×"))


def middle_of(canvas: Locator) -> tuple[float, float]:
    """Return the middle of an element on the screen, once nothing that is still being drawn moves it."""
    deadline = time.monotonic() + DRAWN_WITHIN_S
    last = None
    while (box := canvas.bounding_box()) is None or box != last:
        assert time.monotonic() < deadline, f"the page does not come to rest within {DRAWN_WITHIN_S:g} s"
        last = box
        canvas.page.wait_for_timeout(REST_MS)
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def pixels(canvas: Locator) -> np.ndarray:
    """Return what is drawn, as grey values."""
    seen = cv2.imdecode(np.frombuffer(canvas.screenshot(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert seen is not None
    return seen.astype(np.float64)


def drawn(canvas: Locator, after: np.ndarray | None = None) -> np.ndarray:
    """Wait until what is drawn stays, and is something else than before; return it.

    Raises
    ------
    AssertionError : it does not in time.
    """
    deadline = time.monotonic() + DRAWN_WITHIN_S
    last = pixels(canvas)
    while time.monotonic() < deadline:
        now = pixels(canvas)
        if np.array_equal(now, last) and (after is None or not np.array_equal(now, after)):
            return now
        last = now
    raise AssertionError(f"the picture is not drawn within {DRAWN_WITHIN_S:g} s")


def moved_px(before: np.ndarray, after: np.ndarray) -> float:
    """Return how far to the right a picture moved, by phase correlation."""
    window = cv2.createHanningWindow((before.shape[1], before.shape[0]), cv2.CV_64F)
    (right, _down), _sure = cv2.phaseCorrelate(before, after, window)
    return right


def documented_flags() -> list[str]:
    """Return the flags of the kiosk's command in docs/booth.md."""
    (command,) = re.findall(r"```\n(chromium --kiosk .*?)\n```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    words = command.replace("\\\n", " ").split()
    return [word for word in words if word.startswith("--") and not word.startswith(NEVER_FOR_THE_TEST)]


class Kiosk:
    """A browser of its own, started with flags; an officer is logged in, and nobody has touched it.

    It is asked through the browser's own protocol: what Playwright does on a page counts as a gesture.
    """

    def __init__(self, browser: Browser, chromium: str, url: str, folder: Path, flags: list[str]) -> None:
        self._context = browser.browser_type.launch_persistent_context(
            folder, executable_path=chromium, args=["--no-sandbox", *flags], locale="en-GB"
        )
        self._context.add_init_script(NOTE_TONES)
        answer = self._context.request.post(
            f"{url}/api/v1/login", data={"name": "officer", "password": PASSWORD}, headers={"Origin": url}
        )
        assert answer.status == http.HTTPStatus.OK, answer.text()
        page = self._context.pages[0]
        self._told = self._context.new_cdp_session(page)
        page.goto(url)

    def ask(self, expression: str) -> Any:
        """Return what JavaScript is worth on the page, without a gesture."""
        answer = self._told.send("Runtime.evaluate", {"expression": expression, "returnByValue": True})
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> Any:
        """Wait until JavaScript is worth something on the page, and return it.

        Raises
        ------
        AssertionError : it is not in time.
        """
        deadline = time.monotonic() + SOUNDS_WITHIN_S
        while time.monotonic() < deadline:
            if worth := self.ask(expression):
                return worth
            time.sleep(0.1)
        raise AssertionError(
            f"{expression} within {SOUNDS_WITHIN_S:g} s, but: {self.ask('document.body.innerText')}"
        )

    def close(self) -> None:
        """End the browser."""
        self._context.close()


@pytest.fixture
def open_kiosk(
    browser: Browser, chromium: str, line: Line, tmp_path: Path
) -> Iterator[Callable[[list[str]], Kiosk]]:
    """Give a function that starts a browser with flags on the scene's line."""
    opened: list[Kiosk] = []

    def make(flags: list[str]) -> Kiosk:
        opened.append(Kiosk(browser, chromium, line.service.url, tmp_path / f"kiosk-{len(opened)}", flags))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def test_the_documented_kiosk_sounds_an_alarm_that_nobody_tapped_for(
    open_kiosk: Callable[[list[str]], Kiosk],
):
    flags = documented_flags()
    assert {"--kiosk", ALONE} <= set(flags)
    booth = open_kiosk(flags)
    tones = booth.wait_for("window.tones.length >= 4 && window.tones")
    assert {(tone["context"], tone["pressed"]) for tone in tones} == {("running", False)}
    assert booth.ask("navigator.userActivation.hasBeenActive") is False


def test_a_kiosk_without_the_flag_stays_silent_and_says_so(open_kiosk: Callable[[list[str]], Kiosk]):
    silent = page_words("en")["sound_off"]
    booth = open_kiosk([flag for flag in documented_flags() if flag != ALONE])
    booth.wait_for("document.querySelector('article[data-state=raised]') !== null")
    booth.wait_for(f"document.body.innerText.includes({silent!r})")
    assert booth.ask("window.tones") == []
