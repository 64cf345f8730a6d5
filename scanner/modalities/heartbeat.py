"""Heartbeat evidence: a train of beats in what nothing foretells of the chassis' motion."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from calibration.evidence import CalibrationSet
from scanner.evidence import Evidence, EvidenceState, Overlay, Reason
from scanner.modalities.heart_refusal import refusal
from scanner.modalities.row_listener import RowListener
from scanner.modalities.seismic_method import SeismicMethod
from scanner.modalities.seismic_window import USABLE_S, CannotTell, SeismicView, SeismicWindow
from scanner.modality import ScanView
from scanner.signals.beat_network import network_id
from scanner.signals.beat_rate import finer_bpm
from scanner.signals.beat_track import beat_track
from scanner.signals.burstiness import burst_p_value
from scanner.signals.heart import RATE_HZ, HeartFinding, HeartState, find_heart, heart_state, listen
from scanner.signals.heart_display import left_over, removed_db, seen_shares, spectra
from scanner.signals.heart_limits import (
    CLEAR_P,
    EMPTY_T,
    LADEN_T,
    knocked,
    reference_counts,
    refused,
    seconds_for_half,
    stepped,
)
from scanner.signals.heart_power import beat_index
from scanner.signals.knocks import knock_llr
from scanner.signals.rhythm import GRID_HZ, bpm_of

Array = npt.NDArray[np.float64]

HEARD_ONLY = ("bpm", "bpm_sd", "rhythm", "p_value", "train_llr", "burst_p")
LEAST_P = 0.001
"""No sentence calls a train rarer than this: the null's tail beyond is a guess (`heart.NULL_SCORES`)."""

CLEARLY = 1.5
"""A channel feels most of a heart with so many times its equal share."""

SURE_SCORE = 3.0
"""About where a score is beyond doubt: without a heart it comes less than once in ten thousand times."""

BEATS_S = 30.0
"""So much of the train is drawn, two moments to a point."""


class HeartbeatModality(SeismicMethod):
    """A heart of 40 to 180 beats a minute in the chassis' motion."""

    name = "heartbeat"

    def __init__(self, calibrations: CalibrationSet | None, window: SeismicWindow | None = None) -> None:
        super().__init__(calibrations, window)
        self._listener = RowListener(heart_state, listen)

    def judge(self, now_ns: int, view: ScanView) -> Evidence:
        """Say whether there is a heart, or that none could be heard."""
        window = self.window.view(now_ns, view)
        try:
            state = self._listener.hear(window.source, window.fs_hz)
        except ValueError as no:
            raise CannotTell("heartbeat_rate", sensor=window.sensor, rate_hz=window.fs_hz) from no
        finding = find_heart(state)
        n_chassis = window.chassis.shape[0]
        responses = window.source.responses[:n_chassis]
        mass_t = LADEN_T if view.declaration.laden else EMPTY_T
        index = beat_index(state, reference_counts(responses, state.rate_hz, mass_t))
        usable_s = self._listener.usable_s
        if finding is None or index is None or usable_s < USABLE_S:
            left_s = max(1.0, USABLE_S - usable_s)
            raise CannotTell("seismic_collecting", waiting=True, seconds_left=left_s)
        features = {
            **_figures(finding, state),
            "beat_index": index,
            "channels": float(n_chassis),
            "ground_references": float(window.ground_references),
            "clipped_share": window.clipped_share,
            "usable_s": window.usable_s,
            **window.fault_features,
        }
        sensor = window.sensor
        spectrum = Overlay("spectrum", sensor, image=_spectra(window, state))
        if stepped(finding.ground_score):
            steps_bpm = bpm_of(finding.ground.rate)[0] * state.rate_hz / RATE_HZ
            return _cannot_hear(Reason("heartbeat_steps", {"bpm": steps_bpm}), features, spectrum)
        if refused(finding.p_value, index, usable_s):
            return _cannot_hear(refusal(window), features, spectrum)
        track = beat_track(state.moments)
        scale = state.rate_hz / RATE_HZ
        rate_bpm = scale * finer_bpm(track.posterior, finding.bpm / scale)
        features |= {"bpm": rate_bpm, "knock_llr": knock_llr(track.posterior, state.knocks)}
        if knocked(finding.score, features["knock_llr"]):
            return _cannot_hear(Reason("heartbeat_knocks", {"bpm": rate_bpm}), features, spectrum)
        shares = seen_shares(state, track.posterior, responses)
        channels = window.source.channels[:n_chassis]
        features |= {f"seen_{c.name}": float(s) for c, s in zip(channels, shares, strict=True)}
        beats = _beats(track.posterior, scale)
        ago_s = (track.rate_s - track.posterior.size / GRID_HZ) / scale
        bpm, spread = scale * track.bpm, scale * track.bpm_sd
        rate = np.stack([ago_s, bpm, bpm - spread, bpm + spread]).astype(np.float32)
        best = int(shares.argmax())
        told_apart = n_chassis > 1 and shares[best] > CLEARLY / n_chassis
        reason = _reason(finding, rate_bpm, channels[best].name if told_apart else "", index, usable_s)
        overlays = Overlay("beats", sensor, image=beats), Overlay("rate", sensor, image=rate), spectrum
        evidence = self.weigh(weighed_score(finding.score), reason, features, *overlays)
        return replace(evidence, model_id=network_id())


