"""Commands start without what they do not need: a service that was killed is back sooner."""

from __future__ import annotations

import subprocess
import sys

import pytest

from service.cli import Commands

HEAVY = ("scipy", "cv2", "onnxruntime", "matplotlib")


@pytest.mark.parametrize("command", ["serve", "accounts", "lanes", "audit", "config"])
def test_without_a_lanes_libraries(command):
    program = (
        f"import sys, importlib; importlib.import_module({Commands.found_in[command]!r}); "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_a_command_that_is_none():
    ran = subprocess.run([sys.executable, "-m", "service", "lnae"], capture_output=True, text=True)
    assert ran.returncode == 2
    assert "No such command 'lnae'" in ran.stderr
