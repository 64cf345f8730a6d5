"""Saves the readable part of a cut or damaged recording into a new, whole file."""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mcap
from mcap.reader import make_reader
from mcap.records import Attachment, Channel, McapRecord, Message, Metadata, Schema
from mcap.records import Header as McapHeader
from mcap.writer import CompressionType, Writer

from scanner.recording.code_identity import software_version
from scanner.recording.errors import RecordingDamaged, RecordingFailed
from scanner.recording.hashing import file_sha256
from scanner.recording.header import METADATA_NAME, PROFILE
from scanner.recording.reader import RecordingReader, RecordStream
from scanner.recording.writer import sync_folder

REPAIR_METADATA = "lorryscan.repair"
CHUNK_BYTES = 1 << 20
REPAIRED_SUFFIX = ".repaired.mcap"
"""How the name of a repaired copy ends: beside its original it is the same visit."""


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What a repair saved.

    ``content_sha256`` is over every message in order (topic, times, sequence,
    payload) and is the same for the readable part of the old and the whole of
    the new file; ``lost_bytes`` is what of the old file could not be read.
    """

    source: Path
    source_sha256: str
    repaired: Path
    repaired_sha256: str
    content_sha256: str
    messages: int
    lost_bytes: int
    damage: str

    def lines(self) -> list[str]:
        """Return the report as lines of text."""
        return [
            f"saved    {self.messages} messages into {self.repaired}, read back and compared",
            f"lost     the last {self.lost_bytes} bytes of {self.source} ({self.damage})",
            f"sha256   {self.source_sha256}  {self.source}",
            f"sha256   {self.repaired_sha256}  {self.repaired}",
        ]


def repair(path: Path | str, out: Path | str) -> RepairReport:
    """Write the readable part of a recording into a new file and verify it.

    The old file is left as it is. The new one tells in its metadata
    ``lorryscan.repair`` from which file it was made, with both hashes.

    Raises
    ------
    RecordingForeign, RecordingTooNew : not a recording of this format.
    RecordingDamaged : no message in it can be read, or the new file is not equal
        to what was read; no file is left then.
    RecordingFailed : ``out`` exists, or cannot be written.
    """
    source, target = Path(path), Path(out)
    RecordingReader(source)  # refuses what is no recording of ours
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        report = _write_and_verify(source, target, part)
        _give_name(part, target)
        sync_folder(target.parent)
    except OSError as error:
        raise RecordingFailed(
            error.errno or 0,
            f"{target} cannot be written: {error.strerror or error}. Give another name or place; the old "
            "file is as it was",
        ) from error
    except KeyError as error:
        raise RecordingDamaged(f"{source}: a message refers to channel {error}, never declared") from error
    finally:
        part.unlink(missing_ok=True)
    return report


def _give_name(part: Path, target: Path) -> None:
    try:
        os.link(part, target)  # unlike a rename, never replaces a file that appeared meanwhile
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP):
            raise
        part.rename(target)  # file systems without links (a memory stick)


def _write_and_verify(source: Path, target: Path, part: Path) -> RepairReport:
    source_sha256 = file_sha256(source)
    # the first pass finds how far the file can be read: its facts must stand before the messages
    with source.open("rb") as file:
        stream = RecordStream(file, source.stat().st_size)
        content = _ContentHash()
        for _ in content.over(stream):
            pass
    if not content.messages:
        raise RecordingDamaged(f"{source} holds no message that can be read: nothing to save")
    damage = "nothing, it was whole" if stream.whole else stream.damage or "the file ends in the middle"
    facts = {
        "source_name": source.name,
        "source_sha256": source_sha256,
        "source_bytes": str(source.stat().st_size),
        "readable_bytes": str(stream.readable_bytes),
        "damage": damage,
        "content_sha256": content.hexdigest(),
        "messages": str(content.messages),
        "repaired_utc": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "software_version": software_version(),
    }
    with source.open("rb") as file, part.open("xb") as fresh:
        _copy(RecordStream(file, source.stat().st_size), Writer(fresh, **_WRITER_OPTIONS), facts)
        fresh.flush()
        os.fsync(fresh.fileno())
    _verify(part, content)
    return RepairReport(
        source=source,
        source_sha256=source_sha256,
        repaired=target,
        repaired_sha256=file_sha256(part),
        content_sha256=content.hexdigest(),
        messages=content.messages,
        lost_bytes=source.stat().st_size - stream.readable_bytes,
        damage=damage,
    )


_WRITER_OPTIONS: dict[str, Any] = {
    "chunk_size": CHUNK_BYTES,
    "compression": CompressionType.ZSTD,
    "enable_data_crcs": True,
}


class _ContentHash:
    """SHA-256 over messages in order, whatever blocks and channel numbers they came in."""

    def __init__(self) -> None:
        self.messages = 0
        self._digest = hashlib.sha256()
        self._topics: dict[int, str] = {}

    def over(self, records: Iterable[McapRecord]) -> Iterator[McapRecord]:
        """Pass records on, taking each message into account."""
        for record in records:
            if isinstance(record, Channel):
                self._topics[record.id] = f"{record.topic}\0{sorted(record.metadata.items())}"
            if isinstance(record, Message):
                self.messages += 1
                head = (
                    f"{self._topics.get(record.channel_id)}\0{record.sequence}\0{record.log_time}"
                    f"\0{record.publish_time}\0{len(record.data)}\0"
                )
                self._digest.update(head.encode() + record.data)
            yield record

    def hexdigest(self) -> str:
        """Return the hash so far, hex."""
        return self._digest.hexdigest()


def _copy(records: Iterable[McapRecord], writer: Any, facts: dict[str, str]) -> None:
    schemas: dict[int, int] = {0: 0}
    channels: dict[int, int] = {}
    for record in records:
        match record:
            case McapHeader():
                writer.start(PROFILE, f"lorryscan {software_version()} (mcap {mcap.__version__})")
            case Metadata():
                writer.add_metadata(record.name, record.metadata)
                if record.name == METADATA_NAME:
                    writer.add_metadata(REPAIR_METADATA, facts)
            case Schema() if record.id not in schemas:
                schemas[record.id] = writer.register_schema(record.name, record.encoding, record.data)
            case Channel() if record.id not in channels:
                channels[record.id] = writer.register_channel(
                    record.topic, record.message_encoding, schemas[record.schema_id], record.metadata
                )
            case Message():
                writer.add_message(
                    channels[record.channel_id],
                    record.log_time,
                    record.data,
                    record.publish_time,
                    record.sequence,
                )
            case Attachment():
                writer.add_attachment(
                    record.create_time, record.log_time, record.name, record.media_type, record.data
                )
    writer.finish()


def _verify(part: Path, wanted: _ContentHash) -> None:
    found = _ContentHash()
    with part.open("rb") as file:
        stream = RecordStream(file, part.stat().st_size)
        for _ in found.over(stream):
            pass
        file.seek(0)
        summary = make_reader(file).get_summary()
    counted = summary.statistics.message_count if summary and summary.statistics else 0
    same = found.hexdigest() == wanted.hexdigest() and counted == wanted.messages
    if not (stream.whole and same):
        raise RecordingDamaged(f"{part} differs from what was read: check the disk; nothing was kept")
    RecordingReader(part)
