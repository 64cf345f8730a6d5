"""Channels put together: what is waited for, what goes out without, what counts as lost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import Channel, ClockLock, Flag, Role, WaveformBlock
from drivers.devices.series_merger import GRACE_S, MOST_PIECES, SeriesMerger

NS = 1_000_000_000
EPOCH_NS = 1_464_981_000 * NS
FS_HZ = 100.0
LONGEST_S = 10.0
RECOVER_S = 2.0
NAMES = ("Z", "N")


def merger(names: Sequence[str] = NAMES, recover_s: float = RECOVER_S) -> SeriesMerger:
    channels = {name: Channel(name, Role.CHASSIS) for name in names}
    return SeriesMerger(FS_HZ, channels, 8_388_607, LONGEST_S, recover_s)


def give(
    one: SeriesMerger, name: str, begin: int, n: int, now: float = 0.0, lock: ClockLock = ClockLock.NONE
) -> list[WaveformBlock]:
    """Samples whose values are their own numbers, from ``begin`` on."""
    counts = np.arange(begin, begin + n, dtype=np.int32)
    one.take(name, EPOCH_NS + begin * NS // 100, counts, lock, now)
    return one.ready(now)


def facts(block: WaveformBlock) -> tuple[str, int, int, int, bool]:
    """Channels, first and last sample, samples lost, gap; every row must hold the same numbers."""
    first = (block.device_ns - EPOCH_NS) * 100 // NS
    n_samples = block.counts.shape[1]
    assert (block.counts == np.arange(first, first + n_samples)).all()
    names = "+".join(channel.name for channel in block.channels)
    return names, first, first + n_samples, block.samples_lost, bool(block.flags & Flag.GAP_BEFORE)


def test_what_all_channels_have_goes_out() -> None:
    one = merger()
    assert give(one, "Z", 0, 500) == []
    assert [facts(b) for b in give(one, "N", 0, 200)] == [("Z+N", 0, 200, 0, False)]
    assert [facts(b) for b in give(one, "N", 200, 400)] == [("Z+N", 200, 500, 0, False)]
    assert [facts(b) for b in give(one, "Z", 500, 100)] == [("Z+N", 500, 600, 0, False)]


@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=12),
    st.lists(st.integers(1, 400), min_size=1, max_size=12),
)
def test_however_blocks_are_cut_the_series_is_whole(z: list[int], n: list[int]) -> None:
    one = merger()
    got: list[WaveformBlock] = []
    at = {"Z": 0, "N": 0}
    for turn in range(max(len(z), len(n))):
        for name, sizes in (("Z", z), ("N", n)):
            if turn < len(sizes):
                got += give(one, name, at[name], sizes[turn])
                at[name] += sizes[turn]
    spans = [facts(b) for b in got]
    assert all(span[0] == "Z+N" and not span[4] for span in spans)
    assert [span[1] for span in spans] == [0, *(span[2] for span in spans)][:-1] if spans else True
    assert (spans[-1][2] if spans else 0) == min(sum(z), sum(n))


def test_a_channel_that_begins_later_holds_nothing_up() -> None:
    one = merger()
    assert give(one, "Z", 0, 300) == []
    got = give(one, "N", 100, 200)
    assert [facts(b) for b in got] == [("Z", 0, 100, 0, False), ("Z+N", 100, 300, 0, False)]


def test_a_missing_block_is_waited_for_and_taken_when_it_comes() -> None:
    one = merger(("Z",))
    assert [facts(b) for b in give(one, "Z", 0, 100)] == [("Z", 0, 100, 0, False)]
    assert give(one, "Z", 200, 100, now=1.0) == []
    got = give(one, "Z", 100, 100, now=1.0 + RECOVER_S - 0.1)
    assert [facts(b) for b in got] == [("Z", 100, 200, 0, False), ("Z", 200, 300, 0, False)]


def test_a_missing_block_that_does_not_come_is_a_gap() -> None:
    one = merger(("Z",))
    give(one, "Z", 0, 100)
    assert give(one, "Z", 250, 100, now=1.0) == []
    assert [facts(b) for b in one.ready(1.0 + RECOVER_S)] == [("Z", 250, 350, 150, True)]
    assert [facts(b) for b in give(one, "Z", 350, 50, now=4.0)] == [("Z", 350, 400, 0, False)]


def test_a_gap_of_one_channel_is_a_gap_of_both_together_and_the_other_is_kept() -> None:
    one = merger(recover_s=0.0)
    give(one, "Z", 0, 100)
    give(one, "N", 0, 100)
    give(one, "Z", 100, 200)
    got = give(one, "N", 200, 100)
    assert [facts(b) for b in got] == [("Z", 100, 200, 0, False), ("Z+N", 200, 300, 100, True)]


def test_what_both_lack_is_a_gap_though_one_comes_back_alone() -> None:
    one = merger(recover_s=0.0)
    give(one, "Z", 0, 100)
    give(one, "N", 0, 100)
    assert give(one, "Z", 200, 100) == []
    got = give(one, "N", 300, 100) + give(one, "Z", 300, 100)
    assert [facts(b) for b in got] == [("Z", 200, 300, 100, True), ("Z+N", 300, 400, 200, True)]


def test_a_silent_channel_is_waited_for_no_longer_than_its_longest_block() -> None:
    one = merger()
    give(one, "Z", 0, 100, now=0.0)
    give(one, "N", 0, 100, now=0.0)
    assert give(one, "Z", 100, 100, now=1.0) == []
    assert one.ready(1.0 + LONGEST_S + GRACE_S - 0.1) == []
    assert [facts(b) for b in one.ready(1.0 + LONGEST_S + GRACE_S)] == [("Z", 100, 200, 0, False)]
    # From then on it holds nothing up, until it comes back.
    assert [facts(b) for b in give(one, "Z", 200, 100, now=14.0)] == [("Z", 200, 300, 0, False)]
    assert [facts(b) for b in give(one, "N", 250, 150, now=15.0)] == []
    got = give(one, "Z", 300, 100, now=16.0)
    assert [facts(b) for b in got] == [("Z+N", 300, 400, 200, True)]


def test_doubled_and_late_blocks_are_dropped_and_counted() -> None:
    one = merger(("Z",))
    give(one, "Z", 0, 100)
    assert give(one, "Z", 0, 100) == []
    give(one, "Z", 200, 100)
    assert give(one, "Z", 200, 100) == []
    assert one.late == 2


def test_of_a_block_that_is_half_late_the_rest_is_taken() -> None:
    one = merger(("Z",))
    give(one, "Z", 0, 100)
    assert [facts(b) for b in give(one, "Z", 50, 100)] == [("Z", 100, 150, 0, False)]


def test_a_clock_that_was_set_back_begins_a_new_time() -> None:
    one = merger()
    for name in NAMES:
        give(one, name, 100_000, 100)
    give(one, "Z", 100_100, 100)
    got = give(one, "Z", 0, 100) + give(one, "N", 0, 100)
    assert [facts(b) for b in got] == [("Z", 100_100, 100_200, 0, False), ("Z+N", 0, 100, 0, True)]


def test_a_clock_that_was_set_forward_by_years_lost_no_countable_samples() -> None:
    one = merger(("Z",), recover_s=0.0)
    give(one, "Z", 0, 100)
    assert [facts(b) for b in give(one, "Z", 10**9, 100)] == [("Z", 10**9, 10**9 + 100, 0, True)]


@pytest.mark.parametrize(
    ("other", "lock"), [(ClockLock.GPS, ClockLock.GPS), (ClockLock.NONE, ClockLock.NONE)]
)
def test_a_block_is_locked_when_all_its_channels_are(other: ClockLock, lock: ClockLock) -> None:
    one = merger()
    give(one, "Z", 0, 100, lock=ClockLock.GPS)
    (block,) = give(one, "N", 0, 100, lock=other)
    assert block.clock_lock is lock


def test_what_waits_is_bounded() -> None:
    one = merger()
    got: list[WaveformBlock] = []
    for turn in range(2 * MOST_PIECES):  # all within a moment, and the other channel never comes
        got += give(one, "Z", 10 * turn, 10)
    assert max(len(waiting) for waiting in one._pieces.values()) <= MOST_PIECES
    assert facts(got[0]) == ("Z", 0, 10, 0, False)


def test_a_channel_that_had_another_rate_follows_on_nothing() -> None:
    one = merger(("Z",))
    one.tear("Z")
    assert [facts(b) for b in give(one, "Z", 0, 100)] == [("Z", 0, 100, 0, True)]
    assert [facts(b) for b in give(one, "Z", 100, 100)] == [("Z", 100, 200, 0, False)]


def test_a_channel_of_another_rate_is_not_waited_for() -> None:
    one = merger()
    one.leave("N")
    assert [facts(b) for b in give(one, "Z", 0, 100)] == [("Z", 0, 100, 0, False)]
