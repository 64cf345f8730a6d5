"""A recording into which simulated people were put: marked in its first record, with the truth attached.

It is no recording of a lorry. Its header says so, its scan has an id of its own, and the plate
that any reader shows, also one that knows nothing of projections, begins with `PLATE_MARK`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from mcap.records import Attachment

from scanner.recording import strict_json
from scanner.recording.errors import RecordingDamaged
from scanner.recording.header import RecordingHeader
from scanner.recording.reader import RecordStream

PLATE_MARK = "PROJECTED"
TRUTH_NAME = "projection-truth.json"
TRUTH_TYPE = "application/json"
TRUTH_VERSION = 1

Bools = npt.NDArray[np.bool_]


def run_lengths(mask: Bools) -> list[int]:
    """Return a mask as lengths of runs, line by line, beginning with those that are not in it.

    Examples
    --------
    >>> run_lengths(np.array([[False, True, True], [True, False, False]]))
    [1, 3, 2]
    """
    flat = np.asarray(mask, bool).ravel()
    if flat.size == 0:
        return []
    ends = np.concatenate([np.flatnonzero(flat[1:] != flat[:-1]) + 1, [flat.size]])
    lengths = np.diff(np.concatenate([[0], ends])).tolist()
    return [0, *lengths] if flat[0] else lengths


def mask_of(lengths: list[int], shape: tuple[int, int]) -> Bools:
    """Return the mask of `run_lengths`, bool ``shape``.

    Raises
    ------
    ValueError : the lengths do not make up that shape.

    Examples
    --------
    >>> mask_of([1, 3, 2], (2, 3)).astype(int).tolist()
    [[0, 1, 1], [1, 0, 0]]
    """
    inside = np.arange(len(lengths)) % 2 == 1
    flat = np.repeat(inside, np.asarray(lengths, np.int64))
    if flat.size != shape[0] * shape[1]:
        raise ValueError(f"runs of {flat.size} pixels do not make {shape[0]} lines of {shape[1]}")
    return flat.reshape(shape)


def projection_words(header: RecordingHeader) -> str:
    """Return one sentence that says that a recording is a projection; "" for a real one."""
    facts = header.projection
    if not facts:
        return ""
    return (
        f"PROJECTION, no real lorry: {facts.get('people', '?')} simulated people were put into the X-ray "
        f"lines of scan {facts.get('source_scan_id', '?')}"
    )


def read_truth(path: Path | str) -> Mapping[str, Any]:
    """Return who was put where into a projection, as the attachment `TRUTH_NAME` holds it.

    Raises
    ------
    RecordingDamaged : there is none, or it cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        for record in RecordStream(file, path.stat().st_size):
            if isinstance(record, Attachment) and record.name == TRUTH_NAME:
                try:
                    truth = strict_json.loads(record.data)
                except ValueError as error:
                    raise RecordingDamaged(f"{path}: {TRUTH_NAME} cannot be read: {error}") from error
                if isinstance(truth, dict):
                    return truth
    raise RecordingDamaged(f"{path} holds no truth of a projection: make it again by lorryscan project")
