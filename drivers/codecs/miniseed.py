"""miniSEED 2 records of 512 bytes: one channel's samples with their time, packed as Steim 1 or 2 or plain.

A record is a fixed header of 48 bytes, blockettes (1000: packing and byte order;
1001: microseconds; 100: exact rate) and data. It carries no checksum. Steim
packing ends with the value of the last sample, which is compared here: that
check finds what was damaged in the packed differences, not in the header; plain
packing has none.

Decoded here and not by libmseed: given a record that announces more samples
than it holds, libmseed 2 (ObsPy 1.5) reads on beyond the record and returns
65535 samples of foreign memory, and its decoding takes about twice as long.

References
----------
SEED Reference Manual 2.4: chapter 8 (fixed header, blockettes 100, 1000, 1001),
appendix B (Steim 1 and 2).
"""

from __future__ import annotations

import struct
from datetime import date
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from drivers.codecs.counters import DecodeCounters

RECORD_BYTES = 512
DATA_OFFSET = 64  # of records made here
ASCII, INT16, INT32, STEIM1, STEIM2 = 0, 1, 3, 10, 11
MOST_STEIM1_SAMPLES = 100
"""So many samples fit into a record whatever their differences are."""

_FRAME_WORDS = 16
_NS = 1_000_000_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_HEADER = {order: struct.Struct(order + "HHBBBxHHhhBBBBiHH") for order in "><"}
_CHANNEL_TEXT = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ")


class MiniSeedRecord(NamedTuple):
    """One decoded record.

    Parameters
    ----------
    network, station, location, channel : codes without trailing blanks.
    start_ns : time of the first sample, ns since 1970, corrections applied.
    fs_hz : sampling rate.
    counts : int32 ``(n_samples,)``.
    clock_locked : the record says that its clock is locked.
    clipped : the record says that its amplifier or converter was at its end.
    checked : the packing's own check of the last sample was there, and right.
    """

    network: str
    station: str
    location: str
    channel: str
    start_ns: int
    fs_hz: float
    counts: npt.NDArray[np.int32]
    clock_locked: bool = False
    clipped: bool = False
    checked: bool = True


def decode(record: bytes, counters: DecodeCounters) -> MiniSeedRecord | None:
    """Return what a record holds; None, and counted why, when it cannot be read. Never raises.

    Parameters
    ----------
    record : 512 bytes.
    counters : takes the reasons "header" (not a miniSEED record, or its fields
        contradict each other), "encoding" (text, floats, other packings) and
        "samples" (fewer than announced, or the last one is not the announced one).
    """
    counters.bytes_in += len(record)
    read = _decode(record)
    if isinstance(read, str):
        counters.drop(read, len(record))
        return None
    counters.frames += 1
    return read


def text_of(record: bytes) -> str:
    """Return the text of a record that holds text (SeedLink's INFO); empty when it holds none."""
    if len(record) != RECORD_BYTES:
        return ""
    order = _byte_order(record)
    n_samples, offset = (
        struct.unpack_from(order + "H", record, 30)[0],
        struct.unpack_from(order + "H", record, 44)[0],
    )
    return record[offset : offset + n_samples].decode("ascii", "replace").rstrip("\0") if offset >= 48 else ""


def _byte_order(record: bytes) -> str:
    return ">" if 1900 <= int.from_bytes(record[20:22], "big") <= 2100 else "<"


