"""Sessions: kept by the service, ended by time, by logout, and by changes to the account."""

from __future__ import annotations

import hashlib

import pytest

from service.resources import Role
from service.store import accounts

NOW = 1_793_620_800_000
MINUTE, HOUR = 60_000, 3_600_000


@pytest.fixture
def anna(database, light_passwords):
    """Give an officer's account, beside a supervisor's."""
    with database.writing() as c:
        accounts.add(c, "chief", Role.SUPERVISOR, "a long password", "test", NOW)
        accounts.add(c, "anna", Role.OFFICER, "a long password", "test", NOW)
    return "anna"


@pytest.fixture
def opened(database, anna):
    """Give a function that opens a session and returns its token."""

    def open_one(name=anna, now_ms=NOW):
        with database.writing() as c:
            return accounts.open_session(c, name, now_ms)

    return open_one


@pytest.fixture
def at(database):
    """Give a function that looks a session up at a time."""

    def look(token, now_ms):
        with database.reading() as c:
            return accounts.session(c, token, now_ms)

    return look


def test_session_of_a_token(opened, at, rows):
    token = opened()
    found = at(token, NOW + 1)
    assert (found.name, found.role, found.opened_utc_ms) == ("anna", Role.OFFICER, NOW)
    assert found.expires_utc_ms == NOW + HOUR
    assert opened() != token
    assert at(token[:-1], NOW) is None
    assert at("", NOW) is None
    kept = rows("SELECT token_sha256 FROM sessions ORDER BY opened_utc_ms")
    assert (hashlib.sha256(token.encode()).hexdigest(),) in kept
    assert token not in str(rows("SELECT * FROM sessions") + rows("SELECT * FROM audit"))
    assert rows("SELECT who FROM audit WHERE action = 'login'") == [("anna",), ("anna",)]


def test_idle_for_an_hour(database, opened, at):
    token = opened()
    assert at(token, NOW + HOUR - 1) is not None
    assert at(token, NOW + HOUR) is None
    with database.writing() as c:
        accounts.touch(c, [at(token, NOW).id], NOW + 50 * MINUTE)
    assert at(token, NOW + 100 * MINUTE).expires_utc_ms == NOW + 110 * MINUTE
    assert at(token, NOW + 110 * MINUTE) is None


def test_touching_revives_nothing_and_never_turns_back(database, opened, at):
    token = opened()
    mine = at(token, NOW).id
    with database.writing() as c:
        accounts.touch(c, [mine], NOW + HOUR)
        accounts.touch(c, [], NOW)
    assert at(token, NOW + HOUR) is None
    with database.writing() as c:
        accounts.touch(c, [mine, "unknown"], NOW + 30 * MINUTE)
        accounts.touch(c, [mine], NOW + 10 * MINUTE)
    assert at(token, NOW + 89 * MINUTE) is not None


def test_over_after_twelve_hours_whatever_is_done(database, opened, at):
    token = opened()
    for step in range(1, 24):
        with database.writing() as c:
            accounts.touch(c, [at(token, NOW).id], NOW + step * 30 * MINUTE)
    last = NOW + 12 * HOUR
    assert at(token, last - 1).expires_utc_ms == last
    assert at(token, last) is None


def test_logout_ends_this_session_alone(database, opened, at, rows):
    token, other = opened(), opened()
    with database.writing() as c:
        accounts.end_session(c, token, NOW)
        accounts.end_session(c, "unknown", NOW)
    assert at(token, NOW) is None
    assert at(other, NOW) is not None
    assert rows("SELECT who FROM audit WHERE action = 'logout'") == [("anna",)]


@pytest.mark.parametrize(
    "values", [{"disabled": True}, {"role": Role.AUDITOR}, {"password": "another long password"}]
)
def test_change_of_the_account_ends_its_sessions(database, opened, at, values):
    tokens, other = [opened(), opened()], opened("chief")
    with database.writing() as c:
        accounts.change(c, "anna", by="chief", now_ms=NOW, **values)
    assert [at(token, NOW) for token in tokens] == [None, None]
    assert at(other, NOW) is not None


def test_disabling_and_enabling_does_not_bring_a_session_back(database, opened, at):
    token = opened()
    for disabled in (True, False):
        with database.writing() as c:
            accounts.change(c, "anna", disabled=disabled, by="chief", now_ms=NOW)
    assert at(token, NOW) is None


def test_own_new_password_keeps_only_this_session(database, opened, at):
    here, elsewhere = opened(), opened()
    with database.writing() as c:
        kept = accounts.session(c, here, NOW).id
        accounts.change_password(
            c, "anna", "a long password", "another long password", NOW, keep_session=kept
        )
    assert at(here, NOW) is not None
    assert at(elsewhere, NOW) is None


def test_what_is_over_is_swept_at_the_next_login(opened, rows):
    opened()
    opened(now_ms=NOW + 2 * HOUR)
    assert rows("SELECT opened_utc_ms FROM sessions") == [(NOW + 2 * HOUR,)]
