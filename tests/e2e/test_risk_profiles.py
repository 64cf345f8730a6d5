"""A risk profile at the booth: chosen by keyboard, shown, and named where its share was assumed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from ulid import ULID

from service.store import gates
from service.store.open_store import open_store
from tests.e2e.line import ANSWER_WITHIN_S, Line, ServiceProcess
from tests.e2e.scene import told_scan

if TYPE_CHECKING:
    from tests.e2e.booth import Booth

pytestmark = pytest.mark.timeout(300)

PROFILES = '{ "n7-ferry" = 0.25, "new haulier" = 0.1 }'
UNKNOWN = "day-boat"


class Announcing(ServiceProcess):
    """A service that knows a gate, whose token is ``gate``."""

    gate = ""

    def know(self, *told: object) -> dict[str, str]:
        """Add the gate with the rest."""
        tokens = super().know(*told)  # type: ignore[arg-type]
        database = open_store(self.data, self.database)
        try:
            with database.writing() as connection:
                self.gate = gates.add(connection, "reader-1", "test", time.time_ns() // 1_000_000)
        finally:
            database.close()
        return tokens


@pytest.fixture
def line(tmp_path: Path):
    """Give a line whose policy names two profiles for reefers, and a gate that announces."""
    with Line(tmp_path, policy={"profiles": PROFILES}, service=Announcing(tmp_path)) as running:
        yield running


def announce(line: Line, plate: str, profile: str) -> None:
    """Announce a reefer as the gate."""
    assert isinstance(line.service, Announcing)
    told = {
        "key": str(ULID()),
        "plate": plate,
        "vehicle_class": "reefer",
        "cargo": "boxed",
        "profile": profile,
    }
    headers = {"Authorization": f"Bearer {line.service.gate}"}
    url = f"{line.service.url}/api/v1/gate/vehicles"
    answer = httpx.post(url, json=told, headers=headers, trust_env=False, timeout=ANSWER_WITHIN_S)
    assert answer.status_code == 201


def choose(booth: Booth, key: str, typed: str) -> None:
    """Choose in a list by keyboard alone: what it begins with."""
    booth.page.get_by_label(booth.word(key), exact=True).focus()
    booth.page.keyboard.type(typed)


@pytest.mark.parametrize("language", ["en", pytest.param("fr", marks=pytest.mark.soak)])
def test_a_profile_is_chosen_by_keyboard_and_named(open_booth: Callable, line: Line, language: str):
    booth = open_booth(language)
    booth.log_in("officer")
    plan = line.arrive(2)
    profile = booth.page.get_by_label(booth.word("start_profile"), exact=True)
    profile.wait_for()
    assert profile.locator("option").all_inner_texts() == [
        booth.word("start_profile_none"), "n7-ferry", "new haulier",
    ]  # fmt: skip
    booth.page.get_by_label(booth.word("start_vehicle"), exact=True).select_option("tanker")
    profile.wait_for(state="detached")  # the policy has none for tankers
    booth.fill_in_lorry(plan)
    choose(booth, "start_profile", "n7")
    assert profile.input_value() == "n7-ferry"
    booth.check_accessible("form with profiles")
    booth.picture("form")
    booth.button("start").focus()
    booth.page.keyboard.press("Enter")
    booth.button("probe_go_in").wait_for()
    booth.page.get_by_text(booth.word("risk_profile", profile="n7-ferry"), exact=True).wait_for()
    booth.put_probe_in()
    booth.wait_for_advice("search", "rescue")
    line_on_chance = booth.page.locator("[data-recommendation] .sure")
    named = booth.word("posterior_from_profile", profile="n7-ferry").split("{prior}")[1]
    line_on_chance.filter(has_text=named).wait_for()
    assert "25" in line_on_chance.inner_text()
    booth.check_language()
    booth.picture("named")
    (scan,) = line.api("officer", "/api/v1/scans")
    assert scan["declaration"]["profile"] == "n7-ferry"


@pytest.mark.parametrize("language", ["en", pytest.param("fr", marks=pytest.mark.soak)])
def test_an_announced_profile_is_taken_over_and_an_unknown_one_said(
    open_booth: Callable, line: Line, language: str
):
    announce(line, "KNOWN 1", "new haulier")
    announce(line, "UNKNOWN 1", UNKNOWN)
    booth = open_booth(language)
    booth.log_in("officer")
    line.arrive(2)
    profile = booth.page.get_by_label(booth.word("start_profile"), exact=True)
    expected = booth.page.get_by_label(booth.word("start_expected"), exact=True)
    expected.select_option(label="KNOWN 1")
    assert profile.input_value() == "new haulier"
    said = booth.page.get_by_text(booth.word("start_profile_unknown", profile=UNKNOWN), exact=True)
    assert said.count() == 0
    expected.select_option(label="UNKNOWN 1")
    said.wait_for()
    assert profile.input_value() == ""
    booth.check_language()
    booth.check_accessible("an unknown profile")
    booth.picture("unknown")
    booth.button("start").click()
    booth.button("probe_go_in").wait_for()
    told_scan(line, "UNKNOWN 1", "opened", lambda _: True)  # the page sees it live, maybe a moment sooner
    (scan,) = line.api("officer", "/api/v1/scans")
    assert (scan["declaration"]["plate"], scan["declaration"]["profile"]) == ("UNKNOWN 1", "")
