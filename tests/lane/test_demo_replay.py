"""Rule 3: lorries of the demonstration give the same digests in real time and in replay.

The others are replayed in tests/rules/test_rule3_raw_first.py, from a lane that does not wait.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scanner.replay_schema import ReplayFile
from scanner.simulation.stream import demo_stream

# Three lanes in real time are started once (--dist=loadfile keeps a file on one worker), and the
# first test that asks waits for all.
pytestmark = pytest.mark.timeout(560)

NUMBERS = (2, 4, 5)  # those with people, and the one whose probe fails
LORRIES = [demo_stream()[number - 1] for number in NUMBERS]


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, str, int]]:
    """Run the demonstration's lorries in real time, each on a lane of its own."""
    folders = [tmp_path_factory.mktemp(f"lorry{n}") for n in NUMBERS]
    running = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "service", "demo", "--no-service"),
                *("--first", str(n), "--lorries", "1", "--data", "."),
            ],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        for n, folder in zip(NUMBERS, folders, strict=True)
    ]
    outputs = [child.communicate(timeout=220)[0] for child in running]
    return [(f, o, c.returncode) for f, o, c in zip(folders, outputs, running, strict=True)]


@pytest.mark.parametrize("number", range(len(LORRIES)), ids=[lorry.name for lorry in LORRIES])
def test_live_and_replay_digests_are_equal(demos, number: int, tmp_path: Path):
    folder, printed, status = demos[number]
    assert status == 0, printed
    out = tmp_path / "replay.json"
    replayed = subprocess.run(
        [sys.executable, "-m", "service", "replay", str(folder), "--json", str(out)],
        capture_output=True,
        text=True,
    )
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    result = ReplayFile.model_validate(json.loads(out.read_text()))
    (scan,) = result.scans
    assert scan.digests.different == 0
    assert scan.digests.equal == scan.ticks
    # a lane says something every second; the shortest visit has hardly more than twenty
    assert scan.digests.equal >= min(20, 0.9 * scan.duration_s)
    assert scan.final
    assert f"{scan.recommendation}, posterior" in printed


def test_what_each_lorry_gets(demos):
    """An occupied lorry is not passed, and the failed probe never ends as no-indication."""
    for (_, printed, _), lorry in zip(demos, LORRIES, strict=True):
        final = [line for line in printed.splitlines() if "(final)" in line]
        assert final, printed
        if lorry.spec.occupied or lorry.inside_probe_fails_s is not None:
            assert "no-indication" not in final[-1]
    lost = demos[-1][1]
    assert "co2-inside: lost" in lost
    assert "inconclusive" in [line for line in lost.splitlines() if "(final)" in line][-1]
