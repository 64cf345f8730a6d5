"""From a record to an MCAP message and back: topic, times, schema, payload. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from drivers.api import (
    DeviceState,
    Direction,
    Event,
    Frame,
    GeneratorState,
    LineBlock,
    LineScanEnd,
    RawBytes,
    Role,
    Sample,
    Stamp,
    WaveformBlock,
    reading_name,
)
from scanner.recording import array_codec, scalar_codec, strict_json
from scanner.recording.anchor import Anchor
from scanner.recording.errors import RecordingDamaged
from scanner.recording.records import Recorded, RecordedAssessment, Tick, mono_ns_of

RAW_ENCODING = "x-raw"
"""Message encoding of device bytes; MCAP leaves names outside its registry to applications."""

UINT64_END = 2**64


@dataclass(frozen=True, slots=True)
class ChannelKey:
    """What an MCAP channel is registered with; ``schema`` "" = none."""

    topic: str
    encoding: str
    schema: str = ""
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One MCAP message; times in ns since 1970."""

    channel: ChannelKey
    data: bytes
    sequence: int
    log_time_ns: int
    publish_time_ns: int


def encode(record: Recorded, anchor: Anchor) -> Message:
    """Return the message of a record under the anchor in force.

    Raises
    ------
    ValueError : an array of the wrong type or shape, a number outside its
        field, a time before 1970.
    TypeError : event data or an assessment that JSON cannot hold.
    """
    log_time_ns = anchor.log_time_ns(mono_ns_of(record))
    if not 0 <= log_time_ns < UINT64_END:
        raise ValueError(f"{mono_ns_of(record)} ns lies before 1970 under {anchor}")
    device_ns: int | None = getattr(record, "device_ns", None)
    publish_time_ns = log_time_ns
    if device_ns is not None and 0 <= device_ns < UINT64_END:
        publish_time_ns = device_ns
    sequence = 0 if isinstance(record, (Event, Tick, RecordedAssessment)) else record.stamp.sequence
    channel, data = _payload(record, publish_time_ns)
    return Message(channel, data, sequence % 2**32, log_time_ns, publish_time_ns)


def decode(message: Message, anchor: Anchor | None) -> Recorded | None:
    """Return the record of a message, or None for a topic that is not of this format.

    Parameters
    ----------
    anchor : the newest anchor before this message; device bytes carry their
        monotonic time in ``log_time`` alone.

    Raises
    ------
    RecordingDamaged : the payload does not follow the format.
    """
    kind, _, sensor = message.channel.topic.removeprefix("/").partition("/")
    if not message.channel.topic.startswith("/") or kind not in _ENCODING_OF:
        return None
    try:
        if message.channel.encoding != _ENCODING_OF[kind]:
            raise ValueError(f"encoding {message.channel.encoding!r}, not {_ENCODING_OF[kind]!r}")
        if kind == "raw":
            return _raw_from(message, sensor, anchor)
        if kind in _FROM_JSON:
            fields = strict_json.loads(message.data)
            if not isinstance(fields, dict):
                raise ValueError("not a JSON object")
            return _FROM_JSON[kind](fields)
        return _FROM_PROTOBUF[kind](message.data)
    except KeyError as error:
        raise RecordingDamaged(f"a message on {message.channel.topic} lacks {error}") from error
    except Exception as error:
        # anything that a stranger's bytes can raise in JSON, Protobuf or NumPy
        raise RecordingDamaged(f"a message on {message.channel.topic} cannot be read: {error}") from error


def _payload(record: Recorded, publish_time_ns: int) -> tuple[ChannelKey, bytes]:
    match record:
        case RawBytes():
            return _raw_channel(record), record.data
        case WaveformBlock():
            channel = _sensor_channel(record, "protobuf", "lorryscan.WaveformBlock")
            return channel, array_codec.waveform_to_bytes(record)
        case Frame():
            channel = _sensor_channel(record, "protobuf", "foxglove.RawImage")
            return channel, array_codec.frame_to_bytes(record, publish_time_ns)
        case LineBlock():
            channel = _sensor_channel(record, "protobuf", "foxglove.RawImage")
            return channel, array_codec.lines_to_bytes(record, publish_time_ns)
        case Event():
            channel = ChannelKey("/event", "json", "lorryscan.Event")
        case Tick():
            channel = ChannelKey("/tick", "json", "lorryscan.Tick")
        case RecordedAssessment():
            channel = ChannelKey("/assessment", "json", "lorryscan.Assessment")
        case _:
            channel = _sensor_channel(record, "json", f"lorryscan.{type(record).__name__}")
    return channel, strict_json.dumps(scalar_codec.to_object(record))


def _sensor_channel(
    record: Sample | WaveformBlock | Frame | LineBlock | LineScanEnd | GeneratorState | DeviceState,
    encoding: str,
    schema: str,
) -> ChannelKey:
    stamp = record.stamp
    metadata = (("sensor", stamp.sensor), ("role", stamp.role.value))
    return ChannelKey(f"/{reading_name(record)}/{stamp.sensor}", encoding, schema, metadata)


def _raw_channel(raw: RawBytes) -> ChannelKey:
    # bytes stay as they were on the wire, so the channel says what a payload would;
    # MCAP's sequence has 32 bits: the rest stands here, and a change of it opens another channel
    metadata = (
        ("sensor", raw.stamp.sensor),
        ("role", raw.stamp.role.value),
        ("direction", raw.direction.value),
        ("sequence_high", str(raw.stamp.sequence >> 32)),
    )
    return ChannelKey(f"/raw/{raw.stamp.sensor}/{raw.direction.value}", RAW_ENCODING, "", metadata)


def _raw_from(message: Message, rest: str, anchor: Anchor | None) -> RawBytes:
    if anchor is None:
        raise ValueError("no anchor event stands before it")
    metadata = dict(message.channel.metadata)
    sensor, _, direction = rest.rpartition("/")
    sequence = int(metadata.get("sequence_high", "0")) * 2**32 + message.sequence
    stamp = Stamp(
        metadata.get("sensor", sensor),
        Role(metadata["role"]),
        anchor.mono_at(message.log_time_ns),
        sequence,
    )
    return RawBytes(Direction(direction), message.data, stamp)


_FROM_JSON: Mapping[str, Callable[[Mapping[str, Any]], Recorded]] = MappingProxyType(
    {
        "sample": scalar_codec.sample_from,
        "device_state": scalar_codec.device_state_from,
        "line_scan_end": scalar_codec.line_scan_end_from,
        "generator_state": scalar_codec.generator_state_from,
        "event": scalar_codec.event_from,
        "tick": scalar_codec.tick_from,
        "assessment": scalar_codec.assessment_from,
    }
)
_FROM_PROTOBUF: Mapping[str, Callable[[bytes], Recorded]] = MappingProxyType(
    {
        "waveform": array_codec.waveform_from_bytes,
        "frame": array_codec.frame_from_bytes,
        "lines": array_codec.lines_from_bytes,
    }
)
_ENCODING_OF: Mapping[str, str] = MappingProxyType(
    {"raw": RAW_ENCODING} | dict.fromkeys(_FROM_JSON, "json") | dict.fromkeys(_FROM_PROTOBUF, "protobuf")
)
