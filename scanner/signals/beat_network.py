"""How much likelier each moment is as a beat than as any other, or than as a knock: a small network over
`beat_features`.

Trained on simulated vehicles and on simulated sensors without one by
``models/training/beats.py``; `CARD` says on what, and its hash goes into every
evidence that rests on it. It sees a third of a second on either side: what it
could know of a rhythm lies within the pieces that the null leaves whole.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from scanner.signals.beat_features import N_FEATURES
from scanner.signals.whitening import Mask

Array = npt.NDArray[np.float64]

WEIGHTS = "beat_network.npz"
REACH = 8
"""Samples of features on either side that a moment depends on."""


def moments_of(features: Array, usable: Mask) -> Array:
    """Return what each moment looks like, for all but `REACH` at both ends.

    Parameters
    ----------
    features : float ``(N_FEATURES, n)`` from `beat_features`.
    usable : bool ``(n,)``.

    Returns
    -------
    float ``(2, n - 2 REACH)``: ln p(features | beat here) / p(features | none), where "none" is all that the
    training holds beside beats; then ln p(features | knock here) / p(features | beat here). 0 where a moment
    cannot be used.

    Raises
    ------
    ValueError : features of another make than the network was trained on.
    """
    if features.shape[0] != N_FEATURES:
        raise ValueError(f"{features.shape[0]} features, the network was trained on {N_FEATURES}")
    net = _network()
    x = (features - net["mean"][:, np.newaxis]) / net["spread"][:, np.newaxis]
    x = _relu(_convolve(x, net["w1"], net["b1"]))
    for layer in ("2", "3"):
        w = net["w" + layer]
        half = w.shape[2] // 2
        x = x[:, half : x.shape[1] - half] + _relu(_convolve(x, w, net["b" + layer]))
    beat, knock = _convolve(x, net["w4"], net["b4"])
    # what the training's shares of beats and knocks add to the logits is no evidence
    base_beat, base_knock = net["base"]
    told = np.stack(
        [
            beat - base_beat - np.log1p(np.exp(knock)) + np.log1p(np.exp(base_knock)),
            (knock - base_knock) - (beat - base_beat),
        ]
    )
    return np.where(usable[REACH : usable.size - REACH], told, 0.0)


@cache
def card() -> dict[str, Any]:
    """Return what the network was trained on, with what result."""
    text = str(np.load(_file(), allow_pickle=False)["card"])
    found: dict[str, Any] = json.loads(text)
    return found


@cache
def network_id() -> str:
    """Return a short identity: the hash of the weights' file."""
    return f"beats@{hashlib.sha256(_file().read_bytes()).hexdigest()[:12]}"


def _convolve(x: Array, weights: Array, bias: Array) -> Array:
    """Correlate ``(n_in, n)`` with ``(n_out, n_in, taps)``; only whole overlaps."""
    n_out, n_in, taps = weights.shape
    windows = np.lib.stride_tricks.sliding_window_view(x, taps, axis=1)  # (n_in, n, taps)
    rows = windows.transpose(0, 2, 1).reshape(n_in * taps, -1)
    return np.asarray(weights.reshape(n_out, -1) @ rows + bias[:, np.newaxis])


def _relu(x: Array) -> Array:
    return np.maximum(x, 0.0)


def _file() -> Any:
    return resources.files(__package__).joinpath(WEIGHTS)


@cache
def _network() -> dict[str, Array]:
    with _file().open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return {name: stored[name].astype(float) for name in stored.files if name != "card"}
