"""The Raspberry Shake's driver over UDP: real packets, lost ones, late ones, clocks set back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.api import (
    ConfigError,
    DeviceOpenError,
    DeviceTimeout,
    Flag,
    ProtocolError,
    Role,
    WaveformBlock,
)
from drivers.codecs.raspberry_shake import ShakePacket, encode
from drivers.devices.raspberry_shake import RaspberryShake, RaspberryShakeConfig
from drivers.transport import PortLinks
from drivers.twins.ports import UdpPort
from drivers.twins.raspberry_shake import RaspberryShakeTwin
from drivers.twins.recorded import RecordedSamples

EPOCH_NS = 1_580_372_810_003_000_000
STEP_NS = 250_000_000
REAL = {"EHZ": Role.GROUND, "ENE": Role.CHASSIS, "ENN": Role.CHASSIS, "ENZ": Role.CHASSIS}
TWO = {"EHZ": Role.GROUND, "ENZ": Role.CHASSIS}


def packet(channel: str, step: float, value: int = 1, n: int = 25) -> bytes:
    start_ns = EPOCH_NS + round(step * STEP_NS)
    return encode(ShakePacket(channel, start_ns, np.full(n, value, np.int32)))


def facts(block: WaveformBlock) -> tuple[Any, ...]:
    """Channels, step number, samples lost, gap."""
    return (
        "+".join(channel.name for channel in block.channels),
        (block.device_ns - EPOCH_NS) / STEP_NS,
        block.samples_lost,
        bool(block.flags & Flag.GAP_BEFORE),
    )


def test_real_packets_through_udp_equal_the_miniseed_file(shared_data: Path, opened) -> None:
    obspy = pytest.importorskip("obspy")
    folder = shared_data / "seismic_wire/rshake_udp"
    stream = obspy.read(str(folder / "testdata.ms"))
    packets = [line for line in (folder / "testdata").read_bytes().splitlines() if line.startswith(b"{")]
    port = UdpPort()
    port.write(packets[0])  # nobody listens yet: lost, as on a real network
    blocks: list[WaveformBlock] = []
    config = RaspberryShakeConfig(port.url, REAL, {"EHZ": 399_650_000.0})

    class SendOnOpen(PortLinks):
        def open(self, url: str, **settings: Any) -> Any:
            link = super().open(url, **settings)
            port.write(packets[0])
            return link

    driver = opened(RaspberryShake(config, SendOnOpen()))
    for first in range(1, len(packets), 4):
        for datagram in packets[first : first + 4]:
            port.write(datagram)
            blocks += driver.read()
    end = time.monotonic() + 10
    while len(blocks) < 440:
        assert time.monotonic() < end
        blocks += driver.read()
    port.close()
    assert {block.counts.shape for block in blocks} == {(4, 25)}
    assert {block.flags for block in blocks} == {Flag.UNVERIFIED}
    counts = np.concatenate([block.counts for block in blocks], axis=1)
    for row, channel in enumerate(REAL):
        np.testing.assert_array_equal(counts[row], stream.select(channel=channel)[0].data[:11_000])
    assert blocks[0].device_ns == EPOCH_NS
    assert blocks[-1].device_ns == EPOCH_NS + 439 * STEP_NS
    geophone, accelerometer, *_ = blocks[0].channels
    assert geophone.sensitivity_v_per_m_s * geophone.counts_per_volt == 399_650_000.0
    assert accelerometer.sensitivity_v_per_m_s is accelerometer.counts_per_volt is None


def test_the_twin_replays_what_it_is_given(opened, collect, start_on_open) -> None:
    sent = np.random.default_rng(2).integers(-(2**23), 2**23, (2, 1010), dtype=np.int32)
    twin = RaspberryShakeTwin(UdpPort(), RecordedSamples(sent), tuple(TWO), pace=20, epoch_ns=EPOCH_NS)
    config = RaspberryShakeConfig(twin.url, TWO)
    driver = opened(RaspberryShake(config, start_on_open(twin)))
    # The last packet is short: 10 samples.
    blocks = collect(driver, lambda got: sum(b.counts.shape[1] for b in got) >= 1010)
    twin.stop()
    np.testing.assert_array_equal(np.concatenate([b.counts for b in blocks], axis=1), sent)
    assert [facts(b) for b in blocks] == [("EHZ+ENZ", k, 0, False) for k in range(41)]


def test_a_lost_packet_of_one_channel_is_a_gap_of_both_together(opened, collect, start_on_open) -> None:
    source = RecordedSamples(np.arange(1000, dtype=np.int32).reshape(2, 500))
    twin = RaspberryShakeTwin(UdpPort(), source, tuple(TWO), pace=5, epoch_ns=EPOCH_NS)
    driver = opened(RaspberryShake(RaspberryShakeConfig(twin.url, TWO), start_on_open(twin)))
    early = collect(driver, lambda got: len(got) >= 3)
    twin.lose_packets("ENZ", 2)
    blocks = early + collect(driver, lambda got: any(b.device_ns >= EPOCH_NS + 19 * STEP_NS for b in got))
    twin.stop()
    both = [b for b in blocks if len(b.channels) == 2]
    alone = [b for b in blocks if len(b.channels) == 1]
    # The series of both has the gap; what came of the other channel is not thrown away.
    assert [b.samples_lost for b in both if b.flags & Flag.GAP_BEFORE] == [50]
    assert [facts(b)[0] for b in alone] == ["EHZ", "EHZ"]
    assert [b.samples_lost for b in alone] == [0, 0]
    expected = EPOCH_NS
    for block in both:
        assert block.device_ns == expected + block.samples_lost * 10_000_000
        expected = block.device_ns + block.counts.shape[1] * 10_000_000
    for block in blocks:
        first = (block.device_ns - EPOCH_NS) // 10_000_000
        assert block.counts[0].tolist() == list(range(first, first + 25))


def read_all(driver: RaspberryShake, n_packets: int) -> list[WaveformBlock]:
    return [block for _ in range(n_packets) for block in driver.read()]


def test_a_missing_channel_does_not_hold_the_others_up(opened, scripted) -> None:
    says = [packet("EHZ", 0), packet("ENZ", 0), packet("EHZ", 1), packet("EHZ", 2), packet("ENZ", 2)]
    driver = opened(RaspberryShake(RaspberryShakeConfig("udp://scripted:1", TWO), scripted(*says)))
    got = [[facts(block) for block in driver.read()] for _ in says]
    assert got == [
        [],
        [("EHZ+ENZ", 0, 0, False)],
        [],
        [("EHZ", 1, 0, False)],  # the sender has moved on
        [("EHZ+ENZ", 2, 25, True)],
    ]


def test_a_channel_alone_for_the_first_time_after_a_loss_is_flagged(opened, scripted) -> None:
    # step 1 is lost of both; of step 2 only one comes: it follows on nothing
    says = [packet("EHZ", 0), packet("ENZ", 0), packet("EHZ", 2), packet("EHZ", 3), packet("ENZ", 3)]
    driver = opened(RaspberryShake(RaspberryShakeConfig("udp://scripted:1", TWO), scripted(*says)))
    got = [facts(block) for _ in says for block in driver.read()]
    assert got == [
        ("EHZ+ENZ", 0, 0, False),
        ("EHZ", 2, 25, True),
        ("EHZ+ENZ", 3, 50, True),
    ]


def test_an_incomplete_step_is_given_out_after_one_packet_length(opened, scripted, collect) -> None:
    waited_s = []
    for _ in range(3):  # others on a busy machine only ever lengthen it
        config = RaspberryShakeConfig("udp://scripted:1", TWO)
        driver = opened(RaspberryShake(config, scripted(packet("EHZ", 0))))
        began = time.monotonic()
        (block,) = collect(driver, lambda got: len(got) == 1)
        waited_s.append(time.monotonic() - began)
        assert facts(block) == ("EHZ", 0, 0, False)
    assert 0.2 < min(waited_s) < 2


@pytest.mark.parametrize(
    ("says", "blocks", "late"),
    [
        # A whole step lost: both channels together.
        (
            [("EHZ", 0), ("ENZ", 0), ("EHZ", 3), ("ENZ", 3)],
            [("EHZ+ENZ", 0, 0, False), ("EHZ+ENZ", 3, 50, True)],
            0,
        ),
        # Doubled datagrams.
        (
            [("EHZ", 0), ("EHZ", 0), ("ENZ", 0), ("ENZ", 0), ("EHZ", 1), ("ENZ", 1)],
            [("EHZ+ENZ", 0, 0, False), ("EHZ+ENZ", 1, 0, False)],
            2,
        ),
        # Swapped channels within a step, and a time rounded to another millisecond.
        (
            [("ENZ", 0), ("EHZ", 0), ("EHZ", 1.004), ("ENZ", 1)],
            [("EHZ+ENZ", 0, 0, False), ("EHZ+ENZ", 1.004, 0, False)],
            0,
        ),
        # The clock was put right by 50 ms: nothing was lost, nothing came twice.
        (
            [("EHZ", 0), ("ENZ", 0), ("EHZ", 0.8), ("ENZ", 0.8), ("EHZ", 1.8), ("ENZ", 1.8)],
            [("EHZ+ENZ", 0, 0, False), ("EHZ+ENZ", 0.8, 0, False), ("EHZ+ENZ", 1.8, 0, False)],
            0,
        ),
        # The clock was set back by ten seconds, then runs on.
        (
            [("EHZ", 40), ("ENZ", 40), ("EHZ", 41), ("EHZ", 0), ("ENZ", 0), ("EHZ", 1), ("ENZ", 1)],
            [
                ("EHZ+ENZ", 40, 0, False),
                ("EHZ", 41, 0, False),
                ("EHZ+ENZ", 0, 0, True),
                ("EHZ+ENZ", 1, 0, False),
            ],
            0,
        ),
    ],
)
def test_times_decide_what_is_lost_and_what_is_late(
    says: list[tuple[str, float]], blocks: list[tuple[Any, ...]], late: int, opened, scripted
) -> None:
    links = scripted(*(packet(*said) for said in says))
    driver = opened(RaspberryShake(RaspberryShakeConfig("udp://scripted:1", TWO), links))
    assert [facts(block) for block in read_all(driver, len(says))] == blocks
    assert driver.packets_late == late


def test_foreign_channels_are_ignored_and_counted(opened, scripted) -> None:
    links = scripted(packet("EHZ", 0), packet("ENE", 0), packet("EHZ", 1))
    driver = opened(RaspberryShake(RaspberryShakeConfig("udp://scripted:1"), links))
    assert [facts(block)[0] for block in read_all(driver, 3)] == ["EHZ", "EHZ"]
    assert driver.packets_ignored == 1


def test_clipping_is_flagged_by_channel(opened, scripted) -> None:
    links = scripted(packet("EHZ", 0), packet("ENZ", 0, value=-8_388_608))
    driver = opened(RaspberryShake(RaspberryShakeConfig("udp://scripted:1", TWO), links))
    (block,) = read_all(driver, 2)
    assert block.clipped == 0b10
    assert block.flags == Flag.UNVERIFIED | Flag.CLIPPED


def test_a_shake_that_falls_silent_is_a_timeout(opened, collect, start_on_open) -> None:
    source = RecordedSamples(np.zeros((1, 100), np.int32), loop=True)
    twin = RaspberryShakeTwin(UdpPort(), source, epoch_ns=EPOCH_NS)
    driver = opened(
        RaspberryShake(RaspberryShakeConfig(twin.url, silence_timeout_s=1.5), start_on_open(twin))
    )
    collect(driver, lambda got: len(got) == 1)
    twin.silence()
    with pytest.raises(DeviceTimeout, match="datacast address"):
        collect(driver, lambda got: False, deadline_s=10)
    twin.stop()


def test_a_channel_that_falls_silent_is_complained_about(opened, collect, start_on_open) -> None:
    source = RecordedSamples(np.arange(400, dtype=np.int32).reshape(2, 200), loop=True)
    twin = RaspberryShakeTwin(UdpPort(), source, tuple(TWO), pace=4)
    config = RaspberryShakeConfig(twin.url, TWO, silence_timeout_s=1.5)
    driver = opened(RaspberryShake(config, start_on_open(twin)))
    collect(driver, lambda got: len(got) == 2)
    assert driver.complaint() == ""
    twin.lose_packets("ENZ", 10_000)
    collect(driver, lambda got: "no packets of ENZ" in driver.complaint())
    twin.stop()


def test_nobody_sends(scripted) -> None:
    config = RaspberryShakeConfig("udp://scripted:1", silence_timeout_s=0.05)
    with pytest.raises(DeviceTimeout, match="nobody sends"):
        RaspberryShake(config, scripted()).open()


@pytest.mark.parametrize(
    ("says", "match"), [(b"\x01\x02\x03", "no datacast"), (packet("SHZ", 0), "receives SHZ but not EHZ")]
)
def test_the_wrong_sender_is_a_protocol_error(says: bytes, match: str, scripted) -> None:
    config = RaspberryShakeConfig("udp://scripted:1", silence_timeout_s=0.05)
    with pytest.raises(ProtocolError, match=match):
        RaspberryShake(config, scripted(says)).open()


def test_a_port_that_is_taken_is_an_open_error(opened, collect, start_on_open) -> None:
    source = RecordedSamples(np.zeros((1, 100), np.int32), loop=True)
    twin = RaspberryShakeTwin(UdpPort(), source)
    opened(RaspberryShake(RaspberryShakeConfig(twin.url), start_on_open(twin)))
    with pytest.raises(DeviceOpenError):
        RaspberryShake(RaspberryShakeConfig(twin.url), PortLinks()).open()
    twin.stop()


@pytest.mark.parametrize(
    "keys",
    [
        {"url": "/dev/ttyUSB0"},
        {"channels": {}},
        {"counts_per_m_s": {"ENZ": 1.0}},
        {"fs_hz": 0.0},
    ],
)
def test_a_config_that_cannot_work_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        RaspberryShakeConfig(**keys)
