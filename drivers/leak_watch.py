"""Counts the descriptors that a driver's calls leave open, so that one leak cannot starve a whole lane."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

NAMED_AFTER, SHUT_OUT_AFTER = 32, 256
"""Descriptors left open at which a driver is named, and shut out; a process has 1024 as a rule."""

LEAST_CALLS = 8
"""Other threads open and close meanwhile: only what happens call after call is the driver's."""


class LeakWatch:
    """Sums what calls of one driver leave open.

    Attributes
    ----------
    left_open : descriptors that its calls have left open so far.

    Examples
    --------
    >>> watch = LeakWatch()
    >>> with watch.call():
    ...     pass
    >>> watch.left_open
    0
    """

    def __init__(self) -> None:
        self.left_open = 0
        self._leaky_calls = 0

    @contextlib.contextmanager
    def call(self) -> Iterator[None]:
        """Watch one call of the driver.

        The lowest free descriptor tells in two system calls what listing them all would:
        it goes up with every one that stays open.
        """
        before = _lowest_free()
        yield
        more = _lowest_free() - before
        if more > 0:
            self._leaky_calls += 1
        self.left_open = max(0, self.left_open + more)

    @property
    def named(self) -> bool:
        """Whether enough was left open to say so."""
        return self.left_open >= NAMED_AFTER and self._leaky_calls >= LEAST_CALLS

    @property
    def shut_out(self) -> bool:
        """Whether so much was left open that the driver must stop for the others' sake."""
        return self.left_open >= SHUT_OUT_AFTER and self._leaky_calls >= LEAST_CALLS


def _lowest_free() -> int:
    try:
        descriptor = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # none is left: whoever took them is long named
        return 0
    os.close(descriptor)
    return descriptor
