"""The calibration set on disk: JSON that carries every fit with its data's hash."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import resources
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from calibration.certificates import CalibrationMissing
from calibration.evidence import CalibrationSet

_SET = TypeAdapter(CalibrationSet)
_SHIPPED = "evidence.json"


def save_calibrations(calibrations: CalibrationSet, path: Path) -> None:
    """Write a set; `load_calibrations` reads it back with the same id."""
    content = asdict(calibrations)
    for score in content["scores"]:
        if not score["model_id"]:
            del score["model_id"]
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def load_calibrations(path: Path | None = None) -> CalibrationSet:
    """Read a set from ``path``, or the one that is shipped.

    Raises
    ------
    CalibrationMissing : the file is missing, or is no calibration set.
    """
    source = path or resources.files("calibration").joinpath(_SHIPPED)
    try:
        return _SET.validate_json(source.read_text(encoding="utf-8"))
    except OSError:
        raise CalibrationMissing(
            f"{source}: no calibration set: install lorryscan anew, or fit one with "
            "'lorryscan calibrate evidence'"
        ) from None
    except ValidationError as error:
        raise CalibrationMissing(f"{source}: not a calibration set ({error.error_count()} faults)") from None
