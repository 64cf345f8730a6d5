"""Non-uniformity: known patterns come off, scenes stay; real recordings before and after."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner.signals.thermal_pixels import bad_pixels, fill, temporal_noise
from scanner.signals.thermal_uniformity import (
    SceneLevelling,
    SceneState,
    correct,
    level_by_scene,
    one_point,
    pattern_of,
    two_point,
)
from tests.drivers.flir.cptv import cptv_frames

SHAPE = (60, 80)


def _landscape(rng: np.random.Generator, side: int = 400) -> np.ndarray:
    wide = cv2.GaussianBlur(rng.normal(size=(side, side)).astype(np.float32), (0, 0), 5)
    return wide / wide.std() * 3 + 15


def _pattern(rng: np.random.Generator) -> np.ndarray:
    columns, rows = rng.normal(0, 0.5, (1, SHAPE[1])), rng.normal(0, 0.3, (SHAPE[0], 1))
    return (rng.normal(0, 0.4, SHAPE) + columns + rows).astype(np.float32)


def _fine(error: np.ndarray) -> float:
    return float((error - cv2.blur(error, (15, 15))).std())


def test_a_shutter_takes_the_offsets_off() -> None:
    rng = np.random.default_rng(1)
    pattern, truth = _pattern(rng), _landscape(rng)[:60, :80]
    shutter = np.stack([25 + pattern + rng.normal(0, 0.1, SHAPE) for _ in range(16)]).astype(np.float32)
    seen = correct((truth + pattern).astype(np.float32), one_point(shutter))
    # what is left is the shutter's own noise: 0.1 K over the root of 16 frames
    assert (seen - truth).std() == pytest.approx(0.1 / 4, rel=0.2)
    assert abs(float((seen - truth).mean())) < 0.1


def test_two_references_take_gain_and_offset_off() -> None:
    rng = np.random.default_rng(2)
    gain = rng.normal(1, 0.08, SHAPE).astype(np.float32)
    offset, truth = _pattern(rng), _landscape(rng)[:60, :80]

    def imager(scene: np.ndarray) -> np.ndarray:
        return (gain * scene + offset).astype(np.float32)

    cold, hot = (np.stack([imager(np.full(SHAPE, t))] * 4) for t in (5.0, 35.0))
    reference = two_point(cold, hot)
    seen = correct(imager(truth), reference)
    # temperatures come back up to one common scale: the middle pixel's gain and offset
    slope, level = np.polyfit(truth.ravel(), seen.ravel(), 1)
    assert np.abs(seen - (slope * truth + level)).max() < 0.01
    assert slope == pytest.approx(1.0, abs=0.03)
    one = correct(imager(truth), one_point(cold))
    assert (one - truth).std() > 10 * np.abs(seen - (slope * truth + level)).max()


def test_references_that_cannot_tell_are_refused() -> None:
    same = np.stack([np.full(SHAPE, 20.0, np.float32)] * 8)
    with pytest.raises(ValueError, match="warmer"):
        two_point(same, same)
    with pytest.raises(ValueError, match="at least one frame"):
        one_point(np.zeros((0, *SHAPE), np.float32))
    with pytest.raises(ValueError, match="24 x 32"):
        correct(np.zeros((24, 32), np.float32), one_point(same))


def test_a_moving_scene_reveals_the_pattern() -> None:
    rng = np.random.default_rng(4)
    world, pattern = _landscape(rng), _pattern(rng)
    state: SceneState | None = None
    before, after = [], []
    for k in range(500):
        y, x = int(150 + 140 * np.sin(k / 53 + 1)), int(150 + 140 * np.sin(k / 40))
        truth = world[y : y + SHAPE[0], x : x + SHAPE[1]]
        seen = (truth + pattern + rng.normal(0, 0.1, SHAPE)).astype(np.float32)
        level, state = level_by_scene(seen, SceneLevelling(stripe_limit=2.0, noise=0.1), state)
        before.append(_fine(seen - truth))
        after.append(_fine(level - truth))
    assert np.mean(before[-50:]) > 0.7
    assert np.mean(after[-50:]) < 0.35 * np.mean(before[-50:])


def test_a_scene_that_stands_still_is_not_eaten() -> None:
    """Without the gate a still spot would be learnt as pattern and vanish."""
    rng = np.random.default_rng(5)
    truth = np.full(SHAPE, 10.0, np.float32)
    truth[20:23, 30:33] = 14.0
    state: SceneState | None = None
    for _ in range(300):
        seen = (truth + rng.normal(0, 0.1, SHAPE)).astype(np.float32)
        level, state = level_by_scene(seen, SceneLevelling(stripe_limit=0.0, noise=0.1), state)
    assert float(level[20:23, 30:33].mean() - np.median(level)) == pytest.approx(4.0, abs=0.2)


def test_a_straight_edge_stronger_than_the_limit_stays() -> None:
    frame = np.full(SHAPE, 10.0, np.float32)
    frame[:, 40] = 13.0  # a warm seal over the whole height
    level, _ = level_by_scene(frame, SceneLevelling(stripe_limit=1.0, noise=0.1, rate=0.0))
    assert float(level[:, 40].mean() - np.median(level)) == pytest.approx(3.0, abs=0.05)


def test_frame_by_frame_equals_any_chunks() -> None:
    rng = np.random.default_rng(6)
    frames = [(_pattern(rng) + 20).astype(np.float32) for _ in range(12)]
    how = SceneLevelling(stripe_limit=1.0, noise=0.2, subpages=True)

    def run(some: list[np.ndarray], state: SceneState | None) -> tuple[list[np.ndarray], SceneState | None]:
        out = []
        for frame in some:
            level, state = level_by_scene(frame, how, state)
            out.append(level)
        return out, state

    whole, _ = run(frames, None)
    first, state = run(frames[:5], None)
    rest, _ = run(frames[5:], state)
    assert np.array_equal(np.stack(whole), np.stack(first + rest))


def test_two_subpages_on_different_levels_become_one() -> None:
    rng = np.random.default_rng(7)
    truth = cv2.resize(rng.normal(20, 3, (6, 8)).astype(np.float32), (32, 24), interpolation=cv2.INTER_CUBIC)
    rows, columns = np.indices((24, 32))
    seen = truth + np.where((rows + columns) % 2, -0.7, 0.7).astype(np.float32)
    level, state = level_by_scene(seen, SceneLevelling(0.0, 0.1, rate=0.0, subpages=True))
    assert state.subpages == pytest.approx(0.7, abs=0.05)
    assert np.abs(level - truth).max() < 0.1


def test_bad_pixels_are_found_and_only_they() -> None:
    rng = np.random.default_rng(8)
    truth = _landscape(rng)[:60, :80].copy()
    truth[10:12, 10:13] += 12  # a real spot, wider than a pixel
    frames = (truth + rng.normal(0, 0.2, (40, *SHAPE))).astype(np.float32)
    dead, stuck, blinking, missing = (5, 60), (30, 30), (44, 7), (50, 70)
    frames[(slice(None), *dead)] = 90 + rng.normal(0, 0.2, 40)
    frames[(slice(None), *stuck)] = 15.25
    frames[(slice(0, None, 4), *blinking)] += 9
    frames[(slice(None), *missing)] = np.nan
    assert {tuple(p) for p in np.argwhere(bad_pixels(frames))} == {dead, stuck, blinking, missing}
    kept = bad_pixels(frames, steady=False)
    assert {tuple(p) for p in np.argwhere(kept)} == {stuck, blinking, missing}
    filled = fill(frames[0], bad_pixels(frames))
    for pixel in (dead, stuck, blinking, missing):
        assert filled[pixel] == pytest.approx(truth[pixel], abs=1.0)


def test_a_hole_fills_from_its_rim_and_nothing_stays_nothing() -> None:
    frame = np.full((9, 9), 3.0, np.float32)
    frame[2:7, 2:7] = np.nan
    assert np.allclose(fill(frame, np.zeros((9, 9), bool)), 3.0)
    assert np.isnan(fill(frame, np.ones((9, 9), bool))).all()


@pytest.mark.parametrize("name", ["v2.cptv", "v2-latlon.cptv"])
def test_stripes_of_a_real_lepton_become_weaker(shared_data: Path, name: str) -> None:
    frames = np.stack(list(cptv_frames(shared_data / "thermal/cptv_lepton" / name))).astype(np.float32)
    noise = temporal_noise(frames)
    state: SceneState | None = None
    levelled = []
    for frame in frames:
        level, state = level_by_scene(frame, SceneLevelling(stripe_limit=3 * noise, noise=noise), state)
        levelled.append(level)
    before, after = pattern_of(frames[40:]), pattern_of(np.stack(levelled[40:]))
    print(
        f"{name}: stripes {before.stripe_share:.3f} -> {after.stripe_share:.3f} of the variance; "
        f"{before} {after}"
    )
    assert after.rows < 0.5 * before.rows
    assert after.columns < 0.8 * before.columns
    assert after.stripe_share < 0.4 * before.stripe_share
    assert after.pixels > 0.85 * before.pixels  # the scene's own detail
    assert bad_pixels(frames).mean() < 0.001


def test_subpages_of_real_mlx90640_frames_come_together(shared_data: Path) -> None:
    before, after = [], []
    for path in sorted((shared_data / "thermal/mlx90640_raw").glob("*.raw")):
        frames = np.fromfile(path, np.float32).reshape(-1, 24, 32)[4:]
        how = SceneLevelling(stripe_limit=0.0, noise=0.2, rate=0.0, memory=4, subpages=True)
        state: SceneState | None = None
        levelled = []
        for frame in frames:
            level, state = level_by_scene(frame, how, state)
            levelled.append(level)
        for start in range(16, len(frames) - 16, 16):
            before.append(pattern_of(frames[start : start + 16]).subpages)
            after.append(pattern_of(np.stack(levelled[start : start + 16])).subpages)
    print(
        f"step between subpages, median over {len(before)} windows: "
        f"{np.median(before):.3f} -> {np.median(after):.3f} K"
    )
    assert np.median(after) < 0.5 * np.median(before)
