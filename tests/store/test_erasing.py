"""Erasing personal parts: they are gone from every table, and every proof still holds."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.audit import court_file, note
from service.audit.check_store import check_store
from service.audit.court_file import court_file as file_of
from service.config.privacy_table import PrivacyTable
from service.resources import OutcomeKind, OutcomeRequest, ShelveRequest, VehicleRequest
from service.store import alerts, audit, erasing, retention, tables, vehicles
from service.store.errors import Conflict

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PERSONAL = ("AB12", "ab12cde", "officer.north", "miller", "knocking behind the boxes", "Dog team 2")

OF_TWO = ("R-17", "Smith", "miller")


@pytest.fixture
def handled(database, lane):
    """Give a lane with a closed scan whose alert was handled, with names and a note."""
    lane.tell(lane.opened())
    lane.tell(lane.assessed("rescue"))
    alert = lane.alert().id
    with database.writing() as c:
        alerts.acknowledge(c, alert, "miller", lane.now_ms)
    with database.writing() as c:
        alerts.assign(c, alert, "Dog team 2", "miller", lane.now_ms)
    with database.writing() as c:
        found = OutcomeRequest(
            kind=OutcomeKind.NOTHING_FOUND, note="knocking behind the boxes was the compressor"
        )
        alerts.record_outcome(c, alert, found, "miller", lane.now_ms)
    with database.writing() as c:
        alerts.close(c, alert, "miller", lane.now_ms)
    lane.tell(lane.closed())
    return lane


def erased(database, ids, now_ms):
    """Erase scans as the service does."""
    with database.reading() as c:
        found = erasing.about(c, ids)
    with database.writing() as c:
        return erasing.erase(c, found, "chief", "art. 17", now_ms)


def everything(database):
    """Return all that the store holds, as text."""
    with database.reading() as c:
        return {
            name: str(c.execute(table.select()).all())
            for name, table in tables.metadata.tables.items()
            if name != "users"
        }


def test_nothing_personal_is_left_anywhere(database, handled):
    before = everything(database)
    assert all(any(word in text for text in before.values()) for word in PERSONAL)
    assert erased(database, [handled.scan], handled.now_ms) == 1
    after = everything(database)
    assert [(word, name) for word in PERSONAL for name, text in after.items() if word in text] == []
    assert check_store(database, {}, ()).findings == []


def test_a_vehicle_that_nobody_scanned_is_erased_by_plate_and_after_its_days(database):
    told = {"vehicle_class": "reefer", "cargo": "boxed", "plate": "AB12 CDE", "manifest": "M-4711"}
    with database.writing() as c:
        for key in ("01KB6Z0000000000000000000A", "01KB6Z0000000000000000000B"):
            vehicles.announce(c, "reader-1", VehicleRequest(key=key, **told), 1_000)
    month = PrivacyTable()
    with database.reading() as c:
        assert len(erasing.vehicles_of_plate(c, "ab12cde")) == 2
        assert retention.due(c, month, 1_000 + 29 * retention.DAY_MS).vehicles == ()
        due = retention.due(c, month, 1_000 + 31 * retention.DAY_MS)
    assert len(due.vehicles) == 2
    retention.carry_out(database, due, 1_000 + 31 * retention.DAY_MS)
    after = everything(database)
    words = ("AB12", "ab12cde", "M-4711")
    assert [(word, name) for word in words for name, text in after.items() if word in text] == []
    with database.reading() as c:
        assert retention.due(c, month, 1_000 + 31 * retention.DAY_MS).vehicles == ()
    assert check_store(database, {}, ()).findings == []


def test_a_referral_and_a_shelf_go_too(database, new_lane):
    found, aside = new_lane(), new_lane()
    referral = {"people": 1, "safeguarding_referral": True, "safeguarding_reference": "R-17"}
    for each in (found, aside):
        each.tell(each.opened())
        each.tell(each.assessed("search"))
        each.tell(each.closed())
    with database.writing() as c:
        alerts.acknowledge(c, found.alert().id, "miller", found.now_ms)
        alerts.record_outcome(
            c,
            found.alert().id,
            OutcomeRequest(kind=OutcomeKind.PEOPLE_FOUND, **referral),
            "miller",
            found.now_ms,
        )
        alerts.shelve(
            c, aside.alert().id, ShelveRequest(minutes=9, reason="ask Smith"), "miller", aside.now_ms
        )
    erased(database, [found.scan, aside.scan], found.now_ms)
    texts = everything(database).items()
    assert [
        (word, name) for word in ("R-17", "Smith", "miller") for name, text in texts if word in text
    ] == []
    assert check_store(database, {}, ()).findings == []


def test_evidence_and_figures_stay(database, handled):
    before = handled.kept()
    erased(database, [handled.scan], handled.now_ms)
    after = handled.kept()
    assert (after.assessment, after.visits, after.state) == (before.assessment, before.visits, before.state)
    assert after.declaration.cargo == before.declaration.cargo
    assert handled.alert().outcome.kind is OutcomeKind.NOTHING_FOUND


def test_who_looked_at_it_stays_known(database, handled, rows):
    with database.writing() as c:
        audit.append(c, "smith", "accessed", handled.scan, {}, handled.now_ms)
    erased(database, [handled.scan], handled.now_ms)
    assert rows("SELECT who, subject FROM audit WHERE action = 'accessed'") == [("smith", handled.scan)]


def test_a_message_that_comes_again_after_it_was_erased_is_known(database, lane):
    first = lane.opened()
    lane.tell(first)
    lane.tell(lane.closed())
    erased(database, [lane.scan], lane.now_ms)
    assert lane.tell(first) is False
    assert lane.kept().declaration.plate == ""


def test_an_open_scan_is_refused(database, lane):
    lane.tell(lane.opened())
    with pytest.raises(Conflict, match="close it first"):
        erased(database, [lane.scan], lane.now_ms)
    assert lane.kept().declaration.plate == "AB12 CDE"


def test_a_plate_means_exactly_its_scans(database, handled, new_lane):
    other = new_lane()
    other.tell(other.opened("AB12 CDF"))
    with database.reading() as c:
        assert erasing.of_plate(c, "ab 12-cde") == [handled.scan]
        assert erasing.of_plate(c, "-") == []


def test_retention_takes_what_is_old_of_the_class_that_says_so(database, handled, new_lane):
    young = new_lane()
    young.now_ms = handled.now_ms + 20 * retention.DAY_MS
    young.tell(young.opened("CD34 EFG"))
    young.tell(young.closed())
    now_ms = handled.now_ms + 31 * retention.DAY_MS
    with database.reading() as c:
        assert retention.due(c, PrivacyTable(scans_without_find_days=None), now_ms).scans == ()
        assert retention.due(c, PrivacyTable(scans_with_find_days=1), now_ms).scans == (handled.scan,)
        due = retention.due(c, PrivacyTable(scans_without_find_days=30), now_ms)
    assert due.scans == (handled.scan,)
    retention.carry_out(database, due, now_ms)
    assert handled.kept().declaration.plate == ""
    assert young.kept().declaration.plate == "CD34 EFG"
    with database.reading() as c:
        assert retention.due(c, PrivacyTable(), now_ms).scans == ()
    assert check_store(database, {}, ()).findings == []


def test_people_found_are_a_class_of_their_own(database, lane):
    lane.tell(lane.opened())
    lane.tell(lane.assessed("rescue"))
    with database.writing() as c:
        alerts.acknowledge(c, lane.alert().id, "miller", lane.now_ms)
    with database.writing() as c:
        found = OutcomeRequest(kind=OutcomeKind.PEOPLE_FOUND, people=2)
        alerts.record_outcome(c, lane.alert().id, found, "miller", lane.now_ms)
    lane.tell(lane.closed())
    now_ms = lane.now_ms + 100 * retention.DAY_MS
    with database.reading() as c:
        assert retention.due(c, PrivacyTable(), now_ms).scans == ()
        assert retention.due(c, PrivacyTable(scans_with_find_days=99), now_ms).scans == (lane.scan,)


def test_old_logins_no_longer_say_who(database, lane, rows):
    with database.writing() as c:
        audit.append(c, "miller", "login", "miller", {}, lane.now_ms)
        audit.append(c, "miller", "login", "miller", {}, lane.now_ms + 10 * retention.DAY_MS)
    now_ms = lane.now_ms + 15 * retention.DAY_MS
    with database.reading() as c:
        due = retention.due(c, PrivacyTable(login_days=14), now_ms)
    retention.carry_out(database, due, now_ms)
    assert rows("SELECT who FROM audit WHERE action = 'login' ORDER BY sequence") == [("",), ("miller",)]
    assert check_store(database, {}, ()).findings == []


@pytest.fixture
def packed(database, handled, tmp_path):
    """Give the scan's file, and the key it is signed with."""
    path = tmp_path / "scan.zip"
    path.write_bytes(file_of(database, handled.scan, KEY))
    with zipfile.ZipFile(path) as file:
        checkpoint = note.parse(json.loads(file.read("proofs.json"))["checkpoint"])
    return path, note.public_key(checkpoint.origin, KEY)


