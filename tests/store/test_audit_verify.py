"""The check of the audit log finds whatever was changed past the service, and names it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from contextlib import closing

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.audit import checkpoints, export, merkle, note, proof
from service.audit.check_store import check_store
from service.audit.leaf import commitment, leaf
from service.resources import OutcomeKind, OutcomeRequest, Role
from service.store import accounts, alerts, audit, witness
from service.store.sqlite_database import SqliteDatabase
from tests.postgres_server import text_of

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture
def lived_in(database, lane, light_passwords):
    """Give a store with a scan, an alert that was handled, and an account; and its scan's lane."""
    with database.writing() as c:
        accounts.add(c, "miller", Role.OFFICER, "pferd batterie heftklammer", "chief", lane.now_ms)
    lane.tell(lane.opened())
    lane.tell(lane.assessed("rescue"))
    alert = lane.alert().id
    with database.writing() as c:
        alerts.acknowledge(c, alert, "miller", lane.now_ms)
    with database.writing() as c:
        found = OutcomeRequest(kind=OutcomeKind.PEOPLE_FOUND, people=3)
        alerts.record_outcome(c, alert, found, "miller", lane.now_ms)
    lane.tell(lane.closed())
    return lane


@pytest.fixture
def by_hand(database):
    """Give a function that writes into the database past the service."""

    def write(sql, *values):
        if isinstance(database, SqliteDatabase):
            with closing(sqlite3.connect(database.file)) as db, db:
                assert db.execute(sql, values).rowcount > 0
        else:
            with psycopg.connect(text_of(database.url)) as c:
                assert c.execute(sql.replace("?", "%s"), values).rowcount > 0

    return write


@pytest.fixture
def checkpoint(database):
    """Give a function that returns a checkpoint of now."""

    def made():
        with database.reading() as c:
            return note.parse(checkpoints.newest(c, KEY)[1])

    return made


def found(database, *known, keys=()):
    """Return what the check says."""
    return [
        str(each) for each in check_store(database, {str(n): k for n, k in enumerate(known)}, keys).findings
    ]


def size(database):
    """Return how many entries there are."""
    with database.reading() as c:
        return audit.size(c)


def newest_about(rows, table, key):
    """Return the sequence of the newest entry that vouches for a row."""
    log = rows("SELECT sequence, detail FROM audit WHERE action = 'rows' ORDER BY sequence")
    return max(sequence for sequence, detail in log if key in json.loads(detail).get(table, {}))


def test_nothing_is_wrong_with_a_store_that_the_service_alone_wrote(database, lived_in, checkpoint):
    early = checkpoint()
    lived_in.tell(lived_in.assessed("search", mono_ns=2))
    keys = [note.public_key(early.origin, KEY)]
    checked = check_store(database, {"early": early, "now": checkpoint()}, keys)
    assert (checked.findings, checked.size, checked.checkpoints) == ([], size(database), 2)


CHANGES = {
    "alerts": "UPDATE alerts SET acknowledged_by = 'smith'",
    "outcomes": "UPDATE outcomes SET people = NULL, kind = 'nothing_found'",
    "scans": "UPDATE scans SET plate_key = 'zz99zzz'",
    "users": "UPDATE users SET role = 'supervisor'",
    "lanes": "UPDATE lanes SET token_sha256 = 'mine'",
    "assessments": "UPDATE assessments SET recommendation = 'clear'",
}
KEYS_OF = {"users": "name", "outcomes": "sequence", "assessments": "sequence"}


@pytest.mark.parametrize("table", sorted(CHANGES))
def test_a_row_changed_by_hand_is_named(database, lived_in, by_hand, rows, table):
    [[key]] = rows(f"SELECT {KEYS_OF.get(table, 'id')} FROM {table}")
    by_hand(CHANGES[table])
    entry = newest_about(rows, table, str(key))
    assert found(database) == [f"{table} {key}: its contents are not what entry {entry} says"]


def test_one_message_of_many_is_named(database, lived_in, by_hand, rows):
    [[key]] = rows("SELECT sequence FROM messages WHERE kind = 'assessment'")
    by_hand("UPDATE messages SET raw = '{}' WHERE sequence = ?", key)
    [said] = found(database)
    assert said.startswith(f"messages {key}: its contents are not")


def test_a_row_removed_by_hand_is_named(database, lived_in, by_hand, rows):
    [[key]] = rows("SELECT sequence FROM outcomes")
    entry = newest_about(rows, "outcomes", str(key))
    by_hand("DELETE FROM outcomes")
    assert found(database) == [f"outcomes {key}: it is gone; entry {entry} says what it was"]


