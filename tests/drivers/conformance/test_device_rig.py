"""The kit on a device that it knows nothing of, as ``--device URL`` gives it: a twin of somebody else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.conformance import LAWS, Outcome, PtyPort, Told
from drivers.conformance.bench import Bench
from drivers.conformance.find import suite_of
from drivers.conformance.run import run
from drivers.twins.gy_mcu90640 import GyMcu90640Twin

HELD = {
    "declares",
    "opens-and-closes",
    "says-who",
    "keeps-its-word",
    "reads-in-time",
    "times-go-forward",
    "replay-equals-live",
    "any-split",
    "stays-level",
    "leaves-nothing-behind",
}
"""What can be tried on a device without a hand on it and without knowing what it measures."""


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with GyMcu90640Twin(PtyPort(tmp_path / "module"), Told().frames((24, 32))) as twin:
        yield twin.url


def test_laws_that_need_no_hand_are_held_and_the_others_say_why_not(url: str):
    suite = suite_of("gy-mcu90640")
    verdicts = run([Bench(suite, device_url=url)])
    assert {verdict.rig for verdict in verdicts} == {f"device {url}"}
    assert {verdict.law for verdict in verdicts if verdict.outcome is Outcome.HELD} == HELD
    left_out = {verdict.law: verdict.words for verdict in verdicts if verdict.outcome is Outcome.NOT_RUN}
    assert set(left_out) == set(LAWS) - HELD
    assert "nobody knows what a real device measures" in left_out["tells-the-truth"]


def test_pytest_takes_a_device(url: str, tmp_path: Path):
    module = tmp_path / "test_module.py"
    module.write_text(
        "from drivers.conformance.builtin.gy_mcu90640 import GyMcu90640Suite\n"
        "class TestModule(GyMcu90640Suite):\n    pass\n"
    )
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--device", url),
            *("-k", "keeps_its_word or says_who", str(module)),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout
    assert f"device {url}: 2 held, 0 broken, 0 not run" in ran.stdout
    assert (tmp_path / "conformance.json").exists()
