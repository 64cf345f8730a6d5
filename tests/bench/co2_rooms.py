"""Recorded rooms: is somebody in, how many; tuned on one office's training file, tested on three others.

    python -m tests.bench.co2_rooms --data FOLDER [--plots DIR]

Windows and truth: `tests/bench/co2_rooms_data.py`. Written down before the test
files were scored (2026-11-28), from datatraining.txt alone:

- `RoomPrior`: noise, unevenness, stays and the baseline's wandering by coordinate
  search for the likelihood of levels and truth together (filter held to truth);
  widths of ventilation and of the room's size by assumption, wider than training asks.
- Plain mass balance: s + 0.55/h (L - 440 ppm). Ventilation: middle of four nights'
  falls (0.43 to 1.14/h); baseline: median of quiet night levels.
- Thresholds: the 99 % and 95 % quantile of each score over training's empty windows
  (`REGISTERED`; a run that finds others says so). They are carried to every other
  room unchanged. Where a detector needs history it has what lies before the window
  in the same file, nothing of other files.
- Two runs. The first, registered in the commit "CO2 in recorded rooms: detectors,
  windows and thresholds", took training's noise for every room's and let the baseline
  wander freely; on windesheim it believed in one person who never leaves (`FIRST_RUN`).
  The second measures noise and baseline from each room's own past and is tuned on
  training alone as before, but it was built after that failure had been seen: its
  figures on windesheim are no longer those of an untouched room.
- Bootstrap: days of the test file drawn again, 2 000 times, seed 20261128; the
  threshold stays. Three days (datatest) are few: such an interval says little.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scanner.signals.co2_room_course import RoomCourse, occupancy_course
from scanner.signals.co2_rooms import RoomPrior, baseline_ppm, window_log_ratio
from tests.bench.co2_rooms_data import WINDESHEIM, Room, infrared_nearby, scored_rooms, training_room
from tests.bench.co2_rooms_sliding import sliding_table
from tests.bench.co2_scoring import cllr, cllr_min

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

RATES = (0.01, 0.05)
SOON_MIN = 90.0
RESAMPLES, SEED = 2000, 20261128

BALANCE_PER_H, BALANCE_OUTSIDE_PPM = 0.55, 440.0

REGISTERED: dict[str, tuple[float, float]] = {
    "absolute threshold": (1253.678, 721.466),
    "rate of rise": (168.000, 112.950),
    "plain mass balance": (190.255, 130.935),
    "window alone": (2.122, 0.229),
    "filter": (-0.380, -2.150),
}
"""Thresholds at 1 % and 5 % of training's empty windows."""

FIRST_RUN = {
    "datatest": (0.935, 0.048, 1.000, 0.076),
    "windesheim": (0.945, 0.903, 0.990, 0.965),
    "uci_room": (0.858, 0.054, 0.888, 0.084),
}
"""Filter of the first run: detected and false alarms at 1 %, then at 5 %."""

FLOOR_M2 = 6.0 * 4.6
PERSON_L_H = 0.0041 * 3600.0 * 298.0 / 273.0
"""One adult at rest, air at 25 degC (Persily & de Jonge, Indoor Air 27 (2017) 868, middle of table 4)."""

KNOWN_ROOM = RoomPrior(
    leakage_per_h=0.6,
    leakage_log_sigma=0.45,
    person_log_sigma=0.3,
    outside_ppm=440.0,
    outside_sigma_ppm=20.0,
)
"""Training's office; written down after the second run, scored once, on datatest."""

KNOWN_SIZE = RoomPrior(person_ppm_h=1000.0 * PERSON_L_H / (FLOOR_M2 * 2.9), person_log_sigma=0.2)
"""uci_room with its declared floor and a ceiling of 2.4 to 3.5 m; nothing fitted."""


def level(room: Room) -> Array:
    """Absolute threshold: mean of the window, ppm."""
    return room.windows.level_ppm


def rise(room: Room) -> Array:
    """Rate of rise: fitted slope within the window, ppm/h."""
    return room.windows.slope_ppm_h


def balance(room: Room) -> Array:
    """Plain mass balance: what source would hold this level and slope in the training room, ppm/h."""
    return room.windows.slope_ppm_h + BALANCE_PER_H * (room.windows.level_ppm - BALANCE_OUTSIDE_PPM)


def alone(room: Room) -> Array:
    """Ours, the window alone but for its baseline: log ratio over unknown ventilation and people."""
    prior = RoomPrior()
    outside, sigma = baseline_ppm(room.windows, prior)
    air = room.windows
    return window_log_ratio(air.level_ppm, air.slope_ppm_h, outside, prior, sigma, room.resolution_ppm)