def test_a_row_added_by_hand_is_named(database, lived_in, by_hand):
    by_hand("INSERT INTO lanes (id, token_sha256, created_utc_ms) VALUES ('ghost', 'x', 1)")
    assert found(database) == ["lanes ghost: no entry speaks of it: it was added past the service"]


def test_a_row_that_the_service_removed_and_somebody_put_back_is_named(database, lived_in, by_hand):
    with database.writing() as c:
        table = witness.table("users")
        c.execute(table.delete())
        witness.mark(c, "users", "miller")
    assert found(database) == []
    by_hand(
        "INSERT INTO users (name, role, password_hash, disabled, created_utc_ms) "
        "VALUES ('miller', 'officer', 'x', ?, 1)",
        False,
    )
    [said] = found(database)
    assert said.startswith("users miller: entry")
    assert "put back" in said


def test_an_entry_changed_by_hand_is_named(database, lived_in, by_hand, rows):
    [[entry]] = rows("SELECT sequence FROM audit WHERE action = 'alert_acknowledged'")
    by_hand("UPDATE audit SET who = 'smith' WHERE sequence = ?", entry)
    assert found(database) == [
        f"entry {entry} (alert_acknowledged): who, subject or detail was changed after it was written"
    ]


def test_an_entry_with_another_time_is_named(database, lived_in, by_hand, rows):
    [[entry]] = rows("SELECT sequence FROM audit WHERE action = 'alert_acknowledged'")
    by_hand("UPDATE audit SET utc_ms = utc_ms - 60000 WHERE sequence = ?", entry)
    [said] = found(database)
    assert said.startswith(f"entry {entry} (alert_acknowledged): its time, action or commitment")


def test_an_entry_removed_by_hand_is_named(database, lived_in, by_hand, rows):
    [[entry]] = rows("SELECT sequence FROM audit WHERE action = 'alert_acknowledged'")
    by_hand("DELETE FROM audit WHERE sequence = ?", entry)
    assert found(database) == [f"entry {entry} is missing from the log"]


def test_a_personal_part_that_nobody_erased_by_order_is_named(database, lived_in, by_hand, rows):
    [[entry]] = rows("SELECT sequence FROM audit WHERE action = 'alert_acknowledged'")
    by_hand("UPDATE audit SET salt = NULL, who = '', subject = '', detail = '{}' WHERE sequence = ?", entry)
    assert found(database) == [
        f"entry {entry}: who, subject and detail are gone, and no entry says that they were erased"
    ]


def test_erasing_a_personal_part_by_order_leaves_the_proof(database, lived_in, rows, checkpoint):
    before = checkpoint()
    [[entry]] = rows("SELECT sequence FROM audit WHERE action = 'alert_acknowledged'")
    with database.writing() as c:
        assert audit.erase_personal(c, [entry], "chief", "art. 17", lived_in.now_ms) == 1
    assert rows("SELECT who, subject, detail, salt FROM audit WHERE sequence = ?", entry) == [
        ("", "", "{}", None)
    ]
    assert found(database, before) == []
    with database.reading() as c:
        assert proof.findings(proof.proof(c, [entry], KEY), ()) == []


def test_the_tail_cut_off_is_named_by_the_tree(database, lived_in, by_hand):
    last = size(database)
    by_hand("DELETE FROM audit WHERE sequence > ?", last - 3)
    said = found(database)
    assert f"entries {last - 2} to {last} are missing from the end of the log" in said


def test_the_tail_cut_off_with_its_tree_is_named_by_a_checkpoint(database, lived_in, by_hand, checkpoint):
    known, last = checkpoint(), size(database)
    by_hand("DELETE FROM audit WHERE sequence = ?", last)
    by_hand("DELETE FROM audit_nodes WHERE ((position + 1) * (1 << level)) > ?", last - 1)
    said = found(database, known)
    assert f"checkpoint 0: it speaks of {last} entries, the log has {last - 1}: its end was cut off" in said


def test_an_entry_changed_with_its_whole_tree_is_named_by_a_checkpoint(
    database, lived_in, by_hand, rows, checkpoint
):
    [[entry]] = rows("SELECT sequence FROM audit WHERE action = 'alert_acknowledged'")
    known = checkpoint()
    rewrite(by_hand, rows, entry, who="smith")
    assert found(database) == []  # nothing in the store itself tells
    assert found(database, known) == [
        f"checkpoint 0: entries were changed after it was written: one or more of 1 to {known.size}"
    ]


