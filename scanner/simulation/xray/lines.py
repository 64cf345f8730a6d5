"""What a line detector's driver hands over of a simulated passage."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from drivers.api import Flag, LineBlock, LineKind, Role, Stamp
from scanner.simulation.xray.passage import BITS, Passage

BLOCK = 128


def line_blocks(
    passage: Passage, scan: int = 1, sensor: str = "portal", energy: int = 0, block: int = BLOCK
) -> Iterator[LineBlock]:
    """Yield dark, air and data lines and the air lines after them, in blocks, numbered from 1.

    Dark lines say that the beam is off.
    """
    counted = passage.counted
    n_dark = counted.dark.shape[0]
    n_air = counted.air.shape[0]
    first_data = 1 + n_dark + n_air
    last = int(counted.line[-1]) if counted.line.size else 0
    parts = (
        (LineKind.DARK, counted.dark, np.zeros(n_dark, np.uint16), 1 + np.arange(n_dark)),
        (LineKind.AIR, counted.air, counted.air_dose, 1 + n_dark + np.arange(n_air)),
        (LineKind.DATA, counted.data, counted.dose, first_data + counted.line),
        (
            LineKind.AIR,
            counted.air_after,
            counted.air_after_dose,
            first_data + last + 1 + np.arange(counted.air_after.shape[0]),
        ),
    )
    for kind, pixels, dose, numbers in parts:
        for start in range(0, pixels.shape[0], block):
            part = slice(start, min(start + block, pixels.shape[0]))
            size = part.stop - part.start
            data = kind is LineKind.DATA
            flag = Flag.BEAM_OFF if kind is LineKind.DARK else Flag.NONE
            yield LineBlock(
                pixels[part],
                scan=scan,
                line_numbers=np.asarray(numbers[part], np.int64),
                encoder=passage.encoder[part] if data else np.zeros(size, np.int64),
                dose=dose[part],
                line_flags=np.full(size, int(flag), np.uint16),
                kind=kind,
                energy=energy,
                bits=BITS,
                pixel_pitch_um=passage.pixel_pitch_um,
                line_pitch_um=passage.line_pitch_um,
                flags=flag,
                stamp=Stamp(sensor, Role.PORTAL, 0, 0),
            )
