"""What is wrong with the service itself comes to every booth with the next heartbeats."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import WITHIN_S, Reading, RunningService, reading
from tests.postgres_server import PostgresServer


def beats_with(stream: Reading, troubles: list[str], since_s: float = 0.0) -> None:
    """Wait for a heartbeat that says exactly this."""
    stream.wait(
        lambda all_: any(
            told.name == "heartbeat" and told.data["troubles"] == troubles and told.at_s > since_s
            for told in all_
        )
    )


def test_all_is_well(running, read_stream):
    with read_stream(running.booth(), "/api/v1/events") as stream:
        beats_with(stream, [])


def test_a_clock_set_back_is_told_and_noted(make_service, tmp_path, read_stream):
    service = make_service(tmp_path / "data")

    def noted() -> list[dict[str, Any]]:
        entries = service.booth("auditor").get("/api/v1/audit").json()
        return [entry for entry in entries if entry["action"] == "clock_stepped"]

    try:
        watch = service.service.troubles.clock
        with read_stream(service.booth(), "/api/v1/events") as stream:
            beats_with(stream, [])
            watch.wall = lambda: time.time() - 3600
            beats_with(stream, ["clock_stepped"])
        deadline = time.monotonic() + WITHIN_S
        while not noted():  # it is written once it is told
            assert time.monotonic() < deadline
            time.sleep(0.05)
        [entry] = noted()
        assert entry["detail"]["by_s"] == pytest.approx(-3600, abs=1)
        assert service.client().get("/api/health/ready").status_code == 200
    finally:
        service.stop()


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory, postgres_server: object) -> Iterator[PostgresServer]:
    """Give a database server that a test may stop."""
    made = PostgresServer(tmp_path_factory.mktemp("gone") / "data")
    yield made
    made.start()
    made.stop()


def test_a_database_that_is_gone_is_told_and_found_again(
    own_server: PostgresServer, make_service: Callable[..., RunningService], tmp_path: Path
):
    service = make_service(tmp_path / "data", own_server.new_database())
    try:
        lane = service.lane()
        with reading(service.booth(), "/api/v1/events") as stream:
            beats_with(stream, [])
            assert lane.show().status_code == 200
            told = lane.opened()
            own_server.stop()
            beats_with(stream, ["store_unavailable"])
            refused = lane.tell(told)
            assert refused.status_code == 503
            assert refused.headers["Retry-After"]
            assert "check the database server" in refused.json()["detail"]
            assert lane.show().status_code == 200  # live views of a lane that was heard go on
            own_server.start()
            beats_with(stream, [], since_s=time.monotonic())
            assert lane.tell(told).status_code == 201
            stream.wait(lambda all_: any(t.name == "scan" and t.data["id"] == lane.scan for t in all_))
    finally:
        service.stop()
