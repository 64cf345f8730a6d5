"""A lorry's visit as the lane would record it, without wires: stamped readings, states and events.

What arrives is what the drivers deliver, in the same pieces and at the same
times; only the arrival is exact instead of some milliseconds late.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from drivers.api import (
    Channel,
    ClockLock,
    ConnectionState,
    DeviceState,
    Event,
    EventKind,
    Flag,
    Frame,
    Item,
    Quality,
    Quantity,
    Reading,
    Role,
    Sample,
    Stamp,
    WaveformBlock,
)
from scanner.simulation.closed_air import OXYGEN_PPM
from scanner.simulation.co2 import Probe, ProbeModel
from scanner.simulation.co2_quirks import QUIRKS, quirked
from scanner.simulation.layout import DEMO_LAYOUT, LaneLayout
from scanner.simulation.lorry import SimulatedLorry
from scanner.simulation.priors import stream

START_NS = 1_000_000_000_000
UTC_NS = 1_793_606_400_000_000_000  # 2 November 2026, 08:00 UTC
WAVE_BLOCK_S = 0.1
SHAKE_PACKET = 25
FRAME_HZ = 4.0  # as the driver asks of the module unless told otherwise
OXYGEN_NOISE_PCT = 0.03  # of a single report (assumption)
SETTLE_S = 600.0  # the probes have hung in free air for so long


@dataclass(frozen=True, slots=True)
class VisitTimes:
    """When things happen in a visit, s from its start.

    ``scan_id`` names the scan in the events; the passage through the X-ray
    portal begins at ``xray_s``, None = there is none; ``lost`` tells at which
    time which sensor falls silent.
    """

    scan_id: str = ""
    start_ns: int = START_NS
    utc_ns: int = UTC_NS
    xray_s: float | None = 6.0
    lost: Mapping[str, float] | None = None


def lorry_items(
    lorry: SimulatedLorry,
    layout: LaneLayout = DEMO_LAYOUT,
    duration_s: float = 90.0,
    times: VisitTimes | None = None,
) -> Iterator[Item]:
    """Yield what a lane records of one visit, in order of arrival.

    Parameters
    ----------
    lorry : who stands there.
    layout : sensors of the lane; one that is missing sends nothing.
    duration_s : length of the visit; VISIT_END is not included.
    times : when, and what goes wrong.

    Examples
    --------
    >>> from scanner.simulation.lorry import draw_lorry
    >>> lorry = SimulatedLorry(draw_lorry(3))
    >>> items = lorry_items(lorry, DEMO_LAYOUT.without("xray", "thermal-doors"), duration_s=1.0)
    >>> [item.kind.value for item in items if isinstance(item, Event)]
    ['anchor', 'declaration', 'visit_start']
    """
    times = times or VisitTimes()
    start_ns, spec = times.start_ns, lorry.spec
    scan_id = times.scan_id or f"SIM-{spec.seed}"

    def event(kind: EventKind, at_s: float = 0.0, **data: object) -> Event:
        return Event(kind, start_ns + round(at_s * 1e9), scan_id, data)

    declaration = spec.declaration
    yield event(EventKind.ANCHOR, utc_ns=times.utc_ns, boot_id="simulated")
    yield event(
        EventKind.DECLARATION,
        vehicle_class=declaration.vehicle_class.value,
        cargo=declaration.cargo.value,
        plate=declaration.plate,
        laden=declaration.laden,
        closed_minutes=declaration.closed_minutes,
    )
    yield event(EventKind.VISIT_START, visit=spec.visit)
    sequence = dict.fromkeys(layout.sensors, 0)
    timed = heapq.merge(
        *_sources(lorry, layout, duration_s, times), key=lambda entry: (entry[0], entry[1]), reverse=False
    )
    lost = dict(times.lost or {})
    to_tell = [(EventKind.PROBE_IN, spec.probe_in_s)]
    if spec.probe_out_s is not None:
        to_tell.append((EventKind.PROBE_OUT, spec.probe_out_s))
    for at_s, sensor, reading in timed:
        while to_tell and at_s >= to_tell[0][1]:
            kind, told_s = to_tell.pop(0)
            if told_s < duration_s and (name := _name(layout, Role.INSIDE, "sample")):
                yield event(kind, told_s, sensor=name)
        silent_from_s = lost.get(sensor, np.inf)
        if at_s > silent_from_s or (at_s == silent_from_s and not isinstance(reading, DeviceState)):
            continue
        stamp = Stamp(sensor, layout.sensors[sensor].role, start_ns + round(at_s * 1e9), sequence[sensor])
        sequence[sensor] += 1
        if isinstance(reading, DeviceState):
            reading = replace(reading, since_mono_ns=stamp.mono_ns)
        yield replace(reading, stamp=stamp)


Timed = tuple[float, str, Reading]


def _sources(
    lorry: SimulatedLorry, layout: LaneLayout, duration_s: float, times: VisitTimes
) -> list[Iterator[Timed]]:
    sources = [_states(layout, times)]
    if inside := _name(layout, Role.INSIDE, "sample"):
        sources.append(_probe(lorry, layout, inside, duration_s, inside=True))
    if outside := _name(layout, Role.OUTSIDE, "sample"):
        sources.append(_probe(lorry, layout, outside, duration_s, inside=False))
    if layout.oxygen:
        sources.append(_oxygen(lorry, layout, duration_s))
    if geophones := _name(layout, Role.CHASSIS, "waveform"):
        sources.append(_geophones(lorry, layout, geophones, duration_s, times.utc_ns))
    if shake := _name(layout, Role.GROUND, "waveform"):
        sources.append(_shake(lorry, layout, shake, duration_s, times.utc_ns))
    if doors := _name(layout, Role.DOORS, "frame"):
        sources.append(_doors(lorry, doors, duration_s))
    portal = _name(layout, Role.PORTAL, "lines")
    if portal and times.xray_s is not None and times.xray_s < duration_s:
        sources.append(_portal(lorry, layout, portal, times.xray_s, times.utc_ns))
    return sources


def _name(layout: LaneLayout, role: Role, reads: str) -> str:
    try:
        return layout.named(role, reads)
    except LookupError:
        return ""


def _states(layout: LaneLayout, times: VisitTimes) -> Iterator[Timed]:
    for name in layout.sensors:
        yield 0.0, name, DeviceState(ConnectionState.READY)
    for name, at_s in sorted((times.lost or {}).items(), key=lambda entry: entry[1]):
        reason = f"{name} does not answer: check its cable and power"
        yield at_s, name, DeviceState(ConnectionState.LOST, reason)


def _probe(
    lorry: SimulatedLorry, layout: LaneLayout, sensor: str, duration_s: float, inside: bool
) -> Iterator[Timed]:
    spec = lorry.spec
    model = replace(
        layout.probe_model(sensor),
        offset_ppm=spec.inside_offset_ppm if inside else spec.outside_offset_ppm,
        gain=spec.inside_gain if inside else 1.0,
    )
    # half-second steps keep the lag true to what happens between two samples
    step_s = 0.5
    t_s = np.arange(0.0, duration_s + 1e-9, step_s)
    ppm = lorry.co2_tip_ppm(t_s) if inside else lorry.co2_outside_ppm(t_s)
    before_s = np.arange(-SETTLE_S, 0.0, 5.0)
    lag = Probe(model, spec.outside_co2_ppm, spec.visit_seed * 2 + inside)
    lag.reports(before_s, lorry.co2_outside_ppm(before_s))
    every = max(1, round(layout.sensors[sensor].period_s / step_s))
    reports = lag.reports(t_s, ppm, lorry.co2_drift_ppm(t_s) if inside else 0.0)[::every]
    if inside and spec.inside_quirk:
        odd = stream(spec.visit_seed, "quirk")
        reports = quirked(t_s[::every], reports[np.newaxis], [QUIRKS.index(spec.inside_quirk)], odd)[0]
    for at_s, value in zip(t_s[::every], reports, strict=True):
        quality = Quality.OVER_RANGE if value >= model.high_ppm else Quality.GOOD
        quality = Quality.UNDER_RANGE if value < model.low_ppm else quality
        if np.isfinite(value):
            yield float(at_s), sensor, Sample(Quantity.CO2_PPM, float(value), quality)


def _oxygen(lorry: SimulatedLorry, layout: LaneLayout, duration_s: float) -> Iterator[Timed]:
    sensor = layout.sensors[layout.oxygen]
    # the lag of any probe; its numbers are ppm of oxygen
    model = ProbeModel(sensor.response_t90_s, noise_ppm=1e4 * OXYGEN_NOISE_PCT, high_ppm=250_000.0)
    cell = Probe(model, OXYGEN_PPM, lorry.spec.visit_seed * 2 + 7)
    t_s = np.arange(0.0, duration_s + 1e-9, sensor.period_s)
    for at_s, ppm in zip(t_s, cell.reports(t_s, 1e4 * lorry.oxygen_tip_pct(t_s)), strict=True):
        yield float(at_s), sensor.name, Sample(Quantity.OXYGEN_PCT, float(ppm) / 1e4)


def _geophones(
    lorry: SimulatedLorry, layout: LaneLayout, sensor: str, duration_s: float, utc_ns: int
) -> Iterator[Timed]:
    n = round(WAVE_BLOCK_S * layout.fs_hz)
    top = layout.geophone.full_scale
    for block in range(int(duration_s / WAVE_BLOCK_S + 1e-9)):
        counts = lorry.seismic_counts(block * n, n)
        at_limit = ((counts >= top) | (counts <= -top - 1)).any(axis=1)
        clipped = sum(1 << int(channel) for channel in np.flatnonzero(at_limit))
        yield (
            (block + 1) * WAVE_BLOCK_S,
            sensor,
            WaveformBlock(
                counts,
                layout.fs_hz,
                layout.channels,
                device_ns=utc_ns + round(block * WAVE_BLOCK_S * 1e9),
                clock_lock=ClockLock.GPS,
                device_sequence=block,
                clipped=clipped,
                flags=Flag.CLIPPED if clipped else Flag.NONE,
            ),
        )


def _shake(
    lorry: SimulatedLorry, layout: LaneLayout, sensor: str, duration_s: float, utc_ns: int
) -> Iterator[Timed]:
    packet_s = SHAKE_PACKET / layout.shake_fs_hz
    channels: tuple[Channel, ...] = (layout.shake_channel,)
    for packet in range(int(duration_s / packet_s + 1e-9)):
        counts = lorry.shake_counts(packet * SHAKE_PACKET, SHAKE_PACKET)
        device_ns = utc_ns + round(packet * packet_s * 1e9)
        yield (
            (packet + 1) * packet_s,
            sensor,
            WaveformBlock(
                counts, layout.shake_fs_hz, channels, device_ns, ClockLock.NONE, flags=Flag.UNVERIFIED
            ),
        )


def _doors(lorry: SimulatedLorry, sensor: str, duration_s: float) -> Iterator[Timed]:
    for number in range(1, int(duration_s * FRAME_HZ + 1e-9) + 1):
        at_s = number / FRAME_HZ
        centi_c = np.clip(np.rint(lorry.thermal_c(at_s) * 100.0), -32768, 32767).astype(np.int16)
        yield at_s, sensor, Frame(centi_c, "°C", scale=0.01, ambient_c=lorry.spec.outside_c)


def _portal(
    lorry: SimulatedLorry, layout: LaneLayout, sensor: str, begin_s: float, utc_ns: int
) -> Iterator[Timed]:
    from scanner.simulation.portal import portal_lines  # its scenes are only loaded where a lorry passes

    for at_s, reading in portal_lines(lorry.xray(beam=layout.beam), lorry.spec.visit, begin_s, utc_ns):
        yield at_s, sensor, reading
