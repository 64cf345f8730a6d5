"""``make soak``: the service is killed at random moments under load, again and again; a table tells.

A page, several streams, lanes that post and a lane in the middle of a scan are all on one service.
Each round: a random while, kill -9, wait until the page says that it is stale, start again, wait until
the page is live. At the end the database file is compared with what was acknowledged, and the lane's
recording is searched for the longest gap between two ticks.

    python -m tests.e2e.soak_kills [--kills 20] [--seed 1]
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scanner.recording.reader import read_recording
from scanner.recording.records import Tick
from service.store.sqlite_database import FILE
from tests.e2e.booth import LIVE, STALE, Booth, launched
from tests.e2e.line import Line
from tests.e2e.load import Listener, Poster, Proof, prove

STALE_LIMIT_S, RECOVERY_LIMIT_S, TICK_LIMIT_S = 2.0, 10.0, 2.0
LANES, STREAMS = 4, 8
UNDECIDED = {"search_llr": 90.0, "no_indication_llr": -90.0, "time_limit_s": 7200.0}


@dataclass(frozen=True, slots=True)
class Kill:
    """One round, s."""

    after_s: float
    stale_after_s: float
    recovery_s: float  # from the moment at which the service was ready again
    away_ns: tuple[int, int]  # from and until when there was no service, monotonic


def ticks_of(line: Line) -> list[int]:
    """Return the times of all ticks that the lane recorded, ns."""
    recordings = sorted((line.folder / "lane-data" / "scans").glob("*/*.mcap"))
    return [r.mono_ns for path in recordings for r in read_recording(path) if isinstance(r, Tick)]


def longest_gap_s(ticks: list[int], away: Sequence[tuple[int, int]] = ()) -> float:
    """Return the longest time between two ticks that follow each other.

    Parameters
    ----------
    away : where given, only gaps that reach into one of these times count.
    """
    gaps = [
        later - earlier
        for earlier, later in itertools.pairwise(sorted(ticks))
        if not away or any(earlier < until and later > since for since, until in away)
    ]
    return max(gaps, default=0) / 1e9


def wait_until_heard(line: Line, listeners: list[Listener]) -> None:
    """Wait until every stream has the newest event, at most some seconds: what is missing then is missing."""
    db = sqlite3.connect(f"file:{line.service.data / FILE}?mode=ro", uri=True)
    with contextlib.closing(db):
        (newest,) = db.execute("SELECT max(sequence) FROM events").fetchone()
    deadline = time.monotonic() + RECOVERY_LIMIT_S
    while time.monotonic() < deadline:
        if all(one.sequences and one.sequences[-1] >= newest for one in listeners):
            return
        time.sleep(0.05)


def kill_once(line: Line, booth: Booth, after_s: float) -> Kill:
    """Kill the service, wait for the page's word, start it again and wait for the page."""
    time.sleep(after_s)
    booth.watch_for(STALE)
    killed, since_ns = time.time(), time.monotonic_ns()
    line.service.kill()
    booth.wait_until_stale()
    stale_after_s = booth.seen_at_s(STALE) - killed
    booth.watch_for(LIVE)
    line.service.start()
    ready, until_ns = time.time(), time.monotonic_ns()
    booth.wait_until_live()
    recovery_s = max(booth.seen_at_s(LIVE) - ready, 0.0)
    return Kill(after_s, stale_after_s, recovery_s, (since_ns, until_ns))


def soak(folder: Path, chromium: str, kills: int, seed: int) -> tuple[list[Kill], Proof, list[int]]:
    """Run all rounds; return them, the proof from the database file, and the lane's ticks."""
    chance = random.Random(seed)
    with Line(folder, policy=UNDECIDED, others=LANES) as line, launched(chromium) as browser:
        booth = Booth(browser, line.service.url, "en", folder, "soak")
        booth.log_in("officer")
        line.arrive()
        booth.start_scan(line.plan)
        posters = [Poster(line.service.port, token) for token in line.others.values()]
        listeners = [Listener(line.service.port, "second") for _ in range(STREAMS)]
        for listener in listeners:
            listener.start()
        for listener in listeners:
            listener.listening.wait(20.0)
        for poster in posters:
            poster.start()
        rounds = []
        for number in range(1, kills + 1):
            rounds.append(kill_once(line, booth, chance.uniform(0.2, 4.0)))
            done = rounds[-1]
            print(
                f"kill {number} of {kills}: stale after {done.stale_after_s:.2f} s, "
                f"live again after {done.recovery_s:.2f} s",
                flush=True,
            )
        for poster in posters:
            poster.end()
        wait_until_heard(line, listeners)
        for listener in listeners:
            listener.end()
        booth.close()
        line.service.end()
        proof = prove(line.service.data / FILE, posters, listeners)
        assert line.lane is not None
        if line.lane.child.poll() is not None:
            proof.undone.append("the lane ended")
        line.lane.end()
        return rounds, proof, ticks_of(line)


def main() -> int:
    """Run, print the table, and return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description="kill the service at random moments under load")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    chosen = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        print("soak: no chromium on this machine: apt-get install chromium", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        rounds, proof, ticks = soak(Path(name), chromium, chosen.kills, chosen.seed)
    stale, recovery = max(r.stale_after_s for r in rounds), max(r.recovery_s for r in rounds)
    gap = longest_gap_s(ticks, [r.away_ns for r in rounds])
    table = Table(title=f"{len(rounds)} kills, seed {chosen.seed}, {LANES} lanes posting, {STREAMS} streams")
    for heading in ("what", "measured", "promised"):
        table.add_column(heading)
    for what, measured, promised in (
        ("stale seen on the page after (longest)", f"{stale:.2f} s", f"{STALE_LIMIT_S:g} s"),
        ("page live again after the service is (longest)", f"{recovery:.2f} s", f"{RECOVERY_LIMIT_S:g} s"),
        ("acknowledged posts", str(proof.acknowledged), ""),
        ("  missing in the database file", str(len(proof.missing)), "0"),
        ("  doubled", str(len(proof.doubled)), "0"),
        ("  without their effect", str(len(proof.undone)), "0"),
        ("alerts raised", str(proof.alerts), ""),
        ("streams with a lost or doubled event", str(len(proof.unheard)), "0"),
        ("the lane's ticks", str(len(ticks)), ""),
        ("  longest gap between two while the service is away", f"{gap:.2f} s", f"{TICK_LIMIT_S:g} s"),
        ("  longest gap of all, this machine's load in it", f"{longest_gap_s(ticks):.2f} s", ""),
    ):
        table.add_row(what, measured, promised)
    console = Console()
    console.print(table)
    for fault in proof.faults[:20]:
        console.print(fault, markup=False, highlight=False)
    broken = stale > STALE_LIMIT_S or recovery > RECOVERY_LIMIT_S or gap > TICK_LIMIT_S or proof.faults
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
