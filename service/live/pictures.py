"""The newest pictures of one lane, as PNG."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass, field

MOST_SENSORS = 20
MOST_BYTES = 64 << 20
"""Of one lane's pictures and heat maps together."""

MOST_PIXELS = 1 << 25
SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEAD = struct.Struct(">8sI4sIIBBBBBI")


def fault_of(png: bytes) -> str | None:
    """Return what is wrong with a picture, None for a grey PNG of 8 or 16 bits that a page can hold.

    Its first chunk says so before a page unpacks anything.

    Examples
    --------
    >>> fault_of(b"GIF89a")
    'this is no PNG'
    """
    if len(png) < _HEAD.size or not png.startswith(SIGNATURE):
        return "this is no PNG"
    _, length, name, width, height, bits, colours, packing, filters, interlace, crc = _HEAD.unpack_from(png)
    if (length, name) != (13, b"IHDR") or zlib.crc32(png[12:29]) != crc:
        return "this is no PNG"
    if not 0 < width * height <= MOST_PIXELS:
        return f"a picture may have {MOST_PIXELS} pixels at most, and has one at least"
    if bits not in (8, 16) or (colours, packing, filters, interlace) != (0, 0, 0, 0):
        return "a picture is grey, 8 or 16 bits a pixel, not interlaced"
    return None


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
        while len(held) > MOST_SENSORS or self._bytes > MOST_BYTES:
            oldest = next((each for each in (*held, *self._heat, *self._pictures) if each != sensor), None)
            if oldest is None:
                break  # one picture and its heat maps: no more than a lane may send
            self._drop(oldest)

    @property
    def _bytes(self) -> int:
        every = (self._pictures, self._heat, self._heat_before)
        return sum(len(picture.png) for held in every for picture in held.values())

    def _drop(self, sensor: str) -> None:
        for held in (self._pictures, self._heat, self._heat_before):
            held.pop(sensor, None)

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
