"""Güralp Compressed Format (GCF): one block, header, samples or status text, both directions.

A block is 16 bytes of header and a body, at most 1024 bytes, all big-endian:
system ID u32 and stream ID u32 (base 36), date code u32 (15 bits of days since
1989-11-17, 17 bits of seconds), tap table byte (TTL), sample rate code, a byte
of compression (low 3 bits) and fractional start (high 5 bits, the fifth in bit
3), number of 4-byte records. The body of a data block is the first sample
int32, one difference per sample (the first is 0; 1, 2 or 4 in a record) and the
last sample int32, which checks all that lies between. Rate code 0 is status.

On a serial line differences of 4 bytes may be cut to 3: the sums are then taken
modulo 2**24, which rebuilds the sign, and the last sample proves it.

The layout was verified against two real files and a public reader and writer of
GCF files. Not verified: status blocks other than text, byte order "Intel".

References
----------
Güralp Systems, MAN-D24-0004 (DM24 Mk3 operator's guide), chapter 8; SWA-RFC-GCFR
(GCF reference), as implemented by `obspy.io.gcf`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

BLOCK_BYTES = 1024
HEADER_BYTES = 16
ENDS_BYTES = 8  # first and last sample, int32 each
MAX_RECORDS = (BLOCK_BYTES - HEADER_BYTES - ENDS_BYTES) // 4
COMPRESSIONS: Final = (4, 2, 1)
"""Differences in a 4-byte record, the tightest first."""

_EPOCH_S = 627_264_000  # 1989-11-17 in seconds since 1970
_DAY_S = 86_400
_STATUS_RATE = 0
_HEADER = struct.Struct(">IIIBBBB")
_INT32 = struct.Struct(">i")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

RATES_HZ: Final[dict[int, float]] = {
    157: 0.1,
    161: 0.125,
    162: 0.2,
    164: 0.25,
    167: 0.5,
    171: 400.0,
    174: 500.0,
    175: 800.0,
    176: 1000.0,
    179: 2000.0,
    181: 4000.0,
    182: 625.0,
    191: 1250.0,
    193: 2500.0,
    194: 5000.0,
}
"""Sampling rate of the codes that do not stand for themselves."""

_RATE_CODES = {fs_hz: code for code, fs_hz in RATES_HZ.items()}

START_PARTS: Final[dict[float, int]] = {
    400.0: 8,
    500.0: 2,
    625.0: 5,
    800.0: 16,
    1000.0: 4,
    1250.0: 5,
    2000.0: 8,
    2500.0: 10,
    4000.0: 16,
    5000.0: 20,
}
"""Above 250 Hz a block may begin at a fraction of a second: into how many parts it is divided."""

PLAIN, EXTENDED, DOUBLE_EXTENDED = 0, 1, 2
_ID_BITS = {PLAIN: 31, EXTENDED: 26, DOUBLE_EXTENDED: 21}
_GAINS = (0, 1, 2, 4, 8, 16, 32, 64)
DIGITISERS: Final = {
    (EXTENDED, 0): "DM24",
    (EXTENDED, 1): "CD24",
    (DOUBLE_EXTENDED, 0): "Affinity",
    (DOUBLE_EXTENDED, 1): "Minimus",
}
"""Model by form of the system ID and digitiser bit; a plain ID says nothing (often a DM24 Mk2)."""

_DIFFERENCES: Final[dict[int, np.dtype[Any]]] = {
    1: np.dtype(">i4"),
    2: np.dtype(">i2"),
    4: np.dtype(">i1"),
}
_HALF, _MASK = 1 << 23, (1 << 24) - 1


class GcfHeader(NamedTuple):
    """Who measured, when, how fast.

    Parameters
    ----------
    system_id, stream_id : base 36 labels, upper case; a stream is named by
        serial number, component and tap ("6018N2"), a status stream ends in "00".
    start_ns : time of the first sample, ns since 1970; the leap second counts as
        the second before it.
    fs_hz : sampling rate; 0 in a status block.
    form : of the system ID: `PLAIN`, `EXTENDED` or `DOUBLE_EXTENDED`.
    gain : of the digitiser's input, 0 = not said.
    digitiser : see `DIGITISERS`.
    ttl : entry of the digitiser's table of decimation filters.
    leap : the block begins at a leap second.
    """

    system_id: str
    stream_id: str
    start_ns: int
    fs_hz: float
    form: int = PLAIN
    gain: int = 0
    digitiser: int = 0
    ttl: int = 0
    leap: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class GcfData:
    """Samples of one stream: ``counts`` int32 ``(n_samples,)``, proved by the block's last sample."""

    header: GcfHeader
    counts: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class GcfStatus:
    """What a digitiser says of itself; text where the stream ID ends in "00"."""

    header: GcfHeader
    text: str


class GcfRefused(NamedTuple):
    """Why a block cannot be used: "short", "compression", "records", "difference" or "ric"."""

    reason: str


