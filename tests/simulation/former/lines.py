"""What a line detector's driver would hand over of a passage of the former renderer, stamped."""

from __future__ import annotations

import numpy as np

from drivers.api import LineBlock, LineKind, LineScanEnd, Role, Stamp
from tests.simulation.former.xray_scene import XrayPassage

END_NS = 10_000_000_000


def blocks(passage: XrayPassage, scan: int = 7) -> list[LineBlock | LineScanEnd]:
    """Return dark, air and data lines in blocks of 100, and END."""
    items: list[LineBlock | LineScanEnd] = []
    first = 1
    for kind, pixels, dose in (
        (LineKind.DARK, passage.dark, passage.dark_dose),
        (LineKind.AIR, passage.air, passage.air_dose),
        (LineKind.DATA, passage.data, passage.dose),
    ):
        n = pixels.shape[0]
        for start in range(0, n, 100):
            part = slice(start, min(start + 100, n))
            size = part.stop - part.start
            items.append(
                LineBlock(
                    pixels[part],
                    scan=scan,
                    line_numbers=np.arange(first, first + size, dtype=np.int64),
                    encoder=passage.encoder[part] if kind is LineKind.DATA else np.zeros(size, np.int64),
                    dose=dose[part],
                    line_flags=np.zeros(size, np.uint16),
                    kind=kind,
                    energy=0,
                    bits=passage.bits,
                    pixel_pitch_um=passage.pixel_pitch_um,
                    line_pitch_um=passage.line_pitch_um,
                    stamp=Stamp("portal", Role.PORTAL, END_NS - 1, 0),
                )
            )
            first += size
    items.append(
        LineScanEnd(scan, first - 1, 0, "", first - 1, True, stamp=Stamp("portal", Role.PORTAL, END_NS, 0))
    )
    return items
