"""Transcripts: recorded from twins, played back in any pieces, written by hand from makers' bytes."""

from __future__ import annotations

import hashlib
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivers.api import DeviceLost, DeviceOpenError, Frame, Identity, Sample
from drivers.conformance.record import NOT_RECORDED, head_of, public_config, record
from drivers.conformance.replay import replay
from drivers.conformance.transcript import (
    Act,
    Exchange,
    Pieces,
    RecordedReading,
    ScriptedLinks,
    Transcript,
    TranscriptDamaged,
    TranscriptMismatch,
    described,
    load,
    save,
)
from drivers.devices.gy_mcu90640 import GyMcu90640, GyMcu90640Config
from drivers.devices.senseair_s8 import S8Config, SenseairS8
from drivers.registry import installed
from drivers.transport import PortLinks
from drivers.twins.modbus_probe import S8Twin
from drivers.twins.ports import PtyPort

ANY_PIECES: list[Pieces] = [None, "bytes", 1, 20]


def recorded(name: str, device_class: Any, config: Any, path: Path, n_readings: int) -> Transcript:
    """Record until there are so many readings, and load what was written."""
    readings: list[Any] = []
    head = head_of(name, device_class, config, installed()[name].entry)
    record(
        device_class,
        config,
        PortLinks(),
        path,
        head,
        lambda _: sum(not isinstance(one, Identity) for one in readings) >= n_readings,
        readings.append,
    )
    return load(path)


# Recorded, and played back


