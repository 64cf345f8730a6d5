"""What happened on a wire, one act at a time, as the host saw it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Act(StrEnum):
    """What happened."""

    OPEN = "open"  # the driver opened a wire
    TX = "tx"  # the driver wrote
    RX = "rx"  # a read returned
    DISCARD = "discard"  # the driver dropped what had arrived
    LOST = "lost"  # the wire broke under a read or a write
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One act on a wire.

    Parameters
    ----------
    at_s : time since the recording began, s.
    act : what happened.
    data : bytes written or read.
    link : which opening it belongs to: 0 for the first wire that the driver opened, 1 for the next.
    text : the URL of an opening, the words of a loss.
    settings : line settings of an opening, as the driver gave them.

    Examples
    --------
    >>> Exchange(0.0, Act.TX, b"?").data.hex()
    '3f'
    """

    at_s: float
    act: Act
    data: bytes = b""
    link: int = 0
    text: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


def is_datagram(url: str) -> bool:
    """Tell whether a wire keeps the boundaries of what is sent."""
    return url.startswith("udp://")
