"""The serial digitiser's driver against its twin on a pty: real blocks on a bad line, answers in time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from drivers.api import (
    ClockLock,
    ConfigError,
    DeviceLost,
    DeviceTimeout,
    Flag,
    ProtocolError,
    Role,
    WaveformBlock,
)
from drivers.codecs import gcf_serial
from drivers.codecs.gcf_block import EXTENDED, GcfData, GcfHeader, GcfStatus, cut, encode
from drivers.devices.gcf_channels import GcfChannels
from drivers.devices.guralp_gcf import GuralpGcf, GuralpGcfConfig
from drivers.transport import PortLinks
from drivers.twins.gcf_source import RecordedBlocks, SampledBlocks
from drivers.twins.guralp_gcf import ANSWER_WAIT_S, GuralpGcfTwin
from drivers.twins.ports import PtyPort
from drivers.twins.recorded import RecordedSamples

EPOCH_NS = 1_464_981_000 * 10**9
REAL = {"6018N2": Role.CHASSIS, "6018N4": Role.GROUND}
THREE = {"DEMOZ2": Role.CHASSIS, "DEMON2": Role.CHASSIS, "DEMOE2": Role.GROUND}
TWO = {"DEMOZ2": Role.CHASSIS, "DEMON2": Role.GROUND}


class BadLine(PtyPort):
    """Turns one bit of some frames, chosen by a seed; what is lost is the digitiser's affair."""

    def __init__(self, share: float, seed: int) -> None:
        super().__init__()
        self.damaged = 0
        self._share = share
        self._dice = random.Random(seed)

    def write(self, data: bytes) -> None:
        if self._dice.random() < self._share:
            self.damaged += 1
            at = self._dice.randrange(len(data))
            data = data[:at] + bytes([data[at] ^ 1 << self._dice.randrange(8)]) + data[at + 1 :]
        super().write(data)


def counts_of(blocks: Sequence[WaveformBlock], name: str) -> np.ndarray:
    rows = [
        row
        for block in blocks
        for channel, row in zip(block.channels, block.counts, strict=True)
        if channel.name == name
    ]
    return np.concatenate(rows)


def n_samples(blocks: Sequence[WaveformBlock]) -> int:
    return sum(block.counts.size for block in blocks)


@pytest.mark.parametrize(
    ("seed", "twin_keys", "driver_keys"),
    [
        (1, {}, {}),
        (2, {"narrow": True, "sum_of_head": True}, {}),
        (3, {"answers": "short"}, {"answers": "short"}),
        (4, {"on_silence": "next", "first_sequence": 200}, {}),
    ],
)
def test_real_blocks_on_a_bad_line_equal_the_reference(
    seed: int,
    twin_keys: dict[str, Any],
    driver_keys: dict[str, Any],
    many_blocks: Callable[[int], list[bytes]],
    as_obspy_reads: Callable[[list[bytes]], dict[str, np.ndarray]],
    opened: Callable[..., GuralpGcf],
    collect: Callable[..., list[WaveformBlock]],
) -> None:
    blocks = many_blocks(200)
    truth = as_obspy_reads(blocks)
    line = BadLine(0.01, seed)
    # patient, or what it sends again unasked on a busy machine would be counted twice
    twin_keys = {"answer_wait_s": 2.0} | twin_keys
    with GuralpGcfTwin(line, RecordedBlocks(blocks), pace=None, **twin_keys) as twin:
        driver = opened(GuralpGcf(GuralpGcfConfig(twin.url, REAL, **driver_keys), PortLinks()))
        total = sum(counts.size for counts in truth.values())
        got = collect(driver, lambda readings: n_samples(readings) >= total)
    assert line.damaged >= 4
    assert twin.resent >= line.damaged
    for name, counts in truth.items():
        np.testing.assert_array_equal(counts_of(got, name), counts)
    assert {block.flags for block in got} == {Flag.NONE}
    # Every block that was taken had been proved by its last sample.
    assert driver.counters.frames == len(blocks)
    assert "ric" not in driver.counters.dropped