def test_a_recorded_probe_replays_the_same_in_any_pieces(tmp_path: Path) -> None:
    for number in range(5):  # a busy machine leaves polls out: then once more
        told: list[float] = []

        def co2_ppm(told: list[float] = told) -> float:
            told.append(600.0 + len(told))
            return told[-1]

        with S8Twin(PtyPort(), co2_ppm) as twin:
            config = S8Config(twin.url, poll_s=0.1)
            kept = tmp_path / f"s8-{number}.transcript.jsonl"
            transcript = recorded("senseair-s8", SenseairS8, config, kept, 2)
        if len(told) >= 22:
            break
    values = [said["value"] for said in transcript.said]
    assert values == [
        told[1],
        told[21],
    ]  # asked for its identity first; polled every 0.1 s, a sample every 2 s
    # all at once: a polled probe keeps its pace in a replay too
    played: dict[Pieces, list[Any]] = {}

    def play(pieces: Pieces) -> None:
        played[pieces] = replay(SenseairS8, transcript, pieces=pieces)

    threads = [threading.Thread(target=play, args=(pieces,)) for pieces in ANY_PIECES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for pieces in ANY_PIECES:
        assert [described(reading) for reading in played[pieces]] == transcript.said, pieces


def test_a_recorded_imager_replays_the_same_in_any_pieces(tmp_path: Path, imager, told_images) -> None:
    config = GyMcu90640Config(imager.url)
    transcript = recorded("gy-mcu90640", GyMcu90640, config, tmp_path / "gy.transcript.jsonl", 10)
    sent = [hashlib.sha256(np.rint(image * 100).astype("<i2").tobytes()).hexdigest() for image in told_images]
    hashes = [said["pixels"]["sha256"] for said in transcript.said]
    first = sent.index(hashes[0])
    assert hashes == sent[first : first + len(hashes)]
    assert len(hashes) >= 10
    for pieces in ANY_PIECES:
        again = replay(GyMcu90640, transcript, pieces=pieces)
        assert [described(reading) for reading in again] == transcript.said, pieces
        assert all(isinstance(reading, Frame) for reading in again)


def test_the_head_says_what_was_recorded(tmp_path: Path, s8: S8Twin) -> None:
    config = S8Config(s8.url, poll_s=0.1)
    transcript = recorded("senseair-s8", SenseairS8, config, tmp_path / "s8.transcript.jsonl", 1)
    assert (transcript.driver, transcript.distribution) == ("senseair-s8", "lorryscan")
    assert transcript.driver_version
    assert transcript.config == {"url": s8.url, "address": 254, "poll_s": 0.1, "warm_up_s": 120.0}
    assert transcript.capabilities["quantities"] == ["co2_ppm"]
    assert transcript.identity == Identity("Senseair", "S8 (type 010E01)", "0123ABCD", "1.99")
    assert transcript.checked_against == ""
    assert transcript.ended == "as long as was asked for"


def test_a_broken_wire_is_kept_and_replays_as_one(tmp_path: Path, imager) -> None:
    path = tmp_path / "gy.transcript.jsonl"
    config = GyMcu90640Config(imager.url)
    head = head_of("gy-mcu90640", GyMcu90640, config, None)
    with pytest.raises(DeviceLost):
        record(GyMcu90640, config, PortLinks(), path, head, lambda at_s: False, lambda _: imager.unplug())
    transcript = load(path)
    assert transcript.ended.startswith("DeviceLost")
    assert any(exchange.act is Act.LOST for exchange in transcript.exchanges)
    with pytest.raises(DeviceLost, match="is gone"):
        replay(GyMcu90640, transcript)


# Written by hand


@pytest.mark.parametrize("pieces", ANY_PIECES)
def test_the_makers_bytes_written_by_hand_are_904_ppm(by_hand, makers_lines, pieces: Pieces) -> None:
    transcript = load(by_hand(makers_lines))
    assert transcript.checked_against == "TDE2067"
    (sample,) = replay(SenseairS8, transcript, pieces=pieces)
    assert isinstance(sample, Sample)
    assert sample.value == 904.0


def test_another_question_is_a_mismatch_with_both_in_hex(by_hand, makers_lines) -> None:
    makers_lines[2]["tx"] = "fe0300200001914f"
    transcript = load(by_hand(makers_lines))
    with pytest.raises(TranscriptMismatch, match=r"fe 03 00 1f 00 01 a1 c3.*fe 03 00 20 00 01 91 4f"):
        replay(SenseairS8, transcript)


def test_another_line_speed_is_a_mismatch(by_hand, makers_lines) -> None:
    makers_lines[1]["settings"] = {"baudrate": 19200, "parity": "N", "stopbits": 1}
    with pytest.raises(TranscriptMismatch, match=r"9600.*19200"):
        replay(SenseairS8, load(by_hand(makers_lines)))


def test_a_mismatch_that_a_driver_swallows_is_told_all_the_same() -> None:
    links = ScriptedLinks([Exchange(0.0, Act.TX, b"?")])
    with pytest.raises(TranscriptMismatch):
        links.open("x").write(b"!")
    assert links.mismatch is not None


# The scripted wire


def drained(link: Any, links: ScriptedLinks, size: int = 65536) -> list[bytes]:
    chunks = []
    while not links.finished.is_set():
        data = link.read(size)
        if data:
            chunks.append(data)
    return chunks


@settings(max_examples=60)
@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=8), st.integers(0, 1000))
def test_any_pieces_are_the_same_bytes(chunks: list[bytes], seed: int) -> None:
    script = [Exchange(float(n), Act.RX, chunk) for n, chunk in enumerate(chunks)]
    for pieces in (None, "bytes", seed):
        links = ScriptedLinks(script, pieces, wait_s=0.0)  # type: ignore[arg-type]
        got = drained(links.open("x"), links)
        assert b"".join(got) == b"".join(chunks)
        if pieces is None:
            assert got == chunks
        if pieces == "bytes":
            assert {len(piece) for piece in got} == {1}


def test_bytes_wait_for_the_write_before_them() -> None:
    script = [Exchange(0.0, Act.TX, b"a?"), Exchange(0.1, Act.RX, b"1"), Exchange(0.2, Act.TX, b"b?")]
    links = ScriptedLinks([*script, Exchange(0.3, Act.RX, b"2")], wait_s=0.0)
    link = links.open("x")
    assert link.read() == b""
    link.write(b"a")  # in smaller pieces than recorded: the wire is the same
    assert link.read() == b""
    link.write(b"?")
    assert link.read() == b"1"
    assert link.read() == b""
    assert not links.finished.is_set()
    link.write(b"b?")
    assert link.read() == b"2"
    assert link.read() == b""
    assert links.finished.is_set()
    link.write(b"c?")  # nobody listens any more


def test_a_read_that_waits_gets_what_another_threads_write_releases() -> None:
    links = ScriptedLinks([Exchange(0.0, Act.TX, b"?"), Exchange(0.1, Act.RX, b"904")], wait_s=20.0)
    link = links.open("x")
    writer = threading.Timer(0.05, link.write, [b"?"])
    writer.start()
    began = time.monotonic()
    assert link.read() == b"904"
    assert time.monotonic() - began < 10
    writer.join()


