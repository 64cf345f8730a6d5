"""``make soak-hardships``: a full disk, a database that is gone, a clock set back, under load; a table tells.

A lane is in the middle of a scan, others post, booths read. Each hardship lasts a while and ends. Looked at:
how soon booths are told, that the lane's ticks go on, that it has told everything some time after, and that
what was acknowledged is in the store once.

    python -m tests.e2e.hardships [--only disk|database|clock] [--lasts 60]
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from service.store.sqlite_database import FILE
from tests.e2e.line import Line, ServiceProcess
from tests.e2e.load import Listener, Poster, Proof, prove
from tests.e2e.soak_kills import TICK_LIMIT_S, UNDECIDED, longest_gap_s, ticks_of
from tests.postgres_server import PostgresServer, text_of

LANES, STREAMS = 3, 4
TOLD_LIMIT_S = 5.0
CAUGHT_UP_LIMIT_S = 30.0
SETTLE_S = 5.0
HOUR_S = 3600.0
START = "start reefer boxed laden"


@dataclass
class Scene:
    """A service with something that can be taken away from it."""

    name: str
    trouble: str
    service: ServiceProcess
    place: Path | str
    begin: Callable[[], None]
    end: Callable[[], None]
    stays: bool = False  # told for a while after its end, too


@dataclass
class Result:
    """What a hardship came to; times in s."""

    name: str
    told_after_s: float
    gone_after_s: float
    untold: int
    gap_s: float
    proof: Proof


@contextlib.contextmanager
def disk(folder: Path) -> Iterator[Scene]:
    """Give a service whose files cannot grow: as full as a disk can be."""
    service = ServiceProcess(folder)

    def limit(most: int) -> None:
        assert service.child is not None
        _, hard = resource.prlimit(service.child.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(service.child.pid, resource.RLIMIT_FSIZE, (most, hard))

    yield Scene(
        "disk full",
        "store_unavailable",
        service,
        service.data / FILE,
        lambda: limit(1),
        lambda: limit(resource.RLIM_INFINITY),
    )


@contextlib.contextmanager
def database(folder: Path) -> Iterator[Scene]:
    """Give a service whose database server is stopped."""
    server = PostgresServer(folder / "postgres")
    try:
        url = text_of(server.new_database(migrated=False))
        service = ServiceProcess(folder, url)
        yield Scene("database gone", "store_unavailable", service, url, server.stop, server.start)
    finally:
        server.start()
        server.stop()


@contextlib.contextmanager
def clock(folder: Path) -> Iterator[Scene]:
    """Give a service whose clock is set back an hour, and forward again."""
    ahead = folder / "ahead"
    ahead.write_text("0")
    program = (sys.executable, "-m", "tests.e2e.serve_with_clock", str(ahead))
    service = ServiceProcess(folder, program=program)

    def put(seconds: float) -> None:
        beside = ahead.with_suffix(".new")
        beside.write_text(str(seconds))
        beside.replace(ahead)

    yield Scene(
        "clock set back 1 h",
        "clock_stepped",
        service,
        service.data / FILE,
        lambda: put(-HOUR_S),
        lambda: put(0.0),
        stays=True,
    )


SCENES = {"disk": disk, "database": database, "clock": clock}


def run(scene: Scene, folder: Path, lasts_s: float) -> Result:
    """Let it happen under load, and look."""
    with Line(folder, policy=UNDECIDED, others=LANES, service=scene.service) as line:
        line.arrive()
        assert line.lane is not None
        line.lane.tell(START)
        posters = [Poster(line.service.port, token) for token in line.others.values()]
        listeners = [Listener(line.service.port, "second") for _ in range(STREAMS)]
        for listener in listeners:
            listener.start()
        for listener in listeners:
            assert listener.listening.wait(20.0)
        for poster in posters:
            poster.start()
        time.sleep(SETTLE_S)
        began_s, began_ns = time.monotonic(), time.monotonic_ns()
        scene.begin()
        time.sleep(lasts_s / 2)
        line.lane.tell("end")  # there is something to tell that the service cannot take
        line.lane.tell(START)
        time.sleep(lasts_s / 2)
        ended_s, ended_ns = time.monotonic(), time.monotonic_ns()
        scene.end()
        untold = _wait_until_told(line)
        gone_after_s = time.monotonic() - ended_s
        time.sleep(SETTLE_S)
        for poster in posters:
            poster.end()
        time.sleep(SETTLE_S)
        for listener in listeners:
            listener.end()
        told = max(_told_after_s(listener, scene.trouble, began_s) for listener in listeners)
        line.service.end()
        proof = prove(scene.place, posters, listeners)
        line.lane.end()
        gap_s = longest_gap_s(ticks_of(line), [(began_ns, ended_ns)])
        return Result(scene.name, told, gone_after_s, untold, gap_s, proof)


def _told_after_s(listener: Listener, trouble: str, began_s: float) -> float:
    after = [at_s - began_s for at_s, told in listener.troubles if at_s >= began_s and trouble in told]
    return min(after, default=float("inf"))


def _wait_until_told(line: Line) -> int:
    """Wait until the lane has told all that it has to tell; return what it still has at the end."""
    untold = -1
    deadline = time.monotonic() + CAUGHT_UP_LIMIT_S
    while time.monotonic() < deadline and untold != 0:
        with contextlib.suppress(Exception):
            live = line.api("officer", "/api/v1/lanes/north-quay-2/live")["live"]
            untold = live["untold"] if live else -1
        time.sleep(0.1)
    return untold


def main() -> int:
    """Run, print the table, and return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description="full disk, database gone, clock set back, under load")
    parser.add_argument("--only", choices=SCENES, action="append")
    parser.add_argument("--lasts", type=float, default=60.0)
    chosen = parser.parse_args()
    results = []
    for name in chosen.only or SCENES:
        print(f"{name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as place, SCENES[name](Path(place)) as scene:
            results.append(run(scene, Path(place), chosen.lasts))
    table = Table(
        title=f"hardships of {chosen.lasts:g} s, {LANES} lanes posting, one scanning, {STREAMS} streams"
    )
    for heading in ("what", *(result.name for result in results), "promised"):
        table.add_column(heading)
    for what, values, promised in (
        (
            "booths are told after, longest",
            [f"{r.told_after_s:.1f} s" for r in results],
            f"{TOLD_LIMIT_S:g} s",
        ),
        (
            "the lane's ticks: longest gap meanwhile",
            [f"{r.gap_s:.2f} s" for r in results],
            f"{TICK_LIMIT_S:g} s",
        ),
        (
            "the lane has told everything after",
            [f"{r.gone_after_s:.1f} s" for r in results],
            f"{CAUGHT_UP_LIMIT_S:g} s",
        ),
        ("  still untold", [r.untold for r in results], "0"),
        ("acknowledged posts", [r.proof.acknowledged for r in results], ""),
        (
            "  missing, doubled or without effect",
            [len(r.proof.faults) - len(r.proof.unheard) for r in results],
            "0",
        ),
        ("streams with a lost or doubled event", [len(r.proof.unheard) for r in results], "0"),
    ):
        table.add_row(what, *(str(value) for value in values), promised)
    console = Console(width=130)
    console.print(table)
    for result in results:
        for fault in result.proof.faults[:20]:
            console.print(f"{result.name}: {fault}", markup=False, highlight=False)
    broken = any(
        r.told_after_s > TOLD_LIMIT_S or r.gap_s > TICK_LIMIT_S or r.untold != 0 or r.proof.faults
        for r in results
    )
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