def course(room: Room, prior: RoomPrior | None = None) -> RoomCourse:
    """Ours, the window and all before it."""
    return occupancy_course(room.windows, prior, room.resolution_ppm)


def filtered(room: Room) -> Array:
    """Log ratio of the causal filter."""
    return course(room).log_ratio


DETECTORS: dict[str, Callable[[Room], Array]] = {
    "absolute threshold": level,
    "rate of rise": rise,
    "plain mass balance": balance,
    "window alone": alone,
    "filter": filtered,
}


@dataclass(frozen=True, slots=True)
class Share:
    """A share of windows with its interval over days."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def thresholds(score: Array, empty: Bools) -> tuple[float, float]:
    """Return the scores above which 1 % and 5 % of the empty windows lie."""
    one, five = (float(np.quantile(score[empty], 1 - rate)) for rate in RATES)
    return one, five


def over_days(alarm: Bools, chosen: Bools, day: npt.NDArray[np.intp]) -> Share:
    """Return the share of alarms among the chosen windows, 95 % interval by drawing days again."""
    days = np.unique(day[chosen])
    hits = np.array([(alarm & chosen & (day == d)).sum() for d in days], float)
    many = np.array([(chosen & (day == d)).sum() for d in days], float)
    drawn = np.random.default_rng(SEED).integers(0, days.size, (RESAMPLES, days.size))
    again = hits[drawn].sum(axis=1) / many[drawn].sum(axis=1)
    low, high = np.quantile(again, [0.025, 0.975])
    return Share(float(hits.sum() / many.sum()), float(low), float(high))


def area(score: Array, room: Room) -> float:
    """Return the area under the ROC curve: chance that an occupied window scores above an empty one."""
    one, none = score[room.occupied], np.sort(score[room.empty])
    below = np.searchsorted(none, one, "left") + np.searchsorted(none, one, "right")
    return float(below.mean() / 2 / none.size)


@dataclass(frozen=True, slots=True)
class CountErrors:
    """How well the number of people is told."""

    mean_error: float
    mean_absolute: float
    root_mean_square: float
    coverage: Share
    width: float

    def __str__(self) -> str:
        return (
            f"mean error {self.mean_error:+.2f}, mean absolute {self.mean_absolute:.2f}, "
            f"rms {self.root_mean_square:.2f}; 90 % band holds it in {self.coverage}, width {self.width:.1f}"
        )


def count_errors(people: Array, room: Room, chosen: Bools) -> CountErrors:
    """Compare the posterior of the count with truth over the chosen windows of constant count."""
    chosen = chosen & (room.least == room.most) & np.isfinite(people[:, 0])
    truth, p = room.least[chosen], people[chosen]
    mean = p @ np.arange(p.shape[1])
    cumulated = np.cumsum(p, axis=1)
    low, high = (cumulated < 0.05).sum(axis=1), (cumulated < 0.95).sum(axis=1)
    held = np.zeros(chosen.size, bool)
    held[chosen] = (truth >= low) & (truth <= high)
    off = mean - truth
    return CountErrors(
        float(off.mean()),
        float(np.abs(off).mean()),
        float(np.sqrt((off**2).mean())),
        over_days(held, chosen, room.day),
        float((high - low).mean()),
    )


def known_room(room: Room) -> Array:
    """Filter that knows training's office: narrower priors, for the test file of the same office alone."""
    return course(room, KNOWN_ROOM).log_ratio


def known_size(room: Room) -> RoomCourse:
    """Filter with the floor known; the most people stays at four."""
    return course(room, KNOWN_SIZE)


def table(train: Room, rooms: list[Room]) -> None:
    limits = {}
    for name, detector in DETECTORS.items():
        limits[name] = thresholds(detector(train), train.empty)
        note = "" if np.allclose(limits[name], REGISTERED[name], atol=0.01) else "  (not as registered)"
        print(f"threshold {name}: {limits[name][0]:.3f} at 1 %, {limits[name][1]:.3f} at 5 %{note}")
    for room in [train, *rooms]:
        days = np.unique(room.day[room.occupied | room.empty]).size
        print(f"\n{room.name}: {room.occupied.sum()} occupied, {room.empty.sum()} empty windows, {days} days")
        print("| Detector | Pd at 1 % | false alarms | Pd at 5 % | false alarms | Pd at own 1 % | area |")
        print("|---|---|---|---|---|---|---|")
        scores = {name: detector(room) for name, detector in DETECTORS.items()}
        for name, score in scores.items():
            print(_line(name, score, limits[name], room))
        if room.name == "datatest":
            limit = thresholds(known_room(train), train.empty)
            print(_line("filter, office known", known_room(room), limit, room))
        if room.name in FIRST_RUN:
            print(
                f"| filter, first run | {' | '.join(f'{share:.3f}' for share in FIRST_RUN[room.name])} | | |"
            )
        for name in ("window alone", "filter"):
            one, none = scores[name][room.occupied], scores[name][room.empty]
            print(f"{name}: Cllr {cllr(one, none):.3f}, at best {cllr_min(one, none):.3f}")
        _left(scores["filter"] > limits["filter"][0], room)


