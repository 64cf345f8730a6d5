"""One X-ray passage: lines collected as they come, then measured once, or why they cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationMissing
from calibration.line_pixels import PixelClass
from drivers.api import Flag, LineBlock, LineKind, LineScanEnd
from models.runtime import ImageModel, ModelMismatch
from scanner.evidence import Box, Overlay, Reason
from scanner.signals.xray import (
    TOP_MM,
    blind_share,
    load_space_mask,
    vehicle_columns,
)
from scanner.signals.xray_chain import chain_state, finish, gather
from scanner.signals.xray_scan import Scan, ScanUnusable, Setup
from scanner.vehicle import VehicleClass

LOST_LIMIT = 0.02  # share of lines, lost or repeated
SATURATED_LIMIT = 0.01  # share of pixels
DEAD_LIMIT = 0.10  # share of pixels
BLIND_LIMIT = 0.30  # share of the load space: beyond it a low score means nothing
SHORTEST_VEHICLE_MM = 4000.0
_NO_BEAM = int(Flag.BEAM_OFF | Flag.EMERGENCY_STOP)
_OVERLAY_ROWS, _OVERLAY_COLUMNS = 128, 256


class PassageUnusable(Exception):
    """The picture says nothing; the reason tells why."""

    def __init__(self, code: str, **values: float | str) -> None:
        super().__init__(code)
        self.reason = Reason(code, values)


@dataclass(slots=True)
class Passage:
    """What one detector sent for one vehicle.

    Dark and air lines stay valid for passages of the same visit that follow them;
    data lines of a new run of the detector replace those of the last. A run is what
    the detector sends from line 1 to END; its scan number may come again.

    Parameters
    ----------
    visit : counts the visits of the scan; passages of a later visit are newer.
    dark, air, data : of energy 0; ``after`` air lines after the data lines of the same run.
    further : the same of the other energies, by index and kind.
    """

    visit: int = 0
    dark: list[LineBlock] = field(default_factory=list)
    air: list[LineBlock] = field(default_factory=list)
    after: list[LineBlock] = field(default_factory=list)
    data: list[LineBlock] = field(default_factory=list)
    further: dict[int, Passage] = field(default_factory=dict)
    end: LineScanEnd | None = None
    taken: int = 0  # lines of every kind and energy in the run that END closed
    last_ns: int = 0
    beam_off_seen: bool = False
    _run: int = 0
    _scan: int | None = None  # None: the run is over
    _lines: int = 0
    _last_number: dict[int, int] = field(default_factory=dict)  # by energy
    _run_of: dict[LineKind, int] = field(default_factory=dict)

    @property
    def data_run(self) -> int:
        """The detector's run that the data lines belong to, counted from 1."""
        return self._run_of.get(LineKind.DATA, 0)

    def take(self, block: LineBlock) -> None:
        """Add a block; one of another run or width replaces what it cannot join."""
        if block.line_numbers.size == 0:
            return
        self._follow_run(block)
        if block.energy != 0:
            other = self.further.setdefault(block.energy, Passage(self.visit))
            other._run = self._run
            other._keep(block)
            return
        if self._keep(block):
            self.end, self.beam_off_seen = None, False
            for other in self.further.values():
                if other.data_run != self._run:
                    other.data.clear()
        if block.kind is LineKind.DATA:
            self.last_ns = block.stamp.mono_ns

    def _keep(self, block: LineBlock) -> bool:
        """Add a block to its kind; says whether it is the first of new data lines."""
        if block.kind is LineKind.AIR and self.data and self.data_run == self._run:
            self.after.append(block)
            return False
        kept = {LineKind.DARK: self.dark, LineKind.AIR: self.air, LineKind.DATA: self.data}[block.kind]
        if kept and (
            self._run_of[block.kind] != self._run or kept[-1].pixels.shape[1] != block.pixels.shape[1]
        ):
            kept.clear()
        first = block.kind is LineKind.DATA and not kept
        if first:
            self._air_after_is_before()
        self._run_of[block.kind] = self._run
        kept.append(block)
        return first

    def _air_after_is_before(self) -> None:
        # air lines after one passage are the newest before the next
        if self.after and self._run_of.get(LineKind.AIR) != self._run:
            self.air[:] = self.after
        self.after.clear()

    def _follow_run(self, block: LineBlock) -> None:
        # a detector that was restarted may use its scan number again: its line numbers begin again
        again = int(block.line_numbers[0]) <= self._last_number.get(block.energy, -1)
        if block.scan != self._scan or again:
            self._run += 1
            self._scan, self._lines = block.scan, 0
            self._last_number.clear()
        self._lines += int(block.line_numbers.size)
        self._last_number[block.energy] = int(block.line_numbers[-1])

    def finish(self, end: LineScanEnd) -> None:
        """Note the detector's END when it belongs to the data lines."""
        if self._scan != end.scan:
            return
        if self.data and self.data_run == self._run:
            self.end, self.taken = end, self._lines
        self._scan = None


