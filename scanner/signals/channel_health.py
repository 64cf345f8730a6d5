"""Health of chassis geophones: dead, stuck, clipped, holed, loose, exchanged with the ground's, turned round.

What the channels of one window share tells a bad one, not a level: wind, a
unit or a train shakes all of them, and a bolted sensor is coherent with its
neighbours whatever shakes the vehicle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import signal

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Spectra = npt.NDArray[np.complex128]

BAND_HZ = (1.0, 8.0)
"""Suspension, and the ground through it: what a bolted sensor shares with its neighbours."""
RIGID_HZ = (1.0, 4.0)
"""Where a body moves as a plane, near enough."""
SEGMENT_S = 2.0
MIN_SEGMENTS = 8
"""Fewer tell nothing of coherence."""

DEAD_POWER = 0.01
"""Share of the loudest channel's power below which a channel may be dead, if it is coherent with none."""
ALONE = 0.2
"""Coherence with all others that unrelated channels stay below, chance taken off."""
LOOSE_SHARE = 0.35
LOOSE_BELOW, BOLTED_ABOVE = 0.3, 0.45
"""A loose channel's coherence with its neighbours, and theirs with each other."""
EXCHANGED_SHARE = 0.95
"""Share of the chassis channels' own coherence from which on a ground channel is one of them."""
REVERSED_RATIO, REVERSED_SHARE, SUSPECT_RATIO = 4.0, 0.08, 4.0
CLIPPED_SHARE = 0.05
HOLED_SHARE, HOLED_BEHIND = 0.5, 0.25
STUCK_S = 2.0
STUCK_COUNTS = 0.01

TWIST = np.array([1.0, -1.0, -1.0, 1.0])
"""Front left, front right, rear left, rear right: a plane has none of this."""


class ChannelFault(StrEnum):
    """What is wrong with a channel; "" = nothing was found."""

    NONE = ""
    DEAD = "dead"
    STUCK = "stuck"
    CLIPPED = "clipped"
    HOLED = "holed"
    LOOSE = "loose"
    EXCHANGED = "exchanged"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """What was found of one channel.

    Parameters
    ----------
    fault : the first that applies. ``REVERSED`` is a suspicion: one of the
        channels that carry it has its poles swapped.
    rms_m_s : over `BAND_HZ`.
    coherence : with its neighbours, mean over `BAND_HZ`, chance taken off;
        NaN where too little was usable or there is no neighbour.
    neighbours : the same among the others, their median.
    usable_share, clipped_share : of the window.
    """

    fault: ChannelFault
    rms_m_s: float
    coherence: float
    neighbours: float
    usable_share: float
    clipped_share: float

    @property
    def usable(self) -> bool:
        """Whether a method may use it: the poles do not matter to one that learns its pattern."""
        return self.fault in (ChannelFault.NONE, ChannelFault.REVERSED)


def healthy_rows(health: Sequence[ChannelHealth]) -> list[int]:
    """Return the rows that a method may use."""
    return [row for row, found in enumerate(health) if found.usable]


