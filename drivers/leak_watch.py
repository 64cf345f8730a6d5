"""Counts the descriptors that a driver's calls leave open, so that one leak cannot starve a whole lane.

Descriptors belong to the process and not to a thread, and other drivers open and close
while one is in a call. So two counts are held together: by how much the lowest free
descriptor went up during the call, and how many this very thread opened in it, which
Python's audit events tell ("open", "socket.__new__"). The smaller of both is the driver's.
What a C library opens behind Python's back is not seen here; the conformance kit, where
a driver is alone, sees that too.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

NAMED_AFTER, SHUT_OUT_AFTER = 32, 256
"""Descriptors left open at which a driver is named, and shut out; a process has 1024 as a rule."""


class LeakWatch:
    """Sums what calls of one driver leave open.

    Attributes
    ----------
    left_open : descriptors that its calls have left open so far.

    Examples
    --------
    >>> watch = LeakWatch()
    >>> with watch.call():
    ...     descriptor = os.open(os.devnull, os.O_RDONLY)
    >>> watch.left_open
    1
    >>> os.close(descriptor)
    """

    def __init__(self) -> None:
        _listen()
        self.left_open = 0

    @contextlib.contextmanager
    def call(self) -> Iterator[None]:
        """Watch one call of the driver, in the thread that makes it."""
        before = _lowest_free()
        _opened.count = 0
        yield
        opened = _opened.count
        if opened:  # the rule is that nothing was: then nothing more is asked of the system
            self.left_open += max(0, min(opened, _lowest_free() - before))

    @property
    def named(self) -> bool:
        """Whether enough was left open to say so."""
        return self.left_open >= NAMED_AFTER

    @property
    def shut_out(self) -> bool:
        """Whether so much was left open that the driver must stop for the others' sake."""
        return self.left_open >= SHUT_OUT_AFTER


class _Opened(threading.local):
    count = 0


_opened = _Opened()
_listening = threading.Lock()


def _listen() -> None:
    """Have the process count what each thread opens; a hook stays for good, so there is one."""
    if _listening.acquire(blocking=False):
        sys.addaudithook(_note)


def _note(event: str, _: tuple[Any, ...]) -> None:
    if event in ("open", "socket.__new__"):
        _opened.count += 1


def _lowest_free() -> int:
    try:
        descriptor = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # none is left: whoever took them is long named
        return 0
    os.close(descriptor)
    return descriptor
