"""A whole set of recordings and labels becomes rows: what is kept is taken up, what is bad is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import islice, repeat
from typing import Any

from drivers.api import LorryscanError
from scanner.validation.outcome import Outcome, Truth
from scanner.validation.pools import Pool, PoolFailed
from scanner.validation.replayed import labelled, source_of
from scanner.validation.source import Found, header_of, open_store
from scanner.validation.store import FileFacts, Store
from scanner.validation.work import Done, KitFiles, Task, work

LOOKERS = 8


@dataclass(slots=True)
class Run:
    """What became of a set.

    Parameters
    ----------
    outcomes : judged scans, in the order of their ids.
    failed : why a file or a scan could not be used, by its name.
    unlabelled : scans whose truth nobody told.
    missing : labels without a recording.
    kept : how many outcomes an earlier run had left.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    unlabelled: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    kept: int = 0


@dataclass(frozen=True, slots=True)
class _Visit:
    visit: int
    found: Found


def validate(
    recordings: Sequence[Found],
    labels: Mapping[str, Truth],
    store: Store,
    files: KitFiles,
    pool: Callable[[], AbstractContextManager[Pool]],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Run:
    """Judge every labelled scan that is not in the store yet; return them all.

    Parameters
    ----------
    pool : opened only where there is work left.
    progress : called with the numbers of scans done and of all scans.

    Raises
    ------
    PoolFailed : the workers died; what was done is kept, and another run goes on from there.
    """
    run = Run()
    scans = _scans(recordings, store, run.failed)
    run.unlabelled = sorted(set(scans) - set(labels))
    run.missing = sorted(set(labels) - set(scans) - set(run.failed))
    tasks, sources = [], {}
    for scan in sorted(set(scans) & set(labels)):
        visits = scans[scan]
        kept = _kept_source(visits, store)
        if kept in store.rows:
            sources[scan] = kept
        else:
            tasks.append(Task(scan, tuple(visit.found.url for visit in visits), labels[scan]))
    run.kept, total = len(sources), len(sources) + len(tasks)
    progress(run.kept, total)
    if tasks:
        with pool() as workers:
            results = _results(tasks, files, workers, store.identity.id)
            for count, done in enumerate(results, run.kept + 1):
                progress(count, total)
                _take(done, store, scans[done.scan], sources, run.failed)
    for scan, source in sorted(sources.items()):
        row, links = store.rows[source], tuple(visit.found.url for visit in scans[scan])
        recorded = {k: v for k, v in row.truth.conditions.items() if k in ("lane", "projected")}
        run.outcomes.append(
            replace(row, truth=labelled(labels[scan], row.declared, recorded), links=links)
        )  # labels and places may have changed since the row was written
    return run


def _scans(recordings: Sequence[Found], store: Store, failed: dict[str, str]) -> dict[str, list[_Visit]]:
    """Sort recordings into scans, visits in order, by what is known of the files or by their headers."""
    scans: dict[str, list[_Visit]] = {}
    with ThreadPoolExecutor(LOOKERS) as lookers:
        places = (None if _is_known(found, store) else open_store(found.url) for found in recordings)
        looked = lookers.map(_look, recordings, repeat(store), places)
        for found, told in zip(recordings, looked, strict=True):
            if isinstance(told, str):
                failed[found.url] = told
            else:
                scans.setdefault(told[0], []).append(_Visit(told[1], found))
    for scan, visits in list(scans.items()):
        visits.sort(key=lambda one: (one.visit, one.found.url))
        numbers = [one.visit for one in visits]
        if numbers != list(range(1, len(numbers) + 1)):
            files = ", ".join(one.found.url for one in visits)
            told_numbers = ", ".join(map(str, numbers))
            failed[scan] = f"visits {told_numbers} given ({files}); give each visit once, from the first on"
            del scans[scan]
    return scans


def _is_known(found: Found, store: Store) -> bool:
    known = store.files.get(found.url)
    return known is not None and known.stamp == found.stamp


def _look(found: Found, store: Store, opened: tuple[Any, str] | None) -> tuple[str, int] | str:
    """Return a recording's scan and visit, or what is wrong with it; ``opened`` as in `header_of`."""
    if opened is None:
        known = store.files[found.url]
        return known.scan, known.visit
    try:
        header = header_of(found.url, opened)
    except (LorryscanError, OSError) as error:
        return str(error)
    return header.scan_id, header.visit


def _kept_source(visits: Sequence[_Visit], store: Store) -> str:
    """Return the source of files that did not change since they were hashed, else ""."""
    hashes = []
    for visit in visits:
        known = store.files.get(visit.found.url)
        if known is None or known.stamp != visit.found.stamp:
            return ""
        hashes.append(known.sha256)
    return source_of(hashes)


def _results(tasks: Sequence[Task], files: KitFiles, pool: Pool, identity: str) -> Iterator[Done]:
    """Yield results as they come, with no more tasks given out than the pool should have at a time."""
    waiting = iter(tasks)
    running: dict[Future[Done], Task] = {}
    try:
        while True:
            for task in islice(waiting, pool.in_flight - len(running)):
                running[pool.executor.submit(work, task, files)] = task
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                task = running.pop(future)
                error = future.exception()
                if error is None:
                    yield future.result()
                elif isinstance(error, (LorryscanError, BrokenProcessPool, OSError)):
                    raise error
                else:  # a cluster gives up on a scan under which workers die, not on the others
                    yield Done(task.scan, identity, failure=f"{type(error).__name__}: {error}")
    except BrokenProcessPool:
        raise PoolFailed(
            "a worker process was killed (too little memory, as a rule): what was done is kept; "
            "run the same command again, with fewer --workers"
        ) from None
    except LorryscanError:
        raise
    except (OSError, RuntimeError, CancelledError) as error:
        raise PoolFailed(f"the workers are gone ({error}): what was done is kept; run it again") from error


def _take(
    done: Done, store: Store, visits: Sequence[_Visit], sources: dict[str, str], failed: dict[str, str]
) -> None:
    if done.identity != store.identity.id:
        raise PoolFailed(
            f"a worker runs other code, models or calibrations ({done.identity}, here {store.identity.id}): "
            "install the same lorryscan there, with the same files, and run it again"
        )
    if done.outcome is None:
        failed[done.scan] = done.failure
        return
    store.add(done.outcome)
    for visit, sha256 in zip(visits, done.sha256s, strict=True):
        store.note(FileFacts(visit.found.url, visit.found.stamp, sha256, done.scan, visit.visit))
    sources[done.scan] = done.outcome.source
