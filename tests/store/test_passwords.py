"""Passwords: Argon2id, and the same work whoever asks."""

from __future__ import annotations

import statistics
import time

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from service.resources import Role
from service.store import accounts, passwords

NOW = 1_793_620_800_000
WORD = "pferd batterie heftklammer"


@pytest.fixture
def chief(database):
    """Give the name of a supervisor's account."""
    with database.writing() as c:
        accounts.add(c, "chief", Role.SUPERVISOR, WORD, "console:test", NOW)
    return "chief"


def test_password_is_kept_as_argon2id_that_others_can_verify(database, chief, rows):
    [(kept,)] = rows("SELECT password_hash FROM users")
    assert extract_parameters(kept).type is Type.ID
    assert PasswordHasher().verify(kept, WORD)
    assert WORD not in "".join(str(row) for row in rows("SELECT * FROM audit"))


def test_unknown_and_disabled_names_cost_a_whole_hash(database, chief, monkeypatch):
    with database.writing() as c:
        accounts.add(c, "anna", Role.OFFICER, WORD, chief, NOW)
        accounts.change(c, "anna", disabled=True, by=chief, now_ms=NOW)
    verified = []
    genuine = type(passwords._ARGON2ID).verify

    def watched(self, password, kept):
        verified.append(extract_parameters(kept))
        return genuine(self, password, kept)

    monkeypatch.setattr(type(passwords._ARGON2ID), "verify", watched)
    with database.reading() as c:
        for name in (chief, "anna", "nobody"):
            assert accounts.verify(c, name, "not the password") is None
    assert len(verified) == 3
    assert verified[0] == verified[1] == verified[2]  # the same memory, passes and threads for each


def test_unknown_names_take_as_long(database, chief):
    def median_s(name):
        times = []
        with database.reading() as c:
            for _ in range(3):
                start = time.process_time()
                accounts.verify(c, name, "not the password")
                times.append(time.process_time() - start)
        return statistics.median(times)

    known, unknown = median_s(chief), median_s("nobody")
    assert 0.4 < unknown / known < 2.5
