"""Is there a heart? Counts of a waveform board in, second by second; a finding at any time.

What is new in the channels (`whitening`) becomes energies (`beat_features`),
these become the likelihood of a beat at each moment (`beat_network`), and these
the likelihood of a train of beats (`rhythm`). How large that is without any
rhythm is learned from the same moments in shuffled order: they keep every burst
and every gust.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import signal

from scanner.signals.beat_features import (
    AFTER_S,
    BEFORE_S,
    FEATURE_HZ,
    LEVEL_BLOCK_S,
    LOUDEST,
    N_FEATURES,
    beat_features,
)
from scanner.signals.beat_network import REACH, moments_of
from scanner.signals.rhythm import GRID_HZ, bpm_of
from scanner.signals.seismic import DecimatorState, bridge, decimate, decimator_state, highpass_sos
from scanner.signals.trains import Trains, TrainsState, follow_trains, trains_of, trains_state
from scanner.signals.whitening import (
    REACH_25_HZ,
    Innovations,
    WhitenerState,
    no_innovations,
    whiten_stream,
    whitener_state,
)

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

RATE_HZ = 50.0
HIGHPASS_HZ = 0.6
LOWPASS_HZ = 8.5
"""The low-rate channels end here, below the half orders of a refrigeration unit."""

LOW_HALF_TAPS = 20
RATES_HZ = (40.0, 60.0)
"""The board's rate over an integer must come within these; beats are then read slow or fast by as much."""

DELAY_S = 0.16
"""A moment is told so much late: half of the decimation filter's length."""

SHUFFLES, GROUND_SHUFFLES = 32, 16

LEAST_LLR, GROUND_LEAST = -0.8, -1.2
"""No moment speaks against a beat, or a blow to the ground, more than this: steps and gusts that come
regularly would leave a train of moments between them, and the quiet around each burst a rhythm of its own."""

GROUND_USUAL, GROUND_GAIN, GROUND_OFFSET, GROUND_MOST = 0.26, 2.7, -0.7, 3.0
"""A reference's log energy, mean over the bands, where nothing hits the ground; what makes a likelihood of
it."""

KEPT = round(60 * GRID_HZ)
"""Moments that are kept for display."""

BURST_SHARE = 0.05
GROUND_SHARE = 1.5
"""How many times a reference's likelihood of a beat is taken from the chassis'."""

NULL_SCORES = (
    (-1.0, 1.0),
    (0.01, 0.5),
    (0.37, 0.1),
    (0.52, 0.05),
    (0.71, 0.02),
    (0.91, 0.01),
    (1.06, 0.005),
    (1.29, 0.002),
    (1.36, 0.001),
)
"""Scores of empty vehicles and how often they are reached: 3 600 simulated ones, 400 in each of nine
conditions, tuning seeds of tests/bench/heart_trials.py; means of 15, 30 and 60 s."""

NULL_TAIL = 3.0
"""Beyond the table a p-value falls by this power of e a unit of score, slower than within it."""

AROUND = REACH + 1
"""Samples of features on either side that a moment depends on."""


@dataclass(frozen=True, slots=True)
class HeartState:
    """Everything that the next samples need."""

    factor: int
    rate_hz: float
    decimator: DecimatorState
    highpass: Array | None
    whitener: WhitenerState
    innovations: Innovations
    undecimated: Array
    undecimated_usable: Mask
    low_whitener: WhitenerState
    low_innovations: Innovations
    features: Array
    features_usable: Mask
    trains: TrainsState
    ground: TrainsState
    moments: Array
    knocks: Array
    kept: Array
    bursts: float
    heard: int


@dataclass(frozen=True, slots=True)
class HeartFinding:
    """What the moments so far say.

    ``trains`` of the chassis' moments, ``ground`` of the references'; ``burstiness`` =
    mean log-likelihood ratio of bursts at any time, a second; ``bpm`` and ``bpm_sd`` the
    rate now; ``heard_s`` how much could be used.
    """

    trains: Trains
    ground: Trains
    burstiness: float
    bpm: float
    bpm_sd: float
    heard_s: float
    moments: Array

    @property
    def rhythm(self) -> float:
        """What the order of the moments adds to its bursts, log-likelihood."""
        return self.trains.rhythm

    @property
    def score(self) -> float:
        """The rhythm over what it scatters by without a heart."""
        return self.trains.score(self.heard_s)

    @property
    def ground_score(self) -> float:
        """The same of what hits the ground: steps, a machine that stamps."""
        return self.ground.score(self.heard_s)

    @property
    def p_value(self) -> float:
        """How often a score so high, or higher, comes without a heart (`NULL_SCORES`).

        No smaller than what the bursts of this very vehicle allow.
        """
        scores, chances = np.array(NULL_SCORES).T
        if self.score <= scores[-1]:
            usual = float(np.exp(np.interp(self.score, scores, np.log(chances))))
        else:
            usual = float(chances[-1] * math.exp(-NULL_TAIL * (self.score - scores[-1])))
        return max(usual, self.trains.loud_p)


