"""``lorryscan doctor``: what it says of machines, installations and lanes that are not as they should be."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from drivers.twins.ports import PtyPort, TcpPort
from scanner.lane.config import load_lane_config
from scanner.lane.service_address import ServiceLink
from service.api.tls import TlsFiles, self_signed
from service.doctor import installation, lane, machine, ports
from service.doctor.finding import Finding, Level

LANE = """config_version = 1
[lane]
id = "x"
data_dir = "{folder}/data"
[[device]]
name = "co2-inside"
driver = "senseair-s8"
role = "inside"
[device.config]
url = "{probe}"
{certificate}
[[device]]
name = "xray"
driver = "line-scan"
role = "portal"
[device.config]
url = "{xray}"
"""
CERTIFICATE = """[device.certificate]
id = "CAL-1"
issued = {issued}
expires = {expires}
parameters = {{ uncertainty_ppm = 20.0 }}
"""


@pytest.fixture
def lane_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a lane's file with a probe and an X-ray detector."""

    def write(probe: str, xray: str, issued: str = "2020-01-01", expires: str = "2090-01-01") -> Path:
        certificate = CERTIFICATE.format(issued=issued, expires=expires)
        file = tmp_path / "lane.toml"
        file.write_text(LANE.format(folder=tmp_path, probe=probe, xray=xray, certificate=certificate))
        return file

    return write


def by_name(findings: list[Finding], name: str) -> list[Finding]:
    return [finding for finding in findings if finding.what == name]


# The whole command


def test_it_says_what_it_saw_and_its_status_follows(lorryscan, tmp_path) -> None:
    done = lorryscan("doctor", "--data", tmp_path, "--json")
    told = json.loads(done.out)
    levels = {finding["what"]: finding["level"] for finding in told["findings"]}
    assert {"Python", "lorryscan", "libraries", "NumPy", "models", "SQLite", "memory", "clock"} <= set(levels)
    assert {levels[what] for what in ("Python", "libraries", "NumPy", "models", "SQLite")} == {"ok"}
    assert told["failed"] == ("fail" in levels.values())
    assert done.status == int(told["failed"])
    assert all(finding["mend"] for finding in told["findings"] if finding["level"] != "ok")


def test_a_lane_that_cannot_run_is_exit_status_1(lorryscan, lane_file) -> None:
    file = lane_file("/dev/ttyNONE", "socket://127.0.0.1:1")
    done = lorryscan("doctor", "--config", file)
    assert done.status == 1
    assert "fail  co2-inside: at /dev/ttyNONE: there is no port /dev/ttyNONE -> plug it in" in done.out
    assert "fail  xray: socket://127.0.0.1:1 does not answer" in done.out


# Installation


@pytest.mark.parametrize(
    ("version", "level", "says"),
    [
        ("3.34.1", Level.FAIL, "3.35 is needed"),
        ("3.40.1", Level.OK, "WAL-reset defect"),
        ("3.51.2", Level.OK, "WAL-reset defect"),
        ("3.51.3", Level.OK, "3.51.3"),
    ],
)
def test_versions_of_sqlite(version: str, level: Level, says: str) -> None:
    (finding,) = installation.sqlite(version)
    assert finding.level is level
    assert says in finding.words
    assert ("defect" in finding.words) == ("defect" in says)


