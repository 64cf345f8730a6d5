"""One thing that was looked at: how it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Level(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARN = "warn"  # works, not as well or as surely as it should
    FAIL = "fail"  # something that was asked for will not work


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found.

    Parameters
    ----------
    what : the thing, in a word or two.
    level : how it is.
    words : what was seen.
    mend : what to do; empty when there is nothing to do.
    """

    what: str
    level: Level
    words: str
    mend: str = ""


def ok(what: str, words: str, mend: str = "") -> Finding:
    """Return a finding that is well; ``mend`` then says what could be better still."""
    return Finding(what, Level.OK, words, mend)


def warn(what: str, words: str, mend: str) -> Finding:
    """Return a finding that somebody should look at."""
    return Finding(what, Level.WARN, words, mend)


def fail(what: str, words: str, mend: str) -> Finding:
    """Return a finding that has to be mended."""
    return Finding(what, Level.FAIL, words, mend)


Check: TypeAlias = Callable[[], Iterable[Finding]]


def looked_at(check: Check, what: str) -> Iterator[Finding]:
    """Give what a check finds; a check that fails itself is a finding too.

    Examples
    --------
    >>> next(looked_at(lambda: [ok("disk", "12 GB free")], "disk")).words
    '12 GB free'
    >>> next(looked_at(lambda: [1 / 0], "disk")).level.value
    'warn'
    """
    try:
        yield from check()
    except Exception as error:  # a machine can be odd in any way: the other checks go on
        words = f"could not be looked at ({type(error).__name__}: {error})"
        yield warn(what, words, "look at it by hand")