def _decode(record: bytes) -> MiniSeedRecord | str:
    """Return the record, or the reason why it is none."""
    if len(record) != RECORD_BYTES or record[6] not in b"DRQM" or not _CHANNEL_TEXT.issuperset(record[8:20]):
        return "header"
    order = _byte_order(record)
    (
        year, day, hour, minute, second, ticks, n_samples, factor, multiplier,
        activity, io_flags, quality_flags, n_blockettes, correction, data_offset, at,
    ) = _HEADER[order].unpack_from(record, 20)  # fmt: skip
    in_time = 1900 <= year <= 2100 and 1 <= day <= 366 and hour < 24 and minute < 60 and second <= 60
    if not in_time or ticks > 9999 or not factor or not multiplier or not n_samples:
        return "header"
    fs_hz = (factor if factor > 0 else -1 / factor) * (multiplier if multiplier > 0 else -1 / multiplier)
    encoding, data_order, microseconds = -1, 1, 0
    for _ in range(min(n_blockettes, 8)):
        if not 48 <= at <= RECORD_BYTES - 8:
            break
        kind, following = struct.unpack_from(order + "HH", record, at)
        if kind == 1000:
            encoding, data_order, power = record[at + 4 : at + 7]
            if power != 9 or data_order > 1:
                return "header"
        elif kind == 1001:
            (microseconds,) = struct.unpack_from("b", record, at + 5)
        elif kind == 100:
            (fs_hz,) = struct.unpack_from(order + "f", record, at + 4)
        if following <= at:
            break
        at = following
    if encoding < 0 or not 1e-3 <= fs_hz <= 1e6 or not 48 <= data_offset < RECORD_BYTES:
        return "header"
    days = date(year, 1, 1).toordinal() - _EPOCH_DAY + day - 1
    start_ns = (
        (((days * 24 + hour) * 60 + minute) * 60 + second) * _NS + ticks * 100_000 + microseconds * 1000
    )
    if not activity & 2:  # the correction was not applied yet
        start_ns += correction * 100_000
    data = record[data_offset:]
    words = ">" if data_order else "<"
    checked = encoding in (STEIM1, STEIM2)
    if checked:
        counts = _steim(data, words, n_samples, encoding)
    elif encoding in (INT16, INT32):
        width = 2 if encoding == INT16 else 4
        if n_samples * width > len(data):
            return "samples"
        counts = np.frombuffer(data, f"{words}i{width}", n_samples).astype(np.int32)
    else:
        return "encoding"
    if counts is None:
        return "samples"
    text = record[8:20].decode("ascii")
    return MiniSeedRecord(
        text[10:12].rstrip(),
        text[0:5].rstrip(),
        text[5:7].rstrip(),
        text[7:10].rstrip(),
        start_ns,
        float(fs_hz),
        counts,
        bool(io_flags & 0x20),
        bool(quality_flags & 0x03),
        checked,
    )


# What a data word holds, by 4 x (its nibble) + (its own top two bits): how many differences of how many bits.
_STEIM1_WORDS: Final = {4: (4, 8), 8: (2, 16), 12: (1, 32)}
_STEIM2_WORDS: Final = {
    **{4 + top: (4, 8) for top in range(4)},
    9: (1, 30),
    10: (2, 15),
    11: (3, 10),
    12: (5, 6),
    13: (6, 5),
    14: (7, 4),
}


