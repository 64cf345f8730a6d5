"""Certificates: who calibrated a sensor, how, until when, with which result."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.api import LorryscanError


class CalibrationMissing(LorryscanError, LookupError):
    """A sensor has no certificate, so its counts cannot become physical units.

    Examples: a new CO2 probe without ``[device.certificate]`` in the lane's
    configuration; a scanner that sent no dark or air lines.
    """


class CalibrationExpired(LorryscanError, ValueError):
    """A sensor's certificate is no longer (or not yet) valid.

    Example: a geophone last calibrated two years ago.
    """


@dataclass(frozen=True, slots=True)
class Certificate:
    """Result of a calibration.

    Parameters
    ----------
    id : the laboratory's number, or ``declared:<hash>`` for values that the
        device itself declares.
    issued, expires : validity, both days included.
    parameters : numbers by name, each name ending in its unit where it has one
        (CO2: ``offset_ppm``, ``gain``, ``uncertainty_ppm``; geophone:
        ``sensitivity_v_per_m_s``, ``natural_frequency_hz``, ``damping``,
        ``counts_per_volt`` or ``counts_per_m_s``; imager: ``offset_c``,
        ``uncertainty_c``).
    method : how it was done, in words.
    """

    id: str
    issued: dt.date
    expires: dt.date
    parameters: Mapping[str, float] = field(default_factory=dict)
    method: str = ""

    def hash(self) -> str:
        """Return the SHA-256 of the canonical JSON of this certificate, hex."""
        content = {
            "id": self.id,
            "issued": self.issued.isoformat(),
            "expires": self.expires.isoformat(),
            "parameters": dict(sorted(self.parameters.items())),
            "method": self.method,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def check_valid(certificate: Certificate | None, sensor: str, utc_ns: int) -> Certificate:
    """Return the certificate if it holds at ``utc_ns``.

    Raises
    ------
    CalibrationMissing : there is none.
    CalibrationExpired : ``utc_ns`` is outside its validity.
    """
    if certificate is None:
        raise CalibrationMissing(
            f"{sensor} has no calibration certificate: add one to its entry in the lane's configuration"
        )
    today = dt.datetime.fromtimestamp(utc_ns / 1e9, dt.UTC).date()
    if not certificate.issued <= today <= certificate.expires:
        raise CalibrationExpired(
            f"{sensor}: certificate {certificate.id} holds from {certificate.issued} to "
            f"{certificate.expires}, not on {today}: have the sensor calibrated"
        )
    return certificate
