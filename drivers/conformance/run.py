"""Tries laws on rigs: each in a thread of its own with a time limit, so that a hanging driver is named."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from drivers.api import DriverError
from drivers.conformance.bench import Bench
from drivers.conformance.law import Law, LawBroken, NotRun, Outcome, When
from drivers.conformance.laws import LAWS
from drivers.conformance.rigs import LACKS

JOBS = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one law went on one rig."""

    law: str
    rig: str
    outcome: Outcome
    words: str
    took_s: float


def try_law(one: Law, bench: Bench) -> Verdict:
    """Try one law on one rig; never raises."""
    missing = one.needs - bench.abilities
    if missing:
        why = ", and ".join(LACKS[one] for one in LACKS if one in missing)
        return Verdict(one.name, bench.name, Outcome.NOT_RUN, why, 0.0)
    found: list[tuple[Outcome, str]] = []

    def attempt() -> None:
        found.append(_attempt(one, bench))

    began = time.monotonic()
    thread = threading.Thread(target=attempt, name=f"law {one.name}", daemon=True)
    thread.start()
    thread.join(one.limit_s)
    took_s = time.monotonic() - began
    if not found:
        words = (
            f"it has hung for {one.limit_s:g} s {_where(thread, bench)}: return from read() within 0.2 s "
            "and give every wait a limit"
        )
        return Verdict(one.name, bench.name, Outcome.BROKEN, words, took_s)
    return Verdict(one.name, bench.name, *found[0], took_s)


def _attempt(one: Law, bench: Bench) -> tuple[Outcome, str]:
    try:
        one.body(bench)
    except NotRun as why:
        return Outcome.NOT_RUN, str(why)
    except LawBroken as error:
        return Outcome.BROKEN, str(error)
    except DriverError as error:
        return Outcome.BROKEN, f"it raised {type(error).__name__} on a wire that is whole: {error}"
    except Exception as error:  # a fault of the suite, the twin or the kit: say where
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}, line {last.lineno}"
        return Outcome.BROKEN, f"{type(error).__name__}: {error} ({where})"
    return Outcome.HELD, ""


def _where(thread: threading.Thread, bench: Bench) -> str:
    """Say in which line a hanging thread stands, the driver's own where it is on the stack."""
    frame = sys._current_frames().get(thread.ident or 0)
    if frame is None:
        return "somewhere"
    stack = traceback.extract_stack(frame)
    module = sys.modules.get(bench.device_class.__module__)
    own = [line for line in stack if module is not None and line.filename == module.__file__]
    line = (own or stack)[-1]
    return f"in {line.name}() ({Path(line.filename).name}, line {line.lineno})"


def run(
    benches: Iterable[Bench],
    laws: Iterable[Law] | None = None,
    said: Callable[[Verdict], None] | None = None,
    jobs: int = JOBS,
) -> list[Verdict]:
    """Try laws on rigs and return the verdicts, laws in their order.

    Parameters
    ----------
    benches : rigs to try them on.
    laws : which; without them all.
    said : is told each verdict as it comes.
    jobs : laws that mostly wait and are tried at once; what measures memory or threads is tried alone.
    """
    chosen = list(laws) if laws is not None else list(LAWS.values())
    rigs = list(benches)
    verdicts: list[Verdict] = []
    for verdict in _all(chosen, rigs, jobs):
        verdicts.append(verdict)
        if said is not None:
            said(verdict)
    order = {one.name: number for number, one in enumerate(chosen)}
    places = {bench.name: number for number, bench in enumerate(rigs)}
    return sorted(verdicts, key=lambda verdict: (order[verdict.law], places[verdict.rig]))


def _all(chosen: list[Law], rigs: list[Bench], jobs: int) -> Iterator[Verdict]:
    # A real device is one: nothing is tried on it at once.
    together = [
        (one, bench) for one in chosen for bench in rigs if one.when is When.TOGETHER and not bench.device_url
    ]
    alone = [(one, bench) for one in chosen for bench in rigs if (one, bench) not in together]
    with ThreadPoolExecutor(jobs, thread_name_prefix="kit") as pool:
        for done in as_completed([pool.submit(try_law, one, bench) for one, bench in together]):
            yield done.result()
    for one, bench in alone:
        yield try_law(one, bench)
