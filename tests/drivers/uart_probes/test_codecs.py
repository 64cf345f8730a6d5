"""The probes' wire formats: makers' bytes, any split, garbage around, anything at all."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs import gss_ascii as gss
from drivers.codecs import vaisala_ascii as vaisala
from drivers.codecs import winsen_mhz19 as winsen
from drivers.codecs.ascii_lines import MAX_LINE

# Makers' bytes: the manuals' examples


@pytest.mark.parametrize(
    ("line", "ppm"),
    [
        (b"CO2=  452 ppm\r\n", 452.0),
        (b"CO2=   860 ppm\r\n", 860.0),
        (b"CO2= 5.1 %CO2\r\n", 51_000.0),
        (b"  452.3 ppm\r\n", 452.3),
        (b">send CO2=  1702 ppm\r\n", 1702.0),
        (b"\x1bsendCO2=  1702 ppm\r", 1702.0),
        (b"CO2= -12.5 ppm\n", -12.5),
        (b"CO2= 433\r\n", 433.0),
    ],
)
def test_vaisala_value_lines(line: bytes, ppm: float) -> None:
    (value,) = vaisala.VaisalaAsciiDecoder().feed(line)
    assert value == vaisala.Co2Value(pytest.approx(ppm), True)


@pytest.mark.parametrize("line", [b"CO2=****** ppm\r\n", b"CO2= ---- ppm\r\n", b"CO2= nan ppm\r\n"])
def test_vaisala_lines_that_stand_for_no_value(line: bytes) -> None:
    (value,) = vaisala.VaisalaAsciiDecoder().feed(line)
    assert isinstance(value, vaisala.Co2Value)
    assert math.isnan(value.ppm)


def test_a_bare_number_does_not_say_that_it_is_carbon_dioxide() -> None:
    assert vaisala.VaisalaAsciiDecoder().feed(b" 452.3\r\n") == [vaisala.Co2Value(452.3, False)]


@pytest.mark.parametrize(
    "line", ["OK: No errors detected.", "400.1 401.2 402.3 24.1 (R C C+F T)", "****", "CO2= 1e5 ppm"]
)
def test_other_lines_are_text(line: str) -> None:
    assert vaisala.VaisalaAsciiDecoder().feed(line.encode() + b"\r\n>") == [vaisala.TextLine(line)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b" Z 00500 z 00500\r\n", gss.GssValues(500, 500)),
        (b" Z 00651\r\n", gss.GssValues(651)),
        (b" z 00487\r\n", gss.GssValues(None, 487)),
        (b" H 00345 T 01195 Z 00651\r\n", gss.GssValues(651, None, 19.5, 34.5)),
        (b" H 00345 T 01195 Z 00651 z 00652\r\n", gss.GssValues(651, 652, 19.5, 34.5)),
        (b" T 00950 Z 00651 V 00012\r\n", gss.GssValues(651, None, -5.0, None)),
        (b" K 00002\r\n", gss.GssAnswer("K", "00002")),
        (b" . 00010\r\n", gss.GssAnswer(".", "00010")),
        (b" @ 1.0 8.0\r\n", gss.GssAnswer("@", "1.0 8.0")),
        (b" ?\r\n", gss.GssAnswer("?", "")),
        (b" Y,Jan 30 2013,10:45:03,AL17\r\n", gss.GssAnswer("Y", "Jan 30 2013,10:45:03,AL17")),
        (b"B 00233 00000\r\n", gss.GssAnswer("B", "00233 00000")),
    ],
)
def test_gss_lines(line: bytes, message: gss.GssMessage) -> None:
    assert gss.GssDecoder().feed(line) == [message]


@pytest.mark.parametrize(
    "line", [b"K 2\r\n", b"@ 0\r\n", b"A 32\r\n", b".\r\n", b" Z 0500\r\n", b" Z 005x0\r\n"]
)
def test_gss_echoes_and_damaged_lines_are_nothing(line: bytes) -> None:
    decoder = gss.GssDecoder()
    assert decoder.feed(line) == []
    assert decoder.counters.dropped == {"garbage": 1}


def test_winsen_makers_bytes() -> None:
    (frame,) = winsen.WinsenDecoder().feed(bytes.fromhex("FF 86 02 20 00 00 00 00 58"))
    assert frame.kind == winsen.READ_CO2
    assert int.from_bytes(frame.body[:2], "big") == 544


@pytest.mark.parametrize(
    ("made", "printed"),
    [
        (winsen.request(0x86), "FF 01 86 00 00 00 00 00 79"),
        (winsen.request(0x79), "FF 01 79 00 00 00 00 00 86"),
        (winsen.request(0x79, b"\xa0"), "FF 01 79 A0 00 00 00 00 E6"),
        (winsen.range_request(2000), "FF 01 99 00 00 00 07 D0 8F"),
        (winsen.range_request(5000), "FF 01 99 00 00 00 13 88 CB"),
    ],
)
def test_winsen_requests_as_printed(made: bytes, printed: str) -> None:
    assert made == bytes.fromhex(printed)


@pytest.mark.parametrize("position", range(9))
def test_winsen_one_wrong_byte_is_no_frame(position: int) -> None:
    damaged = bytearray.fromhex("FF 86 02 20 00 00 00 00 58")
    damaged[position] ^= 0x10
    decoder = winsen.WinsenDecoder()
    assert decoder.feed(bytes(damaged) + bytes(9)) == []
    assert decoder.counters.bytes_dropped > 0


def test_winsen_counts_a_look_alikes_frames_apart() -> None:
    decoder = winsen.WinsenDecoder()
    for byte in bytes.fromhex("42 4D 00 1C 00 01 00 02 00 03"):
        assert decoder.feed(bytes((byte,))) == []
    assert decoder.counters.dropped.get("look-alike") == 1


# Any split, garbage, anything

number = st.integers(0, 99_999)
tenth_c = st.integers(-1000, 9000).map(lambda tenths: tenths / 10)
tenth_pct = st.integers(0, 1000).map(lambda tenths: tenths / 10)
CASES: dict[str, tuple[Callable[[], Any], st.SearchStrategy[bytes], bytes]] = {
    "vaisala": (
        vaisala.VaisalaAsciiDecoder,
        st.one_of(
            st.integers(-999, 99_999).map(vaisala.encode_value),
            st.sampled_from(["OK", "GMP343 - Version STD 2.00", "> send", "  452.0", ""]).map(
                vaisala.encode_line
            ),
        ),
        b"CO2=  452 ppm\r\n",
    ),
    "gss": (
        gss.GssDecoder,
        st.one_of(
            st.builds(gss.GssValues, number, number, st.none() | tenth_c, st.none() | tenth_pct),
            st.builds(gss.GssAnswer, st.sampled_from("KMAa."), number.map("{:05d}".format)),
        ).map(gss.encode),
        b" Z 00500 z 00500\r\n",
    ),
    "winsen": (
        winsen.WinsenDecoder,
        st.builds(winsen.WinsenFrame, st.integers(0, 255), st.binary(min_size=6, max_size=6)).map(
            winsen.encode
        ),
        bytes.fromhex("FF 86 02 20 00 00 00 00 58"),
    ),
}


every_wire = pytest.mark.parametrize("case", list(CASES))


def fed(decoder: Any, data: bytes, cuts: list[int]) -> list[str]:
    """Feed pieces between cuts; messages as texts, because NaN is not equal to itself."""
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    messages: list[Any] = []
    for start, end in pairwise(edges):
        messages += decoder.feed(data[start:end])
    return list(map(repr, messages))


@every_wire
@given(data=st.data())
def test_any_split_gives_the_same_messages(case: str, data: st.DataObject) -> None:
    make, pieces, _ = CASES[case]
    noise = st.binary(max_size=20)
    stream = b"".join(data.draw(st.lists(pieces | noise, max_size=12)))
    cuts = data.draw(st.lists(st.integers(0, 10_000), max_size=30))
    whole = fed(make(), stream, [])
    assert fed(make(), stream, cuts) == whole
    assert fed(make(), stream, list(range(len(stream)))) == whole


@every_wire
@given(data=st.data())
def test_well_formed_messages_all_arrive_in_order(case: str, data: st.DataObject) -> None:
    make, pieces, _ = CASES[case]
    one_by_one = data.draw(st.lists(pieces, max_size=30))
    apart: list[Any] = []
    for piece in one_by_one:
        apart += map(repr, make().feed(piece))
    decoder = make()
    assert fed(decoder, b"".join(one_by_one), []) == apart
    assert decoder.counters.bytes_dropped == 0
    assert decoder.counters.frames == len(apart)


@every_wire
@given(data=st.data())
def test_a_good_frame_is_found_between_garbage(case: str, data: st.DataObject) -> None:
    make, _, good = CASES[case]
    # without line ends and without FF: those may make another frame of the garbage and the good one
    garbage = st.binary(max_size=400).map(lambda noise: noise.translate(None, b"\xff\r\n"))
    end = b"" if case == "winsen" else b"\r\n"
    stream = data.draw(garbage) + end + good + data.draw(garbage) + end
    (expected,) = make().feed(good)
    assert repr(expected) in fed(make(), stream, [])


@every_wire
@given(data=st.data())
def test_anything_is_taken_counted_and_soon_forgotten(case: str, data: st.DataObject) -> None:
    make, _, good = CASES[case]
    decoder = make()
    noise = st.one_of(
        st.binary(max_size=600),
        st.lists(st.sampled_from([good, good[:5], b"\xff", b"\r", b"CO2=", b" Z ", b"00500"])).map(b"".join),
    )
    for piece in data.draw(st.lists(noise, max_size=8)):
        decoder.feed(piece)
    assert decoder.counters.bytes_dropped <= decoder.counters.bytes_in
    held = getattr(decoder, "_buffer", b"") or getattr(getattr(decoder, "_lines", None), "_rest", b"")
    assert len(held) <= MAX_LINE
    messages = decoder.feed(b"\r\n" + good + b"\r\n" + good + b"\r\n")
    assert repr(make().feed(good)[0]) in map(repr, messages)


@pytest.mark.parametrize("name", ["vaisala", "gss"])
def test_a_line_without_end_is_dropped_whole(name: str) -> None:
    make, _, good = CASES[name]
    decoder = make()
    for _ in range(100):
        assert decoder.feed(b"x" * 100) == []
    assert decoder.feed(good) == []  # its beginning was lost with the long line
    assert len(decoder.feed(good)) == 1
    assert decoder.counters.dropped == {"too long": 1}
    assert decoder.counters.bytes_dropped == 10_000 + len(good.rstrip(b"\r\n"))
