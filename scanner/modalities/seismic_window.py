"""The last minute of a waveform board: decimated counts, what of them is usable, and their velocity."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationExpired, CalibrationMissing, check_valid
from calibration.geophone import GeophoneResponse, response_of
from drivers.api import (
    Channel,
    ConnectionState,
    Event,
    EventKind,
    Reading,
    Role,
    WaveformBlock,
)
from scanner.evidence import Reason
from scanner.modalities.seismic_stream import SeismicStream
from scanner.modality import ScanView, Sensor
from scanner.signals.channel_health import (
    CLIPPED_SHARE,
    ChannelFault,
    ChannelHealth,
    channel_health,
    healthy_rows,
)
from scanner.signals.motion_score import at_breath_rates
from scanner.signals.seismic import (
    to_velocity,
)

USABLE_S = 15.0
"""Usable data that a rhythm or a movement needs before it can be told."""

END_S = 1.0
"""The newest second is left out: prediction from the ground needs what comes after, too."""

FLAT_COUNTS = 0.01
"""A channel that moves less in a whole window hangs on nothing; rounding in the filter is far below."""

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class CannotTell(Exception):
    """Why seismic evidence is pending or unavailable."""

    def __init__(self, code: str, *, waiting: bool = False, **values: float | str) -> None:
        super().__init__(code)
        self.reason = Reason(code, values)
        self.waiting = waiting


@dataclass(frozen=True, slots=True)
class RowSource:
    """Counts of the rows of a view, for a method that takes each sample once.

    ``counts`` and ``usable`` ``(n_rows, n_samples)`` are what is held, the last of
    them the stream's sample number ``taken``; two sources with the same ``key``
    are of one stream and the same ``channels``.
    """

    key: tuple[str, int, tuple[int, ...]]
    channels: tuple[Channel, ...]
    responses: tuple[GeophoneResponse, ...]
    counts: Array
    usable: Mask
    taken: int


@dataclass(frozen=True, slots=True)
class SeismicView:
    """A window in physical units.

    ``chassis`` and ``references`` are m/s, ``(n_channels, n_samples)``;
    ``usable`` ``(n_samples,)`` is True where every channel is;
    ``ground_references`` counts the ground channels among the references (air
    sensors are the others); ``clipped_share`` is the worst channel's;
    ``breath_gain`` counts per m/s of a chassis channel at a breath's rate;
    ``faults`` names chassis channels: what is wrong with them, those left out and
    those whose poles are in doubt. ``source`` is what the board sent of the same rows.
    """

    chassis: Array
    references: Array
    usable: Mask
    fs_hz: float
    ground_references: int
    clipped_share: float
    usable_s: float
    sensor: str
    breath_gain: float
    source: RowSource
    faults: tuple[tuple[str, ChannelFault], ...] = ()

    @property
    def fault_features(self) -> dict[str, float]:
        """``loose_c1`` = 1 and the like: what an evidence names its bad channels by."""
        return {f"{fault}_{name}": 1.0 for name, fault in self.faults}


@dataclass(slots=True)
class SeismicWindow:
    """Collects waveform blocks of one visit; gives the window in velocity when asked.

    Methods may share one: each feeds it all that it is fed, and an item that
    comes again is taken once; what one tick asks twice is worked out once.
    """

    _streams: dict[tuple[str, tuple[str, ...]], SeismicStream] = field(default_factory=dict)
    _begun: int = 0
    _newest: WaveformBlock | None = None
    _told: tuple[object, SeismicView | CannotTell] | None = None

    def feed(self, item: Reading | Event) -> None:
        """Take a waveform block, unless it is the very one before; a new visit starts an empty window."""
        if isinstance(item, WaveformBlock):
            if item is not self._newest:
                self._take(item)
                self._newest = item
        elif isinstance(item, Event) and item.kind is EventKind.VISIT_START:
            self._streams.clear()
            self._newest = self._told = None

    def _take(self, block: WaveformBlock) -> None:
        if block.counts.ndim != 2 or 0 in block.counts.shape or block.fs_hz <= 0:
            return
        if block.counts.shape[0] != len(block.channels):
            return
        key = block.stamp.sensor, tuple(c.name for c in block.channels)
        stream = self._streams.get(key)
        if stream is None or stream.channels != block.channels or stream.fs_hz != block.fs_hz:
            self._begun += 1
            stream = self._streams[key] = SeismicStream.like(block, self._begun)
        stream.take(block)

    def view(self, now_ns: int, view: ScanView) -> SeismicView:
        """Return the window in velocity.

        Raises
        ------
        CannotTell : with the reason, waiting or not.
        """
        boards = [s for s in view.sensors.values() if "waveform" in s.reads]
        if not boards:
            raise CannotTell("seismic_not_configured")
        sensor, stream = self._board(boards, view)
        patience_s = 2 * sensor.period_s + 1
        state = view.states.get(sensor.name)
        if state is None and view.elapsed_s > patience_s:
            raise CannotTell("seismic_lost", sensor=sensor.name)
        if state is not None and state.state is not ConnectionState.READY:
            code = "seismic_warming_up" if state.state is ConnectionState.WARMING_UP else "seismic_lost"
            if state.state is ConnectionState.DEGRADED:
                code = "seismic_degraded"
            raise CannotTell(code, sensor=sensor.name)
        age_s = view.elapsed_s if stream is None else (now_ns - stream.newest_ns) / 1e9
        if age_s > patience_s:
            raise CannotTell("seismic_silent", sensor=sensor.name, seconds=age_s)
        if stream is None:
            raise CannotTell("seismic_collecting", waiting=True, seconds_left=USABLE_S)
        asked = sensor, stream.serial, stream.taken, view.utc_ns
        if self._told is None or self._told[0] != asked:
            self._told = asked, self._physical_or_not(sensor, stream, view)
        told = self._told[1]
        if isinstance(told, CannotTell):
            raise told
        return told

    def site_ground_um_s(self, view: ScanView) -> float | None:
        """Return what a separate ground digitiser hears of the site, µm/s rms over the window.

        Such a digitiser has a clock of its own: its samples are not aligned with
        the board's and cannot be cancelled, but they tell how loud the ground is.
        None where there is none, or it is lost, too young or of unknown response.
        """
        for (name, _), stream in self._streams.items():
            sensor = view.sensors.get(name)
            rows = [i for i, c in enumerate(stream.channels) if c.role is Role.GROUND]
            separate = not any(c.role is Role.CHASSIS for c in stream.channels)
            if sensor is None or not rows or not separate or not view.healthy(name):
                continue
            try:
                responses = [response_of(stream.channels[i], sensor.certificate) for i in rows]
            except CalibrationMissing:
                continue
            velocity, usable = to_velocity(
                stream.counts[rows], stream.usable[rows], responses, stream.rate_hz
            )
            if usable.sum(axis=1).min() >= USABLE_S * stream.rate_hz:
                return float(1e6 * np.sqrt(np.mean(velocity[usable] ** 2)))
        return None

    def _board(self, boards: list[Sensor], view: ScanView) -> tuple[Sensor, SeismicStream | None]:
        """The board with chassis channels (the healthy and larger one first)."""
        best: tuple[tuple[bool, int, str], Sensor, SeismicStream] | None = None
        for (name, _), stream in self._streams.items():
            sensor = view.sensors.get(name)
            chassis = sum(c.role is Role.CHASSIS for c in stream.channels)
            if sensor is None or not chassis:
                continue
            rank = (not view.healthy(name), -chassis, name)
            if best is None or rank < best[0]:
                best = rank, sensor, stream
        if best is not None:
            return best[1], best[2]
        named = sorted(boards, key=lambda s: (s.role is not Role.CHASSIS, s.name))
        silent = [s for s in named if not any(name == s.name for name, _ in self._streams)]
        if not silent:  # all send, none has a chassis channel
            raise CannotTell("seismic_no_chassis_channel")
        return silent[0], None

    def _physical_or_not(
        self, sensor: Sensor, stream: SeismicStream, view: ScanView
    ) -> SeismicView | CannotTell:
        try:
            return self._physical(sensor, stream, view)
        except CannotTell as why:
            return why.with_traceback(None)

    def _physical(self, sensor: Sensor, stream: SeismicStream, view: ScanView) -> SeismicView:
        try:
            certificate = sensor.certificate
            if certificate is not None:
                check_valid(certificate, sensor.name, view.utc_ns)
            responses = [response_of(channel, certificate) for channel in stream.channels]
        except CalibrationMissing as missing:
            raise CannotTell("seismic_uncalibrated", sensor=sensor.name) from missing
        except CalibrationExpired as expired:
            assert sensor.certificate is not None
            raise CannotTell(
                "seismic_certificate_expired",
                sensor=sensor.name,
                expires=sensor.certificate.expires.isoformat(),
            ) from expired
        fs_hz, seconds = stream.rate_hz, stream.counts.shape[1] / stream.rate_hz
        if seconds < 1.0:
            raise CannotTell("seismic_collecting", waiting=True, seconds_left=USABLE_S - seconds)
        clipped = stream.clipped.mean(axis=1)
        alive = np.array([np.ptp(row) > FLAT_COUNTS for row in stream.counts])
        roles = [c.role for c in stream.channels]
        chassis_rows = [i for i, role in enumerate(roles) if role is Role.CHASSIS]
        if seconds > 2 and not alive[chassis_rows].any():
            raise CannotTell("seismic_flat", sensor=sensor.name)
        whole = alive & (clipped <= CLIPPED_SHARE)
        ground = [i for i, role in enumerate(roles) if role is Role.GROUND and whole[i]]
        air = [i for i, role in enumerate(roles) if role is Role.AIR and whole[i]]
        rows = chassis_rows + ground + air
        velocity, usable = to_velocity(
            stream.counts[rows], stream.usable[rows], [responses[i] for i in rows], fs_hz
        )
        usable[:, -round(END_S * fs_hz) :] = False
        n = len(chassis_rows)
        health = channel_health(
            velocity[:n],
            fs_hz,
            usable[:n],
            velocity[n : n + len(ground)],
            stream.counts[chassis_rows],
            clipped[chassis_rows],
        )
        names = [stream.channels[i].name for i in chassis_rows]
        chosen = _chosen(sensor.name, names, health)
        kept = [*chosen, *range(n, len(rows))]
        velocity, usable = velocity[kept], usable[kept]
        board_rows = [rows[i] for i in kept]
        everywhere = np.logical_and.reduce(usable, axis=0)
        usable_s = float(everywhere.sum() / fs_hz)
        if usable_s < USABLE_S:
            raise CannotTell("seismic_collecting", waiting=True, seconds_left=USABLE_S - usable_s)
        return SeismicView(
            chassis=velocity[: len(chosen)],
            references=velocity[len(chosen) :],
            usable=everywhere,
            fs_hz=fs_hz,
            ground_references=len(ground),
            clipped_share=float(clipped[chassis_rows].max()),
            usable_s=usable_s,
            sensor=sensor.name,
            breath_gain=float(np.median([at_breath_rates(responses[rows[i]]) for i in chosen])),
            source=RowSource(
                key=(sensor.name, stream.serial, tuple(board_rows)),
                channels=tuple(stream.channels[i] for i in board_rows),
                responses=tuple(responses[i] for i in board_rows),
                counts=stream.counts[board_rows],
                usable=stream.usable[board_rows],
                taken=stream.taken,
            ),
            faults=tuple(
                (name, found.fault) for name, found in zip(names, health, strict=True) if found.fault
            ),
        )


def _chosen(sensor: str, names: list[str], health: tuple[ChannelHealth, ...]) -> list[int]:
    """Rows of the chassis channels that can be used.

    Raises
    ------
    CannotTell : none can, or a ground channel stands where a chassis channel should.
    """
    for name, found in zip(names, health, strict=True):
        if found.fault is ChannelFault.EXCHANGED:
            raise CannotTell("seismic_exchanged", sensor=sensor, channel=name)
    chosen = healthy_rows(health)
    if chosen:
        return chosen
    if any(found.fault is ChannelFault.CLIPPED for found in health):
        raise CannotTell(
            "seismic_clipped", sensor=sensor, percent=100 * max(found.clipped_share for found in health)
        )
    raise CannotTell(
        "seismic_no_sound_channel",
        sensor=sensor,
        channels=", ".join(names),
        channel_fault=health[0].fault.value,
    )
