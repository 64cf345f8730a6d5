"""The lines of a passage: refused for what is wrong with them, or made a picture of each energy."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationMissing
from calibration.line_pixels import PixelClass
from drivers.api import Flag
from models.card import ModelCard
from scanner.evidence import Reason
from scanner.modalities.xray_passage import Passage, PassageUnusable
from scanner.signals.xray_chain import chain_state, finish, gather
from scanner.signals.xray_scan import Scan, ScanUnusable, Setup

LOST_LIMIT = 0.02  # share of lines, lost or repeated
SATURATED_LIMIT = 0.01  # share of pixels; beyond it, seeing nobody means nothing
DEAD_LIMIT = 0.10  # the same
HOPELESS_LIMIT = 0.30  # share of pixels, dead or saturated; beyond it there is no score
_NO_BEAM = int(Flag.BEAM_OFF | Flag.EMERGENCY_STOP)


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of a passage whose lines are usable.

    Parameters
    ----------
    first : of energy 0; ``further`` those of the others that could be corrected, by index.
    n_pixels, n_lines : of what the detector sent of energy 0.
    lost_share : of lines, lost or not usable.
    doubt : why seeing nobody in the pictures means nothing, None = there is no such reason in the lines.
    """

    first: Scan
    further: Mapping[int, Scan]
    n_pixels: int
    n_lines: int
    lost_share: float
    doubt: Reason | None


def pictures_of(passage: Passage, parameters: Mapping[str, float], card: ModelCard, sensor: str) -> Pictures:
    """Correct and resample a finished passage.

    Parameters
    ----------
    parameters : of the detector's certificate; ``pixel_pitch_um``, ``line_pitch_um`` and
        ``encoder_um_per_count`` override what the stream declares.

    Raises
    ------
    PassageUnusable : with the reason; examples: no dark lines, beam off, lost lines.
    """
    lit = _joined([b.line_flags.astype(np.int64) for b in passage.data]) & _NO_BEAM == 0
    numbers = _joined([b.line_numbers for b in passage.data])
    if passage.beam_off_seen or 1 - lit.mean() > LOST_LIMIT:
        raise PassageUnusable("xray_beam_off", percent=100 * (1 - float(lit.mean())))
    lost = _lost_share(passage, numbers, int(lit.sum()))
    if lost > LOST_LIMIT:
        raise PassageUnusable("xray_lines_lost", percent=100 * lost)
    end = passage.end
    if end is not None and not end.hash_matches and end.lines_received >= end.lines_sent:
        raise PassageUnusable("xray_hash_mismatch", sensor=sensor)
    scan, further = _scans(passage, parameters, card, sensor)
    report = scan.report
    doubt = _doubt(report.unusable_share, report.shares[PixelClass.SATURATED])
    if report.dark / report.lines > LOST_LIMIT:
        raise PassageUnusable("xray_beam_off", percent=100 * report.dark / report.lines)
    lost = max(lost, (report.repeated + report.dose_off) / report.lines)
    if lost > LOST_LIMIT:
        raise PassageUnusable("xray_lines_lost", percent=100 * lost)
    return Pictures(scan, further, passage.data[0].pixels.shape[1], lit.size, lost, doubt)


def _doubt(dead: float, saturated: float) -> Reason | None:
    """Return why too few pixels tell something, or None; hopeless pictures raise `PassageUnusable`."""
    found = {"xray_dead_pixels": (dead, DEAD_LIMIT), "xray_saturated": (saturated, SATURATED_LIMIT)}
    for code, (share, _) in found.items():
        if share > HOPELESS_LIMIT:
            raise PassageUnusable(code, percent=100 * share)
    for code, (share, limit) in found.items():
        if share > limit:
            return Reason(code, {"percent": 100 * share})
    return None


def _joined(arrays: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.asarray(a, np.int64) for a in arrays])


def _lost_share(passage: Passage, numbers: npt.NDArray[np.int64], usable: int) -> float:
    """Return the share of lines that are missing, by whichever count knows of more.

    The energies of one position may share a number or be counted one by one.
    """
    others = [b.line_numbers for other in passage.further.values() for b in other.data]
    seen = np.unique(_joined([numbers, *others]))
    missing = int(seen[-1] - seen[0]) + 1 - seen.size
    lost = missing + numbers.size - usable
    if passage.end is not None:
        # what the driver received before the visit began is not in the picture either
        on_the_way = passage.end.lines_sent - min(passage.end.lines_received, passage.taken)
        lost = max(lost, max(on_the_way, 0) + passage.end.lines_lost)
    return lost / max(usable + lost, 1)


def _scans(
    passage: Passage, parameters: Mapping[str, float], card: ModelCard, sensor: str
) -> tuple[Scan, dict[int, Scan]]:
    """Correct and resample every energy; one without usable references is left out, except the first."""
    if card.mm_per_px is None:
        raise PassageUnusable("xray_geometry_unknown", sensor=sensor)
    setup = Setup(
        card.mm_per_px,
        parameters.get("pixel_pitch_um", 0.0),
        parameters.get("line_pitch_um", 0.0),
        parameters.get("encoder_um_per_count"),
        1.5 * card.input_shape[1] * card.mm_per_px,
    )
    try:
        first = _scan(passage, setup)
    except CalibrationMissing as missing:
        raise PassageUnusable("xray_uncalibrated", sensor=sensor) from missing
    except ScanUnusable as unusable:
        values: dict[str, float | str] = {**unusable.values}
        if unusable.code == "xray_geometry_unknown":
            values["sensor"] = sensor
        raise PassageUnusable(unusable.code, **values) from unusable
    further = {}
    for energy, other in sorted(passage.further.items()):
        with suppress(CalibrationMissing, ScanUnusable):
            further[energy] = _scan(other, setup)
    return first, further


def _scan(passage: Passage, setup: Setup) -> Scan:
    state = chain_state(setup)
    for block in (*passage.dark, *passage.air, *passage.data, *passage.after):
        state = gather(block, state)
    return next(iter(finish(state).values()))
