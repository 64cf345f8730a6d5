"""The report: whole in itself, in both languages, with what the results say, and drawn to scale."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist
from xml.etree import ElementTree

import pytest

from scanner.validation import plots
from scanner.validation.against import compare_results
from scanner.validation.combinations import fusing
from scanner.validation.markup import number, percent
from scanner.validation.report import page_of, write_report
from scanner.validation.results import results_of
from tests.validation.rows import POLICY, outcome, two_normals

GAPS = {"co2": 2.0, "heartbeat": 1.5, "xray": 2.5}
FUSE = fusing(dict.fromkeys(GAPS, 1.0), POLICY)
VOID = {"meta", "br"}
NASTY = "<img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """Reads a page: whether tags close, what it refers to, its text by language."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.references: list[str] = []
        self.tags: set[str] = set()
        self.text: dict[str, list[str]] = {"en": [], "fr": [], "": []}
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs) -> None:
        told = dict(attrs)
        self.tags.add(tag)
        self.references += [
            told[name] or "" for name in ("href", "src", "data", "xlink:href") if name in told
        ]
        if tag not in VOID:
            inherited = self.open[-1][1] if self.open else ""
            self.open.append((tag, inherited if tag == "html" else told.get("lang") or inherited))

    def handle_startendtag(self, tag, attrs) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data) -> None:
        if self.open and self.open[-1][0] not in ("style", "script"):
            self.text[self.open[-1][1]].append(data)


@pytest.fixture(scope="module")
def results() -> dict:
    rows = two_normals(600, GAPS)
    rows.append(outcome(NASTY, 2, "no-indication", -9.0, weight=20.0, conditions={"site": NASTY}))
    told = results_of(rows, FUSE, POLICY, {"version": "0.1", "code": "ab" * 32, "command": f"x {NASTY}"})
    other = results_of(two_normals(600, {**GAPS, "xray": 2.0}), FUSE, POLICY, {"code": "cd" * 32})
    told["against"] = compare_results(told, other)
    failed = [{"name": "visit.mcap", "error": f"cut off {NASTY}"}]
    told["left_out"] = {"failed": failed, "missing": ["01MISSING"], "unlabelled": [NASTY]}
    return told


def test_the_page_is_whole_refers_to_nothing_and_speaks_both_languages(results: dict) -> None:
    text = page_of(results)
    page = Page(text)
    assert page.references == []
    assert "@import" not in text
    assert "url(" not in text
    assert len(page.text["en"]) == len(page.text["fr"])
    english, french = " ".join(page.text["en"]), " ".join(page.text["fr"])
    assert "Before you believe these figures" in english
    assert "Avant de croire ces chiffres" in french
    detection = results["rates"]["detection"]["value"]
    assert f"{100 * detection:.1f}\u00a0%" in english
    assert f"{100 * detection:.1f}\u00a0%".replace(".", ",") in french
    assert not re.search(r"[^\u00a0][:;?!](?!\S)", french)


def test_names_of_others_stay_text(results: dict) -> None:
    page = Page(page_of(results))
    assert "img" not in page.tags
    assert any(NASTY in piece for piece in page.text[""])


def test_every_part_is_there(results: dict) -> None:
    text = page_of(results)
    anchors = re.findall(r'<section id="([a-z-]+)">', text)
    assert anchors == [
        "recommendations", "curves", "honesty", "times", "methods", "classes", "groups", "thresholds",
        "predictive", "weighted", "against", "misses", "alarms", "left-out",
    ]  # fmt: skip
    assert text.count('<rect class="bar') == 7
    assert "01MISSING" in text
    assert "lorryscan replay recordings/" in text


def test_one_kind_alone_has_a_report_too() -> None:
    told = results_of([outcome("a", 1, "search", 5.0)], FUSE, POLICY)
    anchors = re.findall(r'<section id="([a-z-]+)">', page_of(told))
    assert anchors == ["recommendations", "times", "groups", "thresholds", "misses", "alarms"]


def test_files_are_written_and_read_back(results: dict, tmp_path: Path) -> None:
    report, kept = write_report(results, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "results.json"}
    assert json.loads(kept.read_text())["counts"] == results["counts"]
    assert report.read_text(encoding="utf-8") == page_of(results)


def points(svg: str, kind: str) -> list[tuple[float, float]]:
    root = ElementTree.fromstring(svg[: svg.index("</svg>") + 6])
    (line,) = (one for one in root.iter("polyline") if one.get("class") == kind)
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.get("points", "").split())]


def test_two_normals_are_a_straight_line_on_normal_deviate_axes() -> None:
    """Equal spreads, d apart: probit(miss) = -d - probit(false alarms): slope -1 in units of the axes."""
    alarms = [0.005, 0.02, 0.1, 0.3, 0.6]
    normal = NormalDist()
    curve = {"false_alarms": alarms, "detection": [normal.cdf(1.0 + normal.inv_cdf(a)) for a in alarms]}
    drawn = points(plots.det_plot([("x", curve)]), "a")
    span = normal.inv_cdf(plots.DET_HIGH) - normal.inv_cdf(plots.DET_LOW)
    per_x = (plots.WIDTH - plots.LEFT - plots.RIGHT) / span
    per_y = (plots.HEIGHT - plots.TOP - plots.BOTTOM) / span
    for (x1, y1), (x2, y2) in pairwise(drawn):
        assert (y2 - y1) / per_y == pytest.approx((x2 - x1) / per_x, abs=0.01)
    centre = points(plots.det_plot([("x", {"false_alarms": [0.5], "detection": [0.5]})]), "a")[0]
    chance = points(plots.det_plot([]), "chance")
    slope = (chance[1][1] - chance[0][1]) / (chance[1][0] - chance[0][0])
    assert centre[1] - chance[0][1] == pytest.approx(slope * (centre[0] - chance[0][0]), abs=0.2)


def test_times_are_a_staircase() -> None:
    drawn = points(plots.time_plot({"occupied": [20.0, 20.0, 40.0, 80.0], "empty": []}), "a")
    high = plots.HEIGHT - plots.TOP - plots.BOTTOM
    shares = [round((plots.HEIGHT - plots.BOTTOM - y) / high, 2) for _, y in drawn]
    assert shares == [0.0, 0.0, 0.5, 0.5, 0.75, 0.75, 1.0, 1.0]


def test_numbers_are_written_as_each_language_does() -> None:
    assert number(-1.5, 1, "s") == (
        '<span lang="en">\u22121.5\u00a0s</span><span lang="fr">\u22121,5\u00a0s</span>'
    )
    assert percent(0.0) == "0\u00a0%"
    assert "0.34\u00a0%" in percent(0.00336)
    assert number(None) == "–"


def test_a_browser_shows_one_language_and_asks_for_nothing(
    results: dict, tmp_path: Path, chromium: str
) -> None:
    from playwright.sync_api import sync_playwright

    report, _ = write_report(results, tmp_path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for width, scheme in ((1100, "light"), (390, "dark")):
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto(report.as_uri())
            for language, shown, hidden in (
                ("fr", "Pires manques", "Worst misses"),
                ("en", "Worst misses", "Pires"),
            ):
                page.click(f".switch [value={language}]")
                seen = page.inner_text("main")
                assert shown in seen
                assert hidden not in seen
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert asked == [report.as_uri()]
        browser.close()
