"""What to do with the CO2 probe now: put it in, hold it, take it out, dip again later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scanner.evidence import Evidence, EvidenceState, Reason

SECOND_DIP_AFTER_MIN = 15.0
"""From one insertion to the next (a choice: long enough for a breath to show, bearable in a queue)."""

WORTH_HOLDING, WORTH_HOLDING_BITS = 0.05, 0.05
"""Below this chance of settling the question, and this information, holding on is a waste of time."""

WORTH_A_SECOND_DIP = 0.15
"""From this chance of settling the question on, a second dip is advised."""

_WASTED = frozenset(
    {
        "co2_gap",
        "co2_breath",
        "co2_exhaust",
        "co2_probe_swapped",
        "co2_probe_jumped",
        "co2_time_backwards",
        "co2_dip_too_short",
        "co2_failed_in_dip",
        "co2_probes_disagree",
    }
)
"""Reasons for which this dip is lost and a new one is the mend."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """Steps for the officer, the next one first, and when a second dip is due (None: none is advised)."""

    steps: tuple[Reason, ...] = ()
    second_dip_due_utc_ms: int | None = None


def next_steps(co2: Evidence | None, utc_ns: int) -> Procedure:
    """Return what to do with the probe, from what the CO2 method says of its dip.

    Parameters
    ----------
    co2 : its evidence; None where the lane has no CO2 method.
    utc_ns : wall time of this tick.

    Examples
    --------
    >>> settling = Evidence("co2", EvidenceState.PENDING, reason=Reason("co2_not_yet_determinable"),
    ...                     features={"hold_s": 12.0, "probe_in_s": 8.0})
    >>> next_steps(settling, 0).steps
    (Reason(code='procedure_hold', values={'seconds': 12.0}),)
    """
    if co2 is None:
        return Procedure()
    code = co2.reason.code if co2.reason else ""
    said = co2.features
    if code == "co2_probe_not_in":
        again = "dip1_excess_ppm" in said
        return Procedure((Reason("procedure_put_in_again" if again else "procedure_put_in"),))
    if code in _WASTED:
        return Procedure((Reason("procedure_dip_again"),))
    if co2.state is EvidenceState.PENDING and "hold_s" in said:
        return Procedure((Reason("procedure_hold", {"seconds": said["hold_s"]}),))
    if co2.state is not EvidenceState.READY:
        return Procedure()
    return _measured(said, utc_ns)


def _measured(said: Mapping[str, float], utc_ns: int) -> Procedure:
    held = said.get("probe_in_s") is not None
    settled = bool(said.get("settled", 0.0))
    if settled:
        return Procedure((Reason("procedure_enough_take_out" if held else "procedure_enough"),))
    chance, bits = said.get("settles_30s", 0.0), said.get("gain_30s_bits", 0.0)
    steps: list[Reason] = []
    if held and (chance >= WORTH_HOLDING or bits >= WORTH_HOLDING_BITS):
        steps.append(Reason("procedure_hold_on", {"percent": 100.0 * chance}))
    elif held:
        steps.append(Reason("procedure_no_more"))
    again = said.get("settles_second_dip", 0.0)
    if again < WORTH_A_SECOND_DIP:
        return Procedure(tuple(steps) or (Reason("procedure_nothing_more"),))
    due_s = said.get("dip_utc_s", utc_ns / 1e9) + 60.0 * SECOND_DIP_AFTER_MIN
    left_min = max(0.0, (due_s - utc_ns / 1e9) / 60.0)
    code = "procedure_second_dip_now" if left_min < 0.5 else "procedure_second_dip"
    steps.append(Reason(code, {"percent": 100.0 * again, "minutes": left_min}))
    return Procedure(tuple(steps), round(due_s * 1000.0))
