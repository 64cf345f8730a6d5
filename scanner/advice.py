"""Which method would help most next: by what it is expected to tell a second, rays last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from calibration.worth import EVERY_CARGO, Worth, expected_bits
from scanner.evidence import Evidence, EvidenceState, Reason
from scanner.vehicle import Declaration

IONISING = frozenset({"xray"})
CAN_BE_STARTED = frozenset({"xray_no_passage", "co2_probe_not_in"})
"""Reasons of methods without an answer that only wait for somebody to begin."""

LEAST_BITS = 0.02
"""Below it a method is no advice: it would hardly change what is known."""

LEAST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Advice:
    """A method, what it is expected to tell (bits), and in how many seconds."""

    modality: str
    bits: float
    seconds: float

    @property
    def reason(self) -> Reason:
        """As a sentence for the officer."""
        return Reason("would_help_most", {"modality": self.modality, "seconds": self.seconds})


def worth_for(worths: Iterable[Worth], modality: str, declaration: Declaration) -> Worth | None:
    """Return what is known of a method for a declared lorry: of its cargo, else of every cargo."""
    known = {
        w.cargo: w for w in worths if w.modality == modality and w.vehicle == declaration.vehicle_class.value
    }
    return known.get(declaration.cargo.value) or known.get(EVERY_CARGO)


def would_help_most(
    evidences: Iterable[Evidence],
    log_odds: float,
    declaration: Declaration,
    elapsed_s: float,
    worths: Sequence[Worth],
) -> Advice | None:
    """Return the method without an answer that is expected to tell most a second; None where none would help.

    A method with rays is named only where no other would tell anything: they are a dose to whoever
    hides there.

    Parameters
    ----------
    log_odds : natural-log odds of occupied, prior included.
    elapsed_s : a method that is measuring already has that much less to wait.
    """
    found: list[Advice] = []
    for e in evidences:
        startable = e.reason is not None and e.reason.code in CAN_BE_STARTED
        if e.state is not EvidenceState.PENDING and not startable:
            continue
        worth = worth_for(worths, e.modality, declaration)
        if worth is None:
            continue
        left_s = worth.seconds if startable else worth.seconds - elapsed_s
        bits = expected_bits(worth, log_odds)
        if bits >= LEAST_BITS:
            found.append(Advice(e.modality, bits, max(left_s, LEAST_SECONDS)))
    return min(found, key=lambda a: (a.modality in IONISING, -a.bits / a.seconds), default=None)
