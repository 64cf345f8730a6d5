"""Channels joined: what is waited for, what goes out without, what counts as lost, clocks set back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import Channel, ClockLock, Flag, Role, WaveformBlock
from drivers.devices.channel_track import Piece
from drivers.devices.joined_channels import ChannelJoiner, Habits

MS10 = 10_000_000
EPOCH_NS = 1_464_981_000_000_000_000
FULL_SCALE = 8_388_607
PATIENCE_S = 10.0
RECOVER_S = 2.0
NAMES = ("Z", "N")


def joiner(names: Sequence[str] = NAMES, patience_s: float = PATIENCE_S, **habits: Any) -> ChannelJoiner:
    channels = {name: Channel(name, Role.CHASSIS) for name in names}
    one = ChannelJoiner(channels, FULL_SCALE, Habits(patience_s, **habits))
    one.restart(0.0)
    return one


def piece(first: int, n: int, **keys: Any) -> Piece:
    """Samples whose values are their own numbers, at 100 Hz."""
    return Piece(EPOCH_NS + first * MS10, 100.0, np.arange(first, first + n, dtype=np.int32), **keys)


def give(
    one: ChannelJoiner, name: str, first: int, n: int, now: float = 0.0, **keys: Any
) -> list[WaveformBlock]:
    one.take(name, piece(first, n, **keys), now)
    return one.joined(now)


def facts(block: WaveformBlock) -> tuple[str, int, int, int, bool]:
    """Channels, first sample and the one after the last, samples lost, gap; the counts must agree."""
    first = round((block.device_ns - EPOCH_NS) / MS10)
    after = first + block.counts.shape[1]
    assert (block.counts == np.arange(first, after)).all()
    names = "+".join(channel.name for channel in block.channels)
    return names, first, after, block.samples_lost, bool(block.flags & Flag.GAP_BEFORE)


def all_facts(blocks: list[WaveformBlock]) -> list[tuple[str, int, int, int, bool]]:
    return [facts(block) for block in blocks]


def test_what_all_channels_have_goes_out() -> None:
    one = joiner()
    assert give(one, "Z", 0, 500) == []
    assert all_facts(give(one, "N", 0, 200)) == [("Z+N", 0, 200, 0, False)]
    assert all_facts(give(one, "N", 200, 400)) == [("Z+N", 200, 500, 0, False)]
    assert all_facts(give(one, "Z", 500, 100)) == [("Z+N", 500, 600, 0, False)]


@given(data=st.data())
def test_any_cutting_gives_every_sample_beside_its_companions(data: st.DataObject) -> None:
    one = joiner()
    records = []
    for name in NAMES:
        cuts = sorted({0, 200, *data.draw(st.lists(st.integers(1, 199), max_size=8))})
        records += [(end, name, begin) for begin, end in pairwise(cuts)]
    blocks: list[WaveformBlock] = []
    for end, name, begin in sorted(records):  # each when it is full
        blocks += give(one, name, begin, end - begin)
    spans = all_facts(blocks)
    assert {(span[0], span[3], span[4]) for span in spans} == {("Z+N", 0, False)}
    assert [span[1] for span in spans] == [0, *(span[2] for span in spans[:-1])]
    assert spans[-1][2] == 200


def test_a_channel_that_begins_later_holds_nothing_up() -> None:
    one = joiner()
    assert give(one, "Z", 0, 300) == []
    got = give(one, "N", 100, 200)
    assert all_facts(got) == [("Z", 0, 100, 0, False), ("Z+N", 100, 300, 0, False)]


def test_a_missing_record_is_waited_for_and_taken_when_it_comes() -> None:
    one = joiner("Z", recover_s=RECOVER_S)
    assert all_facts(give(one, "Z", 0, 100)) == [("Z", 0, 100, 0, False)]
    assert give(one, "Z", 200, 100, now=1.0) == []
    got = give(one, "Z", 100, 100, now=1.0 + RECOVER_S - 0.1)
    assert all_facts(got) == [("Z", 100, 200, 0, False), ("Z", 200, 300, 0, False)]


def test_a_missing_record_of_one_channel_joins_the_others_when_it_comes() -> None:
    one = joiner(recover_s=RECOVER_S)
    for name in NAMES:
        give(one, name, 0, 100)
    got = give(one, "Z", 100, 200) + give(one, "N", 200, 100) + give(one, "N", 100, 100)
    assert all_facts(got) == [("Z+N", 100, 200, 0, False), ("Z+N", 200, 300, 0, False)]


def test_a_missing_record_that_does_not_come_is_a_gap() -> None:
    one = joiner("Z", recover_s=RECOVER_S)
    give(one, "Z", 0, 100)
    assert give(one, "Z", 250, 100, now=1.0) == []
    assert all_facts(one.joined(1.0 + RECOVER_S)) == [("Z", 250, 350, 150, True)]
    assert all_facts(give(one, "Z", 350, 50, now=4.0)) == [("Z", 350, 400, 0, False)]


def test_what_one_channel_lost_is_given_alone_and_the_series_of_both_has_the_gap() -> None:
    one = joiner()
    for first in (0, 100):
        give(one, "Z", first, 100)
    assert all_facts(give(one, "N", 0, 100)) == [("Z+N", 0, 100, 0, False)]
    give(one, "Z", 200, 100)
    got = give(one, "N", 200, 100)
    assert all_facts(got) == [("Z", 100, 200, 0, False), ("Z+N", 200, 300, 100, True)]


def test_what_both_lack_is_a_gap_though_one_comes_back_alone() -> None:
    one = joiner()
    for name in NAMES:
        give(one, name, 0, 100)
    assert give(one, "Z", 200, 100) == []
    got = give(one, "N", 300, 100) + give(one, "Z", 300, 100)
    assert all_facts(got) == [("Z", 200, 300, 100, True), ("Z+N", 300, 400, 200, True)]


def test_a_silent_channel_is_waited_for_no_longer_than_the_patience() -> None:
    one = joiner(longest_samples=200)  # and 2 s on top
    for name in NAMES:
        give(one, name, 0, 100, now=0.0)
    assert give(one, "Z", 100, 100, now=1.0) == []
    assert one.joined(1.0 + PATIENCE_S + 2.0 - 0.1) == []
    assert all_facts(one.joined(1.0 + PATIENCE_S + 2.0)) == [("Z", 100, 200, 0, False)]
    # From then on it holds nothing up, until it comes back.
    assert all_facts(give(one, "Z", 200, 100, now=14.0)) == [("Z", 200, 300, 0, False)]
    # What it sends of before goes out alone.
    assert all_facts(give(one, "N", 250, 150, now=15.0)) == [("N", 250, 300, 150, True)]
    assert all_facts(give(one, "Z", 300, 100, now=16.0)) == [("Z+N", 300, 400, 200, True)]


def test_a_channel_that_was_never_heard_is_silent_while_others_come() -> None:
    one = joiner()
    give(one, "Z", 0, 50, now=9.0)
    assert one.silent(9.9) == []
    assert one.silent(10.1) == ["N"]


def test_after_a_break_a_channel_is_waited_for_anew() -> None:
    one = joiner()
    give(one, "Z", 0, 50, now=0.0)
    one.restart(100.0)
    assert one.joined(100.0 + PATIENCE_S - 0.1) == []
    assert all_facts(one.joined(100.0 + PATIENCE_S)) == [("Z", 0, 50, 0, False)]


def test_a_flood_of_one_channel_does_not_pile_up() -> None:
    one = joiner(most_waiting=64)
    assert sum(len(give(one, "Z", k, 1)) for k in range(164)) == 100


def test_doubled_and_late_records_are_dropped_and_counted() -> None:
    one = joiner("Z", recover_s=RECOVER_S, set_back_s=60.0)
    give(one, "Z", 0, 100)
    assert give(one, "Z", 0, 100) == []
    give(one, "Z", 200, 100)
    assert give(one, "Z", 200, 100) == []
    assert give(one, "Z", 150, 100) == []  # runs into what waits
    assert one.late == 3


def test_a_doubled_record_longer_than_a_clock_is_set_back_is_late() -> None:
    one = joiner("Z", set_back_s=60.0)
    give(one, "Z", 0, 10_000)
    assert give(one, "Z", 0, 10_000) == []
    assert one.late == 1


def test_an_overlap_is_cut_and_flagged() -> None:
    one = joiner("Z")
    give(one, "Z", 0, 100)
    assert all_facts(give(one, "Z", 50, 100)) == [("Z", 100, 150, 0, True)]
    assert all_facts(give(one, "Z", 150, 50)) == [("Z", 150, 200, 0, False)]


def test_a_clock_put_right_by_a_little_makes_no_overlap() -> None:
    one = joiner(put_right_s=0.5)
    for name in NAMES:
        give(one, name, 0, 100)
    assert give(one, "Z", 60, 100) == []
    assert all_facts(give(one, "N", 60, 100)) == [("Z+N", 60, 160, 0, False)]


def test_a_clock_that_was_set_back_begins_a_new_time() -> None:
    one = joiner(set_back_s=60.0)
    for name in NAMES:
        give(one, name, 100_000, 100)
    give(one, "Z", 100_100, 100)
    got = give(one, "Z", 0, 100) + give(one, "N", 0, 100)
    assert all_facts(got) == [("Z", 100_100, 100_200, 0, False), ("Z+N", 0, 100, 0, True)]


def test_a_clock_that_was_set_back_is_believed_after_so_many_records() -> None:
    one = joiner("Z", set_back_records=3)
    give(one, "Z", 10_000, 50)
    # Two records go before it is believed: they could have been late ones.
    assert give(one, "Z", 0, 50) + give(one, "Z", 50, 50) == []
    assert all_facts(give(one, "Z", 100, 50)) == [("Z", 100, 150, 0, True)]
    assert all_facts(give(one, "Z", 150, 50)) == [("Z", 150, 200, 0, False)]


def test_late_records_among_good_ones_set_no_clock_back() -> None:
    one = joiner("Z", set_back_records=3)
    got: list[WaveformBlock] = []
    for turn in range(5):
        got += give(one, "Z", 100 + 50 * turn, 50) + give(one, "Z", 0, 50)
    assert all_facts(got) == [("Z", 100 + 50 * k, 150 + 50 * k, 0, False) for k in range(5)]


def test_a_clock_that_was_set_forward_by_years_lost_no_countable_samples() -> None:
    one = joiner("Z")
    give(one, "Z", 0, 100)
    assert all_facts(give(one, "Z", 10**9, 100)) == [("Z", 10**9, 10**9 + 100, 0, True)]


def test_a_clock_that_wanders_by_less_than_half_a_sample_loses_nothing() -> None:
    one = joiner()
    blocks: list[WaveformBlock] = []
    for first in (0, 50, 100):
        give(one, "Z", first, 50)
        shifted = piece(first, 50)
        shifted.start_ns += 4_000_000
        one.take("N", shifted, 0.0)
        blocks += one.joined(0.0)
    assert all_facts(blocks) == [("Z+N", first, first + 50, 0, False) for first in (0, 50, 100)]


def test_a_clock_that_drifts_by_many_samples_loses_nothing() -> None:
    one = joiner("Z")
    flags = set()
    for turn in range(100):  # each record takes 0.3 of a sample longer than it says
        one.take("Z", Piece(EPOCH_NS + turn * 503_000_000, 100.0, np.zeros(50, np.int32)), 0.0)
        flags |= {(block.samples_lost, block.flags) for block in one.joined(0.0)}
    assert flags == {(0, Flag.NONE)}


@pytest.mark.parametrize(
    ("other", "lock"), [(ClockLock.GPS, ClockLock.GPS), (ClockLock.NONE, ClockLock.NONE)]
)
def test_a_block_is_locked_when_all_its_channels_are(other: ClockLock, lock: ClockLock) -> None:
    one = joiner()
    give(one, "Z", 0, 100, lock=ClockLock.GPS)
    (block,) = give(one, "N", 0, 100, lock=other)
    assert block.clock_lock is lock


def test_one_unchecked_record_makes_the_block_unverified() -> None:
    one = joiner()
    give(one, "Z", 0, 100)
    (block,) = give(one, "N", 0, 100, checked=False)
    assert block.flags == Flag.UNVERIFIED


@pytest.mark.parametrize("by_device", [False, True])
def test_clipping_is_told_by_channel(by_device: bool) -> None:
    one = joiner()
    counts = np.zeros(100, np.int32)
    counts[50] = 0 if by_device else -FULL_SCALE
    give(one, "Z", 0, 100)
    one.take("N", Piece(EPOCH_NS, 100.0, counts, clipped=by_device), 0.0)
    (block,) = one.joined(0.0)
    assert (block.clipped, block.flags) == (0b10, Flag.CLIPPED)


def test_channels_of_different_rates_are_blocks_of_their_own() -> None:
    one = joiner()
    assert give(one, "Z", 0, 50) == []
    one.take("N", Piece(EPOCH_NS, 200.0, np.zeros(50, np.int32)), 0.0)
    assert {block.fs_hz: block.channels[0].name for block in one.joined(0.0)} == {100.0: "Z", 200.0: "N"}


def test_a_slow_rate_that_waits_does_not_hold_a_fast_one_up() -> None:
    one = joiner("ABCD")
    for name, fs_hz in zip("ABCD", (1.0, 1.0, 100.0, 100.0), strict=True):
        one.take(name, Piece(EPOCH_NS, fs_hz, np.zeros(10, np.int32)), 0.0)
    one.joined(0.0)
    one.take("A", Piece(EPOCH_NS + 10_000_000_000, 1.0, np.zeros(10, np.int32)), 1.0)
    for name in "CD":
        one.take(name, Piece(EPOCH_NS + 11_000_000_000, 100.0, np.zeros(10, np.int32)), 1.0)
    assert [block.fs_hz for block in one.joined(1.0)] == [100.0]


def test_a_channel_that_had_another_rate_follows_on_nothing() -> None:
    one = joiner("Z")
    give(one, "Z", 0, 100)
    got = []
    for first in (0, 100):
        one.take("Z", Piece(EPOCH_NS + 100 * MS10 + first * MS10 // 2, 200.0, np.zeros(100, np.int32)), 0.0)
        got += one.joined(0.0)
    assert [(block.fs_hz, block.samples_lost, block.flags) for block in got] == [
        (200.0, 0, Flag.GAP_BEFORE),
        (200.0, 0, Flag.NONE),
    ]
