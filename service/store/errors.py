"""What can go wrong with the store, each with what to do."""

from __future__ import annotations

from drivers.api import LorryscanError


class StoreError(LorryscanError):
    """Root of the store's errors."""


class NotFound(StoreError, LookupError):
    """What was asked for is not there.

    Examples: an alert's id with a letter missing; a lane that was never added.
    """


class Conflict(StoreError):
    """What was asked contradicts what is stored; ``code`` is a stable word for programs.

    Examples: another officer acknowledged the alert first (``already_acknowledged``); a message's
    key comes again with other contents (``key_reused``); the last supervisor would be disabled
    (``last_supervisor``).
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Malformed(StoreError, ValueError):
    """What was sent cannot be stored as text.

    Examples: half of a surrogate pair, or NaN, under a key that nobody checks.
    """


class StoreBusy(StoreError, OSError):
    """Another process has the data folder.

    Examples: the service runs while ``lorryscan accounts add`` is called on its folder.
    """


class StoreUnavailable(StoreError, OSError):
    """The store cannot be read or written now; nothing was half done.

    Examples: the disk is full; its cable came loose; the folder may not be written.
    """
