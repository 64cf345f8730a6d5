"""Reads CPTV recordings of a Lepton: each frame is the one before plus differences, in a winding order."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt


def cptv_frames(path: Path, n_frames: int | None = None) -> Iterator[npt.NDArray[np.uint16]]:
    """Yield the frames ``(120, 160)`` of a CPTV 1 or 2 file, raw counts; None = all."""
    raw, at = gzip.decompress(path.read_bytes()), 5

    def section(at: int) -> tuple[dict[bytes, bytes], int]:
        fields, count, at = {}, raw[at + 1], at + 2
        for _ in range(count):
            fields[raw[at + 1 : at + 2]] = raw[at + 2 : at + 2 + raw[at]]
            at += 2 + raw[at]
        return fields, at

    _, at = section(at)
    frame = np.zeros((120, 160), np.int64)
    while at < len(raw) and (n_frames is None or n_frames > 0):
        n_frames = None if n_frames is None else n_frames - 1
        fields, at = section(at)
        bits, size = fields[b"w"][0], int.from_bytes(fields[b"f"], "little")
        packed = np.unpackbits(np.frombuffer(raw, np.uint8, size - 4, at + 4))[: bits * 19199].reshape(
            -1, bits
        )
        steps = packed.astype(np.int64) @ (1 << np.arange(bits - 1, -1, -1)) - (
            packed[:, 0].astype(np.int64) << bits
        )
        first = int.from_bytes(raw[at : at + 4], "little", signed=True)
        change = np.cumsum([first, *steps]).reshape(120, 160)
        change[1::2] = change[1::2, ::-1]
        frame = frame + change
        at += size
        yield frame.astype(np.uint16)
