"""What a SeedLink stream is configured with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from drivers.api import ClockLock, ConfigError, Role
from drivers.devices.seismic_channels import check_sensitivities

_CHANNEL = re.compile(r"(?:[A-Z0-9]{2}\.)?[A-Z0-9]{3}")
_CODE = re.compile(r"[A-Za-z0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class SeedLinkConfig:
    """Where the server is, which station, and what its channels are for.

    Parameters
    ----------
    url : ``socket://host:18000``.
    channels : role of each channel to use ("ground", "chassis", "air"), named
        as "EHZ" or with its location as "00.EHZ".
    network, station : codes of the station; both empty ask the server's only one.
    counts_per_m_s : counts per m/s of a channel, from the station's response
        file; without it the channel's sensitivity is unknown.
    full_scale_counts : a sample this large, either sign, is clipped.
    clock : what disciplines the digitiser's clock when its records say that it
        is locked ("gps", "ntp", "none").
    since : begin with records from this time on (ISO 8601, UTC) and not with
        the next; for servers that play back.
    keep_alive_s : a server that is silent for so long is asked for its name, s.
    silence_timeout_s : silent for so long, it is lost, s.
    wait_for_channels_s : how long a channel that sends nothing holds the others up, s.
    resume_s : a stream is taken up again after a break of at most this, s.
    """

    url: str
    channels: Mapping[str, Role] = field(default_factory=lambda: {"EHZ": Role.GROUND})
    network: str = ""
    station: str = ""
    counts_per_m_s: Mapping[str, float] = field(default_factory=dict)
    full_scale_counts: int = 8_388_607
    clock: ClockLock = ClockLock.NTP
    since: str = ""
    keep_alive_s: float = 0.5
    silence_timeout_s: float = 1.5
    wait_for_channels_s: float = 10.0
    resume_s: float = 60.0

    def __post_init__(self) -> None:
        if not self.channels:
            raise ConfigError("channels is empty: name at least one, for example EHZ = 'ground'")
        for name in self.channels:
            if not _CHANNEL.fullmatch(name):
                raise ConfigError(f"channels names {name!r}: write EHZ, or 00.EHZ with its location")
        check_sensitivities(self.channels, self.counts_per_m_s)
        if bool(self.network) != bool(self.station):
            raise ConfigError("network and station belong together: give both, or none for the only station")
        if not _CODE.fullmatch(self.network) or not _CODE.fullmatch(self.station):
            raise ConfigError(f"station {self.network}.{self.station}: codes are up to 5 letters and digits")
        if not 0 < self.keep_alive_s < self.silence_timeout_s:
            raise ConfigError("keep_alive_s must be above 0 and below silence_timeout_s")
        if self.wait_for_channels_s <= 0 or self.resume_s < 0 or self.full_scale_counts <= 0:
            raise ConfigError("wait_for_channels_s and full_scale_counts must be above 0, resume_s not below")
        if self.since:
            seedlink_time(self.since)


def seedlink_time(iso: str) -> str:
    """Return a time of ISO 8601 as SeedLink writes it, in UTC.

    Examples
    --------
    >>> seedlink_time("2026-01-31T12:00:00+01:00")
    '2026,01,31,11,00,00'
    """
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError as error:
        raise ConfigError(
            f"since = {iso!r} is no ISO 8601 time ({error}): write 2026-01-31T12:00:00"
        ) from None
    utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return f"{utc:%Y,%m,%d,%H,%M,%S}"