def test_every_second_real_block_damaged(
    real_blocks: list[bytes],
    as_obspy_reads: Callable[[list[bytes]], dict[str, np.ndarray]],
    opened: Callable[..., GuralpGcf],
    collect: Callable[..., list[WaveformBlock]],
) -> None:
    truth = as_obspy_reads(real_blocks)
    line = BadLine(0.5, 12)
    with GuralpGcfTwin(line, RecordedBlocks(real_blocks), pace=None) as twin:
        driver = opened(GuralpGcf(GuralpGcfConfig(twin.url, REAL), PortLinks()))
        got = collect(driver, lambda readings: n_samples(readings) >= 1300)
    assert line.damaged >= 2
    for name, counts in truth.items():
        np.testing.assert_array_equal(counts_of(got, name), counts)
    assert [block.device_ns for block in got if block.fs_hz == 500.0] == [EPOCH_NS, EPOCH_NS + 10**9]
    assert driver.identify().model == "DM24"
    assert driver.identify().serial == "6281"


def test_answers_come_well_within_the_digitisers_patience(
    many_blocks: Callable[[int], list[bytes]],
    opened: Callable[..., GuralpGcf],
    collect: Callable[..., list[WaveformBlock]],
    record_property: Callable[[str, object], None],
) -> None:
    blocks = many_blocks(150)
    with GuralpGcfTwin(PtyPort(), RecordedBlocks(blocks), pace=None) as twin:
        driver = opened(GuralpGcf(GuralpGcfConfig(twin.url, REAL), PortLinks()))
        collect(driver, lambda _: twin.finished.is_set())
    median_s, p99_s = np.percentile(twin.answered_s, [50, 99]).tolist()  # plain numbers can be reported
    record_property("answer_median_ms", round(1e3 * median_s, 3))
    record_property("answer_p99_ms", round(1e3 * p99_s, 3))
    assert len(twin.answered_s) >= len(blocks)
    assert p99_s < ANSWER_WAIT_S
    assert twin.silences == 0


def test_an_answer_waits_for_nothing_after_the_last_byte(scripted, opened) -> None:
    first, second = gcf_wire("DEMOZ2", 0), gcf_wire("DEMOZ2", 1)
    links = scripted(first, second[:-1], second[-1:])
    driver = opened(GuralpGcf(GuralpGcfConfig("scripted", {"DEMOZ2": Role.CHASSIS}), links))
    driver.read()  # what open took
    driver.read()
    assert len(links.heard) == 1
    driver.read()
    assert len(links.heard) == 2


def gcf_wire(stream: str, second: int, sequence: int | None = None, value: int = 0, n: int = 100) -> bytes:
    """One second of 100 Hz as it stands on the line."""
    head = GcfHeader("DEMO", stream, EPOCH_NS + second * 10**9, 100.0, EXTENDED)
    block = cut(encode(GcfData(head, np.arange(n, dtype=np.int32) + value)))
    return gcf_serial.encode(block, second if sequence is None else sequence)


def read_all(driver: GuralpGcf, links: Any) -> list[WaveformBlock]:
    """Read until the script is empty."""
    blocks = list(driver.read())
    while links.says:
        blocks += driver.read()
    return blocks


