"""What a decoder has seen: bytes, frames, and what it dropped and why."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class DecodeCounters:
    """Running totals of one decoder; they only ever grow.

    Parameters
    ----------
    bytes_in : bytes that were fed.
    frames : frames that were whole and became messages.
    bytes_dropped : bytes that became no message, delimiters between frames not counted.
    dropped : frames (or runs of garbage) dropped, by reason.

    Examples
    --------
    >>> seen = DecodeCounters()
    >>> seen.drop("checksum", 12)
    >>> seen.frames_dropped, seen.bytes_dropped
    (1, 12)
    """

    bytes_in: int = 0
    frames: int = 0
    bytes_dropped: int = 0
    dropped: dict[str, int] = field(default_factory=dict)

    def drop(self, reason: str, n_bytes: int) -> None:
        """Count one dropped frame of ``n_bytes`` bytes."""
        self.bytes_dropped += n_bytes
        self.dropped[reason] = self.dropped.get(reason, 0) + 1

    @property
    def frames_dropped(self) -> int:
        """Frames dropped for any reason."""
        return sum(self.dropped.values())
