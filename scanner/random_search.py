"""Searches by lot: some lorries without an alarm are opened too, so that it is known what scans miss.

The lot of a scan is a hash of its id: lane, replay and service draw the same, and so does anybody
with the id (``printf %s SCAN | sha256sum``). It looks at nothing that was measured.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from scanner.decision import Decision
from scanner.evidence import Reason, Recommendation
from scanner.policy import ClassPolicy

CHOSEN = "chosen_at_random"
"""Code of the reason that says that the lot fell on this lorry; its ``share`` is the chance that it had."""

ALARMS = (Recommendation.SEARCH, Recommendation.RESCUE)
"""What a lorry is searched on without a lot."""

_DIGITS = 13  # 52 bits: a float holds them all


def lot(scan_id: str) -> float:
    """Return the lot of a scan, in [0, 1): uniform over ids.

    It is the first 13 hexadecimal digits of the SHA-256 of the id's UTF-8 bytes, over 16 to the 13th.

    References
    ----------
    FIPS 180-4, Secure Hash Standard.

    Examples
    --------
    >>> lot("abc") == 0xBA7816BF8F01C / 16**13  # FIPS 180-4's own example of a hash
    True
    """
    return int(hashlib.sha256(scan_id.encode()).hexdigest()[:_DIGITS], 16) / 16.0**_DIGITS


def search_chance(recommendation: Recommendation, policy: ClassPolicy) -> float:
    """Return how likely a lorry with this final recommendation is to be searched: 1 after an alarm.

    Searches that an officer decides without either have no known chance.
    """
    return 1.0 if recommendation in ALARMS else policy.random_search


def draw(decision: Decision, scan_id: str, policy: ClassPolicy, danger: Reason) -> Decision:
    """Return the decision, with the reason to search where it is final, no alarm, and the lot fell on it.

    Parameters
    ----------
    danger : the reason of the time to danger: where the decision says it, nothing stands before it.

    Notes
    -----
    The recommendation stays: it says what was measured, and a lot is no measurement.
    """
    if not decision.final or decision.recommendation in ALARMS or lot(scan_id) >= policy.random_search:
        return decision
    said = decision.reasons
    at = said.index(danger) + 1 if danger in said else 0
    chosen = Reason(CHOSEN, {"share": policy.random_search})
    return replace(decision, reasons=(*said[:at], chosen, *said[at:]))
