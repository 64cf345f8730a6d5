"""``make soak-store``: the service is killed at random moments under load, on each store; a table tells.

Lanes post and booths read without a browser, so that a hundred kills take minutes. On PostgreSQL two copies
of the service stand behind a balancer, and one or the other is killed. At the end the database is compared
with what was acknowledged, and the audit log is verified.

    python -m tests.e2e.store_kills [--kills 100] [--store sqlite|postgres|copies] [--seed 1]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from service.resources import Role
from service.store.sqlite_database import FILE
from tests.e2e.balancer import Balancer
from tests.e2e.line import ServiceProcess
from tests.e2e.load import Listener, Poster, Proof, prove, rows_of
from tests.postgres_server import PostgresServer, text_of

LANES, STREAMS = 3, 6
LAST_EVENTS_S = 20.0
STORES = ("sqlite", "postgres", "copies")


@dataclass
class Result:
    """What one store came to."""

    store: str
    kills: int
    proof: Proof
    audit: str
    audited: bool
    took_s: float


@contextlib.contextmanager
def database_of(store: str, folder: Path) -> Iterator[str]:
    """Give the URL of a new database; "" for SQLite."""
    if store == "sqlite":
        yield ""
        return
    server = PostgresServer(folder / "postgres")
    try:
        yield text_of(server.new_database(migrated=False))
    finally:
        server.stop()


def run(store: str, folder: Path, kills: int, chance: random.Random) -> Result:
    """Kill so many times, then look."""
    began_s = time.monotonic()
    with database_of(store, folder) as url:
        copies = [ServiceProcess(folder / f"copy-{n}", url) for n in range(2 if store == "copies" else 1)]
        for copy in copies:
            copy.log.parent.mkdir()
        tokens = copies[0].know({"booth": Role.OFFICER}, tuple(f"lane-{n}" for n in range(LANES)))
        for copy in copies:
            copy.start()
        with Balancer([copy.port for copy in copies]) as balancer:
            posters = [Poster(balancer.port, token) for token in tokens.values()]
            listeners = [Listener(balancer.port, "booth") for _ in range(STREAMS)]
            for listener in listeners:
                listener.start()
            for listener in listeners:
                assert listener.listening.wait(30.0), "a stream was never begun"
            for poster in posters:
                poster.start()
            for _ in track(range(kills), description=f"{store}: killing", console=Console(stderr=True)):
                time.sleep(chance.uniform(0.05, 0.8))
                killed = chance.choice(copies)
                killed.kill()
                killed.start()
            for poster in posters:
                poster.end()
            place = url or copies[0].data / FILE
            _wait_until_heard(place, listeners)
            for listener in listeners:
                listener.end()
        for copy in copies:
            copy.end()
        proof = prove(place, posters, listeners)
        audited, words = _verify_audit(copies[0])
        return Result(store, kills, proof, words, audited, time.monotonic() - began_s)


def _wait_until_heard(place: Path | str, listeners: list[Listener]) -> None:
    [(newest,)] = rows_of(place, "SELECT max(sequence) FROM events")
    deadline = time.monotonic() + LAST_EVENTS_S
    while time.monotonic() < deadline:
        if all(one.sequences and one.sequences[-1] >= newest for one in listeners):
            return
        time.sleep(0.05)


def _verify_audit(copy: ServiceProcess) -> tuple[bool, str]:
    asked = [sys.executable, "-m", "service", "audit", "verify", "--data", str(copy.data)]
    env = {**os.environ, "LORRYSCAN_DATABASE": copy.database}
    ran = subprocess.run(asked, capture_output=True, text=True, env=env, timeout=600)
    said = (ran.stdout.strip() or ran.stderr.strip()).splitlines()
    return ran.returncode == 0, said[-1] if said else f"ended with {ran.returncode}"


def main() -> int:
    """Run, print the table, and return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description="kill the service at random moments, on each store")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--store", choices=STORES, action="append")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    chosen = parser.parse_args()
    chance = random.Random(chosen.seed)
    results = []
    for store in chosen.store or STORES:
        with tempfile.TemporaryDirectory() as name:
            results.append(run(store, Path(name), chosen.kills, chance))
    table = Table(
        title=f"{chosen.kills} kills on each store, seed {chosen.seed}, {LANES} lanes, {STREAMS} streams"
    )
    for heading in ("what", *(result.store for result in results), "promised"):
        table.add_column(heading)
    for what, values, promised in (
        ("acknowledged posts", [r.proof.acknowledged for r in results], ""),
        ("  missing", [len(r.proof.missing) for r in results], "0"),
        ("  doubled", [len(r.proof.doubled) for r in results], "0"),
        ("  without their effect", [len(r.proof.undone) for r in results], "0"),
        ("alerts raised", [r.proof.alerts for r in results], ""),
        ("streams with a lost or doubled event", [len(r.proof.unheard) for r in results], "0"),
        ("the audit log verifies", ["yes" if r.audited else "NO" for r in results], "yes"),
        ("took", [f"{r.took_s:.0f} s" for r in results], ""),
    ):
        table.add_row(what, *(str(value) for value in values), promised)
    console = Console()
    console.print(table)
    for result in results:
        console.print(f"{result.store}: {result.audit}", markup=False, highlight=False)
        for fault in result.proof.faults[:20]:
            console.print(f"{result.store}: {fault}", markup=False, highlight=False)
    return int(any(result.proof.faults or not result.audited for result in results))


if __name__ == "__main__":
    sys.exit(main())
