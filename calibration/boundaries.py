"""Ratios at which a sequential test ends, by the error rates that were measured for them."""

from __future__ import annotations

from dataclasses import dataclass

from calibration.certificates import CalibrationMissing

RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
"""Error rates for which boundaries are kept."""


@dataclass(frozen=True, slots=True)
class BoundaryCurve:
    """Boundaries of one vehicle class, chosen on whole courses of known lorries.

    Parameters
    ----------
    false_alarms, search_llr : rates that the empty lorries can promise, and the ratio to reach for each.
    misses, no_indication_llr : the same of occupied ones.
    empty, occupied : lorries of each kind.
    """

    vehicle: str
    false_alarms: tuple[float, ...]
    search_llr: tuple[float, ...]
    misses: tuple[float, ...]
    no_indication_llr: tuple[float, ...]
    empty: int
    occupied: int

    def search_at(self, rate: float) -> float:
        """Return the upper boundary that promises a false-alarm rate.

        Raises
        ------
        CalibrationMissing : the lorries were too few for so low a rate.
        """
        return self._at(rate, self.false_alarms, self.search_llr, "false alarms")

    def no_indication_at(self, rate: float) -> float:
        """Return the lower boundary that promises a rate of misses; raises as `search_at`."""
        return self._at(rate, self.misses, self.no_indication_llr, "misses")

    def _at(self, rate: float, rates: tuple[float, ...], ratios: tuple[float, ...], what: str) -> float:
        promised = [ratio for known, ratio in zip(rates, ratios, strict=True) if known <= rate]
        if not promised:
            lowest = f"{min(rates):g} is the lowest" if rates else "none is known"
            raise CalibrationMissing(
                f"{self.vehicle}: no boundary was measured for {rate:g} {what} ({lowest}): ask for more in "
                "the policy, or fit with more lorries by 'lorryscan calibrate decision'"
            )
        return promised[-1]
