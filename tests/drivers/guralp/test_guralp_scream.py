"""The network driver against its twin: real blocks over UDP with losses, and over TCP."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from drivers.api import (
    ConfigError,
    DeviceLost,
    DeviceOpenError,
    DeviceTimeout,
    Flag,
    ProtocolError,
    Role,
    WaveformBlock,
)
from drivers.codecs import scream
from drivers.codecs.gcf_block import GcfData, GcfHeader, encode
from drivers.devices.guralp_scream import GuralpScream, GuralpScreamConfig
from drivers.transport import PortLinks
from drivers.twins.gcf_source import RecordedBlocks
from drivers.twins.guralp_scream import GuralpScreamTwin, ScreamPort, ports_beside
from drivers.twins.ports import TcpPort, UdpPort

REAL = {"6018N2": Role.CHASSIS, "6018N4": Role.GROUND}
ONE = {"DEMOZ2": Role.CHASSIS}
EPOCH_S = 1_464_981_000

Reader = Callable[[list[bytes]], dict[str, np.ndarray]]
Collect = Callable[..., list[WaveformBlock]]


def must_equal(got: Sequence[WaveformBlock], truth: dict[str, np.ndarray]) -> None:
    for name, counts in truth.items():
        rows = [block.counts[0] for block in got if block.channels[0].name == name]
        np.testing.assert_array_equal(np.concatenate(rows), counts)


def n_samples(blocks: Sequence[WaveformBlock]) -> int:
    return sum(block.counts.size for block in blocks)


@pytest.mark.parametrize("version", [31, 40, 45])
def test_lost_datagrams_are_fetched_and_all_equals_the_reference(
    version: int,
    many_blocks: Callable[[int], list[bytes]],
    as_obspy_reads: Reader,
    opened: Callable[..., GuralpScream],
    collect: Collect,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # a reader on a busy machine must lose no more than the twin loses, and ask before it forgets
    monkeypatch.setattr("drivers.twins.guralp_scream._AT_ONCE", 2)
    blocks = many_blocks(100)
    truth = as_obspy_reads(blocks)
    dice = random.Random(version)
    # The last is not lost: that it is missing would show only with the one after it.
    lost = {k for k in range(1, len(blocks) - 1) if dice.random() < 0.05}
    port, beside = ports_beside()
    twin = GuralpScreamTwin(
        port,
        RecordedBlocks(blocks),
        recovery=beside,
        version=version,
        pace=None,
        memory=len(blocks),
        loses=lambda sequence: (sequence - 65_300) % 65_536 in lost,
        first_sequence=65_300,
    )
    with twin:
        driver = opened(GuralpScream(GuralpScreamConfig(twin.url, REAL, port.server), PortLinks()))
        total = sum(counts.size for counts in truth.values())
        got = collect(driver, lambda readings: n_samples(readings) >= total)
    must_equal(got, truth)
    assert len(lost) > 10
    assert driver.missing == driver.recovery.fetched == len(lost)
    assert {block.flags for block in got} == {Flag.NONE}
    assert twin.requests[0] == "send"


@pytest.mark.parametrize("version", [31, 40])
def test_over_tcp_all_equals_the_reference(
    version: int,
    many_blocks: Callable[[int], list[bytes]],
    as_obspy_reads: Reader,
    opened: Callable[..., GuralpScream],
    collect: Collect,
) -> None:
    blocks = many_blocks(100)
    truth = as_obspy_reads(blocks)
    with GuralpScreamTwin(TcpPort(), RecordedBlocks(blocks), version=version, pace=None) as twin:
        driver = opened(GuralpScream(GuralpScreamConfig(twin.url, REAL), PortLinks()))
        total = sum(counts.size for counts in truth.values())
        got = collect(driver, lambda readings: n_samples(readings) >= total)
    must_equal(got, truth)
    assert {block.flags for block in got} == {Flag.NONE}
    assert twin.requests == ["stream"]


def test_the_two_real_files_as_they_are(
    real_blocks: list[bytes],
    as_obspy_reads: Reader,
    opened: Callable[..., GuralpScream],
    collect: Collect,
) -> None:
    truth = as_obspy_reads(real_blocks)
    with GuralpScreamTwin(TcpPort(), RecordedBlocks(real_blocks), pace=None) as twin:
        driver = opened(GuralpScream(GuralpScreamConfig(twin.url, REAL), PortLinks()))
        got = collect(driver, lambda readings: n_samples(readings) >= 1300)
    must_equal(got, truth)
    assert driver.identify().model == "DM24"


def test_a_server_that_sends_by_itself_needs_no_address(
    many_blocks: Callable[[int], list[bytes]], opened: Callable[..., GuralpScream], collect: Collect
) -> None:
    blocks = [block for block in many_blocks(40) if block[13] != 100]
    twin = GuralpScreamTwin(UdpPort(), RecordedBlocks(blocks), pace=20.0, unasked=True)
    with twin:
        driver = opened(GuralpScream(GuralpScreamConfig(twin.url, {"6018N2": Role.CHASSIS}), PortLinks()))
        collect(driver, lambda readings: len(readings) >= 8)
        assert driver.recovery.failures == 0
    assert "send" in twin.requests


def datagram(second: int, sequence: int | None = None, stream: str = "DEMOZ2") -> bytes:
    head = GcfHeader("DEMO", stream, (EPOCH_S + second) * 10**9, 100.0)
    block = encode(GcfData(head, np.arange(100, dtype=np.int32) + second))
    return scream.encode(block, second if sequence is None else sequence)


def seconds(blocks: Sequence[WaveformBlock]) -> list[int]:
    return [(block.device_ns or 0) // 10**9 - EPOCH_S for block in blocks]


def read_all(driver: GuralpScream, links: Any) -> list[WaveformBlock]:
    blocks = list(driver.read())
    while links.says:
        blocks += driver.read()
    return blocks


def test_overtaken_and_doubled_datagrams_are_put_in_order(scripted, opened) -> None:
    links = scripted(*map(datagram, (0, 1, 3, 2, 2, 4)))
    driver = opened(GuralpScream(GuralpScreamConfig("udp://scripted:1", ONE), links))
    blocks = read_all(driver, links)
    assert seconds(blocks) == [0, 1, 2, 3, 4]
    assert {block.flags for block in blocks} == {Flag.NONE}


def test_a_datagram_lost_for_good_is_a_gap(scripted, opened, collect) -> None:
    links = scripted(*map(datagram, (0, 1, 4)))
    driver = opened(GuralpScream(GuralpScreamConfig("udp://scripted:1", ONE), links))
    blocks = collect(driver, lambda got: len(got) >= 3, deadline_s=5)
    assert seconds(blocks) == [0, 1, 4]
    assert [block.samples_lost for block in blocks] == [0, 0, 200]
    assert bool(blocks[2].flags & Flag.GAP_BEFORE)
    assert driver.missing == 2


def test_packets_the_server_holds_no_more_are_a_gap(
    many_blocks: Callable[[int], list[bytes]], opened: Callable[..., GuralpScream], collect: Collect
) -> None:
    # 100 Hz alone; the server forgets at once.
    blocks = [block for block in many_blocks(6) if block[13] == 100]
    port, beside = ports_beside()
    twin = GuralpScreamTwin(
        port,
        RecordedBlocks(blocks),
        recovery=beside,
        pace=None,
        loses=lambda sequence: sequence == 3,
        memory=1,
    )
    with twin:
        config = GuralpScreamConfig(twin.url, {"6018N4": Role.GROUND}, port.server)
        driver = opened(GuralpScream(config, PortLinks()))
        got = collect(driver, lambda readings: n_samples(readings) >= 1700)
    assert driver.recovery.refused == 1
    assert [block.samples_lost for block in got if block.flags & Flag.GAP_BEFORE] == [100]


def test_a_server_that_cannot_be_asked_for_lost_packets_does_not_hold_the_rest_up(
    many_blocks: Callable[[int], list[bytes]], opened: Callable[..., GuralpScream], collect: Collect
) -> None:
    blocks = [block for block in many_blocks(6) if block[13] == 100]
    port = ScreamPort()  # and no TCP port beside it
    twin = GuralpScreamTwin(
        port, RecordedBlocks(blocks), pace=None, loses=lambda sequence: sequence in (3, 6)
    )
    with twin:
        config = GuralpScreamConfig(twin.url, {"6018N4": Role.GROUND}, port.server)
        driver = opened(GuralpScream(config, PortLinks()))
        got = collect(driver, lambda readings: n_samples(readings) >= 1500)
    assert sum(block.samples_lost for block in got) == 300
    assert driver.recovery.failures == 1


def test_the_server_is_asked_before_anything_comes(scripted, opened) -> None:
    links = scripted(b"GCFACKN\0", datagram(0))
    opened(GuralpScream(GuralpScreamConfig("udp://scripted:0", ONE, "192.0.2.7:1567"), links))
    assert links.heard == [b"GCFSEND:B\0"]
    assert links.settings == {"peer": "192.0.2.7:1567"}


def test_a_server_that_takes_leave_is_lost(scripted, opened) -> None:
    links = scripted(datagram(0), b"GCFNOSV\0")
    driver = opened(GuralpScream(GuralpScreamConfig("udp://scripted:1", ONE), links))
    assert seconds(driver.read()) == [0]
    with pytest.raises(DeviceLost, match="has ended"):
        driver.read()


def test_a_server_that_falls_silent_is_a_timeout(scripted, opened, collect) -> None:
    links = scripted(datagram(0))
    config = GuralpScreamConfig("udp://scripted:1", ONE, block_timeout_s=0.2)
    driver = opened(GuralpScream(config, links))
    with pytest.raises(DeviceTimeout, match="check digitiser"):
        collect(driver, lambda got: False, deadline_s=5)


@pytest.mark.parametrize(
    ("server", "says", "error", "words"),
    [
        ("", (), DeviceTimeout, "nobody sends"),
        ("192.0.2.7:1567", (b"GCFACKN\0",), DeviceTimeout, "192.0.2.7:1567 sent no block"),
        ("", (b"{'EHZ', 1580372810.003, 16235}",) * 3, ProtocolError, "no GCF block"),
        ("", (datagram(0, stream="OTHERZ"),), ProtocolError, "receives OTHERZ but not DEMOZ2"),
    ],
)
def test_what_does_not_send_the_streams_is_named(
    server: str, says: tuple[bytes, ...], error: type[Exception], words: str, scripted
) -> None:
    links = scripted(*says)
    config = GuralpScreamConfig("udp://scripted:1", ONE, server, block_timeout_s=0.1)
    with pytest.raises(error, match=words):
        GuralpScream(config, links).open()
    assert links.closed


def test_a_server_that_is_off_refuses() -> None:
    port = TcpPort()
    port.close()
    with pytest.raises(DeviceOpenError, match="refuses"):
        GuralpScream(GuralpScreamConfig(port.url, ONE), PortLinks()).open()


def test_a_broken_connection_is_a_lost_device(
    many_blocks: Callable[[int], list[bytes]], opened: Callable[..., GuralpScream], collect: Collect
) -> None:
    with GuralpScreamTwin(TcpPort(), RecordedBlocks(many_blocks(20)), pace=1.0) as twin:
        driver = opened(GuralpScream(GuralpScreamConfig(twin.url, REAL), PortLinks()))
        twin.unplug()
        pulled = time.monotonic()
        with pytest.raises(DeviceLost):
            collect(driver, lambda got: False, deadline_s=5)
        assert time.monotonic() - pulled < 2


@pytest.mark.parametrize(
    "keys",
    [
        {"url": "/dev/ttyUSB0"},
        {"url": "socket://192.0.2.7:1567", "server": "192.0.2.7:1567"},
        {"server": "192.0.2.7"},
        {"server": "192.0.2.7:scream"},
        {"channels": {}},
        {"block_timeout_s": 0.0},
    ],
)
def test_a_config_that_no_server_can_keep_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        GuralpScreamConfig(**({"url": "udp://0.0.0.0:0", "channels": ONE} | keys))