def heart_state(n_chassis: int, n_references: int, fs_hz: float, shuffles: int = SHUFFLES) -> HeartState:
    """Return the state of a listener that has heard nothing.

    Parameters
    ----------
    fs_hz : of the board.
    shuffles : series that show what moments without rhythm come to; with none, nothing is compared.

    Raises
    ------
    ValueError : no integer divides the rate to within `RATES_HZ`.
    """
    n = n_chassis + n_references
    factor = max(1, round(fs_hz / RATE_HZ))
    if not RATES_HZ[0] <= fs_hz / factor <= RATES_HZ[1]:
        factor += 1 if fs_hz / factor > RATES_HZ[1] else 0
    if not RATES_HZ[0] <= fs_hz / factor <= RATES_HZ[1]:
        raise ValueError(f"{fs_hz:g} Hz over no integer is within {RATES_HZ[0]:g} to {RATES_HZ[1]:g} Hz")
    before, low_before = round(BEFORE_S * RATE_HZ), round(BEFORE_S * FEATURE_HZ)
    return HeartState(
        factor=factor,
        rate_hz=fs_hz / factor,
        decimator=decimator_state(n, factor),
        highpass=None,
        whitener=whitener_state(n_chassis, n_references),
        innovations=no_innovations(n_chassis, n, before),
        undecimated=np.zeros((n, LOW_HALF_TAPS)),
        undecimated_usable=np.zeros(LOW_HALF_TAPS, bool),
        low_whitener=whitener_state(n_chassis, n_references, REACH_25_HZ),
        low_innovations=no_innovations(n_chassis, 0, low_before),
        features=np.zeros((2, N_FEATURES, AROUND)),
        features_usable=np.zeros(AROUND, bool),
        trains=trains_state(shuffles),
        ground=trains_state(GROUND_SHUFFLES if shuffles and n_references else 0),
        moments=np.zeros(0),
        knocks=np.zeros(0),
        kept=np.zeros((n_chassis, 0)),
        bursts=0.0,
        heard=0,
    )


def listen(counts: Array, usable: Mask, state: HeartState) -> HeartState:
    """Hear the next samples.

    Parameters
    ----------
    counts : ``(n_chassis + n_references, n_samples)``, any unit; what is not finite counts as unusable.
    usable : bool, same shape.
    state : from `heart_state` or the call before. Any split gives the same findings.
    """
    features, near, state = hear_features(counts, usable, state)
    if not near.size:
        return state
    features = np.concatenate([state.features, features], axis=2)
    near = np.concatenate([state.features_usable, near])
    llr, knock = moments_of(features[0, :, 1:-1], near[1:-1])
    told, ground = near[AROUND:-AROUND], state.ground
    if state.whitener.x.shape[0] > state.whitener.n_chassis:
        # what the ground feels as a beat a moment sooner or later is a step or a train and no heart
        heard = np.lib.stride_tricks.sliding_window_view(moments_of(features[1], near)[0], 3).max(axis=1)
        llr = llr - GROUND_SHARE * np.maximum(heard, 0.0)
        loud = features[1, LOUDEST, AROUND:-AROUND].mean(axis=0) - GROUND_USUAL
        hits = np.clip(GROUND_GAIN * loud + GROUND_OFFSET, GROUND_LEAST, GROUND_MOST)
        ground = follow_trains(np.where(told, hits, 0.0), ground)
    llr = np.where(told, np.maximum(llr, LEAST_LLR), 0.0)
    bursts = np.log1p(BURST_SHARE * np.expm1(np.minimum(llr, 50.0)))
    return replace(
        state,
        features=features[:, :, -2 * AROUND :],
        features_usable=near[-2 * AROUND :],
        trains=follow_trains(llr, state.trains),
        ground=ground,
        moments=np.concatenate([state.moments, llr])[-KEPT:],
        bursts=state.bursts + float(bursts.sum()),
        knocks=np.concatenate([state.knocks, np.where(told, knock, 0.0)])[-KEPT:],
        heard=state.heard + int(told.sum()),
    )


