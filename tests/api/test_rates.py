"""How often anybody may ask."""

from __future__ import annotations

import time
from typing import Any

import pytest

from service.api.rates import MOST_KNOWN, Rate


def test_so_many_a_minute_then_a_wait_then_more() -> None:
    rate = Rate(60)
    assert [rate.wait_s("a", 0.0) for _ in range(60)] == [0.0] * 60
    assert rate.wait_s("a", 0.0) == pytest.approx(1.0)
    assert rate.wait_s("b", 0.0) == 0.0, "one's rate is nobody else's"
    assert rate.wait_s("a", 1.0) == 0.0
    assert rate.wait_s("a", 1.0) > 0.0


def test_what_is_known_is_bounded() -> None:
    rate = Rate(60)
    for number in range(MOST_KNOWN + 10):
        rate.wait_s(str(number), 0.0)
    assert len(rate._left) == MOST_KNOWN


@pytest.fixture
def slow(make_service: Any, tmp_path: Any) -> Any:
    """Give a service with small rates."""
    small = {"session_per_min": 60, "token_per_min": 60, "address_per_min": 60, "streams_per_session": 1}
    service = make_service(tmp_path / "data", accounts_table=small)
    yield service
    service.stop()


def test_session_token_and_address_each_have_their_own(slow: Any) -> None:
    booth, lane, nobody = slow.booth(), slow.lane(), slow.client()
    for ask in (lambda: booth.get("/api/v1/me"), lane.show, lambda: nobody.get("/api/health/live")):
        began_s = time.monotonic()
        assert [ask().status_code for _ in range(60)] == [200] * 60
        more = 0
        while (refused := ask()).status_code == 200:
            more += 1
            assert more <= 1 + time.monotonic() - began_s, "one more a second, as long as the asking takes"
        assert refused.status_code == 429
        assert refused.json()["code"] == "too_many"
        assert int(refused.headers["retry-after"]) >= 1


def test_open_pages_of_a_session_are_limited(slow: Any, read_stream: Any) -> None:
    booth = slow.booth()
    with read_stream(booth, "/api/v1/events") as stream:
        stream.first("hello")
        refused = booth.get("/api/v1/events")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")


def test_lane_that_catches_up_and_two_hundred_booths_never_wait() -> None:
    """The defaults: a lane posts 500 messages a second after an outage, booths come back all at once."""
    from service.config.accounts_table import AccountsTable

    said = AccountsTable()
    token, address = Rate(said.token_per_min), Rate(said.address_per_min)
    assert not any(token.wait_s("lane", i / 500) for i in range(60 * 500))
    assert not any(address.wait_s("192.0.2.1", i / 1000) for i in range(200 * 10))
