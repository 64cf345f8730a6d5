"""What the terminal says of the time to danger beyond its reason: limits of the air, oxygen, temperature."""

from __future__ import annotations

import math

from scanner.evidence import LifeLimit, LifeRisk, Reason, TemperatureLevel
from scanner.wording import sentence


def life_lines(risk: LifeRisk, language: str) -> list[str]:
    r"""Return short lines, none where nothing more is known.

    Examples
    --------
    >>> limits = (LifeLimit("co2", 40_000.0, 95.0, 190.0, math.inf),)
    >>> life_lines(LifeRisk(95.0, math.inf, Reason("life_risk_no_level"), limits=limits), "en")
    ['CO2 40\xa0000\xa0ppm not before 95 min']
    """
    lines = []
    for gas in ("co2", "oxygen"):
        told = [_limit(limit, language) for limit in risk.limits if limit.gas == gas]
        lines += [" · ".join(told)] if told else []
    if risk.oxygen_pct is not None:
        values = {"low": risk.oxygen_pct.low, "high": risk.oxygen_pct.high}
        lines.append(sentence(Reason("terminal_life_oxygen", values), language))
    if risk.temperature.level in (TemperatureLevel.WATCH, TemperatureLevel.DANGER):
        code = "terminal_life_cold" if risk.temperature.cold else "terminal_life_heat"
        lines.append(sentence(Reason(code), language))
    return lines


def _limit(limit: LifeLimit, language: str) -> str:
    figure = f"{limit.limit:,.0f}".replace(",", "\u00a0")
    name = f"CO2 {figure}\u00a0ppm" if limit.gas == "co2" else f"O2 {figure}\u00a0%"
    values: dict[str, float | str] = {"limit": name, "low": limit.low, "high": limit.high}
    if limit.low <= 0.0:
        return sentence(Reason("terminal_life_now", values), language)
    if not math.isfinite(limit.low):
        return sentence(Reason("terminal_life_never", values), language)
    if not math.isfinite(limit.high):
        return sentence(Reason("terminal_life_from", values), language)
    return sentence(Reason("terminal_life_between", values), language)
