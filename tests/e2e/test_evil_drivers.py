"""Plugins that raise, hang, leak and lie: the lane goes on, the booth names them, the kit says why."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from drivers.twins.ports import PtyPort
from tests.e2e.line import Line
from tests.e2e.soak_kills import TICK_LIMIT_S, longest_gap_s, ticks_of

pytestmark = pytest.mark.timeout(360)

TESTS = Path(__file__).resolve().parents[1]
EVIL = {
    # the driver's name: the state in which the booth shows it, and the driver's own words there
    "evil-raises": ("lost", r"its driver failed \(ZeroDivisionError|fails again and again"),
    "evil-hangs": ("lost", r"its driver hangs in read\(\): restart the lane and tell"),
    "evil-leaks": ("degraded|lost", r"its driver has left \d+ files or ports open"),
    "evil-lies": ("degraded", r"reads below its range"),
}
KIT = {
    "evil-raises": ("tells-the-truth", r"read\(\) raised ZeroDivisionError.*evil_drivers.py, line \d+"),
    "evil-hangs": ("tells-the-truth", r"has hung for .* in read\(\) \(evil_drivers.py, line \d+\)"),
    "evil-leaks": ("stays-level", r"more descriptors are open: give back what each reading takes"),
    "evil-lies": ("tells-the-truth", r"percent instead of ppm; convert to the unit"),
}


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Build the two distributions and install them where this process and its children look."""
    folder = tmp_path_factory.mktemp("plugins")
    for name in ("vendor_example", "evil_plugins"):
        words = ("-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(TESTS / name))
        subprocess.run([sys.executable, *words], check=True, capture_output=True)
    words = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder / "site"))
    subprocess.run([sys.executable, *words, *map(str, folder.glob("*.whl"))], check=True, capture_output=True)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(folder / "site")
    sys.path.insert(0, str(folder / "site"))
    yield folder / "site"
    sys.path.remove(str(folder / "site"))
    os.environ.pop("PYTHONPATH")
    if before is not None:
        os.environ["PYTHONPATH"] = before


@pytest.fixture
def line(tmp_path: Path, plugins: Path) -> Iterator[Line]:
    """Give a line with four evil drivers beside the sound ones, each on a sound probe."""
    from acme_air.twin import AcmeAirTwin

    with ExitStack() as stack:
        tables = []
        for name in EVIL:
            twin = stack.enter_context(AcmeAirTwin(PtyPort(tmp_path / name), lambda: 640.0, lambda: 20.0))
            tables.append(
                f'\n[[device]]\nname = "{name}"\ndriver = "{name}"\nrole = "lane"\n'
                f'[device.config]\nurl = "{twin.url}"\npoll_s = 0.2\n'
            )
        yield stack.enter_context(Line(tmp_path, policy={"time_limit_s": 18.0}, devices="".join(tables)))


def test_the_lane_goes_on_and_the_booth_names_them(open_booth: Callable, line: Line):
    booth = open_booth("en")
    booth.log_in("officer")
    plan = line.arrive(1)
    booth.start_scan(plan)
    booth.put_probe_in()
    for name, (state, words) in EVIL.items():
        places = ", ".join(f"[data-device={name}][data-state={one}]" for one in state.split("|"))
        shown = booth.page.locator(places).filter(has_text=re.compile(words))
        shown.wait_for(timeout=40_000)
        assert name in shown.inner_text()
    booth.picture("evil drivers")
    # all the others work, and the visit comes to its end in time
    for name in line.twins.by_sensor:
        assert booth.device(name).get_attribute("data-state") in ("ready", "warming_up")
    booth.page.get_by_text(booth.word("past_visit_over")).first.wait_for(timeout=90_000)
    assert longest_gap_s(ticks_of(line)) <= TICK_LIMIT_S


@pytest.fixture(scope="module")
def checks(
    plugins: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Run the kit on all four at once: it mostly waits."""
    environment = {**os.environ, "PYTHONPATH": f"{plugins}{os.pathsep}{TESTS.parent}"}
    running = {
        name: subprocess.Popen(
            [sys.executable, "-m", "service", "drivers", "check", name, "--law", law, "--wire", "pty"],
            cwd=tmp_path_factory.mktemp(name),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        for name, (law, _) in KIT.items()
    }
    yield running
    for child in running.values():
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


@pytest.mark.parametrize("name", EVIL)
def test_the_kit_fails_it_with_what_to_mend(checks: dict[str, subprocess.Popen[str]], name: str):
    said, _ = checks[name].communicate(timeout=240)
    assert checks[name].returncode == 1, said
    assert re.search(KIT[name][1], " ".join(said.split()))
