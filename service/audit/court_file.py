"""A scan's whole file for a court: what is stored of it, and proofs that hold without the service."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from drivers.api import ConfigError
from service.audit import checkpoints, note, proof
from service.audit.note import PublicKey
from service.audit.verify import Checked, Finding, LogCheck, check_rows
from service.store import alerts, audit, erasing, scans, tables, witness
from service.store.database import Database

PROOFS, ROWS, README, KEY = "proofs.json", "rows.json", "README.txt", "public-key.txt"

_README = """\
The file of scan {scan_id}, as lorryscan stored it.

rows.json          every row about the scan: the scan, its assessments, the messages of the lane as
                   received, the alert and all its outcomes
scan.json, alert.json   the same as the booths show it
proofs.json        the entries of the audit log that speak of these rows, each with the hashes that lead
                   to the checkpoint in it, and the checkpoint, signed
public-key.txt     the key of the service that made this file. Do not trust this copy: compare it with the
                   one that the operator published or deposited

To check it: lorryscan audit verify --file THIS.zip --key "the operator's public key"

It checks the signature, that each entry is in the log, and that each row is what the log says it was when it
was last written. It cannot tell what was left out of this file: the whole log does. How the hashes are made
is in docs/audit.md; any tool for RFC 6962 and signed notes will do.
Who asked for this file, when and why, is an entry of the same log.
"""


def court_file(database: Database, scan_id: str, private: Ed25519PrivateKey) -> bytes:
    """Return a ZIP of all that is stored of a scan, with its proofs.

    Raises
    ------
    NotFound : there is no such scan.
    """
    with database.reading() as c:
        scan = scans.get(c, scan_id)
        alert = alerts.get(c, scan.alert_id) if scan.alert_id is not None else None
        found = erasing.about(c, [scan_id])
        rows = {
            name: dict(witness.contents(c, name, keys)) for name, keys in sorted(found.rows.items()) if keys
        }
        action = tables.audit.c.action
        said = c.execute(select(tables.audit.c.sequence).where(action == audit.COLUMNS)).scalars()
        given = proof.proof(c, sorted(found.entries | set(said)), private)
        key = note.public_key(checkpoints.origin(c), private)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(README, _README.format(scan_id=scan_id))
        file.writestr("scan.json", scan.model_dump_json(indent=1))
        if alert is not None:
            file.writestr("alert.json", alert.model_dump_json(indent=1))
        file.writestr(ROWS, _json(rows))
        file.writestr(PROOFS, _json(given))
        file.writestr(KEY, f"{key}\n")
    return made.getvalue()


def check(path: Path, keys: Sequence[PublicKey]) -> Checked:
    """Return what is wrong with a scan's file.

    Raises
    ------
    ConfigError : it is none.
    """
    try:
        with zipfile.ZipFile(path) as file:
            rows = json.loads(file.read(ROWS))
            given = json.loads(file.read(PROOFS))
        findings = [Finding(text) for text in proof.findings(given, keys)]
        log = LogCheck()
        for each in given["entries"]:
            log.take_personal(each["entry"])
        for table, of_table in rows.items():
            here = {at: said for at, said in log.witnesses.items() if at[0] == table and at[1] in of_table}
            findings += check_rows(here, table, of_table.items())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}: check the path") from None
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path} is no file of a scan ({error}): ask for it again") from None
    return Checked(findings, len(given["entries"]), 1)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