def hear_features(counts: Array, usable: Mask, state: HeartState) -> tuple[Array, Mask, HeartState]:
    """Return the next `beat_features` that can be told, ``(2, N_FEATURES, n)``, and which are usable.

    The network is trained on these; `listen` is for all else.
    """
    x, good, state = _conditioned(counts, usable, state)
    new, whitener = whiten_stream(x, good, state.whitener)
    low, low_good, state = _lowered(x, good, state)
    low_new, low_whitener = whiten_stream(low, low_good, state.low_whitener)
    new, low_new = state.innovations.then(new), state.low_innovations.then(low_new)
    state = replace(state, whitener=whitener, low_whitener=low_whitener)
    contexts = BEFORE_S + AFTER_S
    both = min(new.usable.size // 2, low_new.usable.size)  # at the low rate
    block = round(LEVEL_BLOCK_S * FEATURE_HZ)
    ready = (both - round(contexts * FEATURE_HZ)) // block * block
    if ready <= 0:
        state = replace(state, innovations=new, low_innovations=low_new)
        return np.zeros((2, N_FEATURES, 0)), np.zeros(0, bool), state
    used = ready + round(contexts * FEATURE_HZ)
    features, near = beat_features(new.cut(0, 2 * used), low_new.cut(0, used))
    first = round(BEFORE_S * RATE_HZ)
    told = new.cut(first, first + 2 * ready)
    state = replace(
        state,
        innovations=new.cut(2 * ready),
        low_innovations=low_new.cut(ready),
        kept=np.hstack([state.kept, np.where(told.usable, told.joint, 0.0)])[:, -2 * (KEPT + AROUND) :],
    )
    return features, near, state


def _lowered(x: Array, usable: Mask, state: HeartState) -> tuple[Array, Mask, HeartState]:
    """Every second sample of what is below `LOWPASS_HZ`, in time with ``x``."""
    x = np.hstack([state.undecimated, x])
    usable = np.concatenate([state.undecimated_usable, usable])
    span = 2 * LOW_HALF_TAPS + 1
    n = max(0, (x.shape[1] - span) // 2 + 1)
    kept = replace(state, undecimated=x[:, 2 * n :], undecimated_usable=usable[2 * n :])
    if not n:
        return x[:, :0], usable[:0], kept
    windows = np.lib.stride_tricks.sliding_window_view(x, span, axis=1)[:, ::2]
    whole = np.lib.stride_tricks.sliding_window_view(usable, span)[::2].all(axis=1)
    return np.asarray(windows @ _lowpass()), np.asarray(whole), kept


@cache
def _lowpass() -> Array:
    return np.asarray(signal.firwin(2 * LOW_HALF_TAPS + 1, LOWPASS_HZ, window=("kaiser", 7.0), fs=RATE_HZ))


def find_heart(state: HeartState) -> HeartFinding | None:
    """Return what has been heard so far; None before there is a moment to weigh."""
    if not state.heard:
        return None
    trains, scale = trains_of(state.trains), state.rate_hz / RATE_HZ
    bpm, bpm_sd = bpm_of(trains.rate)
    return HeartFinding(
        trains=trains,
        ground=trains_of(state.ground),
        burstiness=state.bursts / state.heard * GRID_HZ,
        bpm=bpm * scale,
        bpm_sd=bpm_sd * scale,
        heard_s=state.heard / GRID_HZ / scale,
        moments=state.moments,
    )


def _conditioned(counts: Array, usable: Mask, state: HeartState) -> tuple[Array, Mask, HeartState]:
    """Bring counts to about `RATE_HZ`, without their slow part."""
    finite = np.isfinite(counts)
    good = usable & finite
    x = bridge(np.where(finite, counts, 0.0), good)
    decimator, highpass = state.decimator, state.highpass
    sos = highpass_sos(4, HIGHPASS_HZ, state.rate_hz)
    if highpass is None and x.shape[1]:
        # start as if the first value had always been there
        held = np.repeat(x[:, :1], 20 * state.factor, axis=1)
        decimator = replace(decimate(held, np.ones(held.shape, bool), state.factor, decimator)[2], phase=0)
        highpass = signal.sosfilt_zi(sos)[:, np.newaxis, :] * x[np.newaxis, :, :1]
    slow, whole, decimator = decimate(x, good, state.factor, decimator)
    if highpass is not None and slow.shape[1]:
        slow, highpass = signal.sosfilt(sos, slow, axis=1, zi=highpass)
    return slow, np.asarray(whole.all(axis=0)), replace(state, decimator=decimator, highpass=highpass)
