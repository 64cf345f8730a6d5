"""A sensor maker's package as another distribution: built, installed beside ours, and run there."""

from __future__ import annotations

import json
import os
import re
import site
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "tests" / "vendor_example"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment that holds both wheels; what they need comes from the environment of the tests."""
    folder = tmp_path_factory.mktemp("vendor")
    for source in (ROOT, VENDOR):
        subprocess.run(
            [
                sys.executable,
                "-m",
                "build",
                "--wheel",
                "--no-isolation",
                "--outdir",
                str(folder),
                str(source),
            ],
            check=True,
            capture_output=True,
        )
    env = folder / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(env)], check=True)
    (packages,) = (env / "lib").glob("python3*/site-packages")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--no-index", "--target", str(packages)),
            *map(str, folder.glob("*.whl")),
        ],
        check=True,
        capture_output=True,
    )
    # after the environment's own packages, so that the checkout's editable install is never what is used
    (packages / "tests-environment.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return env


def run(environment: Path, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the environment in a folder that holds nothing of ours."""
    return subprocess.run(
        [str(environment / "bin" / "python"), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "PYTHONPATH": ""},
    )


def test_the_environment_uses_the_wheels(environment: Path, tmp_path: Path):
    said = run(
        environment,
        "-c",
        "import drivers, acme_air; print(drivers.__file__, acme_air.__file__)",
        folder=tmp_path,
    )
    assert said.returncode == 0, said.stderr
    assert all(str(environment) in path for path in said.stdout.split())


def test_lorryscan_lists_it_without_an_edit(environment: Path, tmp_path: Path):
    listed = run(environment, "-m", "service", "drivers", "list", folder=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert re.search(r"acme-air\s.*acme-air-lorryscan", listed.stdout), listed.stdout


@pytest.mark.timeout(480)
def test_the_kit_passes_it_and_writes_its_file(environment: Path, tmp_path: Path):
    checked = run(environment, "-m", "service", "drivers", "check", "acme-air", folder=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    written = json.loads((tmp_path / "conformance.json").read_text())
    assert written["passed"]
    assert written["driver"]["distribution"] == "acme-air-lorryscan"
    assert written["driver"]["version"] == "1.0.0"
    assert written["rigs"] == ["twin on pty", "twin on tcp"]
    assert {law["outcome"] for law in written["laws"]} == {"held"}


@pytest.mark.timeout(480)
def test_its_own_tests_pass_with_a_table(environment: Path, tmp_path: Path):
    tests = VENDOR / "tests"
    ran = run(
        environment,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tests), str(tests)),
        # a folder of its own: in the usual one it would shut others out, as the database server's user
        *("--basetemp", str(tmp_path / "temporary")),
        *("-k", "manual or stays or declares or truth or split or unplug"),
        folder=tmp_path,
    )
    assert ran.returncode == 0, ran.stdout
    assert "conformance of acme-air" in ran.stdout
    assert re.search(r"unplug-and-replug +held +held", ran.stdout)
    assert (tmp_path / "conformance.json").exists()


def test_a_lane_takes_it_by_name(environment: Path, tmp_path: Path):
    (tmp_path / "lane.toml").write_text(
        'config_version = 1\n[lane]\nid = "quay"\ndata_dir = "data"\n'
        '[[device]]\nname = "co2-inside"\ndriver = "acme-air"\nrole = "inside"\n'
        '[device.config]\nurl = "/dev/ttyUSB0"\npoll_s = 0.5\n'
    )
    sound = run(environment, "-m", "service", "config", "check", "lane.toml", folder=tmp_path)
    assert sound.returncode == 0, sound.stderr
    assert "co2-inside (inside)" in sound.stdout
    (tmp_path / "lane.toml").write_text((tmp_path / "lane.toml").read_text().replace("0.5", "5.0"))
    refused = run(environment, "-m", "service", "config", "check", "lane.toml", folder=tmp_path)
    assert refused.returncode == 2
    assert "poll_s" in refused.stderr