def _unpacking(
    kinds: dict[int, tuple[int, int]],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Return by kind of word: shifts left ``(16, 7)``, shift right ``(16, 1)``, places used ``(16, 7)``."""
    left = np.zeros((16, 7), np.int32)
    right = np.zeros((16, 1), np.int32)
    used = np.zeros((16, 7), np.bool_)
    for kind, (count, bits) in kinds.items():
        right[kind] = 32 - bits
        left[kind, :count] = 32 - bits * np.arange(count, 0, -1)
        used[kind, :count] = True
    return left, right, used


_UNPACKING: Final = {STEIM1: _unpacking(_STEIM1_WORDS), STEIM2: _unpacking(_STEIM2_WORDS)}
_NIBBLES = np.arange(30, -2, -2, dtype=np.int32)  # shifts of word 0 ... 15 in a frame's first word


def _steim(data: bytes, order: str, n_samples: int, encoding: int) -> npt.NDArray[np.int32] | None:
    n_frames = len(data) // (4 * _FRAME_WORDS)
    frames = np.frombuffer(data, order + "i4", n_frames * _FRAME_WORDS).astype(np.int32)
    if not n_frames:
        return None
    first, last = frames[1], frames[2]
    codes = (frames[::_FRAME_WORDS, None] >> _NIBBLES) & 3
    codes[0, 1:3] = 0  # the first and last sample stand there, whatever the nibbles say
    kinds = codes.reshape(-1) << 2
    holding = kinds.nonzero()[0]
    kinds, words = kinds[holding], frames[holding]
    if order == "<":
        # only whole words were turned round: bytes and halves stand in the order in which they are counted
        eights, halves = kinds == 4, (kinds == 8) & (encoding == STEIM1)
        words[eights] = words[eights].byteswap()
        words[halves] = words[halves] << 16 | (words[halves] >> 16) & 0xFFFF
    if encoding == STEIM2:
        kinds |= (words >> 30) & 3
    left, right, used = _UNPACKING[encoding]
    kinds = kinds.astype(np.intp)
    places = used.take(kinds, axis=0)
    if not places[:, 0].all():
        return None  # a kind of word that the packing does not have
    shifted = words[:, None] << left.take(kinds, axis=0)
    shifted >>= right.take(kinds, axis=0)
    differences = shifted[places]
    if differences.size < n_samples:
        return None
    differences[0] = first  # the first difference leads to the record before and is not needed
    # int32 sums wrap round as the packing's own arithmetic does
    counts = differences[:n_samples].cumsum(dtype=np.int32)
    return counts if counts[-1] == last else None


def encode_text(text: str, channel: str = "INF") -> bytes:
    """Return a record that holds up to 448 characters of text, as SeedLink's INFO does.

    Examples
    --------
    >>> text_of(encode_text("<seedlink/>"))
    '<seedlink/>'
    """
    data = text.encode("ascii", "replace")[: RECORD_BYTES - DATA_OFFSET]
    header = b"000001D " + f"{'SL':<5}{'':<2}{channel:<3.3}{'':<2}".encode("ascii", "replace")
    header += _HEADER[">"].pack(
        1970, 1, 0, 0, 0, 0, len(data), 0, 0, 0, 0, 0, 1, 0, DATA_OFFSET, 48
    )  # fmt: skip
    header += struct.pack(">HHBBBx", 1000, 0, ASCII, 1, 9) + bytes(8)
    return header + data.ljust(RECORD_BYTES - DATA_OFFSET, b"\0")


def encode(record: MiniSeedRecord, sequence: int = 1) -> bytes:
    """Return a record as Steim 1, big endian, with microseconds; used by the twin.

    Raises
    ------
    ValueError : more samples than fit (`MOST_STEIM1_SAMPLES` always do), or a
        rate that is no whole number.

    Examples
    --------
    >>> sent = MiniSeedRecord("AM", "R24FA", "00", "EHZ", 10**18, 100.0, np.array([5, -7], np.int32))
    >>> decode(encode(sent), DecodeCounters()).counts.tolist()
    [5, -7]
    """
    rate = round(record.fs_hz)
    if rate != record.fs_hz or not 0 < rate < 32768:
        raise ValueError(f"a record of {record.fs_hz:g} Hz cannot be made, whole numbers of Hz only")
    second_ns, rest_ns = divmod(record.start_ns, _NS)
    ticks, left_ns = divmod(rest_ns, 100_000)
    days, second = divmod(second_ns, 86400)
    day = date.fromordinal(_EPOCH_DAY + days)
    codes = f"{record.station:<5.5}{record.location:<2.2}{record.channel:<3.3}{record.network:<2.2}".encode(
        "ascii"
    )
    header = f"{sequence % 1_000_000:06d}D ".encode() + codes + _HEADER[">"].pack(
        day.year, day.timetuple().tm_yday, second // 3600, second // 60 % 60, second % 60, ticks,
        record.counts.size, rate, 1,
        0, 0x20 if record.clock_locked else 0, 0x02 if record.clipped else 0, 2, 0, DATA_OFFSET, 48,
    )  # fmt: skip
    blockettes = struct.pack(">HHBBBx", 1000, 56, STEIM1, 1, 9) + struct.pack(
        ">HHBbxB", 1001, 0, 100, left_ns // 1000, 7
    )
    return header + blockettes + _steim1_frames(record.counts)


def _steim1_frames(counts: npt.NDArray[np.int32]) -> bytes:
    n_frames = (RECORD_BYTES - DATA_OFFSET) // 64
    values = np.asarray(counts, np.int32)
    differences = np.diff(values, prepend=values[:1]).tolist()
    words: list[tuple[int, bytes]] = []
    at = 0
    while at < len(differences):
        for code, count, layout, limit in (
            (1, 4, ">4b", 1 << 7),
            (2, 2, ">2h", 1 << 15),
            (3, 1, ">i", 1 << 31),
        ):
            some = differences[at : at + count]
            if len(some) == count and all(-limit <= value < limit for value in some):
                words.append((code, struct.pack(layout, *some)))
                at += count
                break
    room = n_frames * (_FRAME_WORDS - 1) - 2
    if len(words) > room:
        raise ValueError(f"{len(differences)} samples do not fit into one record")
    words = [(0, struct.pack(">i", values[0])), (0, struct.pack(">i", values[-1])), *words]
    words += [(0, bytes(4))] * (n_frames * (_FRAME_WORDS - 1) - len(words))
    frames = b""
    for start in range(0, len(words), _FRAME_WORDS - 1):
        part = words[start : start + _FRAME_WORDS - 1]
        nibbles = sum(code << shift for (code, _), shift in zip(part, range(28, -2, -2), strict=True))
        frames += nibbles.to_bytes(4, "big") + b"".join(word for _, word in part)
    return frames
