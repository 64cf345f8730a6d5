"""Reads a recording in the order of the file, up to the cut where there is one."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard
from mcap.exceptions import EndOfFile, McapError, RecordLengthLimitExceeded
from mcap.records import Channel, Chunk, Footer, McapRecord, Metadata
from mcap.records import Header as McapHeader
from mcap.records import Message as McapMessage
from mcap.stream_reader import StreamReader, breakup_chunk
from mcap.writer import MCAP0_MAGIC

from drivers.api import Event, EventKind
from scanner.recording.anchor import Anchor, anchor_of
from scanner.recording.codec import ChannelKey, Message, decode
from scanner.recording.errors import RecordingDamaged, RecordingForeign
from scanner.recording.header import METADATA_NAME, PROFILE, RecordingHeader, header_from
from scanner.recording.records import Recorded

UNREADABLE = (
    McapError,
    ValueError,  # also UnicodeDecodeError and a wrong checksum
    OverflowError,
    MemoryError,
    AssertionError,
    struct.error,
    zstandard.ZstdError,
    RuntimeError,  # of lz4, which other writers may use
)
"""What the MCAP library raises on bytes that are not what they should be."""


class RecordStream:
    """The MCAP records of a file with blocks taken apart, and where the readable part ends.

    After iteration: ``whole`` tells whether the file ends as it should,
    ``readable_bytes`` how far it can be read, ``damage`` what is wrong there in
    words ("" for a plain cut or a whole file).
    """

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self.whole = False
        self.readable_bytes = 0
        self.damage = ""
        self._file = file
        self._size_bytes = size_bytes

    def __iter__(self) -> Iterator[McapRecord]:
        # a record longer than the file reaches past its end: a cut like any other,
        # and the limit keeps a damaged length from asking for memory
        stream = StreamReader(
            self._file,
            emit_chunks=True,
            validate_crcs=True,
            record_size_limit=self._size_bytes,
        )
        records = stream.records
        while True:
            try:
                record = next(records)
                if isinstance(record, Footer):
                    next(records, None)  # the library checks the closing magic on its way out
                    self.whole = True
            except (StopIteration, EndOfFile, RecordLengthLimitExceeded):
                return
            except UNREADABLE as error:
                # in a file that ends in mid-record the library sees a short number or text
                if self._file.tell() < self._size_bytes:
                    self.damage = str(error) or type(error).__name__
                return
            try:
                parts = breakup_chunk(record, validate_crc=True) if isinstance(record, Chunk) else [record]
            except UNREADABLE as error:
                self.damage = str(error) or type(error).__name__
                return
            self.readable_bytes = self._file.tell()
            yield from parts


class RecordingReader:
    """One recording; each iteration goes through what it holds from the start.

    Attributes
    ----------
    header : the recording's first record.
    library : program that wrote it.
    stream : where the readable part ends, once an iteration has.
    foreign_messages : messages on topics that are not of this format, left out.

    Raises
    ------
    RecordingForeign : not an MCAP file, or not written as a recording.
    RecordingTooNew : written in a newer format.
    RecordingDamaged : cut or damaged before its first record; during iteration,
        damaged further on: what was read until then stands.
    OSError : the file cannot be opened.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.foreign_messages = 0
        with self.path.open("rb") as file:
            self.stream = self._stream_of(file)
            records = iter(self.stream)
            first = next(records, None)
            if first is None:
                raise self._nothing_in(file)
            self.library = self._library(first)
            self.header = self._header(next(records, None))

    def __iter__(self) -> Iterator[Recorded]:
        self.foreign_messages = 0
        channels: dict[int, ChannelKey] = {}
        anchor: Anchor | None = None
        with self.path.open("rb") as file:
            self.stream = self._stream_of(file)
            for record in self.stream:
                if isinstance(record, Channel):
                    channels[record.id] = channel_key(record)
                if not isinstance(record, McapMessage):
                    continue
                if record.channel_id not in channels:
                    raise RecordingDamaged(f"{self.path}: a message on a channel that was never declared")
                decoded = self._decode(message_of(record, channels[record.channel_id]), anchor)
                if decoded is None:
                    self.foreign_messages += 1
                    continue
                if isinstance(decoded, Event) and decoded.kind is EventKind.ANCHOR:
                    anchor = self._anchor(decoded)
                if anchor is None:
                    raise RecordingDamaged(f"{self.path} does not begin with an anchor event")
                yield decoded
        if self.stream.damage:
            raise RecordingDamaged(
                f"{self.path} is damaged after byte {self.stream.readable_bytes} ({self.stream.damage}); "
                f"what stands before can be saved: lorryscan recording repair {self.path}"
            )

    def _stream_of(self, file: BinaryIO) -> RecordStream:
        return RecordStream(file, self.path.stat().st_size)

    def _nothing_in(self, file: BinaryIO) -> RecordingDamaged:
        file.seek(0)
        start = file.read(len(MCAP0_MAGIC))
        if MCAP0_MAGIC.startswith(start):
            return RecordingDamaged(f"{self.path} is cut before its first record: it holds nothing to save")
        return RecordingForeign(f"{self.path} is not an MCAP file: give a lorryscan recording")

    def _library(self, first: McapRecord) -> str:
        if isinstance(first, McapHeader) and first.profile == PROFILE:
            return first.library
        profile = getattr(first, "profile", "")
        raise RecordingForeign(
            f"{self.path} is an MCAP file, but not a lorryscan recording (its profile is {profile!r})"
        )

    def _header(self, second: McapRecord | None) -> RecordingHeader:
        if isinstance(second, Metadata) and second.name == METADATA_NAME:
            return header_from(second.metadata, str(self.path))
        if second is None:
            cause = self.stream.damage or "the file ends there"
            raise RecordingDamaged(
                f"{self.path} cannot be read beyond its first record ({cause}): it holds nothing to save"
            )
        raise RecordingDamaged(f"{self.path} does not begin with metadata {METADATA_NAME}")

    def _decode(self, message: Message, anchor: Anchor | None) -> Recorded | None:
        try:
            return decode(message, anchor)
        except RecordingDamaged as error:
            raise RecordingDamaged(f"{self.path}: {error}") from error

    def _anchor(self, event: Event) -> Anchor:
        try:
            return anchor_of(event)
        except ValueError as error:
            raise RecordingDamaged(f"{self.path}: {error}") from error


def read_recording(path: Path | str) -> Iterator[Recorded]:
    """Return what a recording holds in the order in which it happened.

    A file that was cut off (power, kill) simply ends where it was cut;
    `scanner.recording.recording_info` tells whether it is whole.

    Raises
    ------
    RecordingForeign, RecordingTooNew, RecordingDamaged : see `RecordingReader`.
    """
    return iter(RecordingReader(path))


def read_header(path: Path | str) -> RecordingHeader:
    """Return only the first record of a recording.

    Raises
    ------
    RecordingForeign, RecordingTooNew, RecordingDamaged : see `RecordingReader`.
    """
    return RecordingReader(path).header


def channel_key(record: Channel) -> ChannelKey:
    """Return what a channel record of a file says; its schema is not needed to read."""
    return ChannelKey(record.topic, record.message_encoding, metadata=tuple(record.metadata.items()))


def message_of(record: McapMessage, channel: ChannelKey) -> Message:
    """Return a message record of a file with its channel."""
    return Message(channel, record.data, record.sequence, record.log_time, record.publish_time)