def weighed_score(score: float) -> float:
    """Return the score as the mapping to evidence takes it: what is beyond doubt is not more so.

    A driver in the cab has a heart, too: the loudest scores come from empty vehicles as well, and must not
    tilt the mapping of the others.

    >>> [round(weighed_score(s), 2) for s in (-0.5, 1.0, 3.0, 50.0)]
    [-0.5, 0.96, 2.28, 3.0]
    """
    return SURE_SCORE * math.tanh(score / SURE_SCORE)


def _figures(finding: HeartFinding, state: HeartState) -> dict[str, float]:
    return {
        "bpm": finding.bpm,
        "bpm_sd": finding.bpm_sd,
        "rhythm": finding.rhythm,
        "p_value": max(finding.p_value, 1e-6),
        "burstiness": finding.burstiness,
        "burst_p": burst_p_value(finding.burstiness),
        "train_llr": finding.trains.llr,
        "ground_rhythm": finding.ground_score,
        "heard_s": finding.heard_s,
        "removed_db": removed_db(state),
    }


def _reason(finding: HeartFinding, bpm: float, best: str, index: float, usable_s: float) -> Reason:
    """What was heard; and, where small hearts may be missed, how long they would take."""
    values: dict[str, float | str] = {"bpm": bpm, "one_in": 1 / max(finding.p_value, LEAST_P)}
    needed_s = seconds_for_half(index)
    if finding.p_value <= CLEAR_P or (needed_s is not None and needed_s <= usable_s):
        if not best:
            return Reason("heartbeat_rhythm", values)
        return Reason("heartbeat_rhythm_at", {**values, "channel": best})
    if needed_s is None:
        return Reason("heartbeat_faint", values)
    return Reason("heartbeat_longer", {**values, "seconds": math.ceil(needed_s - usable_s)})


def _cannot_hear(reason: Reason, features: dict[str, float], spectrum: Overlay) -> Evidence:
    """Rate and rhythm of what has no power would be read as a finding: left out."""
    told = {k: v for k, v in features.items() if k not in HEARD_ONLY}
    return Evidence(
        HeartbeatModality.name,
        EvidenceState.UNAVAILABLE,
        reason=reason,
        features=told,
        overlays=(spectrum,),
        model_id=network_id(),
    )


def _spectra(window: SeismicView, state: HeartState) -> npt.NDArray[np.float32]:
    n_chassis = window.chassis.shape[0]
    counts, responses = window.source.counts[:n_chassis], window.source.responses[:n_chassis]
    return spectra(counts, window.fs_hz, left_over(state), state.rate_hz, responses).astype(np.float32)


def _beats(posterior: Array, scale: float) -> npt.NDArray[np.float32]:
    """Seconds before the newest moment, and the chance of a beat within each pair of moments."""
    n = min(posterior.size, round(BEATS_S * GRID_HZ)) // 2
    pairs = np.minimum(posterior[posterior.size - 2 * n :].reshape(n, 2).sum(axis=1), 1.0)
    ago_s = (np.arange(n) - (n - 1)) * 2 / GRID_HZ / scale
    return np.stack([ago_s, pairs]).astype(np.float32)
