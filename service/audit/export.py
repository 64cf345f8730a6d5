"""The whole log as a file of JSON lines, checked without the store; personal parts are in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from drivers.api import ConfigError
from service.audit import note
from service.audit.check_store import entries
from service.audit.note import Checkpoint, PublicKey
from service.audit.verify import Checked, LogCheck

VERSION = 1
_KEYS = frozenset({"sequence", "utc_ms", "action", "who", "subject", "detail", "salt", "personal_sha256"})


def write(c: Connection, path: Path, checkpoint: str) -> int:
    """Write all entries and a checkpoint; return how many entries there were."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps({"lorryscan_audit": VERSION, "checkpoint": checkpoint}) + "\n")
        for rows in entries(c):
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += len(rows)
    return count


def check(
    path: Path,
    checkpoints: Mapping[str, Checkpoint],
    keys: Sequence[PublicKey],
    progress: Callable[[int], None] = lambda _: None,
) -> Checked:
    """Return what is wrong with an exported log.

    Raises
    ------
    ConfigError : the file is none that `write` wrote.
    """
    number = 0
    try:
        with path.open(encoding="utf-8") as file:
            head = json.loads(file.readline())
            if head["lorryscan_audit"] != VERSION:
                raise ValueError(f"version {head['lorryscan_audit']}")
            all_checkpoints = {**checkpoints, "in the export": note.parse(head["checkpoint"])}
            check = LogCheck(wanted=frozenset(each.size for each in all_checkpoints.values()))
            for line in file:
                check.take(_entry(line))
                progress(1)
                number += 1
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}: check the path") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: entry {number + 1} is no entry ({error}): give a file of `lorryscan audit export`"
        ) from None
    check.end()
    for name, checkpoint in sorted(all_checkpoints.items(), key=lambda item: item[1].size):
        check.check_checkpoint(name, checkpoint, keys)
    return Checked(check.findings, check.size, len(all_checkpoints))


def _entry(line: str) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(line)
    if set(entry) != _KEYS or not isinstance(entry["sequence"], int):
        raise ValueError("its keys are others")
    return entry
