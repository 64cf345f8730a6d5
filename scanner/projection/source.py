"""The X-ray passage of a recording, as the product would score it, ready to put people into."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationMissing
from drivers.api import Event, EventKind, GeneratorState, LineBlock, LineScanEnd, LorryscanError, Role
from scanner.modalities.xray_lines import LOST_LIMIT
from scanner.modalities.xray_passage import Passage
from scanner.modality import Sensor
from scanner.pipeline import declaration_from
from scanner.recording.anchor import anchor_of
from scanner.recording.header import RecordingHeader
from scanner.recording.projection import projection_words
from scanner.recording.reader import RecordingReader
from scanner.signals.xray import TOP_MM, load_space_mask, vehicle_columns
from scanner.signals.xray_scan import Scan, ScanUnusable
from scanner.simulation.xray.canvas import Extent
from scanner.simulation.xray.measured import MeasuredLines, measured_lines
from scanner.simulation.xray.projection import Geometry
from scanner.vehicle import Declaration

HALF_WIDTH_M = 1.2
"""Of a load space, from the middle plane (2.6 m outside at most: directive 96/53/EC)."""


class ProjectionImpossible(LorryscanError, ValueError):
    """People cannot be put into this recording.

    Examples: a lane without an X-ray portal; lines were lost; the detector sent no air lines; the
    recording is itself a projection.
    """


@dataclass(frozen=True, slots=True)
class Numbered:
    """A block of lines and the place of its message in the recording, from 0."""

    place: int
    block: LineBlock


@dataclass(frozen=True, slots=True)
class SourceScan:
    """One recorded passage.

    Parameters
    ----------
    blocks : dark, air, data and air lines after, as the product would take them.
    measured : lines of each energy by index; ``picture`` is of the first.
    front_m : where the vehicle begins, way from the first line; ``space`` its load space.
    kv : of the generator while the lines came, None = no supply was recorded.
    utc_ns : when the visit began.
    """

    path: Path
    header: RecordingHeader
    declaration: Declaration
    sensor: Sensor
    geometry: Geometry
    blocks: tuple[Numbered, ...]
    measured: dict[int, MeasuredLines]
    picture: Scan
    front_m: float
    space: Extent
    kv: float | None
    utc_ns: int

    def lines(self) -> list[LineBlock]:
        """Return all blocks."""
        return [one.block for one in self.blocks]

    @property
    def penetrated(self) -> npt.NDArray[np.bool_]:
        """Where the first energy's counts tell anything, bool ``(n_lines, n_pixels)``."""
        seen = next(iter(self.measured.values()))
        return np.asarray(seen.transmission > seen.known.lowest / seen.known.gain)


def read_source(path: Path, source_m: float = 8.0, source_z_m: float = 1.2) -> SourceScan:
    """Read the passage of a recording that the product would score.

    Parameters
    ----------
    source_m, source_z_m : focal spot, from the middle plane and above the road; the detector's
        certificate may say it better (parameters of these names).

    Raises
    ------
    ProjectionImpossible : with what is missing and what to do.
    RecordingForeign, RecordingTooNew, RecordingDamaged : see `RecordingReader`.
    """
    reader = RecordingReader(path)
    header = reader.header
    if said := projection_words(header):
        raise ProjectionImpossible(f"{path} is a {said}: give the recording that it was made of")
    found = _Found(header.declaration)
    for place, record in enumerate(reader):
        found.take(place, record)
    sensor, passage = found.newest(path, header)
    end = passage.end
    if end is None:
        raise ProjectionImpossible(
            f"{path}: the passage was cut off before the detector's END: give the recording of a whole one"
        )
    parameters = dict(sensor.certificate.parameters) if sensor.certificate else {}
    geometry = Geometry(
        top_mm=parameters.get("top_mm", TOP_MM),
        source_m=parameters.get("source_m", source_m),
        source_z_m=parameters.get("source_z_m", source_z_m),
        pixel_pitch_um=parameters.get("pixel_pitch_um", 0.0),
        line_pitch_um=parameters.get("line_pitch_um", 0.0),
        encoder_um_per_count=parameters.get("encoder_um_per_count"),
    )
    blocks = found.numbered(passage)
    try:
        measured, picture = measured_lines([one.block for one in blocks], geometry.setup())
    except (CalibrationMissing, ScanUnusable) as error:
        raise ProjectionImpossible(f"{path}: {error}") from error
    lost = picture.report.dropped + end.lines_lost
    if lost > LOST_LIMIT * (picture.report.lines + lost):
        percent = 100 * lost / (picture.report.lines + lost)
        raise ProjectionImpossible(
            f"{path}: {percent:.1f} % of the lines were lost, so a body would be cut as no body is: give a "
            "recording whose lines arrived"
        )
    return SourceScan(
        path, header, found.declaration, sensor, geometry, blocks, measured, picture,
        *_places(path, picture, found.declaration, geometry), found.kv, found.utc_ns,
    )  # fmt: skip


