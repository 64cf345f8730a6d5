"""Waveform and image blocks as Protobuf messages, and back, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from drivers.api import (
    Channel,
    ClockLock,
    Flag,
    Frame,
    LineBlock,
    LineKind,
    Role,
    Stamp,
    WaveformBlock,
)
from scanner.recording.proto.raw_image_pb2 import RawImage
from scanner.recording.proto.waveform_block_pb2 import WaveformBlock as WaveformMessage

INT16_BIAS = 32768
"""Added to int16 pixels, so that the stored uint16 sort as the temperatures do."""

_ENCODINGS = {"uint8": "mono8", "uint16": "16UC1", "int16": "16UC1"}
_RESPONSE = ("sensitivity_v_per_m_s", "natural_frequency_hz", "damping", "counts_per_volt")


def waveform_to_bytes(block: WaveformBlock) -> bytes:
    """Return a ``lorryscan.WaveformBlock``.

    Raises
    ------
    ValueError : counts are not int32 ``(n_channels, n_samples)``.
    """
    if block.counts.dtype != np.int32 or block.counts.ndim != 2:
        raise ValueError(
            f"counts are int32 (n_channels, n_samples), not {block.counts.dtype} {block.counts.shape}"
        )
    n_channels, n_samples = block.counts.shape
    message = WaveformMessage(
        fs_hz=block.fs_hz,
        n_channels=n_channels,
        n_samples=n_samples,
        counts=np.ascontiguousarray(block.counts, dtype="<i4").tobytes(),
        device_ns=block.device_ns,
        clock_lock=block.clock_lock.value,
        device_sequence=block.device_sequence,
        clipped=block.clipped,
        samples_lost=block.samples_lost,
        flags=int(block.flags),
        **_stamp_fields(block.stamp),
    )
    for channel in block.channels:
        response = {name: getattr(channel, name) for name in _RESPONSE}
        message.channels.add(name=channel.name, role=channel.role.value, **response)
    return bytes(message.SerializeToString())


def waveform_from_bytes(data: bytes) -> WaveformBlock:
    """Return the block of a ``lorryscan.WaveformBlock``; its counts are read-only."""
    message = WaveformMessage.FromString(data)
    counts = np.frombuffer(message.counts, dtype="<i4").reshape(message.n_channels, message.n_samples)
    return WaveformBlock(
        counts=counts.astype(np.int32, copy=False),
        fs_hz=message.fs_hz,
        channels=tuple(
            Channel(channel.name, Role(channel.role), **{name: _given(channel, name) for name in _RESPONSE})
            for channel in message.channels
        ),
        device_ns=_given(message, "device_ns"),
        clock_lock=ClockLock(message.clock_lock or "none"),
        device_sequence=_given(message, "device_sequence"),
        clipped=message.clipped,
        samples_lost=message.samples_lost,
        flags=Flag(message.flags),
        stamp=_stamp_from(message),
    )


def frame_to_bytes(frame: Frame, publish_time_ns: int) -> bytes:
    """Return a ``foxglove.RawImage`` with its ``frame`` part.

    Raises
    ------
    ValueError : pixels are not uint8, uint16 or int16 ``(h, w)``.
    """
    message = _image(frame, frame.pixels, publish_time_ns)
    message.frame.unit = frame.unit
    message.frame.scale = frame.scale
    message.frame.offset = frame.offset
    if frame.ambient_c is not None:
        message.frame.ambient_c = frame.ambient_c
    return bytes(message.SerializeToString())


def frame_from_bytes(data: bytes) -> Frame:
    """Return the frame of a ``foxglove.RawImage``; its pixels are read-only."""
    message = RawImage.FromString(data)
    if not message.HasField("frame"):
        raise ValueError("an image on /frame/<sensor> has a frame part, this one has none")
    return Frame(
        pixels=_pixels(message),
        unit=message.frame.unit,
        scale=message.frame.scale,
        offset=message.frame.offset,
        ambient_c=_given(message.frame, "ambient_c"),
        **_block_fields(message),
    )


def lines_to_bytes(block: LineBlock, publish_time_ns: int) -> bytes:
    """Return a ``foxglove.RawImage`` with its ``lines`` part.

    Raises
    ------
    ValueError : pixels are not uint16 ``(n_lines, n_pixels)``, or a list has
        not one number a line.
    """
    if block.pixels.dtype != np.uint16:
        raise ValueError(f"pixels of lines are uint16, not {block.pixels.dtype}")
    message = _image(block, block.pixels, publish_time_ns)
    lines = message.lines
    lines.SetInParent()
    for name in ("line_numbers", "encoder", "dose", "line_flags"):
        numbers = getattr(block, name)
        if numbers.shape != (block.pixels.shape[0],):
            raise ValueError(f"{name} has shape {numbers.shape} beside {block.pixels.shape[0]} lines")
        getattr(lines, name).extend(numbers.tolist())
    lines.scan = block.scan
    lines.kind = block.kind.value
    lines.energy = block.energy
    lines.bits = block.bits
    lines.pixel_pitch_um = block.pixel_pitch_um
    lines.line_pitch_um = block.line_pitch_um
    lines.calibration_hash = block.calibration_hash
    return bytes(message.SerializeToString())


def lines_from_bytes(data: bytes) -> LineBlock:
    """Return the lines of a ``foxglove.RawImage``; their pixels are read-only."""
    message = RawImage.FromString(data)
    if not message.HasField("lines"):
        raise ValueError("an image on /lines/<sensor> has a lines part, this one has none")
    lines = message.lines
    pixels = _pixels(message)
    if pixels.dtype != np.uint16:
        raise ValueError(f"pixels of lines are uint16, not {pixels.dtype}")
    block = LineBlock(
        pixels=pixels.astype(np.uint16, copy=False),
        scan=lines.scan,
        line_numbers=np.array(lines.line_numbers, dtype=np.int64),
        encoder=np.array(lines.encoder, dtype=np.int64),
        dose=np.array(lines.dose, dtype=np.uint16),
        line_flags=np.array(lines.line_flags, dtype=np.uint16),
        kind=LineKind(lines.kind),
        energy=lines.energy,
        bits=lines.bits,
        pixel_pitch_um=lines.pixel_pitch_um,
        line_pitch_um=lines.line_pitch_um,
        calibration_hash=lines.calibration_hash,
        **_block_fields(message),
    )
    for name in ("line_numbers", "encoder", "dose", "line_flags"):
        if len(getattr(block, name)) != message.height:
            raise ValueError(f"{name} holds {len(getattr(block, name))} numbers for {message.height} lines")
    return block


def _image(reading: Frame | LineBlock, pixels: npt.NDArray[Any], publish_time_ns: int) -> RawImage:
    pixel_type = pixels.dtype.name
    if pixel_type not in _ENCODINGS or pixels.ndim != 2:
        raise ValueError(f"pixels are uint8, uint16 or int16 (h, w), not {pixel_type} {pixels.shape}")
    bias = INT16_BIAS if pixel_type == "int16" else 0
    stored = (pixels.astype(np.int32) + bias).astype(np.uint16) if bias else pixels
    message = RawImage(
        width=pixels.shape[1],
        height=pixels.shape[0],
        encoding=_ENCODINGS[pixel_type],
        step=pixels.shape[1] * pixels.itemsize,
        data=stored.astype(stored.dtype.newbyteorder("<"), order="C", copy=False).tobytes(),
        frame_id=reading.stamp.sensor,
        device_ns=reading.device_ns,
        clock_lock=reading.clock_lock.value,
        flags=int(reading.flags),
        pixel_type=pixel_type,
        pixel_bias=bias,
        **_stamp_fields(reading.stamp),
    )
    message.timestamp.seconds, message.timestamp.nanos = divmod(publish_time_ns, 1_000_000_000)
    return message


def _pixels(message: RawImage) -> npt.NDArray[Any]:
    if _ENCODINGS.get(message.pixel_type) != message.encoding:
        raise ValueError(f"pixels of type {message.pixel_type!r} in encoding {message.encoding!r}")
    stored = np.dtype("u1" if message.encoding == "mono8" else "<u2")
    if message.step != message.width * stored.itemsize:
        raise ValueError(f"rows of {message.step} bytes do not hold {message.width} pixels")
    pixels = np.frombuffer(message.data, dtype=stored).reshape(message.height, message.width)
    wanted = np.dtype(message.pixel_type)
    if not message.pixel_bias:
        return pixels.astype(wanted, copy=False)
    biased = (pixels.astype(np.int32) - message.pixel_bias).astype(wanted)
    biased.flags.writeable = False
    return biased


def _block_fields(message: RawImage) -> dict[str, Any]:
    return {
        "device_ns": _given(message, "device_ns"),
        "clock_lock": ClockLock(message.clock_lock or "none"),
        "flags": Flag(message.flags),
        "stamp": _stamp_from(message),
    }


def _stamp_fields(stamp: Stamp) -> dict[str, Any]:
    return {
        "sensor": stamp.sensor,
        "role": stamp.role.value,
        "mono_ns": stamp.mono_ns,
        "sequence": stamp.sequence,
    }


def _stamp_from(message: Any) -> Stamp:
    return Stamp(message.sensor, Role(message.role), message.mono_ns, message.sequence)


def _given(message: Any, name: str) -> Any:
    return getattr(message, name) if message.HasField(name) else None