def test_a_page_without_its_script_is_named(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<script src="/assets/index-1.js"></script><link href="/icon.svg">')
    (tmp_path / "icon.svg").write_text("<svg/>")
    (finding,) = installation.page(tmp_path)
    assert (finding.level, finding.words) == (Level.FAIL, "lacks assets/index-1.js")


def test_the_page_of_this_checkout_is_whole() -> None:
    (finding,) = installation.page()
    assert finding.level is Level.OK


def test_a_vendors_broken_driver_is_looked_at_and_ours_would_be_mended(vendor) -> None:
    vendor("acme-broken", "acme-broken = acme_doctor_broken:Nose", "import no_such_sdk\n")
    (finding,) = by_name(list(installation.plugins()), "acme-broken")
    assert finding.level is Level.WARN
    assert "no_such_sdk" in finding.words
    assert finding.mend == "install acme-broken again, or ask its maker"


# Machine


@pytest.mark.parametrize(("free_kb", "level"), [(200_000, "fail"), (700_000, "warn"), (4_000_000, "ok")])
def test_memory(tmp_path: Path, free_kb: int, level: str) -> None:
    file = tmp_path / "meminfo"
    file.write_text(f"MemTotal:       8000000 kB\nMemAvailable:   {free_kb} kB\n")
    (finding,) = machine.memory(file)
    assert finding.level.value == level


@pytest.mark.parametrize(("size", "level"), [(212992, "warn"), (1 << 20, "ok"), (4194304, "ok")])
def test_the_buffer_for_datagrams(tmp_path: Path, size: int, level: str) -> None:
    file = tmp_path / "rmem_max"
    file.write_text(f"{size}\n")
    (finding,) = machine.udp_buffer(file)
    assert finding.level.value == level
    assert ("sysctl" in finding.mend) == (level == "warn")


def test_a_disk_is_measured_where_the_folder_will_be(tmp_path: Path) -> None:
    room, speed = machine.disk(tmp_path / "not" / "there")
    assert room.words.startswith(f"{tmp_path}, ")
    assert "are safe on it in" in speed.words
    assert not list(tmp_path.iterdir())


def test_a_full_disk_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: SimpleNamespace(free=500_000_000))
    room, _ = machine.disk(tmp_path)
    assert (room.level, "0.5 GB free" in room.words) == (Level.FAIL, True)


