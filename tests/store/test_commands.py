"""Commands: given once, sent for ten seconds, and a late answer still counts."""

from __future__ import annotations

import json

import pytest
from ulid import ULID

from service.resources import CommandRequest, CommandState
from service.store import commands, lanes
from service.store.errors import Conflict, NotFound

START = {
    "name": "start",
    "declaration": {"vehicle_class": "reefer", "cargo": "boxed", "plate": "É-123 AB"},
}


def request(**order):
    return CommandRequest.model_validate({"key": str(ULID()), "order": order or {"name": "leave"}})


@pytest.fixture
def given(lane):
    """Give a function that gives a command."""

    def give(asked=None, by="anna", lane_id=None, now_ms=None):
        with lane.database.writing() as c:
            return commands.give(c, lane_id or lane.id, asked or request(), by, now_ms or lane.now_ms)

    return give


def answer(lane, command_id, done=True):
    said = {"code": "done", "values": {}, "text": {"en": "Done"}}
    return lane.message("command_answer", {"command": command_id, "done": done, "answer": said}, scan_id="")


def waiting(lane, after=None, now_ms=None):
    with lane.database.reading() as c:
        return commands.pending(c, lane.id, after, now_ms or lane.now_ms)


def state_of(lane, command_id):
    with lane.database.reading() as c:
        return commands.get(c, command_id).state


def test_command_goes_out_and_is_answered(lane, given, rows):
    command, new = given(request(**START))
    assert new
    assert (command.state, command.by, command.given_utc_ms) == (CommandState.WAITING, "anna", lane.now_ms)
    [(sequence, order)] = waiting(lane)
    assert (order.command, order.by, order.order.declaration.plate) == (command.id, "anna", "É-123 AB")
    with lane.database.writing() as c:
        commands.mark_sent(c, [sequence], lane.now_ms)
        commands.mark_sent(c, [sequence, 99], lane.now_ms)
    assert state_of(lane, command.id) is CommandState.SENT
    assert waiting(lane) == [(sequence, order)]  # until it is answered, a lane that comes back gets it again
    assert waiting(lane, after=sequence) == []
    lane.tell(answer(lane, command.id), now_ms=lane.now_ms + 7)
    assert waiting(lane) == []
    told = [json.loads(d) for (d,) in rows("SELECT data FROM events WHERE kind = 'command'")]
    assert [t["state"] for t in told] == ["waiting", "sent", "done"]
    assert told[-1]["answer"]["text"] == {"en": "Done"}
    assert told[-1]["answered_utc_ms"] == lane.now_ms + 7
    log = rows("SELECT who, action FROM audit WHERE action LIKE 'command%'")
    assert log == [("anna", "command_given"), ("lane:north-quay-2", "command_answer")]


def test_same_key_gives_the_same_command_once(lane, given, rows):
    asked = request(**START)
    first, _ = given(asked)
    with lane.database.writing() as c:
        commands.mark_sent(c, [1], lane.now_ms)
    again, new = given(asked, now_ms=lane.now_ms + 99)
    assert not new
    assert (again.id, again.state, again.given_utc_ms) == (first.id, CommandState.SENT, lane.now_ms)
    assert rows("SELECT count(*) FROM commands") == [(1,)]


def test_key_with_another_order_lane_or_officer_is_refused(lane, given):
    asked = request()
    given(asked)
    with lane.database.writing() as c:
        lanes.add(c, "south", "test", 1)
    other = asked.model_copy(update={"order": request(name="probe", inside=True).order})
    for values in ({"asked": other}, {"asked": asked, "by": "bert"}, {"asked": asked, "lane_id": "south"}):
        with pytest.raises(Conflict) as error:
            given(**values)
        assert error.value.code == "key_reused"


def test_unknown_or_revoked_lane_takes_none(lane, given):
    with pytest.raises(NotFound):
        given(lane_id="nowhere")
    with lane.database.writing() as c:
        lanes.revoke(c, lane.id, "test", 1)
    with pytest.raises(Conflict) as error:
        given()
    assert error.value.code == "lane_revoked"


def test_ten_seconds_and_no_more(lane, given, rows):
    command, _ = given()
    end_ms = lane.now_ms + 10_000
    with lane.database.writing() as c:
        assert not commands.any_too_old(c, end_ms)
        assert commands.expire(c, end_ms) == []
        assert len(commands.pending(c, lane.id, None, end_ms)) == 1
        assert commands.pending(c, lane.id, None, end_ms + 1) == []
        assert commands.any_too_old(c, end_ms + 1)
        [expired] = commands.expire(c, end_ms + 1)
        assert commands.expire(c, end_ms + 1) == []
    assert (expired.id, expired.state) == (command.id, CommandState.EXPIRED)
    assert rows("SELECT who FROM audit WHERE action = 'command_expired'") == [("(service)",)]
    lane.tell(answer(lane, command.id, done=True))  # late, but it was carried out: that counts
    assert state_of(lane, command.id) is CommandState.DONE
    with lane.database.writing() as c:
        assert commands.expire(c, end_ms + 5) == []


def test_first_answer_stands(lane, given):
    command, _ = given()
    lane.tell(answer(lane, command.id, done=False))
    lane.tell(answer(lane, command.id, done=True))
    assert state_of(lane, command.id) is CommandState.REFUSED


def test_answer_to_a_lost_command_is_taken(lane, rows):
    assert lane.tell(answer(lane, str(ULID())))
    assert rows("SELECT count(*) FROM messages") == [(1,)]


def test_answer_to_another_lanes_command_is_refused(lane, given, new_lane):
    with lane.database.writing() as c:
        lanes.add(c, "south", "test", 1)
    command, _ = given()
    with pytest.raises(Conflict) as error:
        new_lane("south").tell(answer(lane, command.id))
    assert error.value.code == "lane_mismatch"
    assert state_of(lane, command.id) is CommandState.WAITING


def test_recent_commands(lane, given):
    first, _ = given()
    second, _ = given(now_ms=lane.now_ms + 50)
    with lane.database.reading() as c:
        assert commands.recent(c, lane.now_ms) == [first, second]
        assert commands.recent(c, lane.now_ms + 1) == [second]


def test_command_from_before_the_clock_went_back_is_not_carried_out_later(lane, given):
    command, _ = given()
    hour_back_ms = lane.now_ms - 3_600_000
    assert waiting(lane, now_ms=lane.now_ms - 1_500), "a second's correction changes nothing"
    assert waiting(lane, now_ms=hour_back_ms) == []
    with lane.database.writing() as c:
        assert commands.any_too_old(c, hour_back_ms)
        assert [one.id for one in commands.expire(c, hour_back_ms)] == [command.id]
    assert waiting(lane) == [], "nor when the clock is right again"
