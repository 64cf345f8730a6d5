"""Writes a projection as a recording that replays, marked so that it is taken for no real lorry."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from ulid import ULID

from drivers.api import Event, EventKind, Item, LineBlock, LineScanEnd, RawBytes
from scanner.projection.people import Occupied
from scanner.projection.source import SourceScan
from scanner.recording import strict_json
from scanner.recording.hashing import file_sha256
from scanner.recording.header import RecordingHeader
from scanner.recording.projection import PLATE_MARK, TRUTH_NAME, TRUTH_TYPE, TRUTH_VERSION, run_lengths
from scanner.recording.reader import read_recording
from scanner.recording.records import RecordedAssessment, Tick
from scanner.recording.writer import RecordingWriter
from scanner.simulation.attenuation import Spectrum

_XRAY = {"lines", "line_scan_end", "generator_state"}
_PROBE = (EventKind.PROBE_IN, EventKind.PROBE_OUT)


def write_projection(
    source: SourceScan,
    occupied: Occupied,
    spectra: Mapping[int, Spectrum],
    target: Path,
    keep_others: bool = False,
    beam: str = "",
) -> RecordingHeader:
    """Write the new recording and return its header.

    Left out: recorded assessments, which judged another lorry; the portal's raw bytes; and, unless
    ``keep_others``, what other sensors said, since they tell of an empty lorry.

    Raises
    ------
    RecordingFailed : ``target`` exists, or cannot be written.
    """
    header = _header(source, occupied, spectra, keep_others, beam)
    kept = {sensor.name for sensor in header.sensors}
    new = {one.place: block for one, block in zip(source.blocks, occupied.projected.blocks, strict=True)}
    sha256 = hashlib.sha256()
    writer = RecordingWriter(target, header)
    try:
        for place, record in enumerate(read_recording(source.path)):
            if isinstance(record, RecordedAssessment):
                continue
            if isinstance(record, Tick):
                writer.tick(record.mono_ns)
                continue
            item = _item(new.get(place, record), header, kept, keep_others, source.sensor.name)
            if isinstance(item, LineBlock) and item.stamp.sensor == source.sensor.name:
                sha256.update(np.ascontiguousarray(item.pixels).astype("<u2").tobytes())
            elif isinstance(item, LineScanEnd) and item.stamp.sensor == source.sensor.name:
                item = replace(item, pixel_sha256=sha256.hexdigest())
                sha256 = hashlib.sha256()
            if item is not None:
                writer.write(item)
        writer.attach(TRUTH_NAME, TRUTH_TYPE, strict_json.dumps(truth(source, occupied)))
        writer.close()
    except BaseException:
        writer.close()
        target.unlink(missing_ok=True)  # half a projection is of no use
        raise
    return header


def _header(
    source: SourceScan,
    occupied: Occupied,
    spectra: Mapping[int, Spectrum],
    keep_others: bool,
    beam: str,
) -> RecordingHeader:
    old = source.header
    plan = occupied.plan
    facts = {
        "people": len(occupied.people),
        "seed": plan.seed,
        "source_scan_id": old.scan_id,
        "source_visit": old.visit,
        "source_name": source.path.name,
        "source_sha256": file_sha256(source.path),
        "sensor": source.sensor.name,
        "beam": beam,
        "spectra": {
            str(energy): {"energies_mev": list(one.energies_mev), "weights": list(one.weights)}
            for energy, one in spectra.items()
        },
        "source_m": source.geometry.source_m,
        "source_z_m": source.geometry.source_z_m,
        "wall": occupied.loading.wall,
        "cargo": occupied.loading.cargo,
        "displaced_g_cm3": plan.displaced_g_cm3,
        "blur_px": plan.blur_px,
        "other_sensors": keep_others,
    }
    sensors = tuple(s for s in old.sensors if keep_others or _XRAY & set(s.reads))
    return RecordingHeader(
        scan_id=str(ULID()),
        visit=1,
        lane=old.lane,
        declaration=replace(source.declaration, plate=_marked(source.declaration.plate)),
        sensors=sensors,
        config=old.config,
        projection=facts,
    )


def _marked(plate: str) -> str:
    return f"{PLATE_MARK} {plate}".strip()


def _item(item: Item, header: RecordingHeader, kept: set[str], keep_others: bool, portal: str) -> Item | None:
    """Return what becomes of an item; None = it is left out."""
    if isinstance(item, Event):
        if item.kind in _PROBE and not keep_others:
            return None
        data: dict[str, Any] = dict(item.data)
        if item.kind is EventKind.DECLARATION:
            data["plate"] = _marked(str(data.get("plate", "")))
        if item.kind is EventKind.VISIT_START:
            data["visit"] = header.visit
        return replace(item, scan_id=header.scan_id if item.scan_id else "", data=data)
    if item.stamp.sensor not in kept or (isinstance(item, RawBytes) and item.stamp.sensor == portal):
        return None
    return item


def truth(source: SourceScan, occupied: Occupied) -> dict[str, Any]:
    """Return who is where as JSON values: boxes and masks in lines and pixels of the detector."""
    projected = occupied.projected
    change = next(iter(projected.log_change.values()))
    seen = source.penetrated
    people = []
    for one, mask in zip(occupied.people, projected.each_mask, strict=True):
        lines, pixels = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = None
        if lines.size:
            box = {
                "x": int(lines[0]),
                "y": int(pixels[0]),
                "width": int(lines[-1] - lines[0] + 1),
                "height": int(pixels[-1] - pixels[0] + 1),
            }
        middle = one.corner_m + np.array(one.body.extent_m) / 2
        people.append(
            {
                "body": one.who.body,
                "pose": one.who.pose,
                "age_class": one.who.age_class,
                "age_years": one.who.age_years,
                "stature_m": one.who.stature_m,
                "mass_kg": round(one.body.mass_kg(), 2),
                "split": one.who.split,
                "behind_front_m": round(float(middle[0]) - source.front_m, 3),
                "y_m": round(float(middle[1]), 3),
                "z_m": round(float(middle[2]), 3),
                "box": box,
                "log_change": round(float(np.median(change[mask])), 4) if lines.size else 0.0,
                "penetrated_share": round(float(seen[mask].mean()), 4) if lines.size else 0.0,
                "runs": run_lengths(mask),
            }
        )
    n_lines, n_pixels = projected.person_m.shape
    return {
        "version": TRUTH_VERSION,
        "sensor": source.sensor.name,
        "scan": source.lines()[0].scan,
        "shape": [n_lines, n_pixels],
        "ideal_d_prime": round(occupied.d_prime, 3),
        "people": people,
    }