@dataclass(frozen=True, slots=True)
class Measured:
    """A scored picture, before its score is weighed."""

    score: float
    blind: float
    features: Mapping[str, float]
    overlays: tuple[Overlay, ...]
    blind_overlays: tuple[Overlay, ...]


def _joined(arrays: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.asarray(a, np.int64) for a in arrays])


def measure(
    passage: Passage,
    vehicle_class: VehicleClass,
    parameters: Mapping[str, float],
    model: ImageModel,
    sensor: str,
) -> Measured:
    """Correct, resample and score a finished passage.

    Parameters
    ----------
    parameters : of the detector's certificate; ``pixel_pitch_um``, ``line_pitch_um``,
        ``encoder_um_per_count`` and ``top_mm`` override what the stream declares.

    Raises
    ------
    PassageUnusable : with the reason; examples: no dark lines, beam off, lost lines.
    """
    lit = _joined([b.line_flags.astype(np.int64) for b in passage.data]) & _NO_BEAM == 0
    numbers = _joined([b.line_numbers for b in passage.data])
    if passage.beam_off_seen or 1 - lit.mean() > LOST_LIMIT:
        raise PassageUnusable("xray_beam_off", percent=100 * (1 - float(lit.mean())))
    lost = _lost_share(passage, numbers, int(lit.sum()))
    if lost > LOST_LIMIT:
        raise PassageUnusable("xray_lines_lost", percent=100 * lost)
    end = passage.end
    if end is not None and not end.hash_matches and end.lines_received >= end.lines_sent:
        raise PassageUnusable("xray_hash_mismatch", sensor=sensor)
    scan, further = _scans(passage, parameters, model, sensor)
    unusable = scan.report.unusable_share
    if unusable > DEAD_LIMIT:
        raise PassageUnusable("xray_dead_pixels", percent=100 * unusable)
    if scan.report.shares[PixelClass.SATURATED] > SATURATED_LIMIT:
        raise PassageUnusable("xray_saturated", percent=100 * scan.report.shares[PixelClass.SATURATED])
    if scan.report.dark / scan.report.lines > LOST_LIMIT:
        raise PassageUnusable("xray_beam_off", percent=100 * scan.report.dark / scan.report.lines)
    lost = max(lost, (scan.report.repeated + scan.report.dose_off) / scan.report.lines)
    if lost > LOST_LIMIT:
        raise PassageUnusable("xray_lines_lost", percent=100 * lost)
    picture = scan
    extent = vehicle_columns(picture.image)
    if extent is None or (extent[1] - extent[0]) * picture.mm_per_px < SHORTEST_VEHICLE_MM:
        raise PassageUnusable("xray_no_vehicle")
    if extent[0] == 0 or extent[1] == picture.image.shape[1]:
        raise PassageUnusable("xray_lorry_cut")
    top_mm = parameters.get("top_mm", TOP_MM)
    space = load_space_mask(picture.image, picture.mm_per_px, vehicle_class, top_mm) & picture.covered
    if not space.any():
        raise PassageUnusable("xray_no_vehicle")
    try:
        found = model.infer(picture.image, space)
    except ModelMismatch as mismatch:
        metres = picture.image.shape[1] * picture.mm_per_px / 1000
        raise PassageUnusable("xray_wrong_size", metres=metres) from mismatch
    n_pixels = passage.data[0].pixels.shape[1]
    pixel_um = parameters.get("pixel_pitch_um", float(passage.data[0].pixel_pitch_um))
    to_sensor = _SensorGrid(picture, pixel_um / 1000, (n_pixels, lit.size))
    boxes = tuple(to_sensor.box(Box(r.x, r.y, r.width, r.height, r.score)) for r in found.regions[:20])
    share = blind_share(picture.mask, space)
    features = {
        "lines": float(lit.size),
        "lost_share": lost,
        "dead_pixels": float(round(unusable * n_pixels)),
        "blind_share": share,
        **_found(scan, further, space),
        "vehicle_m": (extent[1] - extent[0]) * picture.mm_per_px / 1000,
        "regions": float(len(found.regions)),
        "median_attenuation": float(np.median(picture.image[space])),
    }
    overlays = (
        Overlay("heatmap", sensor, image=to_sensor.image(found.heatmap)),
        Overlay("boxes", sensor, boxes=boxes),
    )
    blind = space & (picture.mask >= PixelClass.NOT_PENETRATED)
    dark_parts = Overlay("heatmap", sensor, image=to_sensor.image(blind.astype(np.float32)))
    return Measured(found.score, share, features, overlays, (dark_parts,))


