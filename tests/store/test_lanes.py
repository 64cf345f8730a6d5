"""Lanes and their tokens."""

from __future__ import annotations

import hashlib
import json

import pytest

from service.store import lanes
from service.store.errors import Conflict, NotFound


@pytest.fixture
def do(database):
    """Give a function that does something with the lane south."""

    def act(function):
        with database.writing() as c:
            return function(c, "south", "chief", 5)

    return act


@pytest.fixture
def whose(database):
    """Give a function that says which lane a token is."""

    def look(token):
        with database.reading() as c:
            return lanes.lane_of(c, token, 5)

    return look


def test_token_is_kept_as_its_hash_only(do, whose, rows):
    token = do(lanes.add)
    assert len(token) >= 43  # 32 bytes
    assert whose(token) == "south"
    assert whose(token + "x") is None
    assert whose("") is None
    assert rows("SELECT token_sha256 FROM lanes WHERE id = 'south'") == [
        (hashlib.sha256(token.encode()).hexdigest(),)
    ]
    everything = rows("SELECT * FROM lanes") + rows("SELECT * FROM audit") + rows("SELECT * FROM events")
    assert token not in str(everything)


def test_rotation_kills_the_old_token(do, whose):
    old = do(lanes.add)
    new = do(lanes.rotate)
    assert whose(old) is None
    assert whose(new) == "south"


def test_revoking_and_taking_back(do, whose, database, rows):
    token = do(lanes.add)
    do(lanes.revoke)
    do(lanes.revoke)
    assert whose(token) is None
    with database.reading() as c:
        assert [(lane.id, lane.revoked) for lane in lanes.listed(c)] == [
            ("north-quay-2", False),
            ("south", True),
        ]
    again = do(lanes.add)
    assert whose(token) is None
    assert whose(again) == "south"
    log = rows("SELECT who, action FROM audit WHERE subject = 'south'")
    assert log == [("chief", "lane_added"), ("chief", "lane_revoked"), ("chief", "lane_added")]
    told = rows("SELECT data FROM events WHERE subject = 'south' ORDER BY sequence")
    assert [json.loads(data)["revoked"] for (data,) in told] == [False, True, False]


def test_lane_with_a_token_is_not_added_again(do, whose):
    token = do(lanes.add)
    with pytest.raises(Conflict, match="south is there already") as error:
        do(lanes.add)
    assert error.value.code == "exists"
    assert whose(token) == "south"


@pytest.mark.parametrize("function", [lanes.rotate, lanes.revoke])
def test_unknown_lane(do, function):
    with pytest.raises(NotFound, match="no lane south"):
        do(function)
