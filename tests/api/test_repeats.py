"""The same request under the same `Idempotency-Key` is done once and answered alike."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from ulid import ULID

from service.store import request_keys
from service.store.request_keys import AskedKey
from tests.api.conftest import PASSWORD


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


@pytest.fixture
def alert(running):
    """Give an officer and the address of a new alert."""
    lane, booth = running.lane(), running.booth()
    scan = lane.raises_alert()
    return booth, f"/api/v1/alerts/{booth.get(f'/api/v1/scans/{scan}').json()['alert_id']}"


def entries(running, subject: str) -> list[str]:
    found = running.booth("auditor").get("/api/v1/audit", params={"limit": 1000}).json()
    return [each["action"] for each in found if each["subject"] == subject]


def test_a_repeat_gets_the_first_answer(running, alert):
    booth, address = alert
    key = str(ULID())
    first = booth.post(f"{address}/acknowledge", headers=keyed(key))
    assert booth.post(f"{address}/outcome", json={"kind": "nothing_found"}).status_code == 200
    again = booth.post(f"{address}/acknowledge", headers=keyed(f'"{key}"'))
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert first.json()["state"] == "acknowledged"  # as it was then
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"


def test_what_is_created_is_created_once(running):
    chief = running.booth("supervisor")
    body = {
        "name": f"officer-{str(ULID()).lower()}",
        "role": "officer",
        "password": PASSWORD,
    }
    answers = [chief.post("/api/v1/users", json=body, headers=keyed(body["name"])) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert entries(running, body["name"]) == ["account_added"]


def test_another_request_under_the_same_key_is_refused_and_does_nothing(running, alert):
    booth, address = alert
    key = str(ULID())
    assert booth.post(f"{address}/acknowledge", headers=keyed(key)).status_code == 200
    other = booth.post(f"{address}/outcome", json={"kind": "nothing_found"}, headers=keyed(key))
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert booth.get(address).json()["state"] == "acknowledged"


def test_keys_are_each_persons_own(running, alert):
    booth, address = alert
    key = str(ULID())
    assert booth.post(f"{address}/acknowledge", headers=keyed(key)).status_code == 200
    other = running.booth("supervisor").post(f"{address}/acknowledge", headers=keyed(key))
    assert (other.status_code, other.json()["code"]) == (409, "already_acknowledged")


def test_a_refusal_is_not_kept(running, alert):
    booth, address = alert
    key = str(ULID())
    assert booth.post(f"{address}/close", headers=keyed(key)).json()["code"] == "no_outcome"
    assert booth.post(f"{address}/acknowledge").status_code == 200
    assert booth.post(f"{address}/outcome", json={"kind": "nothing_found"}).status_code == 200
    assert booth.post(f"{address}/close", headers=keyed(key)).json()["state"] == "closed"


def test_a_secret_is_not_kept(running):
    engineer = running.booth("engineer")
    lane = f"lane-{ULID()}"
    first = engineer.post("/api/v1/lanes", json={"id": lane}, headers=keyed(lane))
    again = engineer.post("/api/v1/lanes", json={"id": lane}, headers=keyed(lane))
    assert first.status_code == 201
    assert (again.status_code, again.json()["code"]) == (409, "done_before")
    with running.database.reading() as c:
        known = request_keys.known(c, "engineer", lane)
    assert known is not None
    assert (known.status, known.answer) == (201, None)


def test_an_answer_without_contents(running):
    engineer, lane = running.booth("engineer"), running.lane()
    key = str(ULID())
    for _ in range(2):
        assert engineer.delete(f"/api/v1/lanes/{lane.id}/token", headers=keyed(key)).status_code == 204
    assert entries(running, lane.id).count("lane_revoked") == 1


def test_done_and_the_answer_lost_with_the_process(running, alert):
    """The process died between the commit and the keeping of the answer."""
    booth, address = alert
    key = str(ULID())
    assert booth.post(f"{address}/acknowledge", headers=keyed(key)).status_code == 200
    with running.database.writing() as c:
        lost = request_keys.request_keys.update().where(request_keys.request_keys.c.key == key)
        c.execute(lost.values(status=None, answer=None, claimed_utc_ms=1))
    again = booth.post(f"{address}/acknowledge", headers=keyed(key))
    assert (again.status_code, again.json()["code"]) == (409, "done_before")


def test_two_at_once_are_done_once(running):
    chief = running.session("supervisor")
    name = f"officer-{str(ULID()).lower()}"
    body = {"name": name, "role": "officer", "password": PASSWORD}
    together = threading.Barrier(4)

    def ask(_: int) -> tuple[int, str]:
        booth = running.client(chief)
        together.wait()
        answer = booth.post("/api/v1/users", json=body, headers=keyed(name))
        return answer.status_code, answer.json().get("code", "")

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    assert (201, "") in answers
    assert set(answers) <= {(201, ""), (409, "under_way")}
    assert entries(running, name) == ["account_added"]


@pytest.mark.parametrize("key", ["", '"', "a b", "x" * 101, "é"])
def test_a_key_that_is_none(running, alert, key):
    booth, address = alert
    refused = booth.post(f"{address}/acknowledge", headers={"Idempotency-Key": key.encode()})
    assert (refused.status_code, refused.json()["code"]) == (400, "key_malformed")
    assert booth.get(address).json()["state"] == "raised"


def test_keys_are_forgotten_after_a_day(running):
    asked = AskedKey("officer", str(ULID()), "0" * 64, 1_000)
    token = request_keys.ASKED.set(asked)
    try:
        with running.database.writing():
            pass
    finally:
        request_keys.ASKED.reset(token)
    for now_ms, known in ((1_000 + request_keys.KEPT_MS, True), (1_001 + request_keys.KEPT_MS, False)):
        with running.database.writing() as c:
            request_keys.forget_old(c, now_ms)
        with running.database.reading() as c:
            assert (request_keys.known(c, "officer", asked.key) is not None) is known