def channel_health(
    chassis: Array,
    fs_hz: float,
    usable: Mask,
    ground: Array | None = None,
    counts: Array | None = None,
    clipped_share: Array | None = None,
) -> tuple[ChannelHealth, ...]:
    """Judge each chassis channel of a window by the others.

    Parameters
    ----------
    chassis : float ``(n_channels, n_samples)``, m/s. Four are taken as front
        left, front right, rear left, rear right; only then poles are judged.
    usable : bool, same shape.
    ground : float ``(n_ground, n_samples)``, m/s, usable where all chassis channels are.
    counts : float, shape of ``chassis``, before the response was taken off; for
        channels that repeat one value.
    clipped_share : ``(n_channels,)``.

    Returns
    -------
    One a channel. Loose needs three channels that can be compared, dead two.

    References
    ----------
    Bendat & Piersol, Random Data, 4th ed., section 7.3 (multiple coherence).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> motion = rng.normal(size=(1, 6000)) * np.array([[1.0], [0.8], [-1.0], [0.9]])
    >>> x = 1e-6 * (motion + 0.1 * rng.normal(size=(4, 6000)))
    >>> x[2] = 1e-6 * rng.normal(size=6000)
    >>> [found.fault.value for found in channel_health(x, 100.0, np.ones(x.shape, bool))]
    ['', '', 'loose', '']
    """
    n = chassis.shape[0]
    clipped = np.zeros(n) if clipped_share is None else np.asarray(clipped_share, dtype=float)
    shares = usable.mean(axis=1)
    faults = [ChannelFault.NONE] * n
    for row in range(n):
        raw = chassis[row] if counts is None else counts[row]
        if _repeats(raw, usable[row], fs_hz, STUCK_COUNTS if counts is not None else 0.0):
            faults[row] = ChannelFault.STUCK
        elif clipped[row] > CLIPPED_SHARE:
            faults[row] = ChannelFault.CLIPPED
        elif shares[row] < HOLED_SHARE and shares[row] < shares.max() - HOLED_BEHIND:
            faults[row] = ChannelFault.HOLED
    rms, own, around = np.zeros(n), np.full(n, np.nan), np.full(n, np.nan)
    kept = [row for row in range(n) if faults[row] is ChannelFault.NONE]
    if kept:
        everywhere = np.logical_and.reduce(usable[kept], axis=0)
        all_rows = chassis if ground is None else np.vstack([chassis, ground])
        spectra, segments = cross_spectra(all_rows, fs_hz, everywhere)
        power = np.einsum("fkk->k", spectra).real[:n]
        # a Hann taper passes 3/8 of the power, one side of the spectrum half of it
        length = round(SEGMENT_S * fs_hz)
        rms = np.sqrt(2 * power / max(segments, 1) / 0.375) / length
        if segments >= MIN_SEGMENTS:
            judged = _Judged(spectra, segments, n)
            judged.dead(kept, faults)
            judged.loose(kept, faults)
            kept = [row for row in kept if faults[row] is ChannelFault.NONE]
            for row in range(n):
                own[row], around[row] = judged.coherence(row, kept)
            if n == 4 == len(kept):
                f_hz = np.fft.rfftfreq(length, 1 / fs_hz)
                f_hz = f_hz[(f_hz >= BAND_HZ[0]) & (f_hz <= BAND_HZ[1])]
                rigid = (f_hz >= RIGID_HZ[0]) & (f_hz <= RIGID_HZ[1])
                for row in reversed_suspects(spectra[rigid, :n, :n]):
                    faults[row] = ChannelFault.REVERSED
    return tuple(
        ChannelHealth(
            faults[row],
            float(rms[row]),
            float(own[row]),
            float(around[row]),
            float(shares[row]),
            float(clipped[row]),
        )
        for row in range(n)
    )


class _Judged:
    """Dead and loose channels from the cross-spectra of one window."""

    def __init__(self, spectra: Spectra, segments: int, n_chassis: int) -> None:
        self._spectra, self._segments, self._n = spectra, segments, n_chassis
        self._means: dict[tuple[int, tuple[int, ...]], float] = {}

    def coherence(self, row: int, rows: Sequence[int]) -> tuple[float, float]:
        """With the others of ``rows``, and the median of theirs with each other, chance taken off."""
        others = [other for other in rows if other != row]
        if not others:
            return float("nan"), float("nan")
        own = self._mean(row, others)
        if len(others) < 2:
            return own, float("nan")
        inner = [self._mean(other, [third for third in others if third != other]) for other in others]
        return own, float(np.median(inner))

    def dead(self, rows: Sequence[int], faults: list[ChannelFault]) -> None:
        power = np.einsum("fkk->k", self._spectra).real
        for row in rows:
            others = [other for other in rows if other != row]
            if not others or power[row] > DEAD_POWER * power[others].max():
                continue
            if self._mean(row, others) < ALONE:
                faults[row] = ChannelFault.DEAD
        alive = [row for row in rows if faults[row] is ChannelFault.NONE]
        for row in rows:
            if faults[row] is ChannelFault.DEAD and len(alive) >= 3 and self._ground_hangs_on(alive):
                faults[row] = ChannelFault.EXCHANGED

    def loose(self, rows: Sequence[int], faults: list[ChannelFault]) -> None:
        """The worst first: the rest is judged without it."""
        left = [row for row in rows if faults[row] is ChannelFault.NONE]
        while len(left) >= 3:
            own, around, row = min((*self.coherence(row, left), row) for row in left)
            if own > min(LOOSE_BELOW, LOOSE_SHARE * around) or around < BOLTED_ABOVE:
                return
            left.remove(row)
            faults[row] = ChannelFault.EXCHANGED if self._ground_hangs_on(left) else ChannelFault.LOOSE

    def _ground_hangs_on(self, rows: Sequence[int]) -> bool:
        """Whether a ground channel moves like one of the chassis' own."""
        inner = [self._mean(row, [other for other in rows if other != row]) for row in rows]
        bolted = float(np.median(inner))
        ground = [self._mean(place, rows) for place in range(self._n, self._spectra.shape[1])]
        return bolted > BOLTED_ABOVE and bool(ground) and max(ground) > EXCHANGED_SHARE * bolted

    def _mean(self, row: int, others: Sequence[int]) -> float:
        asked = row, tuple(others)
        if asked not in self._means:
            by_chance = len(others) / (0.7 * self._segments)
            found = float(multiple_coherence(self._spectra, row, others).mean())
            self._means[asked] = (found - by_chance) / max(1.0 - by_chance, 0.1)
        return self._means[asked]


