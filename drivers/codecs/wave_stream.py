"""Waveform stream: a geophone converter board's messages, both directions.

Message: type u8, version u8 = 1, little-endian packed fields, framed as in
`drivers.codecs.cobs_frames`. The same bytes run on a serial line and on TCP.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from drivers.codecs.cobs_frames import CobsFrames, encode_frame
from drivers.codecs.counters import DecodeCounters

VERSION = 1
HELLO, BLOCK, STATE, START, STOP, TEST = 0x20, 0x21, 0x22, 0x30, 0x31, 0x32
MAX_CHANNELS = 32  # width of the clipped mask

_HEAD = struct.Struct("<BB")
_HELLO = struct.Struct("<BIBI")
_CHANNEL = struct.Struct("<BHHH")
_BLOCK = struct.Struct("<IQBBIH")
_STATE = struct.Struct("<IhHBBI")

# The longest message waited for: a second of 32 channels at 2 kHz. The count
# field would allow 8 MB; no board has that memory.
MAX_MESSAGE = _HEAD.size + _BLOCK.size + MAX_CHANNELS * 2000 * 4


@dataclass(frozen=True, slots=True)
class WaveChannel:
    """One channel as the board declares it.

    ``role`` is the wire's code: 0 chassis, 1 ground, 2 air. A zero in a field
    means that the board does not know it.
    """

    role: int
    sensitivity_v_per_m_s: float
    natural_frequency_hz: float
    damping: float


@dataclass(frozen=True, slots=True)
class WaveHello:
    """What the board is: sent on connecting, after power-on and in answer to START."""

    fs_hz: float
    bits: int
    counts_per_volt: int
    channels: tuple[WaveChannel, ...]
    device_id: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class WaveBlock:
    """Samples: ``counts`` int32 ``(n_channels, n_samples)``.

    ``device_ns`` is the device's time of the first sample; ``clipped`` a bit
    mask of channels; ``sequence`` counts blocks and wraps at 2**32.
    """

    sequence: int
    device_ns: int
    clock_locked: bool
    overrun: bool
    clipped: int
    counts: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class WaveState:
    """Health of the board; ``lock`` 0 none, 1 NTP, 2 GPS; ``self_test`` 0 none, 1 pass, 2 fail."""

    uptime_s: int
    temperature_c: float
    supply_mv: int
    lock: int
    self_test: int
    blocks_lost: int


@dataclass(frozen=True, slots=True)
class WaveCommand:
    """Host to device: `START`, `STOP` or `TEST` (drive the test coil)."""

    code: int


WaveMessage: TypeAlias = WaveHello | WaveBlock | WaveState | WaveCommand


def encode(message: WaveMessage) -> bytes:
    """Return the wire bytes of a message.

    Raises
    ------
    struct.error : a value does not fit its field (say, more than 65535 samples).

    Examples
    --------
    >>> encode(WaveCommand(STOP)).hex()
    '073101db2583f000'
    """
    if isinstance(message, WaveBlock):
        return encode_frame(_block_bytes(message))
    if isinstance(message, WaveHello):
        return encode_frame(_hello_bytes(message))
    if isinstance(message, WaveState):
        centi_c = round(message.temperature_c * 100)
        fields = _STATE.pack(
            message.uptime_s, centi_c, message.supply_mv, message.lock, message.self_test, message.blocks_lost
        )
        return encode_frame(_HEAD.pack(STATE, VERSION) + fields)
    return encode_frame(_HEAD.pack(message.code, VERSION))


def _hello_bytes(hello: WaveHello) -> bytes:
    name = hello.device_id.encode()
    parts = [
        _HEAD.pack(HELLO, VERSION),
        _HELLO.pack(len(hello.channels), round(hello.fs_hz * 1000), hello.bits, hello.counts_per_volt),
    ]
    parts += [
        _CHANNEL.pack(
            channel.role,
            round(channel.sensitivity_v_per_m_s * 100),
            round(channel.natural_frequency_hz * 100),
            round(channel.damping * 1000),
        )
        for channel in hello.channels
    ]
    return b"".join([*parts, bytes([len(name)]), name])


def _block_bytes(block: WaveBlock) -> bytes:
    head = _BLOCK.pack(
        block.sequence,
        block.device_ns,
        block.clock_locked,
        block.overrun,
        block.clipped,
        block.counts.shape[1],
    )
    return _HEAD.pack(BLOCK, VERSION) + head + block.counts.T.astype("<i4").tobytes()


def _decode_hello(body: bytes) -> WaveHello:
    n_channels, rate_mhz, bits, counts_per_volt = _HELLO.unpack_from(body)
    channels = tuple(
        WaveChannel(role, sensitivity / 100, natural / 100, damping / 1000)
        for role, sensitivity, natural, damping in (
            _CHANNEL.unpack_from(body, _HELLO.size + k * _CHANNEL.size) for k in range(n_channels)
        )
    )
    at = _HELLO.size + n_channels * _CHANNEL.size
    if len(body) != at + 1 + body[at]:
        raise ValueError
    name = body[at + 1 :].decode("utf-8", "replace")
    return WaveHello(rate_mhz / 1000, bits, counts_per_volt, channels, name)


def _decode_block(body: bytes) -> WaveBlock:
    sequence, device_ns, locked, overrun, clipped, n_samples = _BLOCK.unpack_from(body)
    flat = np.frombuffer(body, "<i4", offset=_BLOCK.size)
    if flat.size % n_samples if n_samples else flat.size:
        raise ValueError
    n_channels = flat.size // max(n_samples, 1)  # an empty block only keeps the sequence
    counts = np.ascontiguousarray(flat.reshape(n_samples, n_channels).T, dtype=np.int32)
    return WaveBlock(sequence, device_ns, bool(locked), bool(overrun), clipped, counts)


def _decode_state(body: bytes) -> WaveState:
    uptime_s, centi_c, supply_mv, lock, self_test, lost = _STATE.unpack(body)
    return WaveState(uptime_s, centi_c / 100, supply_mv, lock, self_test, lost)


class WaveStreamDecoder:
    """Turns wire bytes into messages, whichever side they come from.

    Attributes
    ----------
    counters : drop reasons are those of `CobsFrames` and "version", "type"
        (unknown to this side) and "fields" (checked, yet not laid out as declared).
    """

    def __init__(self) -> None:
        self._frames = CobsFrames(MAX_MESSAGE)

    @property
    def counters(self) -> DecodeCounters:
        """What was seen and dropped."""
        return self._frames.counters

    def feed(self, data: bytes) -> list[WaveMessage]:
        """Take bytes as they arrive; return the messages that they complete. Never raises."""
        decoded = (self._decode(message) for message in self._frames.feed(data))
        return [message for message in decoded if message is not None]

    def _decode(self, message: bytes) -> WaveMessage | None:
        reason = "fields"
        try:
            kind, version = _HEAD.unpack_from(message)
            body = message[_HEAD.size :]
            if version != VERSION:
                reason = "version"
            elif kind == BLOCK:
                return _decode_block(body)
            elif kind == HELLO:
                return _decode_hello(body)
            elif kind == STATE:
                return _decode_state(body)
            elif kind not in (START, STOP, TEST):
                reason = "type"
            elif not body:
                return WaveCommand(kind)
        except (struct.error, ValueError, IndexError):
            pass  # checked by its CRC, so the sender is at fault; counted below
        self.counters.frames -= 1
        self.counters.drop(reason, len(message))
        return None
