"""A certificate as the block of TOML that a lane's configuration takes."""

from __future__ import annotations

import json
import re

from calibration.certificates import Certificate

_BARE = re.compile(r"^[A-Za-z0-9_-]+$")


def certificate_toml(certificate: Certificate) -> str:
    """Return ``[device.certificate]`` as it goes below its ``[[device]]``, ending in a newline.

    Examples
    --------
    >>> import datetime as dt
    >>> day = dt.date(2026, 1, 1)
    >>> print(certificate_toml(Certificate("N-1", day, day, {"offset_ppm": 4.0}, 'air, "free"')), end="")
    [device.certificate]
    id = "N-1"
    issued = 2026-01-01
    expires = 2026-01-01
    method = "air, \\"free\\""
    parameters = { offset_ppm = 4.0 }
    """
    parameters = ", ".join(
        f"{name if _BARE.match(name) else _text(name)} = {float(value)!r}"
        for name, value in certificate.parameters.items()
    )
    lines = [
        "[device.certificate]",
        f"id = {_text(certificate.id)}",
        f"issued = {certificate.issued.isoformat()}",
        f"expires = {certificate.expires.isoformat()}",
        f"method = {_text(certificate.method)}",
        f"parameters = {{ {parameters} }}",
    ]
    return "\n".join(lines) + "\n"


def _text(words: str) -> str:
    # JSON escapes what TOML wants escaped, but for DEL
    return json.dumps(words, ensure_ascii=False).replace("\x7f", "\\u007f")
