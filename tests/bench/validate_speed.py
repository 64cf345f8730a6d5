"""Validation on processes and on as many Dask workers, over the same recordings: seconds, and the same rows.

    python -m tests.bench.validate_speed --recordings FOLDER --labels FILE [--workers 2] [--store]

With ``--store`` the cluster reads from an S3-compatible store on 127.0.0.1. Each side judges once to warm up
(code and models are loaded then) and once for the time, into folders that are thrown away. Needs the extras
``dask`` and ``objects``, and moto.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from scanner.validation.labels import read_labels
from scanner.validation.outcome import Truth
from scanner.validation.pools import Pool, dask_cluster, processes
from scanner.validation.run import validate
from scanner.validation.source import Found, find
from scanner.validation.store import Store, identity_of
from scanner.validation.work import KitFiles, kit_of
from tests.validation.local_cluster import cluster, object_store

PoolMaker = Callable[[], AbstractContextManager[Pool]]


def judged(found: list[Found], truths: Mapping[str, Truth], pool: Pool) -> tuple[float, dict[str, str]]:
    """Return the seconds of a run with workers that are there already, and digests by source."""

    @contextmanager
    def there() -> Iterator[Pool]:
        yield pool

    files = KitFiles()
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder), identity_of(kit_of(files))) as store:
        begun = time.perf_counter()
        run = validate(found, truths, store, files, there)
        seconds = time.perf_counter() - begun
    if run.failed:
        raise SystemExit(f"not judged: {run.failed}")
    return seconds, {outcome.source: outcome.digest for outcome in run.outcomes}


def main() -> None:
    """Print seconds a scan on both, and their ratio."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--recordings", type=Path, required=True)
    asked.add_argument("--labels", type=Path, required=True)
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--store", action="store_true")
    options = asked.parse_args()
    truths = read_labels(options.labels)
    local = find([str(options.recordings)])
    with processes(options.workers) as pool:
        judged(local[: 2 * options.workers], truths, pool)
        pool_s, here = judged(local, truths, pool)
    print(
        f"processes: {options.workers}, {len(here)} scans, {pool_s:.1f} s, {pool_s / len(here):.2f} s a scan"
    )
    with ExitStack() as stack:
        distant = local
        if options.store:
            os.environ.update(stack.enter_context(object_store()))
            distant = uploaded(local)
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        address, _ = stack.enter_context(cluster(Path(folder), options.workers))
        pool = stack.enter_context(dask_cluster(address))
        judged(distant[: 2 * options.workers], truths, pool)
        dask_s, there = judged(distant, truths, pool)
    words = f"Dask{' from the store' if options.store else ''}: {options.workers}"
    print(f"{words}, {len(there)} scans, {dask_s:.1f} s, {dask_s / len(there):.2f} s a scan")
    print(f"Dask over processes: {dask_s / pool_s:.3f}; digests {'equal' if here == there else 'DIFFERENT'}")


def uploaded(local: list[Found]) -> list[Found]:
    """Put recordings into the store and return them as it lists them."""
    import s3fs

    store = s3fs.S3FileSystem()
    store.mkdir("bench")
    for number, one in enumerate(local):
        store.put_file(one.url, f"bench/{number:05}.mcap")
    return find(["s3://bench"])


if __name__ == "__main__":
    main()
