"""Recorded scans to compare models on, and the table that says who was inside."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from drivers.api import (
    ConfigError,
    Event,
    EventKind,
    GeneratorState,
    LineBlock,
    LineScanEnd,
    LorryscanError,
    Reading,
    Role,
)
from scanner.comparison.trials import UTC_NS, ImageTrial, is_of_xray, scored
from scanner.modality import Sensor
from scanner.recording.anchor import anchor_of
from scanner.recording.header import RecordingHeader
from scanner.recording.reader import read_recording

YES, NO = ("yes", "1", "true", "occupied"), ("no", "0", "false", "empty")


class NoPicture(LorryscanError, ValueError):
    """A recorded scan has no X-ray passage.

    Example: the lorry was never sent through the portal.
    """


def read_truth(path: Path) -> dict[str, bool]:
    """Read who was inside, by scan.

    The file is CSV with the columns ``scan`` (its id) and ``occupied`` (yes or no): what the searches
    found. A recording itself does not know.

    Raises
    ------
    ConfigError : a column is missing, a word is neither yes nor no, or a scan has two answers.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"--truth {path}: cannot be read ({error}): give a CSV file") from None
    if not rows or not {"scan", "occupied"} <= set(rows[0]):
        raise ConfigError(f"--truth {path}: give a first line scan,occupied and one line a scan")
    truth: dict[str, bool] = {}
    for number, row in enumerate(rows, 2):
        scan, word = (row["scan"] or "").strip(), (row["occupied"] or "").strip().lower()
        if word not in (*YES, *NO):
            raise ConfigError(f'--truth {path}: line {number}: occupied is "{word}": write yes or no')
        if truth.setdefault(scan, word in YES) is not (word in YES):
            raise ConfigError(f"--truth {path}: line {number}: {scan} stands there twice, with yes and no")
    return truth


def recorded_trial(
    visits: Sequence[tuple[RecordingHeader, Path]], occupied: bool, models: Sequence[Path]
) -> ImageTrial:
    """Return what models say of a recorded scan, all its visits.

    Raises
    ------
    NoPicture : there are no X-ray lines in it.
    RecordingDamaged : a file cannot be read.
    """
    header = visits[-1][0]
    items: list[Reading | Event] = []
    sensors: dict[str, Sensor] = {}
    utc_ns = UTC_NS
    for of_visit, path in visits:
        sensors |= of_visit.sensors_by_name()
        for entry in read_recording(path):
            if isinstance(entry, Event) and entry.kind is EventKind.ANCHOR:
                utc_ns = anchor_of(entry).utc_ns
            elif isinstance(entry, Event | LineBlock | LineScanEnd | GeneratorState) and is_of_xray(entry):
                items.append(entry)
    if not any(isinstance(item, LineBlock) for item in items):
        raise NoPicture(f"{header.scan_id}: no X-ray lines were recorded: leave this scan out")
    scores, why = scored(items, sensors, header.declaration, models, utc_ns)
    return ImageTrial(
        header.scan_id,
        header.declaration.plate or header.scan_id,
        _beam_words(items, sensors),
        header.declaration.cargo.value,
        occupied,
        scores,
        why,
    )


def _beam_words(items: Sequence[Reading | Event], sensors: Mapping[str, Sensor]) -> str:
    """Return the generator's voltage in words: as the detector's certificate says, else as it was read."""
    told = [
        sensor.certificate.parameters["beam_kv"]
        for sensor in sensors.values()
        if sensor.role is Role.PORTAL and sensor.certificate and "beam_kv" in sensor.certificate.parameters
    ]
    told += [item.kv for item in items if isinstance(item, GeneratorState) and item.kv > 0]
    if not told:
        return "unknown beam"
    return f"{told[0] / 1000:g} MV" if told[0] >= 1000 else f"{told[0]:g} kV"
