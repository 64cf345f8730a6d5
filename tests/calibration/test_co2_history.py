"""The file of calibrations: written line by line, read back whole, honest about what is damaged."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from calibration.certificates import CalibrationMissing
from calibration.co2_history import Calibrated, append_history, of_same_probe, read_history

DAY = dt.date(2026, 1, 1)
FIRST = Calibrated(DAY, "co2-inside", "7", 12.5, 5.0, 12.0, 1.001, 40.0, "N-1", DAY, "outside air")
SECOND = replace(FIRST, day=dt.date(2026, 2, 1), error_ppm=14.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "calibrations" / "co2-inside.jsonl"
    append_history(path, FIRST)
    append_history(path, SECOND)
    return path


def test_what_is_appended_is_read_back(file: Path) -> None:
    assert read_history(file) == (FIRST, SECOND)


def test_a_line_that_a_power_cut_left_half_costs_no_other(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    append_history(file, SECOND)
    assert read_history(file) == (FIRST, SECOND)


def test_days_are_put_in_order(file: Path) -> None:
    earlier = replace(FIRST, day=dt.date(2025, 12, 1))
    append_history(file, earlier)
    assert read_history(file)[0] == earlier


def test_another_probe_in_the_same_place_has_its_own_drift(file: Path) -> None:
    other = replace(SECOND, day=dt.date(2026, 3, 1), serial="8")
    append_history(file, other)
    assert of_same_probe(read_history(file)) == (other,)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"day": "2026-01-01"}', "line 1: is no calibration"),
        (None, "another release"),
    ],
)
def test_a_damaged_line_is_named(file: Path, line: str | None, says: str) -> None:
    lines = file.read_text().splitlines()
    lines[0] = line or lines[0].replace('"lorryscan_calibration": 1', '"lorryscan_calibration": 2')
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(CalibrationMissing, match=says):
        read_history(file)


def test_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(CalibrationMissing, match="cannot be read"):
        read_history(tmp_path / "none.jsonl")
