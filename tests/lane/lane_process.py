"""``lorryscan lane`` as a child process, for tests."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest


class LaneProcess:
    """``lorryscan lane`` as a child: commands go to its standard input, lines come from its output."""

    def __init__(self, config: Path) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-m", "service", "lane", "--config", str(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        self.lines: list[str] = []
        self._arriving: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            self._arriving.put(line.rstrip("\n"))
        self._arriving.put(None)

    def tell(self, command: str) -> None:
        """Type one command."""
        assert self.child.stdin is not None
        self.child.stdin.write(command + "\n")
        self.child.stdin.flush()

    def until(self, *words: str, within_s: float = 90.0) -> str:
        """Return the first line from now on that holds every word."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                line = self._arriving.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
                pytest.fail(
                    f"no line with {words} within {within_s} s; there were:\n" + "\n".join(self.lines)
                )
            if line is None:
                pytest.fail(f"the lane ended without a line with {words}:\n" + "\n".join(self.lines))
            self.lines.append(line)
            if all(word in line for word in words):
                return line

    def end(self) -> int:
        """Type quit, take the rest of the output and return the exit status."""
        if self.child.poll() is None:
            self.tell("quit")
        status = self.child.wait(timeout=60)
        self._close()
        return status

    def kill(self) -> int:
        """Kill the process with SIGKILL; return the monotonic time at which it was sent, ns."""
        at_ns = time.monotonic_ns()
        self.child.kill()
        self.child.wait()
        self._close()
        return at_ns

    def _close(self) -> None:
        self._reader.join(timeout=10)
        while not self._arriving.empty():
            self.lines.append(self._arriving.get() or "")
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.close()
        self.child.stdout.close()
