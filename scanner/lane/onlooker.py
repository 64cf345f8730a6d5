"""Who looks at a lane from outside its thread: what it is told, and when."""

from __future__ import annotations

from typing import Protocol

from drivers.api import Item


class Onlooker(Protocol):
    """Sees what passes through a lane; called in the lane's thread, so each call must return at once."""

    def see(self, item: Item) -> None:
        """Take note of a reading, a state or an event."""

    def published(self) -> None:
        """Know that there is a new snapshot."""

    def closing(self) -> None:
        """Know that the outbox is about to be closed: the lane has ended, this may take a moment."""
