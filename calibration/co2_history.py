"""CO2 history: every calibration of a probe, one JSON line each, never rewritten."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from calibration.certificates import CalibrationMissing

FORMAT = 1
COMPARED_AT_PPM = 450.0
"""Level at which a probe's errors are compared over time: free air."""
FOLDER = "calibrations"
"""Within a lane's data folder; one file for each device."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """One calibration as it was found, before the new certificate corrects it.

    Parameters
    ----------
    day : when.
    sensor, serial : device of the lane's configuration, and the probe's own number ("" = it has none).
    error_ppm : reading − true at 450 ppm.
    sigma_ppm : standard uncertainty of that error on the day: gas, noise, digits, settling.
    offset_ppm, gain, uncertainty_ppm : what the certificate states.
    certificate_id, expires : of the certificate.
    reference : gases in words.
    """

    day: dt.date
    sensor: str
    serial: str
    error_ppm: float
    sigma_ppm: float
    offset_ppm: float
    gain: float
    uncertainty_ppm: float
    certificate_id: str
    expires: dt.date
    reference: str = ""
    lorryscan_calibration: int = FORMAT


_ENTRY = TypeAdapter(Calibrated)


def history_file(data_dir: Path, sensor: str) -> Path:
    """Return where a lane keeps a device's calibrations.

    Examples
    --------
    >>> history_file(Path("data"), "co2-inside").as_posix()
    'data/calibrations/co2-inside.jsonl'
    """
    return data_dir / FOLDER / f"{sensor}.jsonl"


def append_history(path: Path, entry: Calibrated) -> None:
    """Add a calibration at the end; what stands there stays, and a power cut leaves whole lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(asdict(entry), default=_day, ensure_ascii=False).encode() + b"\n"
    with path.open("ab") as file:
        if file.tell() and not _ends_a_line(path):
            line = b"\n" + line  # a line that a power cut left half: it stays, alone
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def read_history(path: Path) -> tuple[Calibrated, ...]:
    """Return all calibrations by day; a last line that was cut off is left out.

    Raises
    ------
    CalibrationMissing : there is no such file, or a line in its middle is no calibration.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CalibrationMissing(f"{path}: cannot be read ({error.strerror}): check the path") from None
    except UnicodeDecodeError:
        raise CalibrationMissing(f"{path}: is no history of calibrations: check the path") from None
    found: list[Calibrated] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = _ENTRY.validate_json(line)
        except ValidationError as error:
            if number == len(lines) or _cut_off(line):
                continue
            what = error.errors()[0]
            key = ".".join(str(part) for part in what["loc"]) or "the line"
            raise CalibrationMissing(
                f"{path}, line {number}: is no calibration ({key}: {what['msg']}): mend or remove it"
            ) from None
        if entry.lorryscan_calibration != FORMAT:
            raise CalibrationMissing(
                f"{path}, line {number}: written by another release (format {entry.lorryscan_calibration}): "
                "read it with that one"
            )
        found.append(entry)
    return tuple(sorted(found, key=lambda entry: entry.day))


def of_same_probe(history: Sequence[Calibrated]) -> tuple[Calibrated, ...]:
    """Return the calibrations of the probe that was calibrated last: another one has a drift of its own.

    A probe that says no serial number counts as one and the same.
    """
    if not history:
        return ()
    return tuple(entry for entry in history if entry.serial == history[-1].serial)


def _cut_off(line: str) -> bool:
    return not line.rstrip().endswith("}")


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _day(value: object) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a history")