GcfContent: TypeAlias = GcfData | GcfStatus | GcfRefused


@lru_cache(maxsize=256)
def label(number: int) -> str:
    """Return the base 36 text of a number.

    Examples
    --------
    >>> label(825913), number_of("HPA1")
    ('HPA1', 825913)
    """
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def number_of(text: str) -> int:
    """Return the number of a base 36 text; see `label`."""
    return int(text, 36)


@lru_cache(maxsize=64)
def _system_of(word: int) -> tuple[str, int, int, int]:
    """Return label, form, gain and digitiser."""
    if not word >> 31:
        return label(word), PLAIN, 0, 0
    form = DOUBLE_EXTENDED if word >> 30 & 1 else EXTENDED
    return label(word & (1 << _ID_BITS[form]) - 1), form, _GAINS[word >> 27 & 7], word >> 26 & 1


def lengths(block: bytes) -> tuple[int, ...]:
    """Return how long the block may be that begins with this header, in bytes on a serial line.

    The first is that of the whole body; a second that with differences cut to 3
    bytes. Empty when the header is none of a block.

    Examples
    --------
    >>> lengths(bytes.fromhex("880450c115a0b9fe4bbf0d8806ae0110"))
    (88, 72)
    """
    rate, compression, records = block[13], block[14] & 7, block[15]
    if records > MAX_RECORDS:
        return ()
    if rate == _STATUS_RATE:
        return (HEADER_BYTES + 4 * records,)
    if compression not in _DIFFERENCES or not records:
        return ()
    whole = HEADER_BYTES + ENDS_BYTES + 4 * records
    return (whole, whole - records) if compression == 1 else (whole,)


def is_dated(block: bytes) -> bool:
    """Return whether the header's date code is one: the second of the day, leap seconds included."""
    return (block[9] & 1) << 16 | block[10] << 8 | block[11] <= _DAY_S + 1


def decode(block: bytes) -> GcfContent:
    """Return what a block says; never raises.

    Parameters
    ----------
    block : one block, cut to its length or filled up to 1024 bytes.

    Examples
    --------
    >>> head = GcfHeader("DEMO", "DEMOZ2", 1_464_981_000_000_000_000, 100.0)
    >>> decode(encode(GcfData(head, np.array([5, 3, -200], np.int32)))).counts
    array([   5,    3, -200], dtype=int32)
    """
    if len(block) < HEADER_BYTES:
        return GcfRefused("short")
    system, stream, date, ttl, rate, code, records = _HEADER.unpack_from(block)
    compression = code & 7
    system_id, form, gain, digitiser = _system_of(system)
    stream_id = label(stream & 0x7FFFFFFF)
    day, second = date >> 17, date & 0x1FFFF
    leap = second == _DAY_S
    start_ns = (_EPOCH_S + day * _DAY_S + second - leap) * 1_000_000_000
    if rate == _STATUS_RATE:
        if len(block) < HEADER_BYTES + 4 * records:
            return GcfRefused("records")
        head = GcfHeader(system_id, stream_id, start_ns, 0.0, form, gain, digitiser, ttl, leap)
        body = block[HEADER_BYTES : HEADER_BYTES + 4 * records]
        return GcfStatus(head, body.decode("latin-1").rstrip("\0 "))
    fs_hz = RATES_HZ.get(rate, float(rate))
    if parts := START_PARTS.get(fs_hz):
        start_ns += ((code & 8) << 1 | code >> 4) * 1_000_000_000 // parts
    if compression not in _DIFFERENCES:
        return GcfRefused("compression")
    if not 0 < records <= MAX_RECORDS:
        return GcfRefused("records")
    whole = HEADER_BYTES + ENDS_BYTES + 4 * records
    if len(block) >= whole:
        counts = _sums(block, compression, records)
        last = _INT32.unpack_from(block, whole - 4)[0]
    elif compression == 1 and len(block) == whole - records:
        counts = _sums_of_cut(block, records)
        last = _INT32.unpack_from(block, len(block) - 4)[0]
    else:
        return GcfRefused("records")
    if counts[0] != _INT32.unpack_from(block, HEADER_BYTES)[0]:
        return GcfRefused("difference")
    if counts[-1] != last:
        return GcfRefused("ric")
    head = GcfHeader(system_id, stream_id, start_ns, fs_hz, form, gain, digitiser, ttl, leap)
    return GcfData(head, counts)


def _sums(block: bytes, compression: int, records: int) -> npt.NDArray[np.int32]:
    first = _INT32.unpack_from(block, HEADER_BYTES)[0]
    steps = np.frombuffer(block, _DIFFERENCES[compression], records * compression, HEADER_BYTES + 4)
    counts: npt.NDArray[np.int32] = np.cumsum(
        steps, dtype=np.int32
    )  # a sum beyond 32 bits wraps round, as in the digitiser
    counts += np.int32(first)
    return counts