def test_a_scans_file_stands_by_itself(packed):
    path, key = packed
    assert court_file.check(path, [key]).findings == []
    with zipfile.ZipFile(path) as file:
        rows = json.loads(file.read("rows.json"))
        assert {name: len(of_table) for name, of_table in rows.items()} == {
            "alerts": 1,
            "assessments": 1,
            "messages": 3,
            "outcomes": 1,
            "scans": 1,
        }


def test_a_scans_file_that_was_changed_is_found_out(packed, tmp_path):
    path, key = packed
    for name, before, after in (
        ("rows.json", "nothing_found", "people_found"),
        ("rows.json", "AB12 CDE", "AB12 CDF"),
        ("proofs.json", '"alert_acknowledged"', '"alert_closed"'),
    ):
        changed = tmp_path / "changed.zip"
        changed.write_bytes(with_changed(path, name, before, after))
        assert court_file.check(changed, [key]).findings, (name, before)


def with_changed(path, name, before, after):
    """Return a ZIP with other words in one of its files."""
    made = io.BytesIO()
    with zipfile.ZipFile(path) as file, zipfile.ZipFile(made, "w") as changed:
        for each in file.namelist():
            text = file.read(each).decode()
            if each == name:
                assert before in text
                text = text.replace(before, after)
            changed.writestr(each, text)
    return made.getvalue()
