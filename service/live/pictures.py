"""The newest pictures of one lane, as PNG."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

MOST_SENSORS = 20
SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Picture:
    """One PNG; ``etag`` also holds a hash: a lane that starts again counts its versions from the start."""

    version: int
    png: bytes
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.png).hexdigest()[:16]
        object.__setattr__(self, "etag", f'"{self.version}-{digest}"')


class Pictures:
    """The newest picture of each sensor, and the heat map that goes with it."""

    def __init__(self) -> None:
        self._pictures: dict[str, Picture] = {}
        self._heat: dict[str, Picture] = {}
        self._heat_before: dict[str, Picture] = {}  # a lane sends the next heat map before its picture

    def put(self, sensor: str, picture: Picture, heat: bool) -> None:
        """Take a picture in place of the last; the sensor longest without one gives way when too many."""
        held = self._heat if heat else self._pictures
        before = held.pop(sensor, None)
        if heat and before is not None:
            self._heat_before[sensor] = before
        held[sensor] = picture
        if len(held) > MOST_SENSORS:
            oldest = next(iter(held))
            del held[oldest]
            if heat:
                self._heat_before.pop(oldest, None)

    def get(self, sensor: str, heat: bool) -> Picture | None:
        """Return a sensor's newest picture; a heat map of another picture is none."""
        picture = self._pictures.get(sensor)
        if not heat:
            return picture
        over = (self._heat.get(sensor), self._heat_before.get(sensor))
        return next((h for h in over if picture and h and h.version == picture.version), None)

    def versions(self, with_heat: frozenset[str]) -> dict[str, int]:
        """Return what is whole here; sensors ``with_heat`` need their heat map too."""
        return {
            sensor: picture.version
            for sensor, picture in self._pictures.items()
            if sensor not in with_heat or self.get(sensor, heat=True)
        }
