"""Who does the work: processes of this machine, or a Dask cluster; both take functions the same way."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from drivers.api import ConfigError, LorryscanError

RETRIES = 5
"""How often a scan is given to another worker when its own died under it."""
CONNECT_S = 15.0


class PoolFailed(LorryscanError, RuntimeError):
    """The work cannot go on.

    Examples: a process was killed, for memory as a rule; the cluster went away; a worker runs other code.
    """


@dataclass(frozen=True, slots=True)
class Pool:
    """An executor, and how many tasks it should have at a time."""

    executor: Executor
    in_flight: int


@contextmanager
def processes(workers: int) -> Iterator[Pool]:
    """Give a pool of processes of this machine; what has not begun is dropped at the end.

    They are started anew, not forked: the image runtime has threads, which do not survive a fork.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=_begin)
    try:
        yield Pool(pool, 2 * workers)
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """Leave Ctrl-C to the first process, and end when that was killed: nobody would take the results."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_first, daemon=True).start()


def _end_with_the_first() -> None:
    first = multiprocessing.parent_process()
    if first is not None:
        first.join()
        os._exit(1)


@contextmanager
def dask_cluster(address: str) -> Iterator[Pool]:
    """Give a Dask cluster that runs already.

    Raises
    ------
    ConfigError : Dask is not installed, or nobody answers at the address.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise ConfigError("--dask needs: pip install 'lorryscan[dask]', here and at each worker") from None
    try:
        client = distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"--dask {address}: no scheduler answers there ({error}): start one") from None
    try:
        threads = sum(client.nthreads().values())
        if not threads:
            raise ConfigError(f"--dask {address}: no workers there: start some: dask worker {address}")
        yield Pool(client.get_executor(pure=False, retries=RETRIES), 2 * threads)
    finally:
        client.close()
