"""Pictures for the booth: the thermal view now and the X-ray picture of a passage, with their heat maps.

The lane's thread only keeps references; correcting and encoding happen in the thread that
sends. A picture's PNG is 8-bit grey: 0 stands for ``low`` and 255 for ``high``. Colours are
the page's business.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

import cv2
import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationMissing, Certificate
from calibration.imager import temperature_c
from calibration.line_correction import correct_lines
from calibration.line_reference import line_reference
from drivers.api import Event, EventKind, Frame, Item, LineBlock, LineScanEnd, Role
from scanner.evidence import Assessment, Overlay
from scanner.lane.hearing import Hearing
from scanner.lane.passing import PassingPicture, passing_picture
from scanner.lane.service_client import ServiceAway, ServiceClient
from scanner.lane.wire import PictureLive
from scanner.modalities.xray import SILENCE_S
from scanner.modalities.xray_passage import Passage

if TYPE_CHECKING:
    from scanner.lane.agent import LaneAgent

EVERY_S = 0.5
LARGEST_PNG = 4 * 1024 * 1024
LEAST_SPAN_C = 2.0
"""A view of even warmth is shown as even, not as noise from black to white."""

HIGHEST_SHARE = 99.9
"""Percentile of an X-ray picture that is white: single pixels behind steel must not darken the rest."""

MOST_LINES = 30_000
"""A detector that never says END must not fill the memory; some 100 m of lorry."""

MOST_PICTURES = 20
EARLIER_SCANS = 8
"""Open scans whose lorry is away and whose X-ray picture is shown again when it is back."""

_NO_CERTIFICATE = Certificate("", dt.date.min, dt.date.max)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to be sent, and its heat map where there is one."""

    told: PictureLive
    png: bytes
    heat_png: bytes | None


