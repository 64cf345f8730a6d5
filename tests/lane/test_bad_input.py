"""Bad input: each a clear message with the mend and a proper exit status, nothing lost, no traceback."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.lane.agent import LaneAgent
from scanner.recording import manifest
from scanner.simulation.stream import demo_stream

MINIMAL = """config_version = 1
[lane]
id = "x"
data_dir = "data"
[[device]]
name = "co2-inside"
driver = "vaisala-gmp252"
role = "inside"
[device.config]
url = "/dev/ttyNONE"
"""


def lorryscan(*args: object) -> subprocess.CompletedProcess[str]:
    """Run the command; nothing it prints may be a traceback."""
    ran = subprocess.run(
        [sys.executable, "-m", "service", *map(str, args)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in ran.stdout + ran.stderr
    return ran


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('id = "x"', 'id = "x"\ncolour = "red"', ["colour", "unknown key"]),
        ('data_dir = "data"', "", ["data_dir", "missing"]),
        ("config_version = 1", "config_version = 7", ["config_version", "7"]),
        ('role = "inside"', 'role = "upstairs"', ["role", "upstairs"]),
        ('driver = "vaisala-gmp252"', 'driver = "vaisala-gmp525"', ["vaisala-gmp525", "vaisala-gmp252"]),
        ("[device.config]", "[device.config]\naddres = 3", ["co2-inside", "addres"]),
        ("[device.config]", "[device.config]\naddress = 900", ["co2-inside", "address", "900"]),
        ('name = "co2-inside"', 'name = "CO2 inside"', ["device.0.name", "lower-case"]),
        ("[lane]", "[lane", ["TOML"]),
        ("[lane]", "[policy.reefer]\nrequired = ['smell']\n[lane]", ["smell", "heartbeat"]),
    ],
)
@pytest.mark.parametrize("command", [("config", "check"), ("lane", "--config")])
def test_a_wrong_configuration(tmp_path: Path, command, old, new, says):
    file = tmp_path / "lane.toml"
    assert old in MINIMAL
    file.write_text(MINIMAL.replace(old, new, 1), encoding="utf-8")
    ran = lorryscan(*command, file)
    assert ran.returncode == 2
    assert str(file) in ran.stderr
    for word in says:
        assert word in ran.stderr
    assert not (tmp_path / "data").exists()


def test_a_missing_configuration(tmp_path: Path):
    ran = lorryscan("lane", "--config", tmp_path / "none.toml")
    assert ran.returncode == 2
    assert "check the path" in ran.stderr


def test_a_busy_serial_port(twins, start_lane):
    holder = os.open(twins.inside.url, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        lane = start_lane()
        line = lane.until("co2-inside: lost")
        assert "held by another program" in line
        assert "close the other" in line
        lane.until("geophones: ready")  # the others go on
        os.close(holder)
        holder = -1
        lane.until("co2-inside: ready")
        assert lane.end() == 0
    finally:
        if holder >= 0:
            os.close(holder)


def test_a_busy_udp_port(twins, start_lane):
    host, port = twins.shake.url.removeprefix("udp://").split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind((host, int(port)))
        lane = start_lane()
        assert "another program listens there" in lane.until("shake: lost")
        assert lane.end() == 0


def test_a_second_lane_on_the_same_folder(lane, lane_file: Path):
    ran = lorryscan("lane", "--config", lane_file)
    assert ran.returncode == 1
    assert "in use by another lane process" in ran.stderr
    lane.tell("start reefer boxed")
    lane.until("visit 1")  # the first is not disturbed
    assert lane.end() == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "no model file"), (b"not a model at all", "not a readable ONNX model")],
)
def test_a_missing_or_foreign_model(tmp_path: Path, content, says):
    if content is not None:
        (tmp_path / "mine.onnx").write_bytes(content)
    file = tmp_path / "lane.toml"
    file.write_text(MINIMAL + '[model]\nxray = "mine.onnx"\n', encoding="utf-8")
    ran = lorryscan("lane", "--config", file)
    assert ran.returncode == 2
    assert says in ran.stderr
    assert "mine.onnx" in ran.stderr


def test_a_model_for_other_images(tmp_path: Path):
    from models.runtime import shipped_model

    file = tmp_path / "lane.toml"
    file.write_text(MINIMAL + f'[model]\nxray = "{shipped_model("thermal-people")}"\n', encoding="utf-8")
    ran = lorryscan("lane", "--config", file)
    assert ran.returncode == 2
    assert "log_attenuation" in ran.stderr


@pytest.fixture
def recording(played_lane, kit_saying) -> Path:
    """Give the recording of one visit."""
    agent: LaneAgent
    agent, scan_id = played_lane(demo_stream()[0], kit_saying(-3.0))
    (visit,) = manifest.load(agent.config.data_dir, scan_id).visits
    return manifest.visit_path(agent.config.data_dir, scan_id, visit)


def test_a_truncated_recording(recording: Path, tmp_path: Path):
    whole = recording.read_bytes()
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    info = lorryscan("recording", "info", cut)
    assert info.returncode == 1
    assert "NOT whole" in info.stdout
    assert "recording repair" in info.stdout
    replayed = lorryscan("replay", cut)
    assert "digest" in replayed.stdout  # up to the cut it can be replayed
    repaired = lorryscan("recording", "repair", cut)
    assert repaired.returncode == 0
    assert lorryscan("recording", "info", tmp_path / "cut.repaired.mcap").returncode == 0
    again = lorryscan("recording", "repair", cut)
    assert again.returncode == 1  # never overwrites
    assert cut.read_bytes() == whole[: len(whole) * 2 // 3]


def test_a_recording_of_a_newer_format_among_good_ones(recording: Path, tmp_path: Path):
    from mcap.writer import Writer

    newer = tmp_path / "newer.mcap"
    with newer.open("wb") as out:
        writer = Writer(out)
        writer.start(profile="lorryscan", library="a later lorryscan")
        writer.add_metadata("lorryscan.recording", {"format_version": "2", "scan_id": "x", "visit": "1"})
        writer.finish()
    text = tmp_path / "notes.mcap"
    text.write_text("not a recording")
    ran = lorryscan("replay", newer, text, tmp_path / "gone.mcap", recording, "--json", tmp_path / "out.json")
    assert ran.returncode == 1
    assert "update lorryscan" in ran.stderr
    assert "not an MCAP file" in ran.stderr
    assert "gone.mcap" in ran.stderr
    assert "digest" in ran.stdout  # the good one went on
    assert (tmp_path / "out.json").exists()


def interrupt(child: subprocess.Popen[str]) -> None:
    """Type Ctrl-C."""
    child.send_signal(signal.SIGINT)


def type_quit(child: subprocess.Popen[str]) -> None:
    """Type the command."""
    assert child.stdin is not None
    child.stdin.write("quit\n")
    child.stdin.flush()


@pytest.mark.parametrize("end", [interrupt, type_quit])
def test_a_demonstration_ended_in_the_middle_of_a_lorry(
    tmp_path: Path, end: Callable[[subprocess.Popen[str]], None]
):
    child = subprocess.Popen(
        [sys.executable, "-m", "service", "demo", "--data", str(tmp_path / "data"), "--lorries", "2"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert any("visit 1 (so far)" in line for line in iter(child.stdout.readline, ""))
        ended = time.monotonic()
        end(child)
        rest, _ = child.communicate(timeout=20)
        assert time.monotonic() - ended < 5.0
    finally:
        child.kill()
        child.wait()
    assert child.returncode == 0
    assert "Traceback" not in rest
    assert "ended before a lorry was through" in rest
    (recording,) = (tmp_path / "data" / "scans").glob("*/visit-01.mcap")
    assert lorryscan("recording", "info", recording).returncode == 0
    (found,) = manifest.open_scans(tmp_path / "data")
    assert found.visits[0].whole


def test_a_data_folder_that_cannot_be_made(tmp_path: Path):
    file = tmp_path / "lane.toml"
    file.write_text(MINIMAL.replace('"data"', '"/proc/nope"'), encoding="utf-8")
    for ran in (lorryscan("lane", "--config", file), lorryscan("demo", "--data", "/proc/nope")):
        assert ran.returncode == 1
        assert ran.stderr.startswith("lorryscan: /proc/nope")
        assert "check the path" in ran.stderr
        assert len(ran.stderr.splitlines()) == 1


def test_a_demonstration_of_a_folder_without_recordings(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    for folder in ("empty", "none"):
        ran = lorryscan("demo", "--recordings", tmp_path / folder, "--data", tmp_path / "data")
        assert ran.returncode == 1
        assert f"{tmp_path / folder}: no heart recordings" in ran.stderr
        assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("replay", "recordings", "--json"),
        ("calibrate", "evidence", "--out"),
        ("calibrate", "evidence", "--out", "evidence.json", "--trials"),
    ],
)
@pytest.mark.parametrize("where", ["none/out.json", ""])
def test_a_result_that_cannot_be_written_is_told_before_the_work(tmp_path: Path, command, where):
    ran = lorryscan(*command, tmp_path / where)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.startswith(f"lorryscan: {command[-1]} {tmp_path / where}: ")
    assert len(ran.stderr.splitlines()) == 1