def _line(name: str, score: Array, limits: tuple[float, float], room: Room) -> str:
    cells = []
    for limit in limits:
        cells += [over_days(score > limit, chosen, room.day) for chosen in (room.occupied, room.empty)]
    own = np.mean(score[room.occupied] > thresholds(score, room.empty)[0])
    return f"| {name} | {' | '.join(map(str, cells))} | {own:.3f} | {area(score, room):.3f} |"


def _left(alarm: Bools, room: Room) -> None:
    """Print how many of the filter's false alarms come soon after somebody left."""
    place = np.arange(alarm.size)
    last = np.maximum.accumulate(np.where(room.most >= 1, place, -alarm.size))
    soon = room.empty & ((place - last) * room.windows.length_s <= SOON_MIN * 60.0)
    later = room.empty & ~soon
    print(
        f"false alarms at 1 % within {SOON_MIN:.0f} min of somebody leaving: {(alarm & soon).sum()} of "
        f"{soon.sum()} windows; later: {(alarm & later).sum()} of {later.sum()}"
    )


def counts(rooms: list[Room]) -> None:
    for room in rooms:
        if room.name not in ("uci_room", "windesheim"):
            continue
        every = np.isfinite(room.windows.level_ppm) & np.isfinite(room.least)
        print(f"\npeople in {room.name}, windows of constant count: {dict(_tally(room, every))}")
        for label, chosen in (("all", every), ("occupied", every & (room.least >= 1))):
            print(f"  size unknown, {label}: {count_errors(course(room).people, room, chosen)}")
            if room.name == "uci_room":
                print(f"  floor known, {label}: {count_errors(known_size(room).people, room, chosen)}")
            prior = RoomPrior()
            there = prior.stay_h / (prior.stay_h + prior.away_h)
            guess = np.tile([1 - there, *(there * prior.count_share)], (room.least.size, 1))
            print(f"  prior alone, {label}: {count_errors(guess, room, chosen)}")


def _tally(room: Room, chosen: Bools) -> list[tuple[int, int]]:
    chosen = chosen & (room.least == room.most)
    values, many = np.unique(room.least[chosen], return_counts=True)
    return [(int(v), int(m)) for v, m in zip(values, many, strict=True)]


def doubts(data: Path, room: Room, limit: float) -> None:
    """Print what speaks against Windesheim's counter as truth, at the filter's threshold."""
    seen = infrared_nearby(data / WINDESHEIM, room)
    alarm, level_ppm = filtered(room) > limit, room.windows.level_ppm
    hour = (room.windows.begin_s / 3600.0 + 1.0) % 24.0
    print(f"\n{room.name}: counter beside the infrared sensor, which saw somebody within 15 min or not")
    groups = {
        "counted, seen": room.occupied & seen,
        "counted, not seen": room.occupied & ~seen,
        "counted, not seen, after 20 h": room.occupied & ~seen & (hour >= 20.0),
        "nobody counted, seen": room.empty & seen,
        "nobody counted, not seen": room.empty & ~seen,
    }
    for name, chosen in groups.items():
        middle = np.median(level_ppm[chosen])
        print(f"  {name}: {chosen.sum()} windows, median {middle:.0f} ppm, alarm {alarm[chosen].mean():.3f}")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the three data sets")
    parser.add_argument("--plots", type=Path, help="folder to draw into")
    parser.add_argument("--training-only", action="store_true", help="leave the test files alone")
    chosen = parser.parse_args(arguments)
    train = training_room(chosen.data)
    rooms = [] if chosen.training_only else scored_rooms(chosen.data)
    table(train, rooms)
    counts(rooms)
    if not chosen.training_only:
        doubts(chosen.data, rooms[1], thresholds(filtered(train), train.empty)[0])
        sliding_table(chosen.data)
    if chosen.plots:
        from tests.bench.co2_rooms_plots import draw

        for path in draw(train, rooms, DETECTORS, course, REGISTERED["filter"][0], chosen.plots):
            print(path)


if __name__ == "__main__":
    main()
