"""The SeedLink driver and its twin: real records through TCP, ObsPy's client, losses, silence, strangers."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

from drivers.api import (
    ClockLock,
    ConfigError,
    DeviceLost,
    DeviceOpenError,
    DeviceTimeout,
    Flag,
    ProtocolError,
    Role,
)
from drivers.codecs.miniseed import MiniSeedRecord
from drivers.codecs.miniseed import encode as record_bytes
from drivers.codecs.seedlink import Line, Packet, encode
from drivers.devices.seedlink import SeedLink, SeedLinkConfig
from drivers.transport import PortLinks
from drivers.twins.ports import TcpPort
from drivers.twins.recorded import RecordedSamples
from drivers.twins.seedlink import SeedLinkTwin

SHAKE = {"EHZ": Role.GROUND, "ENE": Role.CHASSIS, "ENN": Role.CHASSIS, "ENZ": Role.CHASSIS}
STATION = {"network": "AM", "station": "R24FA"}
EPOCH_NS = 1_700_000_000_000_000_000
HELLO = b"SeedLink v3.1 (2020.075)\r\nSomewhere\r\n"


def one_channel(twin: SeedLinkTwin, links: Any = None, **keys: Any) -> SeedLink:
    return SeedLink(SeedLinkConfig(twin.url, **keys), links or PortLinks())


def record(first: int, n: int = 50, channel: str = "EHZ", location: str = "00", **keys: Any) -> bytes:
    """Samples whose values are their numbers, at 100 Hz."""
    counts = np.arange(first, first + n, dtype=np.int32)
    start_ns = EPOCH_NS + first * 10_000_000
    return record_bytes(MiniSeedRecord("AM", "R24FA", location, channel, start_ns, 100.0, counts, **keys))


@pytest.mark.parametrize("station", [{}, STATION], ids=["uni-station", "station"])
def test_real_records_equal_the_file_sample_for_sample(
    station: dict[str, str], shake_records, shake_stream, opened, collect, until
) -> None:
    with SeedLinkTwin(TcpPort(), first_sequence=0xFFFFFF - 40) as twin:  # the numbers begin anew on the way
        driver = opened(one_channel(twin, channels=SHAKE, **station))
        until(lambda: twin.clients_streaming, "streaming")
        for raw in shake_records:
            twin.add_record(raw)
        blocks = collect(driver, 11_001)
    counts = np.concatenate([block.counts for block in blocks], axis=1)
    for row, channel in enumerate(SHAKE):
        np.testing.assert_array_equal(counts[row], shake_stream.select(channel=channel)[0].data)
    assert {(block.flags, block.samples_lost, block.clock_lock) for block in blocks} == {
        (Flag.NONE, 0, ClockLock.NONE)
    }
    assert blocks[0].device_ns == shake_stream[0].stats.starttime.ns


@pytest.mark.parametrize("multi_station", [False, True])
def test_the_twin_serves_obspys_client(
    multi_station: bool, obspy, shake_records, shake_stream, until
) -> None:
    from obspy.clients.seedlink.client.seedlinkconnection import SeedLinkConnection

    with SeedLinkTwin(TcpPort(), answers_uni_station=True) as twin:
        twin.add_record(shake_records[0])
        client = SeedLinkConnection(timeout=10)
        client.set_sl_address(twin.url.removeprefix("socket://"))
        client.begin_time = obspy.UTCDateTime("2020-01-01")
        if multi_station:
            client.add_stream("AM", "R24FA", "EHZ ENZ", -1, None)
        else:
            client.set_uni_params("EHZ ENZ", -1, None)
        for raw in shake_records[1:]:
            twin.add_record(raw)
        wanted = [raw for raw in shake_records if raw[15:18] in (b"EHZ", b"ENZ")]
        packets = [client.collect() for _ in wanted]
        client.close()
    assert [packet.msrecord for packet in packets] == wanted
    numbers = [packet.get_sequence_number() for packet in packets]
    assert numbers == [1 + shake_records.index(raw) for raw in wanted]
    np.testing.assert_array_equal(
        np.concatenate(
            [packet.get_trace().data for packet in packets if packet.get_trace().id[-3:] == "EHZ"]
        ),
        shake_stream.select(channel="EHZ")[0].data,
    )


def test_obspy_reads_the_twins_name(obspy) -> None:
    from obspy.clients.seedlink.client.seedlinkconnection import SeedLinkConnection

    with SeedLinkTwin(TcpPort(), hello=("SeedLink v3.1 (test)", "A lane")) as twin:
        client = SeedLinkConnection(timeout=10)
        client.set_sl_address(twin.url.removeprefix("socket://"))
        client.request_info("ID")
        client.collect()
        client.close()
    assert 'organization="A lane"' in client.get_info_string()
    assert client.server_version == 3.1


def test_a_source_of_counts_comes_through(opened, collect) -> None:
    sent = np.random.default_rng(1).integers(-(2**23) + 2, 2**23 - 2, (2, 510)).astype(np.int32)
    source = RecordedSamples(sent)
    with SeedLinkTwin(TcpPort(), source, ["EHZ", "ENZ"], pace=10, epoch_ns=EPOCH_NS) as twin:
        keys = {"counts_per_m_s": {"EHZ": 4e8}}
        driver = opened(
            one_channel(twin, channels={"EHZ": "ground", "ENZ": "chassis"}, since="2020-01-01", **keys)
        )
        blocks = collect(driver, 510)
    np.testing.assert_array_equal(np.concatenate([block.counts for block in blocks], axis=1), sent)
    assert blocks[0].device_ns == EPOCH_NS
    geophone, accelerometer = blocks[0].channels
    assert geophone.sensitivity_v_per_m_s * geophone.counts_per_volt == 4e8
    assert (geophone.role, accelerometer.role) == (Role.GROUND, Role.CHASSIS)
    assert accelerometer.sensitivity_v_per_m_s is accelerometer.counts_per_volt is None


def test_lost_records_are_a_gap_of_so_many_samples(opened, collect, until) -> None:
    with SeedLinkTwin(TcpPort()) as twin:
        driver = opened(one_channel(twin))
        until(lambda: twin.clients_streaming, "streaming")
        for first in (0, 50, 150, 200):
            twin.add_record(record(first))
        blocks = collect(driver, 200)
    assert [(b.samples_lost, b.flags) for b in blocks] == [
        (0, Flag.NONE),
        (0, Flag.NONE),
        (50, Flag.GAP_BEFORE),
        (0, Flag.NONE),
    ]


def broken_stream(twin: SeedLinkTwin, links: tuple[Any, Any], opened, collect, until) -> list[Any]:
    """Return the blocks of before and after a break, in which two records were made."""
    driver = opened(one_channel(twin, links[0]))
    until(lambda: twin.clients_streaming, "streaming")
    twin.add_record(record(0))
    blocks = collect(driver, 50)
    twin.unplug()
    with pytest.raises(DeviceLost):
        collect(driver, 1)
    driver.close()
    twin.add_record(record(50))
    twin.add_record(record(100))
    twin.replug()
    again = opened(one_channel(twin, links[1]))
    until(lambda: twin.clients_streaming, "streaming again")
    twin.add_record(record(150))
    while blocks[-1].counts[0, -1] != 199:
        blocks += collect(again, 50)
    return blocks


def test_after_a_break_the_stream_goes_on_where_it_was(opened, collect, until) -> None:
    links = PortLinks()
    with SeedLinkTwin(TcpPort()) as twin:
        blocks = broken_stream(twin, (links, links), opened, collect, until)
    np.testing.assert_array_equal(np.concatenate([b.counts[0] for b in blocks]), np.arange(200))
    assert [b.samples_lost for b in blocks] == [0] * 4


def test_who_was_not_there_before_begins_with_the_next_record(opened, collect, until) -> None:
    with SeedLinkTwin(TcpPort()) as twin:
        blocks = broken_stream(twin, (PortLinks(), PortLinks()), opened, collect, until)
    assert [b.counts[0, 0] for b in blocks] == [0, 150]


def test_a_quiet_server_is_asked_for_its_name_and_stays(opened, collect, until) -> None:
    with SeedLinkTwin(TcpPort()) as twin:
        driver = opened(one_channel(twin, keep_alive_s=0.1, silence_timeout_s=1.2))
        end = time.monotonic() + 2.4
        while time.monotonic() < end:
            assert driver.read() == []
        assert ["INFO", "ID"] in twin.commands


def test_a_dead_server_is_a_timeout_within_two_seconds(opened, collect) -> None:
    with SeedLinkTwin(TcpPort()) as twin:
        driver = opened(one_channel(twin))
        twin.silence()
        began = time.monotonic()
        with pytest.raises(DeviceTimeout, match="check the seismograph's power"):
            collect(driver, 1)
        assert time.monotonic() - began < 2


def test_a_channel_that_stays_away_is_a_complaint(opened, collect, until) -> None:
    with SeedLinkTwin(TcpPort()) as twin:
        channels = {"EHZ": "ground", "ENZ": "chassis"}
        driver = opened(one_channel(twin, channels=channels, wait_for_channels_s=0.3))
        until(lambda: twin.clients_streaming, "streaming")
        twin.add_record(record(0))
        (block,) = collect(driver, 50)
        assert [channel.name for channel in block.channels] == ["EHZ"]
        assert driver.complaint() == "sends no records of ENZ: check its channels and digitiser"


def test_a_record_that_cannot_be_read_is_counted_and_complained_of(obspy, opened, collect, until) -> None:
    floats = io.BytesIO()
    stats = {"network": "AM", "station": "R24FA", "location": "00", "channel": "EHZ", "sampling_rate": 100.0}
    obspy.Trace(np.zeros(50, np.float32), stats).write(floats, "MSEED", reclen=512, encoding="FLOAT32")
    with SeedLinkTwin(TcpPort()) as twin:
        driver = opened(one_channel(twin))
        until(lambda: twin.clients_streaming, "streaming")
        twin.add_record(record(0))
        collect(driver, 50)
        assert driver.complaint() == ""
        twin.add_record(floats.getvalue())
        until(lambda: not driver.read() and driver.records.frames_dropped, "the record")
        assert "cannot be read (encoding)" in driver.complaint()


def test_of_two_locations_with_one_channel_the_named_one_is_taken(opened, collect, until) -> None:
    with SeedLinkTwin(TcpPort()) as twin:
        driver = opened(one_channel(twin, channels={"10.EHZ": "ground"}))
        until(lambda: twin.clients_streaming, "streaming")
        twin.add_record(record(0))
        twin.add_record(record(100, location="10"))
        (block,) = collect(driver, 50)
    assert block.counts[0, 0] == 100
    assert block.channels[0].name == "10.EHZ"


@pytest.mark.parametrize(
    ("keys", "facts"),
    [
        ({}, (ClockLock.NONE, 0, Flag.NONE)),
        ({"clock_locked": True}, (ClockLock.GPS, 0, Flag.NONE)),
        ({"clipped": True}, (ClockLock.NONE, 1, Flag.CLIPPED)),
    ],
)
def test_what_the_record_says_of_clock_and_converter(keys, facts, opened, collect, until) -> None:
    with SeedLinkTwin(TcpPort()) as twin:
        driver = opened(one_channel(twin, clock=ClockLock.GPS))
        until(lambda: twin.clients_streaming, "streaming")
        twin.add_record(record(0, **keys))
        (block,) = collect(driver, 50)
    assert (block.clock_lock, block.clipped, block.flags) == facts


def test_a_sample_at_full_scale_is_clipped(opened, collect, until) -> None:
    with SeedLinkTwin(TcpPort()) as twin:
        driver = opened(one_channel(twin, full_scale_counts=49))
        until(lambda: twin.clients_streaming, "streaming")
        twin.add_record(record(0))
        (block,) = collect(driver, 50)
    assert block.clipped == 1


def test_the_identity_is_the_hello(opened) -> None:
    with SeedLinkTwin(TcpPort(), hello=("SeedLink v3.3 (2021.1) :: SLPROTO:3.1", "A lane")) as twin:
        identity = opened(one_channel(twin, **STATION)).identify()
    assert (identity.maker, identity.model) == ("A lane", "SeedLink server")
    assert (identity.serial, identity.firmware) == ("AM.R24FA", "v3.3 (2021.1)")


@pytest.mark.parametrize(
    ("says", "error", "words"),
    [
        ([], DeviceTimeout, "does not answer HELLO"),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], ProtocolError, "no SeedLink server"),
        ([b"BM\x00\x1c\n" * 300], ProtocolError, "does not answer HELLO as SeedLink does"),
        ([HELLO, b"ERROR\r\n"], ProtocolError, "correct network and station"),
        ([HELLO, b"OK\r\n", b"ERROR\r\n"], ProtocolError, "correct channels"),
    ],
    ids=["nobody", "web server", "dust sensor", "no station", "no channel"],
)
def test_who_is_not_the_station_is_refused_and_let_go(says, error, words, scripted) -> None:
    link = scripted(*says)
    with pytest.raises(error, match=words):
        SeedLink(SeedLinkConfig("socket://scripted:1", **STATION), link).open()
    assert link.closed


def test_a_connection_that_is_refused_is_said(until) -> None:
    port = TcpPort()
    port.close()
    with pytest.raises(DeviceOpenError, match="check"):
        SeedLink(SeedLinkConfig(port.url), PortLinks()).open()


@pytest.mark.parametrize(
    ("word", "error"), [("END", DeviceLost), ("ERROR", ProtocolError)], ids=["end", "error"]
)
def test_a_server_that_ends_or_fails_is_said(word: str, error: type[Exception], scripted, opened) -> None:
    says = [HELLO, b"OK\r\n", encode(Packet(1, record(0))) + encode(Line(word))]
    driver = opened(SeedLink(SeedLinkConfig("socket://scripted:1"), scripted(*says)))
    with pytest.raises(error, match="check the server"):
        driver.read()


@pytest.mark.parametrize(
    "keys",
    [
        {"channels": {}},
        {"channels": {"Z": "ground"}},
        {"counts_per_m_s": {"ENZ": 1.0}},
        {"network": "AM"},
        {"network": "AM", "station": "R24 A"},
        {"keep_alive_s": 3.0},
        {"since": "yesterday"},
    ],
)
def test_a_config_that_cannot_be_kept_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        SeedLinkConfig("socket://localhost:18000", **keys)


def test_the_driver_does_without_obspy() -> None:
    code = "import sys, drivers.devices.seedlink; sys.exit('obspy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0
