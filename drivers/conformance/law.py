"""What a law is, and how it is broken in words that tell a vendor what to mend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from drivers.conformance.bench import Bench


class LawBroken(AssertionError):
    """A driver does not do what the contract asks; the words say what was seen and what to mend."""


class NotRun(Exception):
    """A law cannot be tried on this rig; the words say why. It is neither held nor broken."""


class Outcome(StrEnum):
    """How a law went on a rig."""

    HELD = "held"
    BROKEN = "broken"
    NOT_RUN = "not run"


class When(StrEnum):
    """How a law may be run beside others."""

    TOGETHER = "together"  # mostly waits: many at once
    ALONE = "alone"  # measures memory, threads or time


LawBody: TypeAlias = "Callable[[Bench], None]"


@dataclass(frozen=True, slots=True)
class Law:
    """One law of the contract.

    Parameters
    ----------
    name : as given to ``--law``.
    title : what it demands, a clause after "the driver".
    body : raises `LawBroken` or `NotRun`; anything else that it raises is a break too.
    when : alone, or together with others.
    needs : abilities of the rig without which it is not run.
    limit_s : after so long the driver counts as hanging.
    """

    name: str
    title: str
    body: LawBody
    when: When = When.TOGETHER
    needs: frozenset[str] = frozenset()
    limit_s: float = 45.0


def law(
    name: str,
    title: str,
    *,
    when: When = When.TOGETHER,
    needs: tuple[str, ...] = (),
    limit_s: float = 45.0,
) -> Callable[[LawBody], Law]:
    """Make a law of a function; the parameters are those of `Law`."""
    return lambda body: Law(name, title, body, when, frozenset(needs), limit_s)