class _Found:
    """What is collected while a recording is read."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.kv: float | None = None
        self.utc_ns = 0
        self._passages: dict[str, Passage] = {}
        self._place: dict[int, int] = {}  # by identity of a block; the passages keep them alive

    def take(self, place: int, record: object) -> None:
        if isinstance(record, LineBlock) and record.stamp.role is Role.PORTAL:
            self._place[id(record)] = place
            self._passages.setdefault(record.stamp.sensor, Passage()).take(record)
        elif isinstance(record, LineScanEnd) and record.stamp.sensor in self._passages:
            self._passages[record.stamp.sensor].finish(record)
        elif isinstance(record, GeneratorState) and record.state == "on":
            self.kv = record.kv
        elif isinstance(record, Event) and record.kind is EventKind.ANCHOR:
            self.utc_ns = self.utc_ns or anchor_of(record).utc_ns
        elif isinstance(record, Event) and record.kind is EventKind.DECLARATION:
            self.declaration = declaration_from(record.data)

    def newest(self, path: Path, header: RecordingHeader) -> tuple[Sensor, Passage]:
        sensors = header.sensors_by_name()
        seen = {name: p for name, p in self._passages.items() if p.data and name in sensors}
        if not seen:
            raise ProjectionImpossible(
                f"{path} holds no X-ray lines of a lorry: give the recording of a visit with a passage "
                "through the portal"
            )
        name = max(seen, key=lambda one: (seen[one].last_ns, one))
        return sensors[name], seen[name]

    def numbered(self, passage: Passage) -> tuple[Numbered, ...]:
        every = [passage, *passage.further.values()]
        parts = [b for p in every for kind in (p.dark, p.air, p.data, p.after) for b in kind]
        return tuple(Numbered(self._place[id(block)], block) for block in parts)


def _places(path: Path, picture: Scan, declaration: Declaration, geometry: Geometry) -> tuple[float, Extent]:
    mm = picture.mm_per_px
    extent = vehicle_columns(picture.image)
    if extent is None:
        raise ProjectionImpossible(f"{path}: nothing stood in the beam: give the recording of a lorry")
    space = load_space_mask(picture.image, mm, declaration.vehicle_class, geometry.top_mm)
    space &= picture.covered
    if not space.any():
        raise ProjectionImpossible(
            f"{path}: what drove through is too short for a load space of a "
            f"{declaration.vehicle_class.value}: check pitches, encoder and top_mm in its certificate"
        )
    columns, rows = np.flatnonzero(space.any(axis=0)), np.flatnonzero(space.any(axis=1))
    top = geometry.top_mm
    return float(extent[0] * mm / 1e3), Extent(
        float(columns[0]) * mm / 1e3,
        float(columns[-1] + 1) * mm / 1e3,
        -HALF_WIDTH_M,
        HALF_WIDTH_M,
        (top - float(rows[-1] + 1) * mm) / 1e3,
        (top - float(rows[0]) * mm) / 1e3,
    )
