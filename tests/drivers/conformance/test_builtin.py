"""Every driver that comes with lorryscan keeps every law, on every wire of its suite; no allow-list."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from drivers.conformance import LAWS
from drivers.conformance.find import suites
from drivers.registry import installed

ROOT = Path(__file__).resolve().parents[3]
NAMES = sorted(name for name, driver in installed().items() if driver.distributions == ("lorryscan",))
AT_ONCE = 4  # a suite mostly waits
EXCUSES = {
    "any-split": ("datagrams come whole",),
    "notices-silence": ("it speaks only when something passes: its silence says nothing",),
}
"""The only reasons for which a law may be left out, by law: both lie in the wire, not in the driver."""


def tried(name: str, folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Run the kit on one driver in a process of its own.

    It gets a copy of the environment: pytest writes to its own at each step, maybe while this process starts.
    """
    out = folder / f"{name}.json"
    done = subprocess.run(
        [sys.executable, "-m", "drivers.conformance", name, "--json", str(out)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    assert out.exists(), done.stdout + done.stderr
    report: dict[str, Any] = json.loads(out.read_text())
    report["printed"] = done.stdout
    report["status"] = done.returncode
    return report


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[dict[str, Any]]]]:
    """Start the kit on all drivers, a few at once."""
    folder = tmp_path_factory.mktemp("conformance")
    environment = dict(os.environ)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(tried, name, folder, environment) for name in NAMES}


@pytest.mark.timeout(800)
@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_every_law(reports: dict[str, Future[dict[str, Any]]], name: str):
    report = reports[name].result()
    assert report["status"] == 0, report["printed"]
    assert report["passed"]
    assert {law["law"] for law in report["laws"]} == set(LAWS)
    left_out = {(law["law"], law["words"]) for law in report["laws"] if law["outcome"] != "held"}
    assert not [one for one in left_out if one[1] not in EXCUSES.get(one[0], ())]


@pytest.mark.timeout(800)
@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_how_many_laws_it_keeps(reports: dict[str, Future[dict[str, Any]]], name: str):
    page = (ROOT / "docs" / "drivers.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
    laws = reports[name].result()["laws"]
    held = Counter(law["rig"].removeprefix("twin on ") for law in laws if law["outcome"] == "held")
    counts = [f"{wire} {number}" for wire, number in held.items()]
    told = re.findall(r"(?:pty|tcp|udp) \d+", row)
    assert told == counts


def test_every_driver_has_a_suite():
    assert not [name for name in NAMES if name not in suites()]
