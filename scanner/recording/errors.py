"""What can go wrong with a recording; every message says what was lost and what to do."""

from __future__ import annotations

from drivers.api import LorryscanError


class RecordingDamaged(LorryscanError, ValueError):
    """A recording, or a part of it, cannot be read.

    Examples: a file cut before its first whole record; a block whose checksum
    does not match; a message that does not follow the format; a manifest that
    is not JSON.
    """


class RecordingForeign(RecordingDamaged):
    """A file is not a lorryscan recording at all.

    Examples: a text file; an MCAP file written by another program.
    """


class RecordingTooNew(LorryscanError, ValueError):
    """A recording was written in a format newer than this version understands.

    Example: ``format_version`` 2 read by a lorryscan that knows 1.
    """


class RecordingFailed(LorryscanError, OSError):
    """A recording can no longer be written; what was written before stays readable.

    Examples: the disk is full; the disk was pulled out; the folder is read-only.
    """

    def __str__(self) -> str:
        return self.strerror or super().__str__()  # the sentence alone, without the error's number
