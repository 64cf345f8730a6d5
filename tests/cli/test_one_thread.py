"""The command keeps NumPy to one thread, unless it is told otherwise."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import os, service.cli
import numpy as np
a = np.ones((400, 400))
a @ a
print(os.environ.get("OPENBLAS_NUM_THREADS"), len(os.listdir("/proc/self/task")))
"""


def told(**environment: str) -> list[str]:
    env = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"} | environment
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.split()


def test_one_thread_multiplies() -> None:
    assert told() == ["1", "1"]


def test_an_operators_number_stands() -> None:
    assert told(OPENBLAS_NUM_THREADS="2")[0] == "2"
