"""Lines of one energy as they came, and the same lines again in batches of an even size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drivers.api import LineBlock

BATCH = 64
"""Lines that are corrected together: any split of the same lines gives the same batches."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some lines of one energy, fields as in `LineBlock`."""

    lines: npt.NDArray[np.uint16]
    dose: npt.NDArray[np.uint16]
    line_numbers: npt.NDArray[np.int64]
    encoder: npt.NDArray[np.int64]
    line_flags: npt.NDArray[np.uint16]

    @property
    def size(self) -> int:
        """Number of lines."""
        return int(self.line_numbers.size)

    def cut(self, first: int, last: int | None = None) -> Batch:
        """Return lines ``first`` to before ``last``; nothing is copied."""
        part = slice(first, last)
        return Batch(
            self.lines[part],
            self.dose[part],
            self.line_numbers[part],
            self.encoder[part],
            self.line_flags[part],
        )


def batch_of(block: LineBlock) -> Batch:
    """Return a block's lines; nothing is copied."""
    return Batch(
        block.pixels,
        block.dose,
        np.asarray(block.line_numbers, np.int64),
        np.asarray(block.encoder, np.int64),
        np.asarray(block.line_flags, np.uint16),
    )


def joined(parts: tuple[Batch, ...]) -> Batch:
    """Return several batches as one; a single one is not copied."""
    if len(parts) == 1:
        return parts[0]
    return Batch(
        np.concatenate([p.lines for p in parts]),
        np.concatenate([p.dose for p in parts]),
        np.concatenate([p.line_numbers for p in parts]),
        np.concatenate([p.encoder for p in parts]),
        np.concatenate([p.line_flags for p in parts]),
    )


def rebatch(pending: tuple[Batch, ...], new: Batch) -> tuple[tuple[Batch, ...], tuple[Batch, ...]]:
    """Return whole batches of `BATCH` lines and what remains of the pending and the new lines."""
    held = sum(p.size for p in pending)
    if held + new.size < BATCH:
        return (), (*pending, new) if new.size else pending
    whole: list[Batch] = []
    at = 0
    if held:
        at = BATCH - held
        whole.append(joined((*pending, new.cut(0, at))))
    while at + BATCH <= new.size:
        whole.append(new.cut(at, at + BATCH))
        at += BATCH
    return tuple(whole), (new.cut(at),) if at < new.size else ()
