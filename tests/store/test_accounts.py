"""Accounts: who may enter, and somebody who can manage them."""

from __future__ import annotations

import json

import pytest

from service.resources import Role
from service.store import accounts
from service.store.errors import Conflict, NotFound

NOW = 1_793_620_800_000
WORD = "pferd batterie heftklammer"


@pytest.fixture
def chief(database, light_passwords):
    """Give the name of a supervisor's account."""
    with database.writing() as c:
        accounts.add(c, "chief", Role.SUPERVISOR, WORD, "console:test", NOW)
    return "chief"


@pytest.fixture
def changed(database):
    """Give a function that changes an account."""

    def change(name, **values):
        with database.writing() as c:
            return accounts.change(c, name, by="chief", now_ms=NOW, **values)

    return change


def test_verify(database, chief):
    with database.reading() as c:
        user = accounts.verify(c, chief, WORD)
        assert user is not None
        assert (user.name, user.role, user.created_utc_ms) == ("chief", Role.SUPERVISOR, NOW)
        assert accounts.verify(c, chief, WORD + " ") is None
        assert accounts.verify(c, "nobody", WORD) is None
        assert accounts.verify(c, "", "") is None
        assert accounts.count(c) == 1


def test_password_typed_on_another_keyboard(database, chief, changed):
    changed(chief, password="cafe\u0301 cre\u0300me")
    with database.reading() as c:
        assert accounts.verify(c, chief, "café crème") is not None
        assert accounts.verify(c, chief, "cafe creme") is None


def test_disabled_account_cannot_enter(database, chief, changed):
    with database.writing() as c:
        accounts.add(c, "anna", Role.OFFICER, WORD, chief, NOW)
    assert changed("anna", disabled=True).disabled
    with database.reading() as c:
        assert accounts.verify(c, "anna", WORD) is None
    changed("anna", disabled=False)
    with database.reading() as c:
        assert accounts.verify(c, "anna", WORD) is not None


def test_same_name_twice_is_refused(database, chief):
    with pytest.raises(Conflict, match="chief already") as error, database.writing() as c:
        accounts.add(c, chief, Role.OFFICER, WORD, chief, NOW)
    assert error.value.code == "exists"
    with database.reading() as c:
        assert [u.role for u in accounts.users(c)] == [Role.SUPERVISOR]


@pytest.mark.parametrize("values", [{"disabled": True}, {"role": Role.OFFICER}])
def test_last_enabled_supervisor_stays(database, chief, changed, values):
    with database.writing() as c:
        accounts.add(c, "second", Role.SUPERVISOR, WORD, chief, NOW)
    changed("second", disabled=True)  # a disabled one does not count
    with pytest.raises(Conflict, match="last enabled supervisor") as error:
        changed(chief, **values)
    assert error.value.code == "last_supervisor"
    changed("second", disabled=False)
    changed(chief, **values)
    with pytest.raises(Conflict):
        changed("second", **values)


def test_last_supervisor_may_have_a_new_password(database, chief, changed):
    changed(chief, password="another long password", role=Role.SUPERVISOR, disabled=False)
    with database.reading() as c:
        assert accounts.verify(c, chief, "another long password") is not None


def test_changes_are_audited_without_the_password(chief, changed, rows, database):
    with database.writing() as c:
        accounts.add(c, "anna", Role.OFFICER, WORD, chief, NOW)
    changed("anna", role=Role.AUDITOR, password="another long password")
    changed("anna", role=Role.AUDITOR)  # nothing changes, nothing is noted
    log = rows("SELECT who, subject, detail FROM audit WHERE action = 'account_changed'")
    assert [(who, subject, json.loads(detail)) for who, subject, detail in log] == [
        ("chief", "anna", {"role": "auditor", "password": "reset"})
    ]


def test_unknown_account_is_not_found(changed):
    with pytest.raises(NotFound, match="no account anna"):
        changed("anna", disabled=True)


def test_own_password(database, chief, rows):
    with pytest.raises(Conflict, match="type it again") as error, database.writing() as c:
        accounts.change_password(c, chief, "not the password", "another long password", NOW)
    assert error.value.code == "wrong_password"
    with database.writing() as c:
        accounts.change_password(c, chief, WORD, "another long password", NOW)
    with database.reading() as c:
        assert accounts.verify(c, chief, WORD) is None
        assert accounts.verify(c, chief, "another long password") is not None
    assert rows("SELECT who FROM audit WHERE action = 'password_changed'") == [("chief",)]


def test_refused_logins_are_noted_but_not_what_was_typed_as_a_name(database, chief, rows):
    with database.writing() as c:
        accounts.login_refused(c, chief, NOW)
        accounts.login_refused(c, "my secret password", NOW)
    log = rows("SELECT who, subject, detail FROM audit WHERE action = 'login_refused'")
    assert [(who, subject) for who, subject, _ in log] == [("(nobody)", "chief"), ("(nobody)", "")]
    assert "secret" not in str(log)
