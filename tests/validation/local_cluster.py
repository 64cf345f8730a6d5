"""A Dask cluster and an S3-compatible store on 127.0.0.1, for tests and benches."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

EXTRAS = ("distributed", "s3fs", "moto", "flask_cors")
"""Modules that this needs."""


@contextmanager
def object_store() -> Iterator[Mapping[str, str]]:
    """Run a store in this process; give the environment by which S3 clients find it."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # else a line a request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        server.stop()


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """Run a scheduler and workers of one thread, in this process's environment; give address and workers."""
    children = [_started("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")]
    try:
        address = _said(children[0], r"Scheduler at: +(tcp://\S+)")
        for number in range(workers):
            place = ("--host", "127.0.0.1", "--local-directory", str(folder / f"worker{number}"))
            options = ("--nthreads", "1", "--no-nanny", "--no-dashboard")
            children.append(_started("dask_worker", address, *place, *options))
        for worker in children[1:]:
            _said(worker, r"(Registered to)")
        yield address, children[1:]
    finally:
        for child in reversed(children):
            child.kill()
            child.communicate()


def _started(module: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )


def _said(child: subprocess.Popen[str], pattern: str) -> str:
    """Return what a program says that matches; its first group."""
    assert child.stderr is not None
    for line in child.stderr:
        if found := re.search(pattern, line):
            return found[1]
    raise AssertionError(f"it ended with {child.wait()} without saying {pattern}")
