"""The wheel: five packages with their data, no tests, and a line that runs from it alone, page included."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"service", "scanner", "models", "calibration", "drivers"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel once."""
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    return built


def test_it_holds_the_five_packages_and_no_tests(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == PACKAGES


def test_it_holds_every_data_file_of_the_checkout(wheel: Path):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert not [name for name in tracked(*PACKAGES) if name not in names | tracked("service/ui")]


def test_it_holds_the_page_and_the_migrations_and_not_the_page_s_sources(wheel: Path):
    names = set(zipfile.ZipFile(wheel).namelist())
    page = {
        str(file.relative_to(ROOT)) for file in (ROOT / "service" / "static").rglob("*") if file.is_file()
    }
    assert "service/static/index.html" in page
    assert page <= names
    assert {name for name in names if name.startswith("service/static/")} == page
    migrations = {name for name in tracked("service/store/migrations") if name.endswith(".py")}
    assert any("/versions/" in name for name in migrations)
    assert migrations <= names
    assert not [name for name in names if name.startswith("service/ui/")]


def tracked(*folders: str) -> set[str]:
    """Return the files of the checkout."""
    listed = subprocess.run(
        ["git", "ls-files", *folders], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert listed
    return set(listed)


@pytest.mark.timeout(900)
def test_a_line_runs_from_an_empty_environment(wheel: Path, tmp_path: Path):
    """Install the wheel and what it needs into a new environment; scan one lorry there and open the page."""
    env = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", str(env)], check=True)
    pip = [str(env / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    lock = ROOT / "requirements" / "runtime.txt"
    subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True, capture_output=True)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True, capture_output=True)
    running = subprocess.Popen(
        [str(env / "bin" / "lorryscan"), "demo", "--first", "2", "--lorries", "1", "--data", "data"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    printed, served = "", b""
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        assert running.stdout is not None
        for line in running.stdout:
            printed += line
            address = re.search(r"http://127\.0\.0\.1:\d+", line)
            if address and not served:
                with directly.open(f"{address[0]}/") as page:
                    served = page.read()
        status = running.wait(60)
    finally:
        running.kill()
        running.wait()
        if running.stdout is not None:
            running.stdout.close()
    assert status == 0, printed
    assert served == (ROOT / "service" / "static" / "index.html").read_bytes()
    assert "(final)" in printed
    assert list((tmp_path / "data" / "scans").glob("*/*.mcap"))
