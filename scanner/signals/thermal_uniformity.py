"""Non-uniformity of thermal imagers: offset and gain by reference, stripes and fixed pattern by the scene.

With a reference (a shutter, or a plate of one temperature) offsets are known, with two of them gains
too. Without one, rows, columns and the two subpages of an MLX90640 are levelled frame by frame, and
single pixels while the scene moves over them: a scene that stands still cannot be told from a pattern,
so a pixel learns only from frames in which what it sees has changed (a gate, as Hardie et al. have it).

References
----------
Scribner, Sarkady, Kruer, Caulfield, Adaptive nonuniformity correction for IR focal-plane arrays
using neural networks, Proc. SPIE 1541 (1991) 100-109.
Hardie, Baxley, Brys, Hytla, Scene-based nonuniformity correction with reduced ghosting using a gated
LMS algorithm, Optics Express 17 (2009) 14918-14933.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from scanner.signals.thermal_pixels import bad_pixels, fill, temporal_noise

FloatImage = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

SHUTTER_MOST_GAIN = 3.0  # a response further from the middle one is no pixel's
STRIPE_WINDOW = 15
MOVED_SIGMAS = 4.0
LEARNING_WINDOW = 7
SMOOTH_SHARE = 0.5  # of the frame: pixels whose surroundings are smooth enough to learn from


@dataclass(frozen=True, slots=True)
class Reference:
    """What frames of a uniform view say about each pixel.

    Parameters
    ----------
    offset : float32 ``(height, width)``, what is taken off, unit of the frames.
    gain : float32 of that shape, factor after that; 1 with one reference.
    level : mean of the reference, added back after the gain.
    bad : bool of that shape: pixels that do not measure; `correct` fills them.
    """

    offset: FloatImage
    gain: FloatImage
    level: float
    bad: Mask


def one_point(frames: FloatImage) -> Reference:
    """Learn offsets from frames of a shutter or a plate of one temperature.

    Parameters
    ----------
    frames : float32 ``(n_frames, height, width)``, one temperature all over.

    Raises
    ------
    ValueError : no frame.

    Examples
    --------
    >>> pattern = np.random.default_rng(1).normal(0, 1, (6, 8)).astype(np.float32)
    >>> shutter = one_point(np.stack([20 + pattern]))
    >>> seen = correct(30 + pattern, shutter)
    >>> bool(np.ptp(seen) < 1e-4), round(float(seen.mean()))
    (True, 30)
    """
    mean, bad = _uniform(frames)
    level = float(np.median(mean[~bad])) if not bad.all() else 0.0
    return Reference(
        np.where(bad, level, mean).astype(np.float32), np.ones(mean.shape, np.float32), level, bad
    )


def two_point(cold: FloatImage, hot: FloatImage) -> Reference:
    """Learn offsets and gains from two uniform views of different temperatures.

    Parameters
    ----------
    cold, hot : float32 ``(n_frames, height, width)``.

    Raises
    ------
    ValueError : no frame, or the two do not differ by more than their noise.
    """
    low, bad_low = _uniform(cold)
    high, bad_high = _uniform(hot)
    response = high - low
    middle = float(np.median(response))
    noise = max(temporal_noise(cold), temporal_noise(hot))
    if abs(middle) <= 3 * noise or middle == 0.0:
        raise ValueError(f"the two references differ by {middle:.3g} only: take one warmer by some kelvin")
    share = response / middle
    bad = bad_low | bad_high | ~(share > 1 / SHUTTER_MOST_GAIN) | ~(share < SHUTTER_MOST_GAIN)
    gain = np.where(bad, 1.0, 1.0 / np.where(bad, 1.0, share))
    level = float(np.median(low[~bad])) if not bad.all() else 0.0
    return Reference(np.where(bad, level, low).astype(np.float32), gain.astype(np.float32), level, bad)


def correct(frame: FloatImage, reference: Reference) -> FloatImage:
    """Return a frame without the pattern of its reference, bad pixels filled.

    Raises
    ------
    ValueError : the frame has another size than the reference. Example: an imager that was exchanged.
    """
    if frame.shape != reference.offset.shape:
        raise ValueError(
            f"the frame is {' x '.join(map(str, frame.shape))}, its reference "
            f"{' x '.join(map(str, reference.offset.shape))} pixels: take a new reference"
        )
    level = np.float32(reference.level)
    return fill(((frame - reference.offset) * reference.gain + level).astype(np.float32), reference.bad)


def _uniform(frames: FloatImage) -> tuple[FloatImage, Mask]:
    if frames.ndim != 3 or len(frames) == 0:
        raise ValueError("a reference needs at least one frame, as an array (frames, rows, columns)")
    bad = bad_pixels(frames)
    there = np.isfinite(frames)
    total = np.where(there, frames, 0.0).sum(axis=0, dtype=np.float64)
    mean = (total / np.maximum(there.sum(axis=0), 1)).astype(np.float32)
    return mean, np.asarray(bad | ~there.any(axis=0))


@dataclass(frozen=True, slots=True)
class SceneState:
    """What was learnt from the scene so far; give it to the next call of `level_by_scene`.

    ``columns`` ``(width,)``, ``rows`` ``(height,)`` and ``subpages`` : running means of what was taken
    off; ``pixels`` ``(height, width)`` : offsets learnt while the scene moved; ``learnt_at`` : the
    frame at which each pixel last learnt; ``frames`` : how many were seen.
    """

    columns: FloatImage
    rows: FloatImage
    subpages: float
    pixels: FloatImage
    learnt_at: FloatImage
    frames: int


@dataclass(frozen=True, slots=True)
class SceneLevelling:
    """How the scene is used.

    Parameters
    ----------
    stripe_limit : largest offset of a row or column that is taken for pattern, unit of the frames;
        a straight edge of the scene is stronger and stays. 0 = stripes are left alone.
    noise : standard deviation of a pixel's noise, unit of the frames: what counts as movement.
    memory : frames over which stripes are averaged.
    rate : share of the error that a pixel learns each time; 0 = single pixels are left alone.
    subpages : whether rows + columns even and odd were read in turns (MLX90640).
    """

    stripe_limit: float
    noise: float
    memory: int = 32
    rate: float = 0.05
    subpages: bool = False


def level_by_scene(
    frame: FloatImage, how: SceneLevelling, state: SceneState | None = None
) -> tuple[FloatImage, SceneState]:
    """Return a frame without stripes and learnt pattern, and the state for the next one.

    Parameters
    ----------
    frame : float32 ``(height, width)``, finite (see `scanner.signals.thermal_pixels.fill`).
    state : from the frame before; None, or one of another size, begins afresh.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> stripes = rng.normal(0, 0.3, (1, 160)).astype(np.float32)
    >>> seen, state = level_by_scene(np.zeros((120, 160), np.float32) + stripes, SceneLevelling(1.0, 0.1))
    >>> bool(seen.std() < 0.5 * stripes.std()), state.frames
    (True, 1)
    """
    if state is None or state.pixels.shape != frame.shape:
        height, width = frame.shape
        zero = np.zeros(frame.shape, np.float32)
        state = SceneState(
            np.zeros(width, np.float32), np.zeros(height, np.float32), 0.0, zero, frame.copy(), 0
        )
    share = np.float32(1.0 / min(state.frames + 1, how.memory))
    level = frame - state.pixels
    chess = state.subpages
    if how.subpages:
        chess += float(share) * (_chess(level) - chess)
        level = level - np.float32(chess) * _sign(frame.shape)
    columns, rows = state.columns, state.rows
    if how.stripe_limit > 0:
        columns = columns + share * (_stripes(level, how.stripe_limit) - columns)
        level = level - columns
        rows = rows + share * (_stripes(level.T, how.stripe_limit) - rows)
        level = level - rows[:, None]
    pixels, learnt_at = state.pixels, state.learnt_at
    if how.rate > 0:
        moved = np.abs(frame - learnt_at) > MOVED_SIGMAS * how.noise
        around = cv2.blur(level, (LEARNING_WINDOW, LEARNING_WINDOW), borderType=cv2.BORDER_REFLECT_101)
        wide = cv2.blur(level, (11, 11), borderType=cv2.BORDER_REFLECT_101)
        rough, n = np.abs(around - wide), LEARNING_WINDOW**2
        learns = moved & (rough <= np.quantile(rough, SMOOTH_SHARE))
        error = (level - around) * n / (n - 1)  # against its neighbours alone
        pixels = (pixels + np.where(learns, np.float32(how.rate) * error, 0.0)).astype(np.float32)
        learnt_at = np.where(learns, frame, learnt_at).astype(np.float32)
    after = SceneState(
        np.asarray(columns, np.float32),
        np.asarray(rows, np.float32),
        chess,
        pixels,
        learnt_at,
        state.frames + 1,
    )
    return np.asarray(level, np.float32), after


def _sign(shape: tuple[int, ...]) -> FloatImage:
    rows, columns = np.indices(shape)
    return np.where((rows + columns) % 2 == 0, 1.0, -1.0).astype(np.float32)


def _chess(frame: FloatImage) -> float:
    """Return half the step between the two subpages: median over pixels of each against its four sides."""
    sides = np.array([[0, 0.25, 0], [0.25, 0, 0.25], [0, 0.25, 0]], np.float32)
    inner = (frame - cv2.filter2D(frame, -1, sides, borderType=cv2.BORDER_REFLECT_101))[1:-1, 1:-1]
    sign = _sign(frame.shape)[1:-1, 1:-1]
    # each subpage's own median: what a scene of fine detail adds to both does not count
    return float(np.median(inner[sign > 0]) - np.median(inner[sign < 0])) / 4


def _stripes(frame: FloatImage, limit: float) -> FloatImage:
    """Return the offset of each column against the columns around it; beyond the limit 0: that is scene."""
    padded = np.pad(frame, ((0, 0), (STRIPE_WINDOW // 2, STRIPE_WINDOW // 2)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, STRIPE_WINDOW, axis=1)
    offsets = np.median(frame - np.median(windows, axis=2), axis=0)
    return np.asarray(np.where(np.abs(offsets) <= limit, offsets, 0.0), np.float32)


@dataclass(frozen=True, slots=True)
class Pattern:
    """How strong what stands still and is fine is, standard deviations in the unit of the frames.

    ``columns``, ``rows``, ``subpages`` and ``pixels`` : parts of the mean frame after a median of
    5 x 5 pixels is taken off (fine detail of the scene counts as ``pixels`` too); ``noise`` :
    from frame to frame.
    """

    columns: float
    rows: float
    subpages: float
    pixels: float
    noise: float

    @property
    def stripe_share(self) -> float:
        """Share of columns, rows and subpages in the variance of pattern and noise together."""
        stripes = self.columns**2 + self.rows**2 + self.subpages**2
        return stripes / max(stripes + self.pixels**2 + self.noise**2, 1e-30)


def pattern_of(frames: FloatImage) -> Pattern:
    """Measure the fixed pattern of some frames ``(n_frames, height, width)`` of a view at rest."""
    mean = frames.mean(axis=0, dtype=np.float64).astype(np.float32)
    fine = mean - cv2.medianBlur(mean, 5)
    columns = np.median(fine, axis=0)
    fine = fine - columns
    rows = np.median(fine, axis=1)
    fine = fine - rows[:, None]
    chess = _chess(fine)
    fine = fine - np.float32(chess) * _sign(fine.shape)
    robust = 1.4826 * float(np.median(np.abs(fine - np.median(fine))))
    return Pattern(float(columns.std()), float(rows.std()), abs(chess), robust, temporal_noise(frames))