def test_channels_of_one_digitiser_join_sample_by_sample(
    opened: Callable[..., GuralpGcf], collect: Callable[..., list[WaveformBlock]]
) -> None:
    rng = np.random.default_rng(6)
    scale = np.array([[3], [3000], [2_000_000]])  # records of four, two and one
    sent = (rng.integers(-1000, 1000, (3, 6000)) * scale // 1000).astype(np.int32)
    source = SampledBlocks(RecordedSamples(sent), tuple(THREE), fs_hz=200.0, epoch_ns=EPOCH_NS)
    with GuralpGcfTwin(PtyPort(), source, pace=None) as twin:
        config = GuralpGcfConfig(twin.url, THREE, counts_per_m_s={"DEMOZ2": 4.0e9})
        driver = opened(GuralpGcf(config, PortLinks()))
        got = collect(driver, lambda readings: sum(b.counts.shape[1] for b in readings) >= 6000)
    assert {tuple(c.name for c in block.channels) for block in got} == {tuple(THREE)}
    np.testing.assert_array_equal(np.concatenate([b.counts for b in got], axis=1), sent)
    vertical, north, _ = got[0].channels
    assert vertical.role is Role.CHASSIS
    assert vertical.sensitivity_v_per_m_s * vertical.counts_per_volt == 4.0e9
    assert north.sensitivity_v_per_m_s is north.counts_per_volt is None
    before = np.cumsum([0, *(block.counts.shape[1] for block in got)])
    assert [block.device_ns for block in got] == [EPOCH_NS + int(n) * 5_000_000 for n in before[:-1]]


def test_a_block_lost_for_good_is_a_gap_with_its_samples(scripted, opened) -> None:
    # Without recovery a digitiser that went on has nothing to send again.
    wires = [gcf_wire("DEMOZ2", second, value=second) for second in (0, 1, 4, 5)]
    links = scripted(*wires)
    config = GuralpGcfConfig("scripted", {"DEMOZ2": Role.CHASSIS}, answers="short")
    driver = opened(GuralpGcf(config, links))
    blocks = read_all(driver, links)
    assert [block.samples_lost for block in blocks] == [0, 0, 200, 0]
    assert [bool(block.flags & Flag.GAP_BEFORE) for block in blocks] == [False, False, True, False]


def test_a_block_that_comes_again_in_time_is_no_gap(scripted, opened) -> None:
    order = (0, 1, 3, 2, 3, 4)
    links = scripted(*(gcf_wire("DEMOZ2", second, value=second) for second in order))
    driver = opened(GuralpGcf(GuralpGcfConfig("scripted", {"DEMOZ2": Role.CHASSIS}), links))
    blocks = read_all(driver, links)
    assert [(b.device_ns - EPOCH_NS) // 10**9 for b in blocks] == [0, 1, 2, 3, 4]
    assert {b.flags for b in blocks} == {Flag.NONE}
    third = gcf_serial.GcfAnswerDecoder().feed(links.heard[2])
    assert third == [gcf_serial.Answer(gcf_serial.AnswerKind.NACK, int("DEMOZ2", 36), 2)]


def test_the_clock_is_locked_when_the_status_says_so(scripted, opened) -> None:
    def status(second: int, text: str) -> bytes:
        head = GcfHeader("DEMO", "DEMO00", EPOCH_NS + second * 10**9, 0.0, EXTENDED)
        return gcf_serial.encode(cut(encode(GcfStatus(head, text))), 2 * second + 1)

    links = scripted(
        gcf_wire("DEMOZ2", 0, 0),
        status(0, "2006 9 4 13:13:00 2 MicroSeconds Fast Freq error 0 e-9 Auto 3D [-4]"),
        gcf_wire("DEMOZ2", 1, 2),
        status(1, "2005 8 10 17:06:27 GPS switched Off"),
        gcf_wire("DEMOZ2", 2, 4),
    )
    driver = opened(GuralpGcf(GuralpGcfConfig("scripted", {"DEMOZ2": Role.CHASSIS}), links))
    blocks = read_all(driver, links)
    assert [block.clock_lock for block in blocks] == [ClockLock.NONE, ClockLock.GPS, ClockLock.NONE]


def test_clipping_is_flagged_by_channel(scripted, opened) -> None:
    links = scripted(gcf_wire("DEMOZ2", 0, 0), gcf_wire("DEMON2", 0, 1, value=8_388_607 - 99))
    driver = opened(GuralpGcf(GuralpGcfConfig("scripted", TWO), links))
    (block,) = read_all(driver, links)
    assert block.clipped == 0b10
    assert block.flags == Flag.CLIPPED


def test_streams_that_are_not_configured_are_acknowledged_and_ignored(scripted, opened) -> None:
    links = scripted(gcf_wire("DEMOX0", 0, 0), gcf_wire("DEMOZ2", 0, 1))
    driver = opened(GuralpGcf(GuralpGcfConfig("scripted", {"DEMOZ2": Role.CHASSIS}), links))
    (block,) = read_all(driver, links)
    assert [channel.name for channel in block.channels] == ["DEMOZ2"]
    assert driver.channels.ignored == 1
    assert [answer[0] for answer in links.heard] == [1, 1]


@pytest.mark.parametrize(("answers", "length"), [("recovery", 6), ("short", 2), ("none", 0)])
def test_the_form_of_answers_is_configured(answers: Any, length: int, scripted, opened) -> None:
    links = scripted(gcf_wire("DEMOZ2", 0))
    config = GuralpGcfConfig("scripted", {"DEMOZ2": Role.CHASSIS}, answers=answers, baudrate=19200)
    opened(GuralpGcf(config, links))
    assert len(b"".join(links.heard)) == length
    assert links.settings == {"baudrate": 19200}


def test_a_digitiser_that_falls_silent_is_a_timeout(scripted, opened, collect) -> None:
    links = scripted(gcf_wire("DEMOZ2", 0))
    config = GuralpGcfConfig("scripted", {"DEMOZ2": Role.CHASSIS}, block_timeout_s=0.2)
    driver = opened(GuralpGcf(config, links))
    with pytest.raises(DeviceTimeout, match="power and cable"):
        collect(driver, lambda got: False, deadline_s=5)


@pytest.mark.parametrize(
    ("says", "error", "words"),
    [
        ((), DeviceTimeout, "sent nothing"),
        ((b"BM\x00\x1c" * 300,), ProtocolError, "no GCF block"),
        ((gcf_wire("OTHERZ", 0),), ProtocolError, "receives OTHERZ but not DEMOZ2"),
    ],
)
def test_what_does_not_send_the_streams_is_named(
    says: tuple[bytes, ...], error: type[Exception], words: str, scripted
) -> None:
    links = scripted(*says)
    config = GuralpGcfConfig("scripted", {"DEMOZ2": Role.CHASSIS}, block_timeout_s=0.2)
    with pytest.raises(error, match=words):
        GuralpGcf(config, links).open()
    assert links.closed


def test_a_pulled_plug_is_a_lost_device(
    opened: Callable[..., GuralpGcf], collect: Callable[..., list[WaveformBlock]]
) -> None:
    source = SampledBlocks(RecordedSamples(np.arange(5000)[None], loop=True), ["DEMOZ2"], fs_hz=500.0)
    with GuralpGcfTwin(PtyPort(), source, pace=20) as twin:
        driver = opened(GuralpGcf(GuralpGcfConfig(twin.url, {"DEMOZ2": Role.CHASSIS}), PortLinks()))
        collect(driver, lambda got: len(got) >= 1)
        twin.unplug()
        pulled = time.monotonic()
        with pytest.raises(DeviceLost):
            collect(driver, lambda got: False, deadline_s=5)
        assert time.monotonic() - pulled < 2


def test_a_stream_that_stays_away_is_complained_of() -> None:
    channels = GcfChannels(TWO, {}, 8_388_607, recover_s=0.0)
    head = GcfHeader("DEMO", "DEMOZ2", EPOCH_NS, 100.0)
    channels.begin(100.0)
    channels.take(GcfData(head, np.zeros(100, np.int32)), 110.0)
    assert channels.complaint(110.5, at_most=11.0) == ""
    assert "DEMON2" in channels.complaint(111.5, at_most=11.0)
    # When none sends it is silence, not a complaint.
    assert channels.complaint(130.0, at_most=11.0) == ""


@pytest.mark.parametrize(
    "keys",
    [
        {"channels": {}},
        {"channels": {"demoz2": Role.CHASSIS}},
        {"channels": {"DEMO00": Role.CHASSIS}},
        {"channels": {"DEMOZ23": Role.CHASSIS}},
        {"counts_per_m_s": {"DEMON2": 1.0}},
        {"full_scale_counts": 0},
        {"baudrate": 0},
        {"block_timeout_s": 0.0},
    ],
)
def test_a_config_that_no_digitiser_can_keep_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        GuralpGcfConfig(**({"url": "/dev/ttyUSB0", "channels": {"DEMOZ2": Role.CHASSIS}} | keys))
