"""Geophones: counts to ground velocity, the fall below the resonance undone stably.

A geophone is a damped mass: its output for velocity falls as f² below the
natural frequency. A bare inverse would lift drift without bound, so the inverse
moves the corner to a lower frequency instead of removing it: the numerator
cancels the geophone's own poles, the denominator puts well damped ones at the
new corner. That is one second-order section, always stable.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import signal

from calibration.certificates import CalibrationMissing, Certificate
from drivers.api import Channel


@dataclass(frozen=True, slots=True)
class GeophoneResponse:
    """Response of one channel.

    ``counts_per_m_s`` is the sensitivity above the resonance;
    ``natural_frequency_hz`` 0 means flat (a broad-band or equalised sensor);
    ``source`` the certificate's id, or "declared" for the device's own word.
    """

    counts_per_m_s: float
    natural_frequency_hz: float
    damping: float
    source: str


def channel_parameter(channel: str, name: str) -> str:
    """Return the name of a certificate's parameter that holds for one channel alone.

    Examples
    --------
    >>> channel_parameter("front-left", "damping")
    'front-left_damping'
    """
    return f"{channel}_{name}"


def response_of(channel: Channel, certificate: Certificate | None) -> GeophoneResponse:
    """Return a channel's response from its certificate, else from what the device declares.

    What the certificate states of this channel (``c1_damping``) goes before what it
    states of all (``damping``); what it leaves out is taken from the device's
    declaration, never guessed.

    Raises
    ------
    CalibrationMissing : neither states a complete response. Example: a
        digitiser that sends counts only, without a certificate in the lane's
        configuration.
    """
    stated = dict(certificate.parameters) if certificate is not None else {}

    def known(name: str, declared: float | None) -> float | None:
        value = stated.get(channel_parameter(channel.name, name), stated.get(name, declared))
        return value if value is not None and math.isfinite(value) and value > 0 else None

    counts_per_m_s = known("counts_per_m_s", None)
    flat_by_certificate = counts_per_m_s is not None and known("natural_frequency_hz", None) is None
    if counts_per_m_s is None:
        v_per_m_s = known("sensitivity_v_per_m_s", channel.sensitivity_v_per_m_s)
        counts_per_volt = known("counts_per_volt", channel.counts_per_volt)
        if v_per_m_s is None or counts_per_volt is None:
            raise CalibrationMissing(
                f"channel {channel.name}: no sensitivity is known: add a certificate to its device's entry"
            )
        counts_per_m_s = v_per_m_s * counts_per_volt
    f0 = known("natural_frequency_hz", channel.natural_frequency_hz)
    damping = known("damping", channel.damping)
    source = certificate.id if certificate is not None else "declared"
    if flat_by_certificate and f0 is None:
        return GeophoneResponse(counts_per_m_s, 0.0, 1.0, source)
    if f0 is None or damping is None:
        raise CalibrationMissing(
            f"channel {channel.name}: natural frequency or damping is not known: "
            "add a certificate to its device's entry"
        )
    return GeophoneResponse(counts_per_m_s, f0, damping, source)


def velocity_sos(response: GeophoneResponse, fs_hz: float, corner_hz: float) -> npt.NDArray[np.float64]:
    """Return the section that turns counts into m/s, flat down to ``corner_hz``.

    Parameters
    ----------
    fs_hz : rate of the counts that it will filter, Hz.
    corner_hz : where the result falls off instead of at the natural frequency
        (damping 0.707), Hz; a natural frequency below it is left as it is.

    Returns
    -------
    sos : float64 ``(1, 6)`` for `scipy.signal.sosfilt`. Noise at the corner is
        lifted by (natural frequency / corner)².

    References
    ----------
    Havskov & Alguacil, Instrumentation in Earthquake Seismology, 2nd ed.,
    section 2.8 (sensors with inverse filtering).

    Examples
    --------
    >>> sos = velocity_sos(GeophoneResponse(1e6, 4.5, 0.7, "declared"), 100.0, 0.5)
    >>> gain = abs(signal.sosfreqz(sos, [1.0, 20.0], fs=100.0)[1]) * 1e6
    >>> [round(float(g), 1) for g in gain]  # lifted (4.5 Hz against 1 Hz), untouched far above
    [19.9, 1.0]
    """
    f0 = response.natural_frequency_hz
    if f0 <= corner_hz:
        return np.array([[1.0 / response.counts_per_m_s, 0.0, 0.0, 1.0, 0.0, 0.0]])
    w0, w1 = (2 * fs_hz * math.tan(math.pi * f / fs_hz) for f in (f0, corner_hz))  # pre-warped
    b, a = signal.bilinear(
        np.array([1.0, 2 * response.damping * w0, w0 * w0]) / response.counts_per_m_s,
        [1.0, math.sqrt(2.0) * w1, w1 * w1],
        fs=fs_hz,
    )
    return signal.tf2sos(b, a)
