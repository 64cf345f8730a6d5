"""Channels of a digitiser as its configuration names them: roles and sensitivities."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.api import Channel, ConfigError, Role


def check_sensitivities(channels: Mapping[str, Role], counts_per_m_s: Mapping[str, float]) -> None:
    """Refuse the sensitivity of a channel that is not used.

    Raises
    ------
    ConfigError : ``counts_per_m_s`` names a channel that ``channels`` does not.

    Examples
    --------
    >>> check_sensitivities({"EHZ": Role.GROUND}, {"EHZ": 4e8})
    """
    strangers = set(counts_per_m_s) - set(channels)
    if strangers:
        raise ConfigError(f"counts_per_m_s names {sorted(strangers)}, which channels does not")


def seismic_channels(channels: Mapping[str, Role], counts_per_m_s: Mapping[str, float]) -> dict[str, Channel]:
    """Return the channels by name, in the order of the configuration.

    Counts per m/s are handed on as sensitivity with ``counts_per_volt`` = 1, for
    only the product of the two is known; without them the sensitivity is unknown.

    Examples
    --------
    >>> seismic_channels({"EHZ": Role.GROUND}, {"EHZ": 4e8})["EHZ"].sensitivity_v_per_m_s
    400000000.0
    """
    return {
        name: Channel(
            name,
            Role(role),
            sensitivity_v_per_m_s=counts_per_m_s.get(name),
            counts_per_volt=1.0 if name in counts_per_m_s else None,
        )
        for name, role in channels.items()
    }
