"""Lines put together to frames: what is kept, given up and flagged, told by the counters alone."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from drivers.codecs.raytek_mp150 import Line, Order, line_counter
from drivers.devices.line_raster import LineRaster

PIXELS = np.zeros(64, np.uint8)


def line(counter: int, order: Order = Order.LOW_FIRST) -> Line:
    return Line(PIXELS, 30, (counter & 0xFFFF).to_bytes(2, order.value) + bytes(24), 0)


def frames(
    counters: Iterable[int], order: Order = Order.LOW_FIRST, n_lines: int = 4
) -> list[tuple[list[int], bool]]:
    raster = LineRaster(n_lines)
    whole = [frame for counter in counters for frame in raster.take(line(counter, order))]
    return [([line_counter(x, order) for x in one.lines], one.gap_before) for one in whole]


@pytest.mark.parametrize("order", Order)
def test_lines_without_a_loss_are_frames_without_a_flag(order: Order) -> None:
    assert frames(range(250, 262), order) == [
        ([250, 251, 252, 253], False),
        ([254, 255, 256, 257], False),
        ([258, 259, 260, 261], False),
    ]


@pytest.mark.parametrize("order", Order)
def test_the_counter_may_wrap(order: Order) -> None:
    assert frames(range(65533, 65541), order) == [
        ([65533, 65534, 65535, 0], False),
        ([1, 2, 3, 4], False),
    ]


def test_a_frame_that_misses_a_line_is_given_up_and_the_next_is_flagged() -> None:
    counters = [n for n in range(100, 116) if n != 105]
    assert frames(counters) == [
        ([100, 101, 102, 103], False),
        ([108, 109, 110, 111], True),
        ([112, 113, 114, 115], False),
    ]


def test_a_loss_between_two_frames_keeps_the_raster() -> None:
    counters = [*range(0, 4), *range(12, 16)]
    assert frames(counters) == [([0, 1, 2, 3], False), ([12, 13, 14, 15], True)]


def test_a_line_that_comes_twice_is_taken_once() -> None:
    assert frames([0, 1, 2, 2, 3, 3, 4, 5, 6, 7]) == [([0, 1, 2, 3], False), ([4, 5, 6, 7], False)]


def test_lines_that_come_twice_are_taken_once() -> None:
    counters = [*range(65530, 65540), *range(65534, 65540), *range(65540, 65546)]
    assert [lines for lines, gap in frames(counters) if not gap] == [
        [n % 65536 for n in range(start, start + 4)] for start in (65530, 65534, 65538, 65542)
    ]


@pytest.mark.parametrize("last", [40000, 200])
def test_a_counter_that_begins_anew_is_one_loss(last: int) -> None:
    got = frames([*range(last - 8, last), *range(400)])
    assert got[:2] == [([*range(last - 8, last - 4)], False), ([*range(last - 4, last)], False)]
    assert [gap for _, gap in got[2:]] == [True] + [False] * (len(got) - 3)
    assert got[-1][0][-1] >= 396


def test_an_order_that_one_pair_of_lines_told_wrongly_is_mended() -> None:
    # 255 lines lost just here look like one step in the other order
    counters = [0x0100, 0x0200, 0x0201, 0x0202, 0x0203, 0x0204, 0x0205]
    raster = LineRaster(2)
    for counter in counters:
        raster.take(line(counter))
    assert raster.order is Order.LOW_FIRST


def test_the_very_first_line_may_come_twice() -> None:
    assert frames([9, 9, 9, 10, 11, 12]) == [([9, 10, 11, 12], False)]


def test_lines_that_are_not_counted_are_frames_all_the_same_and_damage_is_a_loss() -> None:
    raster = LineRaster(4)
    held = [raster.take(line(7)) for _ in range(16)]
    assert [len(got) for got in held] == [0] * 15 + [4]
    assert (raster.order, raster.counts) == (None, False)
    assert not any(frame.gap_before for got in held for frame in got)
    later = [raster.take(line(7), damage=k == 2) for k in range(6)]
    assert [len(got) for got in later] == [0, 0, 0, 0, 0, 1]
    assert later[-1][0].gap_before