def test_datagrams_stay_whole() -> None:
    script = [Exchange(0.0, Act.OPEN, text="udp://0.0.0.0:8888"), Exchange(0.1, Act.RX, b"{'EHZ', 1}")]
    links = ScriptedLinks([*script, Exchange(0.2, Act.RX, b"{'EHZ', 2}")], "bytes", wait_s=0.0)
    assert drained(links.open("y"), links, size=4) == [b"{'EHZ', 1}", b"{'EHZ', 2}"]


def test_what_was_dropped_in_the_recording_is_dropped() -> None:
    script = [Exchange(0.0, Act.RX, b"stale"), Exchange(0.1, Act.DISCARD), Exchange(0.2, Act.RX, b"new")]
    links = ScriptedLinks(script, "bytes", wait_s=0.0)
    link = links.open("x")
    assert link.read() == b"s"
    link.discard_input()
    assert b"".join(drained(link, links)) == b"new"


def test_a_turn_on_a_shared_line_drops_what_came_before_it() -> None:
    script = [Exchange(0.0, Act.RX, b"stale"), Exchange(0.1, Act.DISCARD), Exchange(0.2, Act.RX, b"new")]
    links = ScriptedLinks(script, wait_s=0.0)
    link = links.open("x", shared=True)
    with link.turn(), link.turn():
        assert link.read() == b"new"


def test_each_opening_plays_its_own_part() -> None:
    script = [Exchange(0.0, Act.RX, b"one"), Exchange(1.0, Act.RX, b"two", link=1)]
    links = ScriptedLinks(script, wait_s=0.0)
    first = links.open("x")
    assert first.read() == b"one"
    assert first.read() == b""
    assert not links.finished.is_set()
    first.close()
    assert links.open("x").read() == b"two"
    with pytest.raises(DeviceOpenError, match="opening 3"):
        links.open("x")
    with pytest.raises(DeviceLost):
        first.read()


# The file

EXCHANGES = st.builds(
    Exchange,
    at_s=st.floats(0, 1e6).map(lambda at_s: round(at_s, 6)),
    act=st.sampled_from([Act.TX, Act.RX]),
    data=st.binary(max_size=40),
    link=st.integers(0, 3),
)


@settings(max_examples=40)
@given(st.lists(EXCHANGES, max_size=6), st.text(max_size=20))
@example([], "a line separator \u2028 and a next line \x85 are no ends of lines")
def test_what_is_saved_is_loaded(tmp_path_factory: Any, exchanges: list[Exchange], words: str) -> None:
    path = tmp_path_factory.mktemp("saved") / "x.transcript.jsonl"
    exchanges.sort(key=lambda exchange: exchange.at_s)
    whole = Transcript(
        "acme",
        exchanges=tuple(exchanges),
        readings=(RecordedReading(0.5, {"type": "sample", "value": 904.0}),),
        config={"url": "/dev/ttyUSB0"},
        checked_against=words,
        identity=Identity("Acme", "Nose"),
        ended="interrupted",
    )
    save(path, whole)
    assert load(path) == whole


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "no JSON object"),
        (['{"a": 1}'], "no transcript"),
        (['{"lorryscan_transcript": 2, "driver": "x"}'], "version 2"),
        (['{"lorryscan_transcript": 1}'], "names no driver"),
        (['{"lorryscan_transcript": 1, "driver": "x"}', '{"t": 0.1, "rx": "abc"}'], "line 2"),
        (['{"lorryscan_transcript": 1, "driver": "x"}', '{"t": 0.1, "rx": "ab'], "line 2"),
        (['{"lorryscan_transcript": 1, "driver": "x"}', '{"t": 0.1, "sent": "ab"}'], "none of open, tx, rx"),
        (['{"lorryscan_transcript": 1, "driver": "x"}', '{"rx": "ab"}'], "line 2"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(tmp_path: Path, lines: list[str], says: str) -> None:
    path = tmp_path / "x.transcript.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(TranscriptDamaged, match=says):
        load(path)


def test_secrets_stay_out() -> None:
    kept = public_config(
        {"url": "socket://u:p@192.0.2.1:9", "password": "x", "auth": {"api_token": "y"}, "name": "z"}
    )
    assert kept == {
        "url": "socket://192.0.2.1:9",
        "password": NOT_RECORDED,
        "auth": {"api_token": NOT_RECORDED},
        "name": "z",
    }