def rewrite(by_hand, rows, entry, who):
    """Change an entry as somebody would who knows how the log is made and has the whole database."""
    [(subject, detail, salt)] = rows("SELECT subject, detail, salt FROM audit WHERE sequence = ?", entry)
    made = commitment(bytes.fromhex(salt), who, subject, detail)
    by_hand("UPDATE audit SET who = ?, personal_sha256 = ? WHERE sequence = ?", who, made, entry)
    known = {}
    for at in rows("SELECT sequence, utc_ms, action, personal_sha256 FROM audit ORDER BY sequence"):
        digest = merkle.leaf_hash(leaf(*at))
        for level, position, node in merkle.grown(at[0] - 1, digest, lambda *at: known[at]):
            known[level, position] = node
    for (level, position), node in known.items():
        by_hand(
            "UPDATE audit_nodes SET sha256 = ? WHERE level = ? AND position = ?", node.hex(), level, position
        )


def test_a_node_of_the_tree_changed_by_hand_is_named(database, lived_in, by_hand):
    by_hand("UPDATE audit_nodes SET sha256 = ? WHERE level = 1 AND position = 1", "00" * 32)
    assert "entries 3 to 4: the tree's node over them (level 1) was changed" in found(database)


def test_a_checkpoint_of_somebody_else_is_refused(database, lived_in, checkpoint):
    known = checkpoint()
    other = Ed25519PrivateKey.generate()
    assert found(database, known, keys=[note.public_key(known.origin, other)]) == [
        "checkpoint 0: it is not signed with the key"
    ]
    forged = note.parse(note.signed("lorryscan.audit/0000000000000000", known.size, known.root, KEY))
    assert found(database, forged) == ["checkpoint 0: it is one of another log, or entry 1 was changed"]


def test_an_exported_log_is_checked_without_the_store(database, lived_in, tmp_path, rows):
    file = tmp_path / "log.jsonl"
    with database.reading() as c:
        export.write(c, file, checkpoints.newest(c, KEY)[1])
    assert export.check(file, {}, ()).findings == []
    file.write_text(file.read_text().replace('"miller"', '"smith"'))
    assert "who, subject or detail was changed" in str(export.check(file, {}, ()).findings[0])


def test_a_proof_stands_by_itself_and_a_changed_one_falls(database, lived_in, rows):
    [[entry]] = rows("SELECT sequence FROM audit WHERE action = 'outcome_recorded'")
    with database.reading() as c:
        made = json.loads(json.dumps(proof.proof(c, [entry], KEY)))
        key = note.public_key(checkpoints.origin(c), KEY)
    assert proof.findings(made, [key]) == []
    for part, value in (("who", "smith"), ("utc_ms", 5), ("action", "alert_closed"), ("sequence", 2)):
        entries = [{**made["entries"][0], "entry": {**made["entries"][0]["entry"], part: value}}]
        assert proof.findings({**made, "entries": entries}, [key]), part


def test_a_transaction_that_fails_leaves_nothing_for_the_next(database, lived_in):
    before = size(database)
    with contextlib.suppress(ZeroDivisionError), database.writing() as c:
        audit.append(c, "miller", "login", "miller", {}, lived_in.now_ms)
        witness.mark(c, "users", "miller")
        raise ZeroDivisionError
    lived_in.tell(lived_in.interrupted())
    assert found(database) == []
    assert size(database) == before + 2  # the message, and the rows it wrote


def test_every_table_is_vouched_for_or_says_why_not():
    assert set(witness.VOUCHED).isdisjoint(witness.NOT_VOUCHED)
    assert {*witness.VOUCHED, *witness.NOT_VOUCHED} == set(witness.tables.metadata.tables)


def test_a_salt_hides_what_a_leaf_commits_to(database, lived_in, rows):
    leaves = rows("SELECT salt, personal_sha256 FROM audit")
    assert len({salt for salt, _ in leaves}) == len({sha for _, sha in leaves}) == len(leaves)
    assert all(len(bytes.fromhex(salt)) == 32 for salt, _ in leaves)


def test_a_recordings_hash_is_in_the_log(database, lane, rows):
    told = lane.visit_ended("search")
    recording = {"file": "visit-01.mcap", "bytes": 4711, "sha256": "ab" * 32, "whole": True}
    told["body"]["recording"] = recording
    lane.tell(lane.opened())
    lane.tell(told)
    [[detail]] = rows("SELECT detail FROM audit WHERE action = 'visit_ended'")
    assert json.loads(detail)["recording"] == recording