def _lost_share(passage: Passage, numbers: npt.NDArray[np.int64], usable: int) -> float:
    """Return the share of lines that are missing, by whichever count knows of more.

    The energies of one position may share a number or be counted one by one.
    """
    others = [b.line_numbers for other in passage.further.values() for b in other.data]
    seen = np.unique(_joined([numbers, *others]))
    missing = int(seen[-1] - seen[0]) + 1 - seen.size
    lost = missing + numbers.size - usable
    if passage.end is not None:
        # what the driver received before the visit began is not in the picture either
        on_the_way = passage.end.lines_sent - min(passage.end.lines_received, passage.taken)
        lost = max(lost, max(on_the_way, 0) + passage.end.lines_lost)
    return lost / max(usable + lost, 1)


def _scans(
    passage: Passage, parameters: Mapping[str, float], model: ImageModel, sensor: str
) -> tuple[Scan, dict[int, Scan]]:
    """Correct and resample every energy; one without usable references is left out, except the first."""
    if model.card.mm_per_px is None:
        raise PassageUnusable("xray_geometry_unknown", sensor=sensor)
    setup = Setup(
        model.card.mm_per_px,
        parameters.get("pixel_pitch_um", 0.0),
        parameters.get("line_pitch_um", 0.0),
        parameters.get("encoder_um_per_count"),
        1.5 * model.card.input_shape[1] * model.card.mm_per_px,
    )
    try:
        first = _scan(passage, setup)
    except CalibrationMissing as missing:
        raise PassageUnusable("xray_uncalibrated", sensor=sensor) from missing
    except ScanUnusable as unusable:
        values: dict[str, float | str] = {**unusable.values}
        if unusable.code == "xray_geometry_unknown":
            values["sensor"] = sensor
        raise PassageUnusable(unusable.code, **values) from unusable
    further = {}
    for energy, other in sorted(passage.further.items()):
        with suppress(CalibrationMissing, ScanUnusable):
            further[energy] = _scan(other, setup)
    return first, further


def _scan(passage: Passage, setup: Setup) -> Scan:
    state = chain_state(setup)
    for block in (*passage.dark, *passage.air, *passage.data, *passage.after):
        state = gather(block, state)
    return next(iter(finish(state).values()))


def _found(scan: Scan, further: Mapping[int, Scan], space: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Return what was wrong with the lines, as features."""
    report = scan.report
    found = {
        f"{kind.name.lower()}_share": float((scan.mask[space] == kind).mean())
        for kind in PixelClass
        if kind is not PixelClass.GOOD
    }
    found |= {
        "repeated_lines": float(report.repeated),
        "dark_lines": float(report.dark),
        "slipped_lines": float(report.slipped),
        "open_level_low": report.level_low,
        "open_level_high": report.level_high,
        "energies": 1.0 + len(further),
    }
    if report.drift is not None:
        found["gain_drift"] = report.drift
    for energy, other in further.items():
        found[f"not_penetrated_energy_{energy}"] = other.report.shares[PixelClass.NOT_PENETRATED]
    return found


class _SensorGrid:
    """Brings what was found in square millimetres back to lines (x) and pixels (y)."""

    def __init__(self, picture: Scan, pixel_mm: float, shape: tuple[int, int]) -> None:
        self._line = picture.line_of_column
        self._step = picture.mm_per_px / pixel_mm
        self._shape = shape

    def box(self, box: Box) -> Box:
        last = min(box.x + box.width, self._line.size) - 1
        x0, x1 = sorted((float(self._line[box.x]), float(self._line[last])))
        y0, y1 = box.y * self._step, (box.y + box.height) * self._step
        return Box(round(x0), round(y0), max(round(x1 - x0), 1), max(round(y1 - y0), 1), box.score)

    def image(self, heat: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return a map that covers the whole sensor picture, coarser than it."""
        n_pixels, n_lines = self._shape
        rows = min(_OVERLAY_ROWS, n_pixels)
        columns = min(_OVERLAY_COLUMNS, n_lines)
        lines = (np.arange(columns) + 0.5) * n_lines / columns
        rising = self._line if self._line[-1] >= self._line[0] else self._line[::-1]
        at_column = np.interp(lines, rising, np.arange(rising.size))
        at_row = (np.arange(rows) + 0.5) * n_pixels / rows / self._step - 0.5
        x, y = np.meshgrid(at_column.astype(np.float32), at_row.astype(np.float32))
        return np.asarray(cv2.remap(heat, x, y, cv2.INTER_LINEAR), np.float32)
