"""How often the checks refuse an ordinary dip, and how often they find a spoilt one.

    python -m tests.bench.co2_refusals [--lorries 60] [--world 4311]

Dips of 90 s; LORRIES of every load, nobody or three inside, any time closed. Breath and
jumps: empty and boxed loads. Intervals are exact, 95 %.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace

import numpy as np
from rich.console import Console

from scanner.co2_trials import CARGOES
from scanner.vehicle import CargoClass, VehicleClass
from tests.bench.co2_scoring import interval
from tests.signals.test_co2_checks import batch, checked

TUNING_WORLDS = (4201, 4202)
"""Looked at while thresholds were set; the tests use 4301."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--lorries", type=int, default=60)
    parser.add_argument("--world", type=int, default=4311)
    asked = parser.parse_args()
    if asked.world in TUNING_WORLDS:
        parser.error(f"thresholds were set in world {asked.world}")
    n, world, told = asked.lorries, asked.world, Console()

    def tell(what: str, hits: int, of: int, why: object = "") -> None:
        low, high = interval(hits, of)
        told.print(f"{what}: {hits} of {of}, {hits / of:.3f} ({low:.3f} to {high:.3f}) {why}")

    for persons in (0, 3):
        said: Counter[str] = Counter()
        for number, (vehicle, cargo) in enumerate(CARGOES):
            series, lorries, condition = batch(vehicle, cargo, n, persons, 0.0, number, world)
            within = np.nanmax(series.inside_ppm[:, 0], axis=1) < lorries.high_ppm
            said.update(checked(series, lorries, condition, k)[0] for k in np.flatnonzero(within).tolist())
        why = {code: k for code, k in said.items() if code}
        tell(f"ordinary dips refused, {persons} inside", said.total() - said[""], said.total(), why)

    moved: list[bool] = []
    for persons in (0, 3):
        refused = 0
        for number, (vehicle, cargo) in enumerate(CARGOES[:2]):
            blown, lorries, condition = batch(vehicle, cargo, n, persons, 1.0, 20 + number, world)
            calm = batch(vehicle, cargo, n, persons, 0.0, 20 + number, world)[0]
            for k in range(n):
                code, fit = checked(blown, lorries, condition, k)
                before = checked(calm, lorries, condition, k)[1]
                refused += code != ""
                if abs(float(fit.value[0, 0] - before.value[0, 0])) > 2 * float(fit.sigma_ppm[0]):
                    moved.append(code != "")
        tell(f"dips with breath refused, {persons} inside", refused, 2 * n)
    tell("of breaths that moved the excess by more than two of its sigmas, refused", sum(moved), len(moved))

    series, lorries, condition = batch(VehicleClass.REEFER, CargoClass.BOXED, n, 0, 0.0, 40, world)
    for step_ppm in (-100.0, 60.0, 100.0):
        jumped = replace(series, inside_ppm=series.inside_ppm + step_ppm * (series.t_s > 50))
        found = sum(checked(jumped, lorries, condition, k)[0] != "" for k in range(n))
        tell(f"probe that rebases itself by {step_ppm:+.0f} ppm found", found, n)

    series, lorries, condition = batch(VehicleClass.REEFER, CargoClass.DRY_ICE, 3 * n, 0, 0.0, 30, world)
    pinned = np.flatnonzero((series.inside_ppm[:, 0] >= lorries.high_ppm[:, np.newaxis]).sum(axis=1) >= 10)
    codes = Counter(checked(series, lorries, condition, k)[0] for k in pinned.tolist())
    tell("pinned probes told as such", codes["co2_over_range"], codes.total())


if __name__ == "__main__":
    main()
