"""Transcripts: what crossed a device's wire and what its driver made of it, as a text that becomes a test.

A file ends in ``.transcript.jsonl`` and holds one JSON object a line, in the order in which it happened:

- the head: ``lorryscan_transcript`` (the format's version, 1), ``checked_against``, ``driver``,
  ``driver_version``, ``distribution``, ``api``, ``recorded_utc``, ``config``, ``capabilities``;
- an act on the wire: ``t`` (s since the recording began) and one of ``open`` (URL, with ``settings``),
  ``tx``, ``rx`` (bytes in hex), ``discard``, ``close`` (true), ``lost`` (words); ``link`` counts openings
  and stands only where it is not 0;
- what the driver returned: ``t`` with ``identity`` or ``reading`` (see `drivers.conformance.reading_text`);
- the end: ``t`` and ``end``, why it ended.

``checked_against`` is for a person: "the display showed 904 ppm". Readings that were recorded through a
driver prove that it says the same again; only somebody who looked elsewhere can say that it is true.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from drivers.api import API_VERSION, Identity, LorryscanError, Reading
from drivers.conformance.exchange import Act, Exchange
from drivers.conformance.reading_text import described, plain
from drivers.conformance.scripted_links import (
    Pieces,
    RecordingLinks,
    ScriptedLink,
    ScriptedLinks,
    TranscriptMismatch,
)

__all__ = [
    "SUFFIX",
    "VERSION",
    "Act",
    "Exchange",
    "Pieces",
    "RecordedReading",
    "RecordingLinks",
    "ScriptedLink",
    "ScriptedLinks",
    "Transcript",
    "TranscriptDamaged",
    "TranscriptMismatch",
    "TranscriptWriter",
    "described",
    "load",
    "save",
]

VERSION = 1
SUFFIX = ".transcript.jsonl"


class TranscriptDamaged(LorryscanError, ValueError):
    """A file is no transcript, or a line of it cannot be read.

    Examples: the last line is cut because the disk was full; a hex string lost a digit in an editor.
    """


@dataclass(frozen=True, slots=True)
class RecordedReading:
    """A reading as `described`, and when the driver returned it, s since the recording began."""

    at_s: float
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Transcript:
    """One device's conversation with its driver.

    Parameters
    ----------
    driver : the driver's name.
    exchanges : what happened on its wires, in order.
    readings : what the driver made of it, in order.
    config : the driver's configuration without secrets.
    checked_against : what a person compared the readings with; empty when nobody did.
    driver_version, distribution : version and name of the package that holds the driver.
    api : version of ``drivers.api`` at the time.
    recorded_utc : when, as ISO 8601.
    capabilities : what the driver promised.
    identity : who answered; None when it was not asked.
    ended : why the recording ended; empty when it was cut off.
    """

    driver: str
    exchanges: tuple[Exchange, ...] = ()
    readings: tuple[RecordedReading, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    checked_against: str = ""
    driver_version: str = ""
    distribution: str = ""
    api: str = API_VERSION
    recorded_utc: str = ""
    capabilities: Mapping[str, Any] = field(default_factory=dict)
    identity: Identity | None = None
    ended: str = ""

    @property
    def said(self) -> list[Mapping[str, Any]]:
        """The readings alone, to compare with `described` ones."""
        return [reading.said for reading in self.readings]


HEAD = (
    "checked_against",
    "driver",
    "driver_version",
    "distribution",
    "api",
    "recorded_utc",
    "config",
    "capabilities",
)


class TranscriptWriter:
    """Writes a transcript line by line, so that what was heard before a crash is kept.

    Parameters
    ----------
    path : the file; what was there is replaced.
    head : a transcript; its exchanges, readings, identity and end are left to the methods.
    """

    def __init__(self, path: Path, head: Transcript) -> None:
        self._file: IO[str] = path.open("w", encoding="utf-8", newline="\n")
        told = {key: plain(getattr(head, key)) for key in HEAD}
        self._line({"lorryscan_transcript": VERSION, **told})

    def exchange(self, exchange: Exchange) -> None:
        """Write an act on the wire."""
        line: dict[str, Any] = {"t": _seconds(exchange.at_s)}
        if exchange.link:
            line["link"] = exchange.link
        if exchange.act in (Act.RX, Act.TX):
            line[exchange.act.value] = exchange.data.hex()
        elif exchange.act in (Act.OPEN, Act.LOST):
            line[exchange.act.value] = exchange.text
        else:
            line[exchange.act.value] = True
        if exchange.act is Act.OPEN:
            line["settings"] = plain(exchange.settings)
        self._line(line)

    def reading(self, at_s: float, reading: Reading | Mapping[str, Any]) -> None:
        """Write what the driver returned."""
        said = reading if isinstance(reading, Mapping) else described(reading)
        self._line({"t": _seconds(at_s), "reading": said})

    def identity(self, at_s: float, identity: Identity) -> None:
        """Write who answered."""
        self._line({"t": _seconds(at_s), "identity": plain(identity)})

    def end(self, at_s: float, why: str) -> None:
        """Write why the recording ended."""
        self._line({"t": _seconds(at_s), "end": why})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _line(self, values: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n")


def save(path: Path, transcript: Transcript) -> None:
    """Write a whole transcript, acts and readings in the order of their times."""
    with TranscriptWriter(path, transcript) as writer:
        if transcript.identity is not None:
            writer.identity(0.0, transcript.identity)
        acts: list[Exchange | RecordedReading] = [*transcript.exchanges, *transcript.readings]
        acts.sort(key=lambda act: act.at_s)  # stable: acts stand before readings of the same time
        for act in acts:
            if isinstance(act, Exchange):
                writer.exchange(act)
            else:
                writer.reading(act.at_s, act.said)
        if transcript.ended:
            writer.end(acts[-1].at_s if acts else 0.0, transcript.ended)


def load(path: Path) -> Transcript:
    """Read a transcript.

    Raises
    ------
    TranscriptDamaged : it is none, it is of a later version, or a line cannot be read; says which.
    """
    try:
        # not splitlines: JSON leaves other line separators of Unicode as they are
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError:
        raise TranscriptDamaged(f"{path} is no text: give a file that ends in {SUFFIX}") from None
    head = _object(path, 1, lines[0] if lines else "")
    version = head.get("lorryscan_transcript")
    if not isinstance(version, int):
        raise TranscriptDamaged(f"{path} is no transcript: record one with lorryscan drivers record")
    if version > VERSION:
        raise TranscriptDamaged(
            f"{path} is of version {version}, this installation reads up to {VERSION}: install a newer one"
        )
    exchanges: list[Exchange] = []
    readings: list[RecordedReading] = []
    identity: Identity | None = None
    ended = ""
    for number, text in enumerate(lines[1:], start=2):
        if not text.strip():
            continue
        line = _object(path, number, text)
        try:
            at_s = float(line["t"])
            if "reading" in line:
                readings.append(RecordedReading(at_s, dict(line["reading"])))
            elif "identity" in line:
                identity = Identity(**line["identity"])
            elif "end" in line:
                ended = str(line["end"])
            else:
                exchanges.append(_exchange(at_s, line))
        except (KeyError, TypeError, ValueError) as error:
            raise TranscriptDamaged(
                f"{path}, line {number}: {error}: take the file as it was recorded, or mend the line"
            ) from None
    told = {key: head[key] for key in HEAD if key in head}
    if "driver" not in told:
        raise TranscriptDamaged(f"{path}, line 1: it names no driver: add it")
    return Transcript(
        **told, exchanges=tuple(exchanges), readings=tuple(readings), identity=identity, ended=ended
    )


def _exchange(at_s: float, line: Mapping[str, Any]) -> Exchange:
    act = next((act for act in Act if act.value in line), None)
    if act is None:
        raise ValueError(f"it says none of {', '.join(act.value for act in Act)}")
    value, link = line[act.value], int(line.get("link", 0))
    if act in (Act.RX, Act.TX):
        return Exchange(at_s, act, bytes.fromhex(value), link)
    if act in (Act.OPEN, Act.LOST):
        return Exchange(at_s, act, link=link, text=str(value), settings=dict(line.get("settings", {})))
    return Exchange(at_s, act, link=link)


def _object(path: Path, number: int, text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        line = None
    if not isinstance(line, dict):
        raise TranscriptDamaged(
            f"{path}, line {number}: it is no JSON object: take the file as it was recorded, or mend the line"
        )
    return line


def _seconds(at_s: float) -> float:
    return round(at_s, 6)
