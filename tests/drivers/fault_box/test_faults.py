"""One direction's faults: rates, order, determinism, the log; no wire and a clock that the test turns."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.twins.faults import LOG_BYTES, Faults, FaultyWay, Piece

PIECES = [random.Random(n).randbytes(40) for n in range(2000)]
EVERYTHING = Faults(
    drop=0.1, double=0.1, corrupt=0.1, drop_byte=0.01, double_byte=0.01, corrupt_byte=0.01, split=0.1
)


def leaving(way: FaultyWay, now_s: float = 0.0) -> list[Piece]:
    pieces = []
    while (piece := way.next_piece(now_s)) is not None:
        way.taken(piece, len(piece.data))
        pieces.append(piece)
    return pieces


def through(way: FaultyWay, pieces: list[bytes], now_s: float = 0.0) -> list[bytes]:
    for piece in pieces:
        assert way.take(piece, now_s) == len(piece)
    return [piece.data for piece in leaving(way, now_s)]


def faulty(seed: str = "1", datagrams: bool = False, **kinds: float) -> FaultyWay:
    way = FaultyWay(seed, datagrams)
    way.faults = Faults(**kinds)
    return way


def test_without_faults_everything_passes_as_it_is() -> None:
    way = FaultyWay("1")
    assert through(way, PIECES) == PIECES
    assert way.done == Counter(passed=len(PIECES))


def test_same_seed_and_pieces_give_the_same_faults() -> None:
    ways = [FaultyWay("5"), FaultyWay("5")]
    for way in ways:
        way.faults = EVERYTHING
    assert through(ways[0], PIECES) == through(ways[1], PIECES)


def test_another_seed_gives_other_faults() -> None:
    ways = [FaultyWay("5"), FaultyWay("6")]
    for way in ways:
        way.faults = EVERYTHING
    assert through(ways[0], PIECES) != through(ways[1], PIECES)


def test_time_decides_no_fault() -> None:
    ways = [FaultyWay("5"), FaultyWay("5")]
    for way in ways:
        way.faults = EVERYTHING
    late = [data for n, piece in enumerate(PIECES) for data in through(ways[1], [piece], 3.0 * n)]
    assert through(ways[0], PIECES) == late


def test_one_fault_does_not_move_another() -> None:
    alone, together = faulty(drop=0.1), faulty(drop=0.1, double=0.5)
    for way in (alone, together):
        through(way, PIECES)
    dropped = [["drop" in crossing.acts for crossing in way.crossings()] for way in (alone, together)]
    assert dropped[0] == dropped[1]


@pytest.mark.parametrize("kind", ["drop", "double", "corrupt", "split"])
def test_a_fault_hits_as_many_pieces_as_its_probability_says(kind: str) -> None:
    way = faulty(**{kind: 0.1})
    through(way, PIECES)
    # five standard deviations of a binomial of 2000 x 0.1
    assert abs(way.done[kind] - 200) < 5 * (2000 * 0.1 * 0.9) ** 0.5


@pytest.mark.parametrize("kind", ["drop_byte", "double_byte", "corrupt_byte"])
def test_a_fault_hits_as_many_bytes_as_its_probability_says(kind: str) -> None:
    way = faulty(**{kind: 0.01})
    through(way, PIECES)
    assert abs(way.done[kind] - 800) < 5 * (80_000 * 0.01 * 0.99) ** 0.5


def test_a_doubled_piece_comes_twice_running() -> None:
    assert through(faulty(double=1.0), [b"ab", b"c"]) == [b"ab", b"ab", b"c", b"c"]


def test_a_corrupt_piece_differs_in_one_byte() -> None:
    out = through(faulty(corrupt=1.0), PIECES)
    assert {sum(a != b for a, b in zip(x, y, strict=True)) for x, y in zip(PIECES, out, strict=True)} == {1}


def test_corrupt_bytes_hit_every_place_alike() -> None:
    out = through(faulty(corrupt_byte=0.1), PIECES)
    hits = Counter(at for x, y in zip(PIECES, out, strict=True) for at in range(40) if x[at] != y[at])
    assert len(hits) == 40
    assert max(abs(n - 200) for n in hits.values()) < 5 * (2000 * 0.1 * 0.9) ** 0.5


@pytest.mark.parametrize(("kind", "becomes"), [("drop_byte", b""), ("double_byte", b"aabbcc")])
def test_every_byte_can_be_hit(kind: str, becomes: bytes) -> None:
    assert b"".join(through(faulty(**{kind: 1.0}), [b"abc"])) == becomes


def test_a_split_piece_comes_in_two_parts() -> None:
    out = through(faulty(split=1.0), PIECES[:50])
    assert len(out) == 100
    assert b"".join(out) == b"".join(PIECES[:50])


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=30), st.integers(0, 99))
def test_the_log_adds_up_to_what_left(pieces: list[bytes], seed: int) -> None:
    way = FaultyWay(str(seed))
    way.faults = EVERYTHING
    left = b"".join(through(way, pieces))
    assert b"".join(crossing.out for crossing in way.crossings()) == left
    assert [crossing.sent for crossing in way.crossings()] == pieces


def test_what_is_called_unchanged_is_what_came_through() -> None:
    way = faulty(drop=0.2, corrupt=0.2, double=0.2)
    out = through(way, PIECES)
    whole = [crossing.sent for crossing in way.crossings() if crossing.unchanged]
    assert 0 < len(whole) < len(PIECES)
    # random pieces are all different, so a changed one equals none of those sent
    assert whole == [piece for piece in PIECES if out.count(piece) == 1]


def test_a_delayed_piece_leaves_when_its_time_has_come() -> None:
    way = faulty(delay_s=0.5)
    way.take(b"a", 10.0)
    assert way.next_piece(10.49) is None
    assert way.wait_s(10.4) == pytest.approx(0.1)
    assert [piece.data for piece in leaving(way, 10.5)] == [b"a"]


def test_jitter_keeps_the_order() -> None:
    way = faulty(jitter_s=1.0)
    for n in range(100):
        way.take(bytes([n]), 0.0)
    pieces = leaving(way, 2.0)
    assert b"".join(piece.data for piece in pieces) == bytes(range(100))
    assert pieces[0].due_s < pieces[-1].due_s <= 1.0


def test_a_stall_holds_everything_until_it_ends() -> None:
    way = FaultyWay("1")
    way.stall()
    way.take(b"a", 0.0)
    way.inject(b"b")
    assert leaving(way) == []
    way.resume()
    assert b"".join(piece.data for piece in leaving(way)) == b"ab"


def test_a_full_stall_drops_what_comes() -> None:
    way = FaultyWay("1", hold_bytes=100)
    way.stall()
    assert [way.take(bytes(60), 0.0) for _ in range(4)] == [60, 60, 0, 0]
    assert way.done["overflow"] == 2


def test_injected_bytes_stand_between_the_pieces_untouched() -> None:
    way = faulty(corrupt=1.0)
    way.take(b"aa", 0.0)
    way.inject(b"garbage")
    way.take(b"bb", 0.0)
    assert [piece.data for piece in leaving(way)][1] == b"garbage"


def test_a_flood_is_as_long_as_asked_and_takes_no_room() -> None:
    way = FaultyWay("1", hold_bytes=1000)
    way.flood(1_000_000)
    assert way.take(b"after", 0.0) == 5
    out = b"".join(piece.data for piece in leaving(way))
    assert len(out) == 1_000_005
    assert out.endswith(b"after")
    assert way.done == Counter(passed=1, flood=1_000_000)


def test_a_flood_of_given_bytes_is_these_bytes() -> None:
    way = FaultyWay("1")
    way.flood(b"BM\x00\x1c" * 10_000)
    assert b"".join(piece.data for piece in leaving(way)) == b"BM\x00\x1c" * 10_000


def test_a_cleared_way_has_counted_what_it_lost() -> None:
    way = faulty(delay_s=1.0)
    way.take(b"abc", 0.0)
    assert (way.clear(), way.waiting_bytes, way.done["not taken"]) == (3, 0, 3)
    assert leaving(way, 9.0) == []


def test_the_log_is_bounded() -> None:
    way = FaultyWay("1")
    for _ in range(40):
        through(way, [bytes(LOG_BYTES // 16)])
    kept = way.crossings()
    assert sum(len(crossing.sent) + len(crossing.out) for crossing in kept) <= LOG_BYTES
    assert len(kept) + way.forgotten == 40


def test_a_datagram_that_is_overtaken_comes_right_after() -> None:
    way = faulty(datagrams=True, reorder=0.5)
    out = through(way, PIECES) + [piece.data for piece in leaving(way, 9.0)]
    moved = [out.index(piece) - n for n, piece in enumerate(PIECES)]
    assert Counter(moved)[1] == Counter(moved)[-1] > 300
    assert set(moved) == {-1, 0, 1}


def test_a_datagram_that_nothing_follows_comes_all_the_same() -> None:
    way = faulty(datagrams=True, reorder=1.0)
    way.take(b"last", 0.0)
    assert leaving(way, 0.1) == []
    assert [piece.data for piece in leaving(way, 1.0)] == [b"last"]


@pytest.mark.parametrize(("datagrams", "kinds"), [(False, {"reorder": 0.1}), (True, {"split": 0.1})])
def test_a_fault_that_the_wire_cannot_have_is_refused(datagrams: bool, kinds: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="datagram"):
        faulty(datagrams=datagrams, **kinds)


@pytest.mark.parametrize(
    "kinds", [{"drop": 1.1}, {"corrupt": -0.1}, {"delay_s": -1.0}, {"drop": float("nan")}]
)
def test_what_is_no_probability_or_delay_is_refused(kinds: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="is no"):
        Faults(**kinds)
