"""The outbox: committed before anyone is told, and there after a kill."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scanner.outbox import Outbox, OutboxError


def test_order_keys_and_contents(tmp_path: Path):
    box = Outbox(tmp_path / "outbox.sqlite")
    keys = [box.put("assessment", "scan", i, {"n": i}) for i in range(5)]
    entries = box.entries()
    assert [e.key for e in entries] == keys
    assert len(set(keys)) == 5
    assert [e.body for e in box.entries(after=entries[2].sequence)] == [{"n": 3}, {"n": 4}]
    assert box.entries(scan_id="other") == []
    box.close()


def test_durability_settings(tmp_path: Path):
    box = Outbox(tmp_path / "outbox.sqlite")
    assert box._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert box._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    box.close()


def test_what_was_put_survives_sigkill(tmp_path: Path):
    path = tmp_path / "outbox.sqlite"
    program = (
        "import sys; from pathlib import Path; from scanner.outbox import Outbox\n"
        "box = Outbox(Path(sys.argv[1])); n = 0\n"
        "while True:\n"
        "    box.put('assessment', 'scan', n, {'n': n}); print(n, flush=True); n += 1\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    told = [int(child.stdout.readline()) for _ in range(20)]
    child.send_signal(signal.SIGKILL)
    told += [int(line) for line in child.stdout.read().split()]
    child.wait()
    child.stdout.close()
    box = Outbox(path)
    kept = [e.body["n"] for e in box.entries()]
    box.close()
    assert kept[: len(told)] == told
    assert kept == list(range(len(kept)))


def test_unusable_folder_is_said_in_words(tmp_path: Path):
    with pytest.raises(OutboxError, match="check the disk"):
        Outbox(tmp_path / "missing" / "outbox.sqlite")