def reversed_suspects(spectra: Spectra) -> tuple[int, ...]:
    """Return the channels of four one of which has its poles swapped; none where nothing says so.

    A body that moves as a plane has no twist, whatever mix of bounce, pitch and
    roll moves it; with one channel turned round it seems to. Where one mode
    rules, two channels explain that equally well: both are returned.

    Parameters
    ----------
    spectra : ``(n_freq, 4, 4)`` from `cross_spectra` over `RIGID_HZ`.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> corners = np.array([[1, 1, -1], [1, 1, 1], [1, -1, -1], [1, -1, 1.0]]) @ rng.normal(size=(3, 6000))
    >>> corners[1] *= -1
    >>> reversed_suspects(cross_spectra(corners, 100.0, np.ones(6000, bool), RIGID_HZ)[0])
    (1,)
    """
    total = spectra.real.sum(axis=0)
    level = np.sqrt(np.maximum(np.diag(total), np.finfo(float).tiny))
    shared = total / (level[:, None] * level)

    def twist_share(turned: int | None) -> float:
        pattern = TWIST.copy()
        if turned is not None:
            pattern[turned] *= -1
        return float(pattern @ shared @ pattern) / 16

    as_it_is, turned = twist_share(None), np.array([twist_share(row) for row in range(4)])
    best = float(turned.min())
    if best > REVERSED_SHARE or as_it_is < REVERSED_RATIO * best:
        return ()
    return tuple(int(row) for row in np.flatnonzero(turned < SUSPECT_RATIO * best))


def cross_spectra(
    x: Array, fs_hz: float, usable: Mask, band_hz: tuple[float, float] = BAND_HZ
) -> tuple[Spectra, int]:
    """Return cross-spectra summed over usable segments, ``(n_freq, n_channels, n_channels)``; how many.

    Parameters
    ----------
    x : float ``(n_channels, n_samples)``.
    usable : bool ``(n_samples,)``.
    """
    length = round(SEGMENT_S * fs_hz)
    f_hz = np.fft.rfftfreq(length, 1 / fs_hz)
    band = (f_hz >= band_hz[0]) & (f_hz <= band_hz[1])
    starts = np.arange(0, x.shape[1] - length + 1, max(length // 2, 1))
    poor = np.concatenate([[0], np.cumsum(~usable)])
    starts = starts[poor[starts + length] == poor[starts]]
    if not starts.size:
        return np.zeros((int(band.sum()), x.shape[0], x.shape[0]), complex), 0
    cut = signal.detrend(np.stack([x[:, start : start + length] for start in starts]), type="constant")
    spectrum = np.fft.rfft(cut * signal.windows.hann(length, sym=False), axis=2)[:, :, band]
    across = spectrum.transpose(2, 1, 0)
    return across @ across.conj().transpose(0, 2, 1), int(starts.size)


def multiple_coherence(spectra: Spectra, row: int, others: Sequence[int]) -> Array:
    """Return the share of a channel's power that others predict, ``(n_freq,)``."""
    among = list(others)
    inner = spectra[:, among][:, :, among]
    level = np.sqrt(np.maximum(np.einsum("fjj->fj", inner).real, np.finfo(float).tiny))
    inner = inner / (level[:, :, None] * level[:, None, :]) + 1e-9 * np.eye(len(among))
    cross = spectra[:, row, among] / level
    weights = np.linalg.solve(inner.transpose(0, 2, 1), cross[:, :, None])[:, :, 0]
    told = np.einsum("fj,fj->f", weights, cross.conj()).real
    own = np.maximum(spectra[:, row, row].real, np.finfo(float).tiny)
    return np.asarray(np.clip(told / own, 0.0, 1.0))


def _repeats(raw: Array, usable: Mask, fs_hz: float, step: float) -> bool:
    """Whether one value stands for `STUCK_S` or longer among usable samples."""
    same = (np.abs(np.diff(raw)) <= step) & usable[1:] & usable[:-1]
    ends = np.flatnonzero(np.concatenate([[True], ~same, [True]]))
    return bool(np.diff(ends).max() - 1 >= STUCK_S * fs_hz)
