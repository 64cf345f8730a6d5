"""``[accounts]``: how long a session lasts, when a booth locks, how often who may ask, whom to believe."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import Field, field_validator

from service.config.table import Table

Minutes = Annotated[int, Field(ge=1, le=7 * 24 * 60)]
PerMinute = Annotated[int, Field(ge=60, le=10_000_000)]


class AccountsTable(Table):
    """``[accounts]``.

    Parameters
    ----------
    idle_min : a session without a request and without an open page ends.
    absolute_min : a session ends, whatever is done.
    lock_after_min : a booth where nobody did anything locks: alerts stay, acting needs the PIN.
    reauthenticated_min : how long a password that was just given opens sensitive acts.
    token_overlap_min : how long a lane's or gate's old token works beside its new one.
    session_per_min, token_per_min, address_per_min : how many requests may come in a minute of a
        session, of a lane's or gate's token, and without either of one address.
    streams_per_session : how many event streams a session may have open.
    trusted_proxies : addresses or networks of proxies whose ``X-Forwarded-For``,
        ``X-Forwarded-Proto`` and ``X-Forwarded-Host`` are believed.
    """

    idle_min: Minutes = 60
    absolute_min: Minutes = 12 * 60
    lock_after_min: Minutes = 15
    reauthenticated_min: Minutes = 5
    token_overlap_min: Annotated[int, Field(ge=0, le=7 * 24 * 60)] = 0
    session_per_min: PerMinute = 1_200
    token_per_min: PerMinute = 60_000
    address_per_min: PerMinute = 6_000
    streams_per_session: Annotated[int, Field(ge=1, le=10_000)] = 300
    trusted_proxies: tuple[str, ...] = ()

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            try:
                ipaddress.ip_network(one)
            except ValueError as error:
                raise ValueError(f"{error}: give an address like 192.0.2.7 or a network") from None
        return given