@pytest.mark.parametrize(
    ("told", "level"), [((True, 0.004), "ok"), ((False, 16.0), "warn")], ids=["held", "free"]
)
def test_the_wall_clock(told, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_kernel_clock", lambda: told)
    (finding,) = machine.clock()
    assert finding.level.value == level


def test_a_clock_that_nobody_knows_of_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_kernel_clock", lambda: None)
    monkeypatch.setenv("PATH", "")
    (finding,) = machine.clock()
    assert finding.level is Level.WARN
    assert "cannot be told" in finding.words


# Ports


def test_who_holds_a_port_is_named(tmp_path: Path) -> None:
    port = PtyPort()
    try:
        descriptors = tmp_path / "4711" / "fd"
        descriptors.mkdir(parents=True)
        (descriptors / "3").symlink_to(port.url)
        (tmp_path / "4711" / "comm").write_text("minicom\n")
        (tmp_path / "self").mkdir()
        assert ports.who_holds(Path(port.url), tmp_path) == ["minicom (process 4711)"]
        assert ports.who_holds(Path("/dev/null"), tmp_path) == []
    finally:
        port.close()


def test_another_users_port_says_which_group(monkeypatch: pytest.MonkeyPatch) -> None:
    port = PtyPort()
    try:
        monkeypatch.setattr(ports.os, "access", lambda path, mode: False)
        monkeypatch.setattr(ports.grp, "getgrgid", lambda number: SimpleNamespace(gr_name="dialout"))
        finding = ports.port_finding(port.url, "adapter")
    finally:
        port.close()
    assert finding.level is Level.FAIL
    assert "sudo usermod -aG dialout " in finding.mend


def test_a_stable_name_leads_to_its_port(tmp_path: Path) -> None:
    port = PtyPort(tmp_path / "usb-FTDI_probe-if00-port0")
    try:
        assert ports.stable_names(tmp_path) == {os.path.realpath(port.url): port.url}
    finally:
        port.close()


@pytest.mark.parametrize(
    ("wait_ms", "level", "says"), [(1, "ok", ""), (16, "ok", "echo 1"), (255, "warn", "echo 1")]
)
def test_an_adapters_latency(tmp_path: Path, wait_ms: int, level: str, says: str) -> None:
    (tmp_path / "ttyUSB0").mkdir()
    (tmp_path / "ttyUSB0" / "latency_timer").write_text(f"{wait_ms}\n")
    (finding,) = ports.latency("ttyUSB0", tmp_path)
    assert finding.level.value == level
    assert says in finding.mend
    assert bool(says) == bool(finding.mend)


# A lane


def test_a_lane_whose_devices_are_there(lane_file) -> None:
    probe, xray = PtyPort(), TcpPort()
    accepting = threading.Event()

    def accept() -> None:
        while not accepting.is_set():
            xray.read(0.05)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        found = list(lane.lane(lane_file(probe.url, xray.url)))
    finally:
        accepting.set()
        thread.join()
        probe.close()
        xray.close()
    assert by_name(found, "configuration")[0].level is Level.OK
    # this process itself holds the pseudo-terminal, which is not told
    assert [finding.level for finding in by_name(found, "co2-inside")] == [Level.OK, Level.OK]
    assert [finding.level for finding in by_name(found, "xray")] == [Level.OK]


def test_a_lane_with_a_mistake_is_named(lane_file) -> None:
    (finding,) = lane.lane(lane_file("/dev/x", 'socket://a:1"\nbaud = "9600'))
    assert finding.level is Level.FAIL
    assert 'unknown key "baud"' in finding.words


@pytest.mark.parametrize(
    ("issued", "expires", "level", "says"),
    [
        ("2026-01-01", "2026-06-30", Level.FAIL, "not today"),
        ("2026-07-02", "2026-12-31", Level.FAIL, "not today"),
        ("2026-01-01", "2026-07-15", Level.WARN, "14 days more"),
        ("2026-01-01", "2026-12-31", Level.OK, "2026-12-31"),
    ],
)
def test_certificates(lane_file, issued: str, expires: str, level: Level, says: str) -> None:
    config = load_lane_config(lane_file("/dev/x", "socket://a:1", issued, expires))
    (finding,) = lane.certificates(config, dt.date(2026, 7, 1))
    assert finding.level is level
    assert says in finding.words


def test_a_probe_without_a_certificate_fails(lane_file) -> None:
    file = lane_file("/dev/x", "socket://a:1")
    text = file.read_text()
    file.write_text(
        text[: text.index("[device.certificate]")] + text[text.index('\n[[device]]\nname = "xray"') :]
    )
    (finding,) = lane.certificates(load_lane_config(file), dt.date(2026, 7, 1))
    assert (finding.what, finding.level) == ("co2-inside", Level.FAIL)


def test_a_datagram_port_that_is_taken() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"udp://127.0.0.1:{taken.getsockname()[1]}"
        (finding,) = lane.device("shake", url)
        assert finding.level is Level.WARN
    (finding,) = lane.device("shake", url)
    assert finding.level is Level.OK


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[int, TlsFiles]]:
    """A port that shows a certificate of its own, and nothing more."""
    files = self_signed(tmp_path, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def shake_hands() -> None:
            try:
                while True:
                    plain, _ = server.accept()
                    with plain:
                        try:
                            context.wrap_socket(plain, server_side=True).close()
                        except OSError:
                            continue
            except OSError:
                return

        thread = threading.Thread(target=shake_hands, daemon=True)
        thread.start()
        yield server.getsockname()[1], files
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_services_certificate_that_ends_soon(secured) -> None:
    port, files = secured
    link = ServiceLink(f"https://127.0.0.1:{port}", "token", files.certificate)
    now = dt.datetime.now(dt.UTC)
    (finding,) = lane.service(link, now)
    assert finding.level is Level.OK
    ends = dt.datetime.fromisoformat(finding.words.rsplit(" ", 1)[1]).replace(tzinfo=dt.UTC)
    assert ends > now
    (finding,) = lane.service(link, ends - dt.timedelta(days=9, hours=1))
    assert finding.level is Level.WARN


def test_a_service_that_is_not_trusted(secured) -> None:
    port, _ = secured
    (finding,) = lane.service(ServiceLink(f"https://127.0.0.1:{port}", "token"), dt.datetime.now(dt.UTC))
    assert finding.level is Level.FAIL
    assert "not trusted" in finding.words


def test_a_service_that_is_away() -> None:
    (finding,) = lane.service(ServiceLink("http://127.0.0.1:1", "token"), dt.datetime.now(dt.UTC))
    assert finding.level is Level.FAIL
    assert "lorryscan serve" in finding.mend
