"""How often the CO2 calibration's uncertainties hold, and drift and rebases are told apart: by hand.

``python -m tests.bench.calibration_co2`` prints the figures of docs/calibration-co2.md.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import binomtest

from calibration.co2_drift import YEAR_DAYS, find_drift
from tests.calibration.simulated_probe import KINDS, calibrate_once

SEED = 20261201  # the tests' seeds and those that the thresholds were chosen with are others
N_CALIBRATIONS = 4000
N_HISTORIES = 1000
SIGMA_PPM = 10.0


def share(hits: int, n: int) -> str:
    """Return a share with its exact 95 % interval."""
    interval = binomtest(hits, n).proportion_ci(0.95, "exact")
    return f"{hits / n:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def coverage() -> None:
    """Print how often ± the expanded uncertainty holds the truth on the last day at the worst level."""
    for kind in KINDS:
        rng = np.random.default_rng(SEED)
        done = [found for _ in range(N_CALIBRATIONS) if (found := calibrate_once(kind, rng)) is not None]
        inside = sum(abs(error) <= expanded for error, expanded in done)
        usual = float(np.median([expanded for _, expanded in done]))
        refused = N_CALIBRATIONS - len(done)
        print(f"{kind}: covered {share(inside, len(done))}, usual U {usual:.0f} ppm, {refused} refused")


def histories(n: int, step_ppm: float = 0.0, lone_ppm: float = 0.0) -> None:
    """Print what is found in histories of n calibrations, 14 to 45 days apart, drifts to ±50 ppm a year."""
    rng = np.random.default_rng(SEED)
    inside = any_step = right_step = right_lone = 0
    for _ in range(N_HISTORIES):
        days = np.cumsum(rng.uniform(14.0, 45.0, n))
        slope = rng.uniform(-50.0, 50.0)
        error = slope * days / YEAR_DAYS + rng.normal(0.0, SIGMA_PPM, n)
        at = int(rng.integers(2, n - 1))
        error[at:] += step_ppm * rng.choice([-1.0, 1.0])
        error[at] += lone_ppm * rng.choice([-1.0, 1.0])
        drift = find_drift(days, error, np.full(n, SIGMA_PPM))
        inside += drift.low <= slope <= drift.high
        any_step += bool(drift.rebases)
        right_step += any(rebase.index == at for rebase in drift.rebases)
        right_lone += at in drift.outliers
    print(
        f"{n} calibrations, step {step_ppm:g}, lone {lone_ppm:g} ppm: "
        f"slope held {share(inside, N_HISTORIES)}, "
        f"a rebase said {share(any_step, N_HISTORIES)}, at its place {share(right_step, N_HISTORIES)}, "
        f"lone one found {share(right_lone, N_HISTORIES)}"
    )


if __name__ == "__main__":
    coverage()
    for size in (5, 8, 12):
        histories(size)
    for size in (5, 8, 12):
        histories(size, step_ppm=60.0)
    for size in (8, 12):
        histories(size, step_ppm=100.0)
    for size in (8, 12):
        histories(size, lone_ppm=80.0)
