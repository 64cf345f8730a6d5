"""Warm spots: found beside edges, measured, followed; the uncertainty of their change is true."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.signals.thermal_spots import Track, change_of, find_spots, follow_spots


def _doors(rng: np.random.Generator, noise_k: float = 0.15) -> np.ndarray:
    """A warm panel before a cold sky and road, as 24 x 32 pixels."""
    frame = np.full((24, 32), 5.0)
    frame[3:20, 5:27] = 12.0
    frame[20:] = 9.0
    return frame + rng.normal(0, noise_k, frame.shape)


def test_edges_of_doors_sky_and_road_are_no_spots() -> None:
    rng = np.random.default_rng(1)
    found = [len(find_spots(_doors(rng).astype(np.float32), 1.0)) for _ in range(200)]
    assert sum(found) == 0


@pytest.mark.parametrize(("row", "column"), [(10, 16), (4, 8), (18, 25), (22, 12)])
def test_a_spot_is_found_where_it_is_with_its_excess_and_area(row: int, column: int) -> None:
    frame = _doors(np.random.default_rng(2), 0.1)
    frame[row : row + 2, column : column + 2] += 4.0
    (spot,) = find_spots(frame.astype(np.float32), 1.0)
    assert (spot.x, spot.y, spot.width, spot.height, spot.area_px) == (column, row, 2, 2, 4)
    assert spot.excess_k == pytest.approx(4.0, abs=0.4)


def test_a_seal_over_the_whole_height_is_a_spot() -> None:
    frame = _doors(np.random.default_rng(3), 0.1)
    frame[3:20, 16] += 2.0
    (spot,) = find_spots(frame.astype(np.float32), 1.0)
    assert (spot.width, spot.height) == (1, 17)


def _follow(slope_k_per_min: float, seed: int, seconds: int = 60) -> tuple[Track, ...]:
    rng = np.random.default_rng(seed)
    tracks: tuple[Track, ...] = ()
    for t in range(seconds):
        frame = _doors(rng)
        frame[8:10, 12:14] += 3.0 + slope_k_per_min * t / 60
        tracks = follow_spots(tracks, frame.astype(np.float32), float(t), 1.0)
    return tracks


def test_the_change_and_its_uncertainty_are_true() -> None:
    """Over many seeds the truth lies within two standard deviations about as often as it should."""
    inside, errors = 0, []
    for seed in range(50):
        (track,) = _follow(0.6, seed)
        change = track.change()
        assert change is not None
        errors.append(change.per_min - 0.6)
        inside += abs(errors[-1]) <= 2 * change.sd_per_min
    assert abs(np.mean(errors)) < 0.05
    assert inside >= 42  # 95 % of 50, less than four deviations off


def test_two_spots_keep_their_names_when_the_order_turns() -> None:
    tracks: tuple[Track, ...] = ()
    for t in range(30):
        frame = _doors(np.random.default_rng(t), 0.1)
        frame[6:8, 8:10] += 2.0 + 0.1 * t
        frame[14:16, 20:22] += 4.0
        tracks = follow_spots(tracks, frame.astype(np.float32), float(t), 1.0)
    assert len(tracks) == 2
    growing = next(t for t in tracks if t.newest.y == 6)
    steady = next(t for t in tracks if t.newest.y == 14)
    assert len(growing.t_s) == len(steady.t_s) == 30
    change, still = growing.change(), steady.change()
    assert change is not None
    assert still is not None
    assert change.per_min == pytest.approx(6.0, abs=0.5)
    assert abs(still.per_min) < 0.5


def test_a_spot_that_goes_keeps_being_measured() -> None:
    tracks: tuple[Track, ...] = ()
    for t in range(20):
        frame = _doors(np.random.default_rng(t), 0.1)
        if t < 10:
            frame[8:10, 12:14] += 3.0
        tracks = follow_spots(tracks, frame.astype(np.float32), float(t), 1.0)
    (track,) = tracks
    assert track.area_px[-1] == 0
    assert track.excess_k[0] > 2.5
    assert abs(track.excess_k[-1]) < 0.4
    change = track.change()
    assert change is not None
    # a step is no straight line: its residuals are alike and the uncertainty says so
    assert change.per_min < -2 * change.sd_per_min


def test_a_growing_spot_is_told_by_its_area() -> None:
    tracks: tuple[Track, ...] = ()
    for t in range(20):
        frame = _doors(np.random.default_rng(t), 0.05)
        frame[8 : 10 + t // 7, 12 : 14 + t // 7] += 4.0
        tracks = follow_spots(tracks, frame.astype(np.float32), float(t), 1.0)
    (track,) = tracks
    grows = track.area_change()
    assert grows is not None
    assert grows.per_min > 3 * grows.sd_per_min > 0


def test_alike_residuals_widen_the_uncertainty() -> None:
    rng = np.random.default_rng(9)
    t_s = np.arange(200.0)
    white = rng.normal(size=200)
    red = np.zeros(200)
    for k in range(1, 200):
        red[k] = 0.8 * red[k - 1] + 0.6 * white[k]  # the same spread
    one, other = change_of(t_s, white), change_of(t_s, red)
    assert one is not None
    assert other is not None
    assert other.sd_per_min > 2 * one.sd_per_min
    assert change_of(t_s[:4], white[:4]) is None
    assert change_of(np.zeros(9), white[:9]) is None


def test_frames_of_another_size_begin_afresh() -> None:
    tracks = _follow(0.0, 1, 5)
    big = np.full((60, 80), 5.0, np.float32)
    big[10:14, 10:14] = 9.0
    tracks = follow_spots(tracks, big, 5.0, 1.0)
    assert [len(t.t_s) for t in tracks] == [1]
