"""One X-ray scan through several models, each as a lane would run it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from drivers.api import Event, EventKind, GeneratorState, Item, LineBlock, LineScanEnd, Reading
from models.runtime import ImageModel
from scanner.modalities.xray import SILENCE_S, XrayModality
from scanner.modality import ScanView, Sensor
from scanner.vehicle import Declaration

QUANTITY = "log_attenuation"
UTC_NS = int(dt.datetime(2026, 6, 1, tzinfo=dt.UTC).timestamp() * 1e9)


@dataclass(frozen=True, slots=True)
class ImageTrial:
    """What every model said of one scan.

    Parameters
    ----------
    scan : its name.
    lorry : scans of one lorry share it: they are not independent.
    beam, cargo : in words, to tell figures apart.
    scores : of each model, in the order asked; None = it could not tell.
    why : code of the reason where it could not, else "".
    """

    scan: str
    lorry: str
    beam: str
    cargo: str
    occupied: bool
    scores: tuple[float | None, ...]
    why: tuple[str, ...]


@lru_cache(maxsize=16)
def loaded(path: Path) -> ImageModel:
    """Return an X-ray model, read once in each process.

    Raises
    ------
    ModelMissing, ModelMismatch : it is not there, or no X-ray model.
    """
    return ImageModel(path, QUANTITY)


def is_of_xray(item: Item) -> bool:
    """Tell whether an item of a visit matters to the X-ray method."""
    if isinstance(item, Event):
        return item.kind is EventKind.VISIT_START
    return isinstance(item, LineBlock | LineScanEnd | GeneratorState)


def scored(
    items: Sequence[Reading | Event],
    sensors: Mapping[str, Sensor],
    declaration: Declaration,
    models: Sequence[Path],
    utc_ns: int = UTC_NS,
) -> tuple[tuple[float | None, ...], tuple[str, ...]]:
    """Return each model's score of a scan, and why there is none.

    Parameters
    ----------
    items : of the whole scan, in order.
    utc_ns : wall time, for certificates.
    """
    last_ns = max((i.mono_ns if isinstance(i, Event) else i.stamp.mono_ns for i in items), default=0)
    view = ScanView(declaration, sensors, {}, 60.0, utc_ns)
    scores: list[float | None] = []
    why: list[str] = []
    for path in models:
        modality = XrayModality(None, loaded(path))
        for item in items:
            modality.feed(item)
        evidence = modality.evaluate(last_ns + round(2 * SILENCE_S * 1e9), view)
        # a picture too dark to clear anybody has a score too: a high one alarms
        scores.append(evidence.score)
        why.append(evidence.reason.code if evidence.score is None and evidence.reason else "")
    return tuple(scores), tuple(why)
