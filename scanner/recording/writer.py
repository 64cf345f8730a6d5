"""Writes one visit: everything in the order given, on the disk within a second."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import mcap
from mcap.writer import CompressionType, Writer

from drivers.api import Event, EventKind, Item
from scanner.recording.anchor import Anchor, anchor_of
from scanner.recording.codec import ChannelKey, encode
from scanner.recording.errors import RecordingFailed
from scanner.recording.header import METADATA_NAME, PROFILE, RecordingHeader
from scanner.recording.records import Recorded, RecordedAssessment, Tick, mono_ns_of
from scanner.recording.schemas import schema

SYNC_PERIOD_NS = 1_000_000_000
BUFFER_BYTES = 1 << 20


class RecordingWriter:
    """Writes a recording that stays readable up to the last second whatever happens.

    Each second, by the time of what is recorded or by the clock on the wall, the
    block in progress is ended, flushed to the operating system and to the disk.
    One thread calls it; it never drops and never reorders. The first item is an
    anchor event (`scanner.recording.anchor.read_anchor`).

    Parameters
    ----------
    path : file to be made; it must not exist.
    header : what the recording begins with.
    file : an open binary file to write to instead of making ``path``.

    Raises
    ------
    RecordingFailed : the file exists, or cannot be made or written. Once a write
        has failed, every later one fails alike.
    """

    def __init__(self, path: Path | str, header: RecordingHeader, *, file: BinaryIO | None = None) -> None:
        self.path = Path(path)
        self.header = header
        self._anchor: Anchor | None = None
        self._channels: dict[ChannelKey, int] = {}
        self._schemas: dict[str, int] = {"": 0}
        self._failure: OSError | None = None
        self._closed = False
        self._synced_mono_ns = 0
        self._synced_wall_ns = time.monotonic_ns()
        try:
            self._file: BinaryIO = file or self.path.open("xb", buffering=BUFFER_BYTES)
        except OSError as error:
            raise self._failed(error) from error
        try:
            self._mcap: Any = Writer(self._file, compression=CompressionType.ZSTD, enable_data_crcs=True)
            library = f"lorryscan {header.software_version} (mcap {mcap.__version__})"
            self._mcap.start(profile=PROFILE, library=library)
            self._mcap.add_metadata(METADATA_NAME, header.to_metadata())
            self._to_disk()
            if file is None:
                sync_folder(self.path.parent)
        except OSError as error:
            self._abandon()
            raise self._failed(error) from error

    def write(self, item: Item) -> None:
        """Append a reading, raw bytes or an event.

        Raises
        ------
        RecordingFailed : the disk is full or gone.
        ValueError : the first item is not an anchor; an item that its type forbids.
        TypeError : event data that JSON cannot hold.
        """
        if isinstance(item, Event) and item.kind is EventKind.ANCHOR:
            self._anchor = anchor_of(item)
        self._append(item)

    def tick(self, mono_ns: int) -> None:
        """Append a pipeline tick."""
        self._append(Tick(mono_ns))

    def assessment(self, assessment: Mapping[str, Any], mono_ns: int) -> None:
        """Append what the pipeline answered, a JSON object with a ``digest``."""
        if not isinstance(assessment.get("digest"), str):
            raise ValueError("an assessment is recorded with its digest")
        self._append(RecordedAssessment(mono_ns, assessment))

    def attach(self, name: str, media_type: str, data: bytes) -> None:
        """Attach a file to the recording."""
        self._check_usable()
        try:
            self._mcap.flush()
            self._mcap.add_attachment(0, 0, name, media_type, data)
            self._to_disk()
        except OSError as error:
            self._abandon()
            raise self._failed(error) from error

    def sync(self) -> None:
        """End the block in progress and put everything on the disk now."""
        self._check_usable()
        try:
            self._to_disk()
        except OSError as error:
            self._abandon()
            raise self._failed(error) from error

    def close(self) -> None:
        """Write the index and close; a second call, or one after a failure, does nothing."""
        if self._closed:
            return
        try:
            self._mcap.finish()
            self._file.flush()
            _sync_file(self._file)
            self._file.close()
            self._closed = True
        except OSError as error:
            self._abandon()
            raise self._failed(error) from error

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _append(self, record: Recorded) -> None:
        self._check_usable()
        if self._anchor is None:
            raise ValueError(f"a recording begins with an anchor event, not with {type(record).__name__}")
        message = encode(record, self._anchor)
        mono_ns = mono_ns_of(record)
        try:
            self._mcap.add_message(
                self._channel_id(message.channel),
                log_time=message.log_time_ns,
                data=message.data,
                publish_time=message.publish_time_ns,
                sequence=message.sequence,
            )
            by_record = mono_ns - self._synced_mono_ns >= SYNC_PERIOD_NS
            if by_record or time.monotonic_ns() - self._synced_wall_ns >= SYNC_PERIOD_NS:
                self._synced_mono_ns = mono_ns
                self._to_disk()
        except OSError as error:
            self._abandon()
            raise self._failed(error) from error

    def _channel_id(self, key: ChannelKey) -> int:
        if key not in self._channels:
            if key.schema not in self._schemas:
                encoding, data = schema(key.schema)
                self._schemas[key.schema] = self._mcap.register_schema(key.schema, encoding, data)
            self._channels[key] = self._mcap.register_channel(
                key.topic, key.encoding, self._schemas[key.schema], dict(key.metadata)
            )
        return self._channels[key]

    def _to_disk(self) -> None:
        # the library's flush ends the block and empties the file object's buffer;
        # without it fsync would put on the disk only what earlier blocks held
        self._mcap.flush()
        _sync_file(self._file)
        self._synced_wall_ns = time.monotonic_ns()

    def _check_usable(self) -> None:
        if self._failure is not None:
            raise self._failed(self._failure) from self._failure
        if self._closed:
            raise ValueError(f"the recording {self.path} is closed")

    def _failed(self, error: OSError) -> RecordingFailed:
        self._failure = error
        return RecordingFailed(
            error.errno or 0,
            f"The recording {self.path} cannot be written: {error.strerror or error}. What was recorded up "
            "to the second before can be read; free or replace the disk and start the visit again",
        )

    def _abandon(self) -> None:
        # after a failed write the place in the file is unknown: nothing may follow
        self._closed = True
        with contextlib.suppress(OSError):  # closing flushes once more and fails alike
            self._file.close()


def _sync_file(file: BinaryIO) -> None:
    try:
        number = file.fileno()
    except OSError:
        return  # a file in memory has no disk
    os.fsync(number)


def sync_folder(folder: Path) -> None:
    """Put a folder's list of names on the disk, so that a new file's name survives a power cut."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
