"""Recorded rooms with CO2 and people counted: read, cut to five-minute windows, told apart by truth.

Written down before any test file was scored (2026-11-28):

- Windows are disjoint, 5 min, beginning at multiples of 5 min; at least 3 readings.
- A window is *occupied* if truth says so from its first to its last reading
  ("while already occupied": the window in which somebody comes is left out), *empty*
  if truth says nobody all through; all others are not scored.
- Windesheim's counter writes one line every 5 min and does not say whether the stamp
  is the interval's begin or end: a window counts only where the lines at its begin
  and at its end agree. Its infrared sensor decides nothing. Only days with a counter are
  scored; the air of the days before is history.
- Blank cells: a blank CO2 cell is no reading; other channels are not read at all.
- Time stamps without a zone are taken as they are: no clock change falls inside.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scanner.signals.co2_rooms import WINDOW_S, RoomWindows, room_windows

Array = npt.NDArray[np.float64]

WINDESHEIM = "windesheim_b4b/room_999169.csv.gz"
WINDESHEIM_ZONE = timezone(timedelta(hours=1))
"""Days for the bootstrap begin at this zone's midnight."""


@dataclass(frozen=True, slots=True)
class Room:
    """A recorded room in windows.

    Parameters
    ----------
    least, most : float ``(n,)``: people at least and at most during the window; NaN not known.
    day : int ``(n,)``.
    resolution_ppm : float, last digit of its sensor.
    """

    name: str
    windows: RoomWindows
    least: Array
    most: Array
    day: npt.NDArray[np.intp]
    resolution_ppm: float

    @property
    def occupied(self) -> npt.NDArray[np.bool_]:
        return np.asarray((self.least >= 1) & np.isfinite(self.windows.level_ppm))

    @property
    def empty(self) -> npt.NDArray[np.bool_]:
        return np.asarray((self.most == 0) & np.isfinite(self.windows.level_ppm))


def office_series(path: Path) -> tuple[Array, Array, Array]:
    """Return s, ppm and 0/1 of a file of Candanedo & Feldheim (Energy and Buildings 112 (2016) 28), 60 s."""
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    # stamps wander by a second about the full minute
    t = np.array([round(_utc(row[1]) / 60.0) * 60.0 for row in rows])
    return t, _numbers(row[5] for row in rows), _numbers(row[7] for row in rows)


def office(path: Path, name: str) -> Room:
    """Read such a file; truth is a camera."""
    return _room(name, *office_series(path), 0.0)


def counted_room(path: Path) -> Room:
    """Read the room of Singh et al. (UCI 864): 0 to 3 people, 30 s, CO2 in steps of 5 ppm."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    t = np.array([_utc(f"{row['Date']} {row['Time']:0>8}") for row in rows])
    people = _numbers(row["Room_Occupancy_Count"] for row in rows)
    return _room("uci_room", t, _numbers(row["S5_CO2"] for row in rows), people, 5.0)


def ventilated_room(path: Path) -> Room:
    """Read Windesheim's room 999169: CO2 of the building's own sensor, 60 s; people counter."""
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    air = [row for row in rows if row["source"] == "bms"]
    counter = [row for row in rows if row["source"] == "xovis"]
    t, ppm = np.array([_utc(row["timestamp"]) for row in air]), _numbers(row["co2__ppm"] for row in air)
    windows = room_windows(t, ppm)
    people = _numbers(row["occupancy__p"] for row in counter)
    seen = dict(zip((_utc(row["timestamp"]) for row in counter), people, strict=True))
    ends = np.array([[seen.get(b, np.nan), seen.get(b + WINDOW_S, np.nan)] for b in windows.begin_s])
    day = _days(windows.begin_s, WINDESHEIM_ZONE)
    return Room("windesheim", windows, ends.min(axis=1), ends.max(axis=1), day, 1.0)


def infrared_nearby(path: Path, room: Room) -> npt.NDArray[np.bool_]:
    """Return for each window whether Windesheim's infrared sensor saw anybody within 15 min of it."""
    with gzip.open(path, "rt", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["occupancy__bool"] == "1"]
    seen = np.zeros(room.windows.begin_s.size, bool)
    t = np.array([_utc(row["timestamp"]) for row in rows if row["source"] == "bms"])
    seen[np.floor((t - room.windows.begin_s[0]) / WINDOW_S).astype(int)] = True
    return np.asarray(np.convolve(seen, np.ones(7), "same") > 0)


def training_room(data: Path) -> Room:
    return office(data / "uci_candanedo/datatraining.txt", "datatraining")


def scored_rooms(data: Path) -> list[Room]:
    return [
        office(data / "uci_candanedo/datatest.txt", "datatest"),
        ventilated_room(data / WINDESHEIM),
        counted_room(data / "uci_room_occupancy_estimation/Occupancy_Estimation.csv"),
    ]


def _room(name: str, t: Array, ppm: Array, people: Array, resolution_ppm: float) -> Room:
    windows = room_windows(t, ppm)
    place = np.floor((t - windows.begin_s[0]) / WINDOW_S).astype(int)
    inside = (place >= 0) & (place < windows.begin_s.size)
    least = np.full(windows.begin_s.size, np.inf)
    most = np.full(windows.begin_s.size, -np.inf)
    np.minimum.at(least, place[inside], people[inside])
    np.maximum.at(most, place[inside], people[inside])
    unseen = ~np.isfinite(least)
    least[unseen] = most[unseen] = np.nan
    return Room(name, windows, least, most, _days(windows.begin_s, UTC), resolution_ppm)


def _days(begin_s: Array, zone: timezone) -> npt.NDArray[np.intp]:
    return np.array([datetime.fromtimestamp(b, zone).toordinal() for b in begin_s], dtype=np.intp)


def _utc(stamp: str) -> float:
    moment = datetime.fromisoformat(stamp)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _numbers(cells: Iterable[str]) -> Array:
    return np.array([float(cell) if cell.strip() else np.nan for cell in cells])
