"""Far end of a Lepton's bridge: VoSPI packets of images from any source, and what stands between them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from drivers.codecs import lepton_vospi as wire
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin

CountSource: TypeAlias = Callable[[], npt.NDArray[Any] | None]
"""Returns the next image, counts of 16 bits in the model's shape; None when there is none left."""

_WRITE_BYTES = 10 * wire.PACKET_BYTES  # a serial port takes 4096 bytes before it makes who writes wait
_LATE_FRAMES = 2  # a camera that fell further behind goes on from now


class FlirLeptonTwin(Twin):
    """A camera and its bridge, streaming whether anybody listens or not.

    Parameters
    ----------
    port : the wire's far end.
    next_frame : source of images.
    model, place : which Lepton, and where its telemetry lines stand.
    rate_hz : new images per second.
    repeats : how often a Lepton 2 sends each image again.
    void_segments : segments to be thrown away that a Lepton 3 sends after each image.
    discards : discard packets after each image.
    tlinear_kelvin : what telemetry says of the pixels; 0 = raw counts.
    fpa_c : what telemetry says of the sensor, °C.

    Attributes
    ----------
    finished : set when the source has ended.
    ffc_state : what telemetry says, 0 never corrected ... 3 complete.
    overheating : whether telemetry says that it will shut itself off.
    """

    def __init__(
        self,
        port: WirePort,
        next_frame: CountSource,
        *,
        model: wire.Model = wire.Model.LEPTON3,
        place: wire.TelemetryPlace = wire.TelemetryPlace.NONE,
        rate_hz: float = 8.7,
        repeats: int = 0,
        void_segments: int = 0,
        discards: int = 0,
        tlinear_kelvin: float = 0.01,
        fpa_c: float = 31.5,
    ) -> None:
        super().__init__(port, pace_s=min(0.02, 0.2 / rate_hz))
        self.finished = threading.Event()
        self.ffc_state = 3
        self.overheating = False
        self.fpa_c = fpa_c
        self._next_frame = next_frame
        self._model = model
        self._place = place
        self._rate_hz = rate_hz
        self._repeats = repeats
        self._void_segments = void_segments
        self._discards = discards
        self._tlinear_kelvin = tlinear_kelvin
        self._images = 0
        self._due = time.monotonic()
        self._slip = 0

    def slip(self, n_bytes: int) -> None:
        """Let the bridge lose so many bytes of the next image."""
        self._slip = n_bytes

    def step(self, received: bytes) -> None:  # noqa: ARG002 - the bridge takes no command
        """Send the image that is due."""
        now = time.monotonic()
        if now < self._due or self.finished.is_set():
            return
        period_s = 1 / self._rate_hz
        self._due = max(self._due + period_s, now - _LATE_FRAMES * period_s)
        image = self._next_frame()
        if image is None:
            self.finished.set()
            return
        if image.shape != self._model.shape:
            raise ValueError(f"an image of a {self._model} must be {self._model.shape}, not {image.shape}")
        self._images += 1
        frame = wire.LeptonFrame(np.asarray(image, np.uint16), self._telemetry())
        segments = wire.encode(frame, self._model, self._place)
        pieces = [b"".join(segment) for segment in segments] * (1 + self._repeats)
        if self._model is wire.Model.LEPTON3:
            # what a void segment carries is anything: here the image's last rows once more
            void = [packet[4:] for packet in segments[-1]]
            packets = (wire.encode_packet(k, payload) for k, payload in enumerate(void))
            pieces += [b"".join(packets)] * self._void_segments
        pieces.append(wire.DISCARD * self._discards)
        data = b"".join(pieces)
        slip, self._slip = self._slip, 0
        middle = len(data) // 3
        data = data[:middle] + data[middle + slip :]
        for at in range(0, len(data), _WRITE_BYTES):
            self.send(data[at : at + _WRITE_BYTES])

    def _telemetry(self) -> npt.NDArray[np.uint16]:
        lines = np.zeros((self._model.telemetry_packets, wire.PACKET_PIXELS), np.uint16)
        status = self.ffc_state << 4 | int(self.overheating) << 20
        lines[0, 0] = 0x000E  # revision of the telemetry
        lines[0, 3:5] = divmod(status, 65536)
        lines[0, 20:22] = divmod(self._images, 65536)
        lines[0, 24] = round((self.fpa_c + 273.15) * 100)
        lines[2, 48] = self._tlinear_kelvin > 0
        lines[2, 49] = self._tlinear_kelvin == 0.01
        return lines
