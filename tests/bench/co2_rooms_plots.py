"""Plots of the recorded rooms: detections over false alarms for each data set, and a day of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scanner.signals.co2_room_course import RoomCourse
from tests.bench.co2_rooms_data import Room

Array = npt.NDArray[np.float64]


def draw(
    train: Room,
    rooms: list[Room],
    detectors: dict[str, Callable[[Room], Array]],
    course: Callable[[Room], RoomCourse],
    limit: float,
    folder: Path,
) -> list[Path]:
    """Draw both figures; ``limit`` is the filter's threshold at 1 %."""
    import matplotlib

    matplotlib.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    everyone = [train, *rooms]
    return [_curves(everyone, detectors, folder), _days(everyone, course, limit, folder)]


def _curves(rooms: list[Room], detectors: dict[str, Callable[[Room], Array]], folder: Path) -> Path:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(rooms), figsize=(4 * len(rooms), 4.2), layout="constrained")
    for axis, room in zip(np.atleast_1d(axes), rooms, strict=True):
        for name, detector in detectors.items():
            score = detector(room)
            limits = np.r_[np.inf, np.sort(np.unique(score[room.empty]))[::-1], -np.inf]
            none, one = np.sort(score[room.empty]), np.sort(score[room.occupied])
            alarms = 1 - np.searchsorted(none, limits, "right") / none.size
            found = 1 - np.searchsorted(one, limits, "right") / one.size
            axis.plot(np.maximum(alarms, 1e-3), found, label=name)
        for rate in (0.01, 0.05):
            axis.axvline(rate, color="0.7", linewidth=0.8, linestyle=":")
        axis.set(xscale="log", xlim=(1e-3, 1), ylim=(0, 1.02), title=room.name, xlabel="false alarms")
        axis.grid(alpha=0.3)
    np.atleast_1d(axes)[0].set_ylabel("detected")
    np.atleast_1d(axes)[-1].legend(fontsize=8, loc="lower right")
    path = folder / "co2-rooms-roc.png"
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
    return path


def _days(rooms: list[Room], course: Callable[[Room], RoomCourse], limit: float, folder: Path) -> Path:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(rooms), 1, figsize=(11, 2.9 * len(rooms)), layout="constrained")
    for axis, room in zip(np.atleast_1d(axes), rooms, strict=True):
        air = course(room)
        day = _busiest(room)
        shown = room.day == day
        hour = (room.windows.begin_s[shown] - room.windows.begin_s[shown][0]) / 3600.0
        axis.plot(hour, room.windows.level_ppm[shown], "k", linewidth=1.2, label="level, ppm")
        axis.plot(hour, air.outside_ppm[shown], "0.6", linewidth=1.0, label="baseline, ppm")
        alarm = np.where(air.log_ratio[shown] > limit, np.nanmin(room.windows.level_ppm[shown]) - 25, np.nan)
        axis.plot(hour, alarm, "s", color="tab:red", markersize=3, label="filter alarms at 1 %")
        axis.set(title=f"{room.name}, day {day - room.day[0] + 1}", ylabel="ppm")
        people = axis.twinx()
        people.fill_between(hour, room.least[shown], alpha=0.25, step="post", label="people, truth")
        mean = air.people[shown] @ np.arange(air.people.shape[1])
        people.plot(hour, mean, color="tab:blue", linewidth=1.0, label="people, filter")
        people.set(ylim=(0, 8), ylabel="people")
        axis.legend(loc="upper left", fontsize=7)
        people.legend(loc="upper right", fontsize=7)
    np.atleast_1d(axes)[-1].set_xlabel("hours since the day's first window")
    path = folder / "co2-rooms-days.png"
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
    return path


def _busiest(room: Room) -> int:
    days = np.unique(room.day)
    return int(days[np.argmax([(room.occupied & (room.day == day)).sum() for day in days])])
