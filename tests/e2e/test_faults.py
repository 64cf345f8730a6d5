"""A sensor pulled out, and a service killed in the middle of a scan, as the officer sees them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from service.store.sqlite_database import FILE
from tests.e2e.line import Line
from tests.e2e.load import Listener, Poster, prove
from tests.e2e.soak_kills import TICK_LIMIT_S, longest_gap_s, ticks_of

pytestmark = pytest.mark.timeout(300)

WITHIN_S = 2.0
LOST = "[data-device=co2-inside][data-state=lost]"
STALE = "[data-testid=link][data-state=stale]"


@pytest.fixture
def line(tmp_path: Path):
    """Give a line whose scans end soon, and one further lane that nothing runs."""
    with Line(tmp_path, policy={"time_limit_s": 16.0}, others=1) as running:
        yield running


def test_a_sensor_pulled_out_is_on_the_page_within_two_seconds(open_booth: Callable, line: Line):
    """Both languages look on: the same sentence with what to do, and a recommendation that is none."""
    booths = [open_booth(language) for language in ("en", "fr")]
    for booth in booths:
        booth.log_in("officer")
    first, _ = booths
    plan = line.arrive(2)
    first.start_scan(plan)
    first.put_probe_in()
    for booth in booths:
        booth.watch_for(LOST)
    pulled = time.time()
    line.twins.inside.unplug()
    for booth in booths:
        assert booth.seen_at_s(LOST) - pulled <= WITHIN_S
        mend = {"en": "check", "fr": "vérifiez"}[booth.language]
        assert mend in booth.page.locator(f"{LOST} strong").inner_text()
    # time is up: without its inside probe the lane cannot tell, and says which method is missing
    for booth in booths:
        booth.page.get_by_text(booth.word("past_visit_over")).first.wait_for(timeout=30_000)
        assert booth.wait_for_advice("inconclusive", "search", "no-indication", "rescue") == "inconclusive"
        why = booth.page.locator("[data-recommendation] .why").inner_text()
        assert {"en": "CO2 is needed", "fr": "CO2"}[booth.language] in why
        unavailable = booth.page.locator("[data-modality=co2][data-state=unavailable]")
        assert "co2-inside" in unavailable.inner_text()
        booth.check_language()
        booth.check_accessible("a lost sensor")
        booth.picture("lost-sensor")


def test_a_service_killed_in_the_middle_of_a_scan(open_booth: Callable, line: Line):
    booth = open_booth("en")
    booth.log_in("officer")
    poster = Poster(line.service.port, line.others["other-1"])
    listeners = [Listener(line.service.port, "second") for _ in range(2)]
    for listener in listeners:
        listener.start()
        assert listener.listening.wait(30.0)
    poster.start()
    plan = line.arrive(2)
    booth.start_scan(plan)
    booth.put_probe_in()

    booth.watch_for(STALE)
    killed = time.time()
    line.service.kill()
    booth.wait_until_stale()
    assert booth.seen_at_s(STALE) - killed <= WITHIN_S
    booth.check_accessible("stale")
    booth.picture("stale")
    assert booth.button("probe_goes_out").is_disabled()

    # the lane goes on alone: the X-ray passage makes a search of it while nobody is told
    line.twins.pass_portal(1)
    assert line.lane is not None
    said = line.lane.until("search", within_s=90.0)
    line.service.start()
    booth.wait_until_live()
    plate = plan.spec.declaration.plate
    booth.button("acknowledge_of", plate=plate).wait_for()
    booth.wait_for_advice("search", "rescue")
    booth.picture("back")

    poster.end()
    if "(final)" not in said:  # the methods may have settled it meanwhile
        line.lane.until("(final)", within_s=90.0)
    booth.page.get_by_text(booth.word("past_visit_over")).first.wait_for(timeout=30_000)
    for listener in listeners:
        listener.end()
    booth.close()
    assert line.lane.end() == 0
    assert line.service.end() == 0
    proof = prove(line.service.data / FILE, [poster], listeners)
    assert proof.acknowledged > 10
    assert proof.faults == []
    ticks = ticks_of(line)
    assert len(ticks) >= 14
    assert longest_gap_s(ticks) < TICK_LIMIT_S
