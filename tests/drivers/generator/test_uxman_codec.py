"""The X-ray supply's codec against public bytes, a second form of the checksum, and random bytes."""

from __future__ import annotations

import functools
import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import ProtocolError
from drivers.codecs.spellman_uxman import (
    READBACKS,
    STATUS,
    Framing,
    Message,
    Status,
    UxmanDecoder,
    checksum,
    encode_reply,
    encode_request,
    parse_readbacks,
    parse_status,
)

FRAMINGS = pytest.mark.parametrize("framing", Framing)


def manuals_checksum(body: bytes) -> int:
    """Follow the manual's five steps one by one: add, negate, cut to 8 bits, clear bit 7, set bit 6."""
    total = functools.reduce(operator.add, body, 0)
    negated = -total
    cut = negated % 256
    return cut & 0b0111_1111 | 0b0100_0000


@pytest.mark.parametrize(("body", "check"), [(b"22,", "p"), (b"10,4095,", "u")])
def test_public_checksums(body: bytes, check: str) -> None:
    """The first is the maker's, the second is asserted by a public program for the uX."""
    assert chr(checksum(body)) == check


@given(st.binary(max_size=60))
def test_the_checksum_follows_the_manuals_steps(body: bytes) -> None:
    assert checksum(body) == manuals_checksum(body)


def test_both_forms_of_a_request() -> None:
    assert encode_request(STATUS, Framing.CHECKSUM) == b"\x0222,p\x03"
    assert encode_request(STATUS, Framing.PLAIN) == b"\x0222,\x03"


@pytest.mark.parametrize(
    ("wire", "wanted"),
    [
        (b"\x0222,0,1,0,\x03", Status(False, True, False)),
        (b"\x0222,1,0,0,\x03", Status(True, False, False)),
        (b"\x0222,0,0,1,\x03", Status(False, False, True)),
    ],
)
def test_a_public_status_is_read(wire: bytes, wanted: Status) -> None:
    (message,) = UxmanDecoder(Framing.PLAIN).feed(wire)
    assert parse_status(message) == wanted


def test_public_readbacks_are_read() -> None:
    (message,) = UxmanDecoder(Framing.PLAIN).feed(b"\x0220,433,2276,1,1,228,88,334,\x03")
    assert parse_readbacks(message) == (1, 1)


@pytest.mark.parametrize(
    "values",
    [
        ("1",),
        ("1", "1", "0", "0", "0", "0", "0", "0"),  # SLM
        ("1", "0", "0", "0", "1", "0", "0", "0", "1", "0", "0", "0", "0", "0", "0", "0", "0"),  # ST
        ("1", "0", "2"),
        ("1", "0", ""),
        (),
    ],
)
def test_the_status_of_another_family_is_none(values: tuple[str, ...]) -> None:
    assert parse_status(Message(STATUS, values)) is None


@pytest.mark.parametrize(
    "values",
    [
        ("433", "2276", "3150", "228", "88", "334"),
        ("433", "2276", "4096", "1", "228", "88", "334"),
        ("433", "2276", "-1", "1", "228", "88", "334"),
        ("433", "2276", "12", "x", "228", "88", "334"),
        ("433", "2276", "12", "²", "228", "88", "334"),
    ],
)
def test_readbacks_that_cannot_be_told_are_none(values: tuple[str, ...]) -> None:
    assert parse_readbacks(Message(READBACKS, values)) is None


def test_a_wrong_checksum_is_dropped() -> None:
    decoder = UxmanDecoder(Framing.CHECKSUM)
    wire = bytearray(encode_reply(STATUS, ("0", "0", "0"), Framing.CHECKSUM))
    wire[4] ^= 1
    assert decoder.feed(bytes(wire)) == []
    assert decoder.counters.dropped == {"checksum": 1}


@FRAMINGS
def test_the_other_form_is_no_message(framing: Framing) -> None:
    (other,) = set(Framing) - {framing}
    decoder = UxmanDecoder(framing)
    assert decoder.feed(encode_reply(STATUS, ("0", "1", "0"), other)) == []
    assert decoder.counters.dropped == {"framing": 1}


REPLIES = ((22, ("0", "1", "0")), (20, ("433", "2276", "3150", "690", "228", "88", "334")), (26, ("X4817",)))


@FRAMINGS
@settings(max_examples=80)
@given(data=st.data(), before=st.binary(max_size=40), between=st.binary(max_size=40))
def test_any_split_gives_the_same_messages(
    framing: Framing, data: st.DataObject, before: bytes, between: bytes
) -> None:
    one, two, three = (encode_reply(number, values, framing) for number, values in REPLIES)
    stream = before + one + between + two + three + one[:4]
    whole = UxmanDecoder(framing)
    wanted = whole.feed(stream)
    pieces = UxmanDecoder(framing)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    got = [
        message
        for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for message in pieces.feed(stream[a:b])
    ]
    assert got == wanted
    assert pieces.counters == whole.counters
    assert {Message(number, values) for number, values in REPLIES} <= set(wanted)


@FRAMINGS
@settings(max_examples=150)
@given(
    chunks=st.lists(
        st.one_of(st.binary(max_size=200), st.sampled_from([b"\x02", b"\x03", b"22,", b",,,", b"\x0299"])),
        max_size=20,
    )
)
def test_any_bytes_are_survived(framing: Framing, chunks: list[bytes]) -> None:
    decoder = UxmanDecoder(framing)
    for chunk in chunks:
        decoder.feed(chunk)
    assert decoder.counters.bytes_in == sum(map(len, chunks))
    assert decoder.counters.bytes_dropped <= decoder.counters.bytes_in
    assert len(decoder._buffer) < 200


@pytest.mark.parametrize("value", ["", "1,2", "\x03", "\x0210,4095,", "²", "a\n"])
def test_a_value_that_could_be_framing_is_refused(value: str) -> None:
    with pytest.raises(ProtocolError):
        encode_reply(STATUS, (value,), Framing.PLAIN)