def _sums_of_cut(block: bytes, records: int) -> npt.NDArray[np.int32]:
    wide = np.zeros((records, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(block, np.uint8, 3 * records, HEADER_BYTES + 4).reshape(records, 3)
    first = _INT32.unpack_from(block, HEADER_BYTES)[0]
    sums = np.cumsum(wide.view(">u4").ravel(), dtype=np.int64) + first
    counts: npt.NDArray[np.int32] = (((sums + _HALF) & _MASK) - _HALF).astype(np.int32)
    return counts


def encode(content: GcfData | GcfStatus) -> bytes:
    """Return the block of 1024 bytes, as tightly packed as its differences allow.

    Raises
    ------
    ValueError : it cannot be said in one block: a rate that the format lacks, too
        many samples, a start between two allowed ones, a label too long.
    """
    head = content.header
    if isinstance(content, GcfStatus):
        body = content.text.encode("latin-1")
        body += b" " * (-len(body) % 4)
        if len(body) > BLOCK_BYTES - HEADER_BYTES:
            raise ValueError(f"a status text of {len(body)} characters is longer than a block")
        return _packed_header(head, _STATUS_RATE, 4, len(body) // 4) + body.ljust(
            BLOCK_BYTES - HEADER_BYTES, b"\0"
        )
    counts = np.asarray(content.counts, np.int32)
    if not counts.size:
        raise ValueError("a data block holds at least one sample")
    steps = np.diff(counts, prepend=counts[:1])  # wraps round like the sums in decode
    compression = _tightest(steps)
    records = steps.size // compression
    if records > MAX_RECORDS:
        raise ValueError(f"{steps.size} samples need {records} records, {MAX_RECORDS} fit: make more blocks")
    code = _RATE_CODES.get(head.fs_hz, int(head.fs_hz))
    if not 1 <= code <= 250 or RATES_HZ.get(code, float(code)) != head.fs_hz:
        raise ValueError(f"the format has no code for {head.fs_hz:g} Hz")
    body = (
        _INT32.pack(int(counts[0]))
        + steps.astype(_DIFFERENCES[compression]).tobytes()
        + _INT32.pack(int(counts[-1]))
    )
    return _packed_header(head, code, compression, records) + body.ljust(BLOCK_BYTES - HEADER_BYTES, b"\0")


def _tightest(steps: npt.NDArray[np.int32]) -> int:
    low, high = int(steps.min()), int(steps.max())
    for compression in COMPRESSIONS[:2]:
        limits = np.iinfo(_DIFFERENCES[compression])
        if steps.size % compression == 0 and limits.min <= low and high <= limits.max:
            return compression
    return 1


def _packed_header(head: GcfHeader, rate: int, compression: int, records: int) -> bytes:
    bits = _ID_BITS[head.form]
    system = number_of(head.system_id)
    if system >> bits or number_of(head.stream_id) >> 31:
        raise ValueError(f"{head.system_id}/{head.stream_id} is too long for its field")
    if head.form != PLAIN:
        system |= 1 << 31 | (head.form == DOUBLE_EXTENDED) << 30
        system |= _GAINS.index(head.gain) << 27 | head.digitiser << 26
    parts = START_PARTS.get(head.fs_hz, 1)
    second, rest_ns = divmod(head.start_ns, 1_000_000_000)
    part, odd = divmod(rest_ns * parts, 1_000_000_000)
    if odd:
        raise ValueError(f"a block of {head.fs_hz:g} Hz begins at a whole 1/{parts} s")
    day, second_of_day = divmod(second - _EPOCH_S, _DAY_S)
    if not 0 <= day < 1 << 15:
        raise ValueError("the date code covers 1989-11-17 to 2079-08-04")
    date = day << 17 | second_of_day + head.leap
    code = compression | (part & 15) << 4 | (part & 16) >> 1
    return _HEADER.pack(system, number_of(head.stream_id), date, head.ttl, rate, code, records)


def cut(block: bytes, narrow: bool = False) -> bytes:
    """Return a whole block cut to its length, as a digitiser sends it on a serial line.

    Parameters
    ----------
    block : 1024 bytes, as `encode` makes it or a file holds it.
    narrow : cut differences of 4 bytes to 3; only for samples of 24 bits.

    Raises
    ------
    ValueError : no block.
    """
    possible = lengths(block) if len(block) >= HEADER_BYTES else ()
    if not possible or len(block) < possible[0]:
        raise ValueError("no whole GCF block")
    if not narrow or len(possible) == 1:
        return bytes(block[: possible[0]])
    body = HEADER_BYTES + 4
    wide = np.frombuffer(block, np.uint8, possible[0] - body - 4, body).reshape(-1, 4)
    return bytes(block[:body]) + wide[:, 1:].tobytes() + bytes(block[possible[0] - 4 : possible[0]])