def grey_png(values: npt.NDArray[np.float32], low: float, high: float) -> bytes:
    """Encode values as 8-bit grey, ``low`` black and ``high`` white; no value (NaN) is black.

    A picture whose file would be larger than the service takes is made smaller; whoever shows
    it stretches it to the width and height that are told.

    Parameters
    ----------
    values : ``(h, w)``.
    """
    span = max(high - low, 1e-9)
    grey = np.rint(np.clip(np.nan_to_num((values - low) / span, nan=0.0), 0.0, 1.0) * 255).astype(np.uint8)
    while True:
        done, png = cv2.imencode(".png", grey, [cv2.IMWRITE_PNG_COMPRESSION, 3])
        if not done:
            raise ValueError(f"no PNG can be made of a picture of {grey.shape}")
        if png.size <= LARGEST_PNG:
            return png.tobytes()
        half = max(grey.shape[1] // 2, 1), max(grey.shape[0] // 2, 1)
        grey = np.asarray(cv2.resize(grey, half, interpolation=cv2.INTER_AREA), np.uint8)


def thermal_values(
    frame: Frame, certificate: Certificate | None
) -> tuple[npt.NDArray[np.float32], str, float, float]:
    """Return a frame in °C (or its own unit where that is no temperature), its unit, lowest and highest."""
    try:
        values = temperature_c(frame, certificate or _NO_CERTIFICATE)
        unit = "°C"
    except CalibrationMissing:
        values = (frame.pixels * np.float32(frame.scale) + np.float32(frame.offset)).astype(np.float32)
        unit = frame.unit
    finite = values[np.isfinite(values)]
    if not finite.size:
        return values, unit, 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    if high - low < LEAST_SPAN_C:
        middle = (low + high) / 2
        low, high = middle - LEAST_SPAN_C / 2, middle + LEAST_SPAN_C / 2
    return values, unit, low, high


def xray_values(passage: Passage) -> tuple[npt.NDArray[np.float32], str, float, float]:
    """Return a passage as ``(n_pixels, n_lines)``, every line as received, so that boxes fit.

    With dark and air lines it is log-attenuation (unit "", dense is high); without them it is
    counts (dense is low).
    """
    n_pixels = passage.data[0].pixels.shape[1]
    blocks = [b for b in passage.data if b.pixels.shape[1] == n_pixels]
    lines = np.concatenate([b.pixels for b in blocks])
    dose = np.concatenate([b.dose for b in blocks])
    bits = blocks[0].bits
    dark = [b.pixels for b in passage.dark if b.pixels.shape[1] == n_pixels]
    air = [b for b in passage.air if b.pixels.shape[1] == n_pixels]
    try:
        if not dark or not air:
            raise CalibrationMissing("no dark or air lines")
        reference = line_reference(
            np.concatenate(dark),
            np.concatenate([b.pixels for b in air]),
            np.concatenate([b.dose for b in air]),
            bits,
        )
        attenuation = correct_lines(lines, dose, reference, bits).log_attenuation
    except CalibrationMissing:
        return lines.T.astype(np.float32), "counts", 0.0, _full_scale(bits)
    lit = attenuation[dose > 0]
    high = float(np.percentile(lit, HIGHEST_SHARE)) if lit.size else 1.0
    return np.ascontiguousarray(attenuation.T), "", 0.0, max(high, 1.0)


def _full_scale(bits: int) -> float:
    return float(max((1 << min(bits, 16)) - 1, 1))


def heat_of(assessment: Assessment | None, sensor: str) -> npt.NDArray[np.float32] | None:
    """Return the newest heat map over a sensor's picture, 0..1, None where there is none."""
    overlays: Iterable[Overlay] = () if assessment is None else (
        overlay for evidence in assessment.evidences for overlay in evidence.overlays
    )  # fmt: skip
    for overlay in overlays:
        if overlay.kind == "heatmap" and overlay.sensor == sensor and overlay.image is not None:
            return overlay.image
    return None


class Pictures:
    """Keeps the newest pictures and sends them from a thread of its own.

    Parameters
    ----------
    lane : whose pictures these are.
    client : this thread's connection.
    hearing : pictures are made only while the service hears the lane.
    """

    def __init__(self, lane: LaneAgent, client: ServiceClient, hearing: Hearing) -> None:
        self._lane, self._client, self._hearing = lane, client, hearing
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._frames: dict[str, Frame] = {}
        self._passages: dict[str, Passage] = {}  # of the visit at hand
        self._earlier: dict[str, dict[str, Passage]] = {}  # whole ones of other visits, by scan
        self._scan_id = ""
        self._in_visit = False
        self._made: dict[str, tuple[object, object, Picture]] = {}  # what it was made of, its heat
        self._growing: dict[str, tuple[object, PassingPicture]] = {}  # which run of the detector it is of
        self._held: dict[str, PictureLive] = {}
        self._version = 0

    # -- in the lane's thread -------------------------------------------------

    def see(self, item: Item) -> None:
        """Keep the newest frame of each imager, and the lines of the visit at hand."""
        match item:
            case Frame():
                self._frames[item.stamp.sensor] = item
            case LineBlock() if self._in_visit and item.stamp.role is Role.PORTAL:
                with self._lock:
                    passage = self._passages.setdefault(item.stamp.sensor, Passage())
                    if sum(map(_lines, passage.data)) < MOST_LINES:
                        passage.take(item)
            case LineScanEnd() if self._in_visit:
                with self._lock:
                    if item.stamp.sensor in self._passages:
                        self._passages[item.stamp.sensor].finish(item)
            case Event(kind=EventKind.VISIT_START):
                with self._lock:
                    self._begin_visit(item.scan_id)
            case Event(kind=EventKind.VISIT_END):
                self._in_visit = False

    def _begin_visit(self, scan_id: str) -> None:
        """Keep the whole pictures of the visit before; another lorry's are shown no longer."""
        whole = {sensor: p for sensor, p in self._passages.items() if p.end is not None}
        if self._scan_id:
            kept = self._earlier.pop(self._scan_id, {})
            self._earlier[self._scan_id] = kept | whole
            while len(self._earlier) > EARLIER_SCANS:
                del self._earlier[next(iter(self._earlier))]
        self._passages, self._scan_id, self._in_visit = {}, scan_id, True
        for sensor, told in list(self._held.items()):
            if told.kind == "xray" and told.scan_id != scan_id:
                del self._held[sensor]

    # -- in the live teller's thread ------------------------------------------

    def held(self) -> list[PictureLive]:
        """Return the pictures that the service holds."""
        with self._lock:
            return list(self._held.values())[:MOST_PICTURES]

    def versions(self) -> dict[str, int]:
        """Return the versions of the pictures that the service holds."""
        with self._lock:
            return {sensor: told.version for sensor, told in self._held.items()}

    def service_holds(self, versions: Mapping[str, int], before: Mapping[str, int]) -> None:
        """Learn what the service says it holds.

        Parameters
        ----------
        before : what we took it to hold when it was asked: newer pictures are not judged.
        """
        with self._lock:
            for sensor, version in before.items():
                told = self._held.get(sensor)
                if told is not None and told.version == version and versions.get(sensor) != version:
                    del self._held[sensor]

    # -- in a thread of its own -----------------------------------------------

    def stop(self) -> None:
        """Ask `run` to end."""
        self._stopping.set()

    def run(self) -> None:
        """Send what is new, twice a second at most, while the service hears the lane."""
        while not self._stopping.wait(EVERY_S):
            if not self._hearing.connected:
                continue
            try:
                for picture in self._to_send():
                    self._send(picture)
            except ServiceAway as away:
                _log.info("pictures wait: %s", away)  # the live view's thread says so to officers
            except Exception:  # a defect in one picture must not end all others
                _log.exception("a picture failed")

    def _to_send(self) -> list[Picture]:
        snapshot = self._lane.snapshot()
        assessment = snapshot.assessment
        if assessment is None and snapshot.last is not None and snapshot.last.scan_id == self._scan_id:
            assessment = snapshot.last.assessment
        made = []
        for sensor, frame in list(self._frames.items()):
            heat = heat_of(snapshot.assessment, sensor)
            known = self._made.get(sensor)
            if known is None or known[0] is not frame:
                self._made[sensor] = frame, heat, self._thermal(sensor, frame, heat)
            made.append(self._made[sensor][2])
        for sensor, passage, source, scan_id in self._passages_seen(over=False):
            known = self._made.get(sensor)
            if known is None or known[0] != source:
                self._made[sensor] = source, None, self._passing(sensor, passage, scan_id)
            made.append(self._made[sensor][2])
        for sensor, passage, source, scan_id in self._passages_seen(over=True):
            self._growing.pop(sensor, None)
            heat = heat_of(assessment, sensor)
            known = self._made.get(sensor)
            if known is None or known[0] != source or known[1] is not heat:
                self._made[sensor] = source, heat, self._xray(sensor, passage, scan_id, heat)
            made.append(self._made[sensor][2])
        held = self.versions()
        return [picture for picture in made if held.get(picture.told.sensor) != picture.told.version]

    def _passages_seen(self, over: bool) -> list[tuple[str, Passage, object, str]]:
        """Return the passages that are over, or those that go on.

        A passage is over when the detector said so, or no line came for some seconds.
        """
        now_ns = self._lane.clock()
        found: list[tuple[str, Passage, object, str]] = []
        with self._lock:
            now = {sensor: p for sensor, p in self._passages.items() if p.data}
            for sensor, passage in (self._earlier.get(self._scan_id, {}) | now).items():
                silent = now_ns - passage.last_ns > SILENCE_S * 1e9
                if (passage.end is not None or silent) is over:
                    still = Passage(
                        dark=list(passage.dark),
                        air=list(passage.air),
                        data=list(passage.data),
                        last_ns=passage.last_ns,
                    )
                    source = self._scan_id, passage.data_run, len(passage.data), id(passage), over
                    found.append((sensor, still, source, self._scan_id))
        return found

    def _thermal(self, sensor: str, frame: Frame, heat: npt.NDArray[np.float32] | None) -> Picture:
        known = self._lane.config.sensors.get(sensor)
        values, unit, low, high = thermal_values(frame, known.certificate if known is not None else None)
        scan_id, taken_ns = self._lane.snapshot().scan_id, frame.stamp.mono_ns
        return self._picture(sensor, "thermal", values, unit, (low, high), scan_id, heat, taken_ns)

    def _xray(
        self, sensor: str, passage: Passage, scan_id: str, heat: npt.NDArray[np.float32] | None
    ) -> Picture:
        values, unit, low, high = xray_values(passage)
        return self._picture(sensor, "xray", values, unit, (low, high), scan_id, heat, passage.last_ns)

    def _passing(self, sensor: str, passage: Passage, scan_id: str) -> Picture:
        run = scan_id, id(passage.data[0])
        if sensor not in self._growing or self._growing[sensor][0] != run:
            self._growing[sensor] = run, passing_picture(passage)
        growing = self._growing[sensor][1]
        values = growing.grow(passage.data)
        if growing.reference is None:
            unit, high = "counts", _full_scale(passage.data[0].bits)
        else:
            unit, high = "", max(float(np.percentile(values, HIGHEST_SHARE)), 1.0)
        return self._picture(
            sensor, "xray", values, unit, (0.0, high), scan_id, None, passage.last_ns, passing=True
        )

    def _picture(
        self,
        sensor: str,
        kind: Literal["thermal", "xray"],
        values: npt.NDArray[np.float32],
        unit: str,
        limits: tuple[float, float],
        scan_id: str,
        heat: npt.NDArray[np.float32] | None,
        taken_ns: int,
        passing: bool = False,
    ) -> Picture:
        taken_utc_ns = taken_ns + self._lane.wall() - self._lane.clock()
        # beyond what an earlier process of this lane gave, and still a whole number to a browser
        self._version = max(self._version + 1, time.time_ns() // 1_000_000)
        told = PictureLive(
            sensor=sensor,
            kind=kind,
            version=self._version,
            width=values.shape[1],
            height=values.shape[0],
            unit=unit,
            low=limits[0],
            high=limits[1],
            scan_id=scan_id,
            heat=heat is not None,
            passing=passing,
            taken_utc_ms=max(taken_utc_ns // 1_000_000, 0),
        )
        heat_png = grey_png(heat, 0.0, 1.0) if heat is not None else None
        return Picture(told, grey_png(values, *limits), heat_png)

    def _send(self, picture: Picture) -> None:
        """Send a picture, its heat map first: what is listed is there."""
        told = picture.told
        path = f"/pictures/{quote(told.sensor, safe='')}?version={told.version}"
        if picture.heat_png is not None:
            self._put(f"{path}&heat=true", picture.heat_png)
        self._put(path, picture.png)
        with self._lock:
            self._held[told.sensor] = told

    def _put(self, path: str, png: bytes) -> None:
        answer = self._client.ask("PUT", path, png, "image/png")
        if answer.is_problem:
            raise self._client.foreign(f"HTTP {answer.status}: {answer.words}")


def _lines(block: LineBlock) -> int:
    return int(block.line_numbers.size)
