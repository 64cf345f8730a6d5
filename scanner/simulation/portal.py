"""A passage as the line detector's driver delivers it: blocks in time, then the detector's END."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from drivers.api import LineBlock, LineScanEnd
from scanner.simulation.xray.lines import line_blocks
from scanner.simulation.xray.passage import Passage

LINE_BLOCK = 64
LINE_RATE_HZ = 200.0


def portal_lines(
    passage: Passage, scan: int, begin_s: float, utc_ns: int
) -> Iterator[tuple[float, LineBlock | LineScanEnd]]:
    """Yield blocks and END with the time in the visit at which each arrives.

    Parameters
    ----------
    scan : number of the detector's run.
    begin_s : time in the visit of the first dark line.
    utc_ns : of the visit's start.
    """
    sha256 = hashlib.sha256()
    sent = last = 0
    for block in line_blocks(passage, scan, block=LINE_BLOCK):
        first, last = int(block.line_numbers[0]), int(block.line_numbers[-1])
        sent += block.line_numbers.size
        sha256.update(np.ascontiguousarray(block.pixels).astype("<u2").tobytes())
        device_ns = utc_ns + round((begin_s + (first - 1) / LINE_RATE_HZ) * 1e9)
        yield begin_s + last / LINE_RATE_HZ, replace(block, device_ns=device_ns)
    yield (
        begin_s + last / LINE_RATE_HZ,
        LineScanEnd(scan, sent, last - sent, sha256.hexdigest(), sent, True),
    )
