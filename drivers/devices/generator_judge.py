"""Says what an X-ray supply does, from its flags and monitors: off only when both agree."""

from __future__ import annotations

import math

from drivers.codecs.spellman_uxman import Status

REACHED, HELD = 0.95, 0.9  # share of the wanted kV and mA: to be called on, and to stay so
RESIDUAL = 0.02  # share of the rated kV below which there is no high voltage
DECAY_S = 2.0  # how long high voltage may take to vanish after it was switched off
WARMING_LIMIT_S = 60.0
UNREAD_LIMIT_S = 2.0


class GeneratorJudge:
    """Keeps what the supply did before, to tell decay from disagreement.

    "on" is high voltage at its wanted kV and mA, "warming" that it is on its way there.
    "off" is said only when the kV monitor agrees: high voltage that outlasts its
    switching off by `DECAY_S`, or a monitor that cannot be read, is a "fault".

    Parameters
    ----------
    rated_kv : full scale of the supply.
    began_s : when judging begins, on the clock of `judge`.

    Attributes
    ----------
    complaint : what is wrong and what to do, after the supply's name; empty when nothing is.
    """

    def __init__(self, rated_kv: float, began_s: float) -> None:
        self.complaint = ""
        self._residual_kv = RESIDUAL * rated_kv
        self._state = ""
        self._since_s = began_s  # when the state became what it is
        self._read_s = began_s  # when the monitors last told something
        self._high_voltage_s = -math.inf  # when the supply last said that it is on

    def judge(self, status: Status, kv: float, ma: float, wanted: tuple[float, float], now_s: float) -> str:
        """Return the state: off, warming, on or fault.

        Parameters
        ----------
        status : the supply's own flags.
        kv, ma : its monitors; NaN when they could not be read.
        wanted : kV and mA at which it is on; NaN when they are not known.
        now_s : any clock that only goes on, s.
        """
        if not math.isnan(kv):
            self._read_s = now_s
        if status.high_voltage:
            self._high_voltage_s = now_s
        unread = now_s - self._read_s > UNREAD_LIMIT_S
        state, complaint = self._judged(status, kv, ma, wanted, now_s, unread)
        if state != self._state:
            self._state, self._since_s = state, now_s
        if state == "warming" and now_s - self._since_s > WARMING_LIMIT_S:
            complaint = (
                f"has not reached its kV and mA for {WARMING_LIMIT_S:g} s: "
                "compare wanted_kv and wanted_ma with the X-ray system's own display"
            )
        elif not complaint and unread:
            complaint = "does not tell its kV and mA: cut its power and restore it"
        self.complaint = complaint
        return state

    def _judged(
        self, status: Status, kv: float, ma: float, wanted: tuple[float, float], now_s: float, unread: bool
    ) -> tuple[str, str]:
        before = self._state
        if status.fault:
            return "fault", "reports a fault: read and clear it at the X-ray system's own controls"
        if status.high_voltage:
            share = HELD if before == "on" else REACHED
            there = kv > self._residual_kv and kv >= share * wanted[0] and ma >= share * wanted[1]
            return "on" if there else "warming", ""
        if kv <= self._residual_kv or (math.isnan(kv) and before == "off" and not unread):
            return "off", ""
        if before in ("on", "warming") and now_s - self._high_voltage_s < DECAY_S:
            return before, ""
        # Whoever reads "off" may walk in: it is not said against the monitor, nor without it.
        shown = "it does not tell its kV" if math.isnan(kv) else f"its monitor reads {kv:.1f} kV"
        return "fault", (
            f"says that high voltage is off while {shown}: "
            "treat it as on, keep everybody out and call service"
        )
