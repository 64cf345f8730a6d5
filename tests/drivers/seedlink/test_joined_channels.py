"""Joining channels: any cutting gives all samples side by side; gaps, late records, clocks set back."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.devices.joined_channels import MOST_WAITING, ChannelJoiner, Joined, Piece

MS10 = 10_000_000


def piece(first: int, n: int, fs_hz: float = 100.0) -> Piece:
    """Samples whose values are their numbers, at 100 Hz."""
    return Piece(first * MS10, fs_hz, np.arange(first, first + n, dtype=np.int32))


def facts(block: Joined) -> tuple[str, int, int, int, bool]:
    """Channels, first sample, how many, how many are lost before, gap."""
    return "+".join(block.names), block.start_ns // MS10, block.counts.shape[1], block.lost, block.gap


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_cutting_gives_every_sample_beside_its_companions(data) -> None:
    joiner = ChannelJoiner("AB", 10.0, 0.0)
    cuts = {name: sorted({0, 200, *data.draw(st.lists(st.integers(1, 199), max_size=8))}) for name in "AB"}
    records = [
        (end, name, begin) for name in "AB" for begin, end in zip(cuts[name], cuts[name][1:], strict=False)
    ]
    blocks: list[Joined] = []
    for end, name, begin in sorted(records):  # each when it is full
        joiner.take(name, piece(begin, end - begin), 0.0)
        blocks += joiner.joined(0.0)
    assert {block.names for block in blocks} == {("A", "B")}
    assert not any(block.gap for block in blocks)
    counts = np.concatenate([block.counts for block in blocks], axis=1)
    np.testing.assert_array_equal(counts, [np.arange(200)] * 2)
    assert blocks[0].start_ns == 0


def test_what_one_channel_lost_is_given_alone_and_the_series_of_both_has_the_gap() -> None:
    joiner = ChannelJoiner("AB", 10.0, 0.0)
    for first in (0, 50, 100):
        joiner.take("A", piece(first, 50), 0.0)
    joiner.take("B", piece(0, 50), 0.0)
    joiner.take("B", piece(100, 50), 0.0)
    assert [facts(block) for block in joiner.joined(0.0)] == [
        ("A+B", 0, 50, 0, False),
        ("A", 50, 50, 0, False),
        ("A+B", 100, 50, 50, True),
    ]


def test_a_channel_that_stays_away_holds_the_other_up_for_its_patience_only() -> None:
    joiner = ChannelJoiner("AB", 10.0, 0.0)
    joiner.take("A", piece(0, 50), 9.0)
    assert joiner.joined(9.9) == []
    assert joiner.silent(9.9) == []
    assert [facts(block) for block in joiner.joined(10.1)] == [("A", 0, 50, 0, False)]
    assert joiner.silent(10.1) == ["B"]


def test_a_flood_of_one_channel_does_not_pile_up() -> None:
    joiner = ChannelJoiner("AB", 10.0, 0.0)
    out = 0
    for k in range(MOST_WAITING + 100):
        joiner.take("A", piece(k, 1), 0.0)
        out += len(joiner.joined(0.0))
    assert out == 100


def test_a_doubled_record_is_dropped_and_an_overlap_is_cut() -> None:
    joiner = ChannelJoiner("A", 10.0, 0.0)
    for first in (0, 0, 50, 90):
        joiner.take("A", piece(first, 50), 0.0)
    blocks = joiner.joined(0.0)
    assert [facts(block) for block in blocks] == [
        ("A", 0, 50, 0, False),
        ("A", 50, 50, 0, False),
        ("A", 100, 40, 0, True),
    ]
    assert blocks[-1].counts[0].tolist() == list(range(100, 140))
    assert joiner.late == 1


def test_a_clock_that_was_set_back_begins_a_new_series() -> None:
    joiner = ChannelJoiner("A", 10.0, 0.0)
    joiner.take("A", piece(10_000, 50), 0.0)
    for first in (0, 50, 100, 150):
        joiner.take("A", piece(first, 50), 0.0)
    # Two records go before it is believed: they could have been late ones.
    assert [facts(block) for block in joiner.joined(0.0)] == [
        ("A", 10_000, 50, 0, False),
        ("A", 100, 50, 0, True),
        ("A", 150, 50, 0, False),
    ]


def test_a_clock_that_wanders_by_less_than_half_a_sample_loses_nothing() -> None:
    joiner = ChannelJoiner("AB", 10.0, 0.0)
    for name, shift_ns in (("A", 0), ("B", 4_000_000)):
        for first in (0, 50, 100):
            shifted = piece(first, 50)
            joiner.take(name, Piece(shifted.start_ns + shift_ns, 100.0, shifted.counts), 0.0)
    assert [facts(block)[0::2] for block in joiner.joined(0.0)] == [("A+B", 50, False)] * 3


def test_channels_of_different_rates_are_blocks_of_their_own() -> None:
    joiner = ChannelJoiner("AB", 10.0, 0.0)
    joiner.take("A", piece(0, 50), 0.0)
    joiner.take("B", Piece(0, 200.0, np.zeros(50, np.int32)), 0.0)
    assert sorted(facts(block)[0] for block in joiner.joined(0.0)) == ["A", "B"]
