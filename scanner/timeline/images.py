"""Pictures of a visit as files: thermal views some seconds apart, the X-ray picture of each passage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from drivers.api import Frame, LineBlock, LineScanEnd, Role
from scanner.lane.deep_picture import WHITE, deep_png, pixel_mm, places_mm
from scanner.lane.picture_values import one_width, thermal_values, xray_seen
from scanner.lane.pictures import MOST_LINES
from scanner.lane.wire import PictureLive
from scanner.modalities.xray_passage import Passage
from scanner.modality import Sensor
from scanner.timeline.shapes import TimelinePicture

APART_S = 1.0
MOST_FRAMES = 120
"""Of one imager and visit; where there are more, every second one is left out, again and again."""

MOST_PASSAGES = 10


@dataclass(slots=True)
class _View:
    apart_s: float = APART_S
    frames: list[tuple[float, Frame]] = field(default_factory=list)

    def take(self, frame: Frame, t_s: float) -> None:
        if self.frames and t_s - self.frames[-1][0] < self.apart_s:
            return
        self.frames.append((t_s, frame))
        if len(self.frames) > MOST_FRAMES:
            self.frames, self.apart_s = self.frames[::2], 2 * self.apart_s


class Images:
    """Collects the pictures of one visit.

    Parameters
    ----------
    folder : where the files go.
    utc_ms : gives the wall time of a moment of the visit, ms since 1970.
    """

    def __init__(
        self, scan_id: str, sensors: Mapping[str, Sensor], folder: Path, utc_ms: Callable[[float], int]
    ) -> None:
        self._scan_id, self._sensors, self._folder, self._utc_ms = scan_id, sensors, folder, utc_ms
        self._views: dict[str, _View] = {}
        self._passages: dict[str, Passage] = {}
        self._last_s: dict[str, float] = {}
        self._made: list[TimelinePicture] = []
        self.files: dict[str, dict[int, str]] = {}

    def take(self, item: Frame | LineBlock | LineScanEnd, t_s: float) -> None:
        """Keep a frame, or lines of a passage."""
        sensor = item.stamp.sensor
        if isinstance(item, Frame):
            self._views.setdefault(sensor, _View()).take(item, t_s)
        elif isinstance(item, LineBlock):
            if item.stamp.role is not Role.PORTAL:
                return
            passage = self._passages.setdefault(sensor, Passage())
            if sum(int(block.line_numbers.size) for block in passage.data) < MOST_LINES:
                passage.take(item)
                self._last_s[sensor] = t_s
        elif sensor in self._passages:
            self._passages[sensor].finish(item)
            self._end_passage(sensor)

    def _end_passage(self, sensor: str) -> None:
        passage = self._passages[sensor]
        if passage.data and len(self._made) < MOST_PASSAGES:
            known = self._sensors.get(sensor)
            parameters = known.certificate.parameters if known and known.certificate else {}
            seen, blocks = xray_seen(passage), one_width(passage.data)
            self._add(
                self._last_s[sensor],
                sensor,
                seen.values,
                seen.classes,
                kind="xray",
                unit=seen.unit,
                high=seen.high,
                pixel_mm=pixel_mm(blocks, parameters),
                places_mm=places_mm(blocks, parameters),
            )
        passage.data.clear()

    def all(self) -> list[TimelinePicture]:
        """Write what is not written yet; return the pictures in the order of time."""
        for sensor in self._passages:
            self._end_passage(sensor)
        for sensor, view in self._views.items():
            known = self._sensors.get(sensor)
            for t_s, frame in view.frames:
                values, unit, low, high = thermal_values(frame, known.certificate if known else None)
                self._add(t_s, sensor, values, None, kind="thermal", unit=unit, low=low, high=high)
        return sorted(self._made, key=lambda one: one.t_s)

    def _add(
        self,
        t_s: float,
        sensor: str,
        values: npt.NDArray[np.float32],
        classes: npt.NDArray[np.uint8] | None,
        **told: Any,
    ) -> None:
        files = self.files.setdefault(sensor, {})
        version = max([self._utc_ms(t_s), *(known + 1 for known in files)])
        name = f"{len(self.files)}-{version}.png"
        height, width = values.shape
        stamp = {"sensor": sensor, "version": version, "scan_id": self._scan_id, "taken_utc_ms": version}
        picture = PictureLive(width=width, height=height, **{"white": WHITE, "low": 0.0, **stamp, **told})
        (self._folder / name).write_bytes(deep_png(values, picture.low, picture.high, classes))
        files[version] = name
        self._made.append(TimelinePicture(t_s=round(t_s, 2), picture=picture))
