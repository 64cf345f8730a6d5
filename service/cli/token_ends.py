"""When a token that a command gives ends, and how long the old one works on."""

from __future__ import annotations

from typing import Annotated

import typer

DAY_MS = 86_400_000

DAYS = Annotated[int | None, typer.Option("--days", min=1, max=3650, help="days until it ends; else never")]
OVERLAP = Annotated[
    int, typer.Option("--overlap-min", min=0, max=10_080, help="minutes that the old one works on")
]


def ends_ms(days: int | None, now_ms: int) -> int | None:
    """Return when a token ends, UTC in ms; None: not by date.

    Examples
    --------
    >>> ends_ms(1, 1000)
    86401000
    """
    return None if days is None else now_ms + days * DAY_MS
