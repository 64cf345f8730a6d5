"""Pictures for the booth: the thermal view now and the X-ray picture of a passage, with their heat maps.

The lane's thread only keeps references; correcting and encoding happen in the thread that
sends. A picture's PNG is 16-bit grey (`scanner.lane.deep_picture`), a heat map's 8-bit, 255 for 1.
Colours are the page's business.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from calibration.line_pixels import Mask
from drivers.api import Event, EventKind, Frame, Item, LineBlock, LineScanEnd, Role
from scanner.lane.deep_picture import WHITE, FloatImage, deep_png, pixel_mm, places_mm
from scanner.lane.hearing import Hearing
from scanner.lane.passing import PassingPicture, passing_picture
from scanner.lane.picture_values import (
    Seen,
    full_scale,
    grey_png,
    heat_of,
    one_width,
    thermal_values,
    xray_seen,
)
from scanner.lane.service_client import ServiceAway, ServiceClient
from scanner.lane.wire import PictureLive
from scanner.modalities.xray import SILENCE_S
from scanner.modalities.xray_passage import Passage

if TYPE_CHECKING:
    from scanner.lane.agent import LaneAgent

EVERY_S = 0.5
MOST_OF_THE_TIME = 0.25
"""Share of its time that making and sending pictures may take: a large one grows in fewer, larger steps."""

MOST_LINES = 30_000
"""A detector that never says END must not fill the memory; some 100 m of lorry."""

MOST_PICTURES = 20
EARLIER_SCANS = 8
"""Open scans whose lorry is away and whose X-ray picture is shown again when it is back."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to be sent, and its heat map where there is one."""

    told: PictureLive
    png: bytes
    heat_png: bytes | None


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
        """Send what is new while the service hears the lane: twice a second at most, the large less often."""
        pause_s = EVERY_S
        while not self._stopping.wait(pause_s):
            pause_s = EVERY_S
            if not self._hearing.connected:
                continue
            began_s = time.monotonic()
            try:
                for picture in self._to_send():
                    self._send(picture)
            except ServiceAway as away:
                _log.info("pictures wait: %s", away)  # the live view's thread says so to officers
            except Exception:  # a defect in one picture must not end all others
                _log.exception("a picture failed")
            took_s = time.monotonic() - began_s
            pause_s = max(EVERY_S, took_s * (1 / MOST_OF_THE_TIME - 1))

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

    def _thermal(self, sensor: str, frame: Frame, heat: FloatImage | None) -> Picture:
        known = self._lane.config.sensors.get(sensor)
        values, unit, low, high = thermal_values(frame, known.certificate if known is not None else None)
        told = self._told(
            sensor,
            "thermal",
            values,
            unit=unit,
            low=low,
            high=high,
            scan_id=self._lane.snapshot().scan_id,
            heat=heat is not None,
            taken_utc_ms=self._utc_ms(frame.stamp.mono_ns),
        )
        return _picture(told, values, None, heat)

    def _xray(self, sensor: str, passage: Passage, scan_id: str, heat: FloatImage | None) -> Picture:
        return self._lines(sensor, passage, xray_seen(passage), scan_id, heat)

    def _passing(self, sensor: str, passage: Passage, scan_id: str) -> Picture:
        run = scan_id, id(passage.data[0])
        if sensor not in self._growing or self._growing[sensor][0] != run:
            self._growing[sensor] = run, passing_picture(passage)
        growing = self._growing[sensor][1]
        values = growing.grow(passage.data)
        if growing.reference is None:
            seen = Seen(values, "counts", full_scale(passage.data[0].bits), growing.classes)
        else:
            seen = Seen(values, "", max(float(values.max()), 1.0), growing.classes)
        return self._lines(sensor, passage, seen, scan_id, None, passing=True)

    def _lines(
        self,
        sensor: str,
        passage: Passage,
        seen: Seen,
        scan_id: str,
        heat: FloatImage | None,
        passing: bool = False,
    ) -> Picture:
        known = self._lane.config.sensors.get(sensor)
        parameters = known.certificate.parameters if known is not None and known.certificate else {}
        blocks = one_width(passage.data)
        told = self._told(
            sensor,
            "xray",
            seen.values,
            unit=seen.unit,
            high=seen.high,
            scan_id=scan_id,
            heat=heat is not None,
            passing=passing,
            taken_utc_ms=self._utc_ms(passage.last_ns),
            pixel_mm=pixel_mm(blocks, parameters),
            places_mm=places_mm(blocks, parameters),
        )
        return _picture(told, seen.values, seen.classes, heat)

    def _told(
        self, sensor: str, kind: Literal["thermal", "xray"], values: FloatImage, **more: Any
    ) -> PictureLive:
        # beyond what an earlier process of this lane gave, and still a whole number to a browser
        self._version = max(self._version + 1, time.time_ns() // 1_000_000)
        height, width = values.shape
        named: dict[str, Any] = {
            "sensor": sensor,
            "kind": kind,
            "version": self._version,
            "white": WHITE,
            "low": 0.0,
        }
        return PictureLive(width=width, height=height, **(named | more))

    def _utc_ms(self, taken_ns: int) -> int:
        return max((taken_ns + self._lane.wall() - self._lane.clock()) // 1_000_000, 0)

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


def _picture(
    told: PictureLive,
    values: FloatImage,
    classes: Mask | None,
    heat: FloatImage | None,
) -> Picture:
    heat_png = grey_png(heat, 0.0, 1.0) if heat is not None else None
    return Picture(told, deep_png(values, told.low, told.high, classes), heat_png)


def _lines(block: LineBlock) -> int:
    return int(block.line_numbers.size)
