"""How often lanes alarm, beside what EEMUA 191 asks of an alarm system."""

from __future__ import annotations

from scanner.lane.wire import UtcMs
from service.resource_base import Resource


class LevelShares(Resource):
    """How alarms spread over the levels, 0 to 1."""

    rescue: float
    search: float
    officer: float


class Eemua(Resource):
    """What EEMUA 191 holds to be manageable for one operator.

    ``average_per_10_min``: at most, in steady operation. ``flood_per_10_min``: this many are a flood.
    ``shares``: about so many of high, middle and low priority.
    """

    average_per_10_min: float = 1.0
    flood_per_10_min: int = 10
    shares: LevelShares = LevelShares(rescue=0.05, search=0.15, officer=0.80)


class Rates(Resource):
    """The alarms of a lane, or of all, until now: each time an alert was raised, or raised again.

    Average, peak, floods and shares are of the last 24 h. ``peak_10_min`` is the most within any 10 min;
    ``flood_share`` is how many of the 144 windows of 10 min had a flood, 0 to 1; ``shares`` is null
    without alarms. ``standing`` counts alerts that have been open for over 24 h, ``shelved`` those that
    are laid aside now.
    """

    last_10_min: int
    last_hour: int
    last_day: int
    average_per_10_min: float
    peak_10_min: int
    flood_share: float
    shares: LevelShares | None
    standing: int
    shelved: int


class AlarmRates(Resource):
    """Alarm rates over all and of each lane that may alarm or has alarmed, beside what is manageable."""

    utc_ms: UtcMs
    eemua_191: Eemua
    overall: Rates
    lanes: dict[str, Rates]
