"""One X-ray passage: lines collected as they come, then measured once, or why they cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationMissing
from calibration.imager import CorrectedLines, correct_lines, line_reference
from drivers.api import Flag, LineBlock, LineKind, LineScanEnd
from models.runtime import ImageModel, ModelMismatch
from scanner.evidence import Box, Overlay, Reason
from scanner.signals.xray import (
    TOP_MM,
    Picture,
    blind_share,
    load_space_mask,
    positions_mm,
    resample,
    vehicle_columns,
)
from scanner.vehicle import VehicleClass

LOST_LIMIT = 0.02  # share of lines
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
    """

    visit: int = 0
    dark: list[LineBlock] = field(default_factory=list)
    air: list[LineBlock] = field(default_factory=list)
    data: list[LineBlock] = field(default_factory=list)
    other_numbers: list[npt.NDArray[np.int64]] = field(default_factory=list)  # of further energies
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
        """Add a block; one of another run or width replaces what it cannot join.

        Of further energies only the line numbers are kept, to know what was lost.
        """
        if block.line_numbers.size == 0:
            return
        self._follow_run(block)
        if block.energy != 0:
            if block.kind is LineKind.DATA:
                self.other_numbers.append(np.asarray(block.line_numbers, np.int64))
            return
        kept = {LineKind.DARK: self.dark, LineKind.AIR: self.air, LineKind.DATA: self.data}[block.kind]
        if kept and (
            self._run_of[block.kind] != self._run or kept[-1].pixels.shape[1] != block.pixels.shape[1]
        ):
            kept.clear()
        self._run_of[block.kind] = self._run
        if block.kind is LineKind.DATA:
            if not kept:
                self.end, self.beam_off_seen = None, False
                self.other_numbers.clear()
            self.last_ns = block.stamp.mono_ns
        kept.append(block)

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


def _stack(blocks: list[LineBlock], n_pixels: int) -> npt.NDArray[np.uint16]:
    parts = [b.pixels for b in blocks if b.pixels.shape[1] == n_pixels]
    return np.concatenate(parts) if parts else np.zeros((0, n_pixels), np.uint16)


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
    first = passage.data[0]
    lit = _joined([b.line_flags.astype(np.int64) for b in passage.data]) & _NO_BEAM == 0
    dose = np.concatenate([b.dose for b in passage.data])
    numbers = _joined([b.line_numbers for b in passage.data])
    if passage.beam_off_seen or 1 - lit.mean() > LOST_LIMIT:
        raise PassageUnusable("xray_beam_off", percent=100 * (1 - float(lit.mean())))
    lost = _lost_share(passage, numbers, int(lit.sum()))
    if lost > LOST_LIMIT:
        raise PassageUnusable("xray_lines_lost", percent=100 * lost)
    end = passage.end
    if end is not None and not end.hash_matches and end.lines_received >= end.lines_sent:
        raise PassageUnusable("xray_hash_mismatch", sensor=sensor)
    lines = _stack(passage.data, first.pixels.shape[1])[lit]
    corrected = _corrected(passage, lines, dose[lit], first.bits, sensor)
    encoder = _joined([b.encoder for b in passage.data])[lit]
    pixel_um = parameters.get("pixel_pitch_um", float(first.pixel_pitch_um))
    line_um = parameters.get("line_pitch_um", float(first.line_pitch_um))
    if pixel_um <= 0 or line_um <= 0 or model.card.mm_per_px is None:
        raise PassageUnusable("xray_geometry_unknown", sensor=sensor)
    place = positions_mm(encoder, int(line_um), parameters.get("encoder_um_per_count"))
    limit_mm = 1.5 * model.card.input_shape[1] * model.card.mm_per_px
    if place[-1] <= 0:
        raise PassageUnusable("xray_no_movement")
    if place[-1] > limit_mm or pixel_um * lines.shape[1] / 1000 > limit_mm:
        raise PassageUnusable("xray_wrong_size", metres=float(place[-1]) / 1000)
    picture = resample(corrected.log_attenuation, place, pixel_um / 1000, model.card.mm_per_px)
    blind = resample(corrected.blind.astype(np.float32), place, pixel_um / 1000, model.card.mm_per_px).image
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
        raise PassageUnusable("xray_wrong_size", metres=float(place[-1]) / 1000) from mismatch
    shape = (first.pixels.shape[1], lit.size)
    to_sensor = _SensorGrid(picture, np.flatnonzero(lit), pixel_um / 1000, shape)
    boxes = tuple(to_sensor.box(Box(r.x, r.y, r.width, r.height, r.score)) for r in found.regions[:20])
    share = blind_share(blind, space)
    features = {
        "lines": float(lit.size),
        "lost_share": lost,
        "dead_pixels": float(corrected.interpolated.sum()),
        "blind_share": share,
        "vehicle_m": (extent[1] - extent[0]) * picture.mm_per_px / 1000,
        "regions": float(len(found.regions)),
        "median_attenuation": float(np.median(picture.image[space])),
    }
    overlays = (
        Overlay("heatmap", sensor, image=to_sensor.image(found.heatmap)),
        Overlay("boxes", sensor, boxes=boxes),
    )
    dark_parts = Overlay(
        "heatmap", sensor, image=to_sensor.image(np.where(space, blind, 0).astype(np.float32))
    )
    return Measured(found.score, share, features, overlays, (dark_parts,))


def _lost_share(passage: Passage, numbers: npt.NDArray[np.int64], usable: int) -> float:
    """Return the share of lines that are missing, by whichever count knows of more.

    The energies of one position may share a number or be counted one by one.
    """
    seen = np.unique(_joined([numbers, *passage.other_numbers]))
    missing = int(seen[-1] - seen[0]) + 1 - seen.size
    lost = missing + numbers.size - usable
    if passage.end is not None:
        # what the driver received before the visit began is not in the picture either
        on_the_way = passage.end.lines_sent - min(passage.end.lines_received, passage.taken)
        lost = max(lost, max(on_the_way, 0) + passage.end.lines_lost)
    return lost / max(usable + lost, 1)


def _corrected(
    passage: Passage,
    lines: npt.NDArray[np.uint16],
    dose: npt.NDArray[np.uint16],
    bits: int,
    sensor: str,
) -> CorrectedLines:
    n_pixels = lines.shape[1]
    air = [b for b in passage.air if b.pixels.shape[1] == n_pixels]
    air_dose = np.concatenate([b.dose for b in air]) if air else np.zeros(0, np.uint16)
    try:
        reference = line_reference(_stack(passage.dark, n_pixels), _stack(air, n_pixels), air_dose)
    except CalibrationMissing as missing:
        raise PassageUnusable("xray_uncalibrated", sensor=sensor) from missing
    corrected = correct_lines(lines, dose, reference, bits)
    if corrected.interpolated.mean() > DEAD_LIMIT:
        raise PassageUnusable("xray_dead_pixels", percent=100 * float(corrected.interpolated.mean()))
    if corrected.saturated.mean() > SATURATED_LIMIT:
        raise PassageUnusable("xray_saturated", percent=100 * float(corrected.saturated.mean()))
    return corrected


class _SensorGrid:
    """Brings what was found in square millimetres back to lines (x) and pixels (y)."""

    def __init__(
        self, picture: Picture, kept: npt.NDArray[np.int64], pixel_mm: float, shape: tuple[int, int]
    ) -> None:
        # from a column to the line as received, lines without beam included
        self._line = np.interp(picture.line_of_column, np.arange(kept.size), kept)
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
