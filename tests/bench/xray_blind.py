"""How much of simulated load spaces X-rays do not get through, and how often somebody could be there.

``python -m tests.bench.xray_blind [--lorries 20]``: lorries of a well-kept lane with nobody inside, seeds
7000 and on, at both beams and on the X-ray model's grid; the load space is the true one. Shares with exact
95 % intervals.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from scipy.stats import binomtest

from models.training.xray_pictures import CELL, MM_PER_PX, scan_of, truth_at
from scanner.modalities.xray import BLIND_LIMIT
from scanner.signals.xray import blind_share
from scanner.signals.xray_blind import hiding_parts, regions_of, tells_nothing
from scanner.simulation.xray.beam import Beam
from scanner.simulation.xray.lane import declared_spec, lane_passage
from scanner.trial_lorries import KINDS
from scanner.vehicle import Declaration

FIRST_SEED = 7000


@dataclass(frozen=True)
class Blind:
    """One lorry: share of its load space that tells nothing, and the area that could hide somebody."""

    share: float
    hiding_m2: float


def blind_of(declaration: Declaration, seed: int, beam: Beam) -> Blind:
    """Return how blind the picture of one lorry is."""
    passage = lane_passage(declared_spec(declaration, 0, seed, beam))
    scan = scan_of(passage)
    cells = truth_at(scan, passage, passage.space) > 0.5
    space = np.kron(cells, np.ones((CELL, CELL), bool))[: scan.image.shape[0], : scan.image.shape[1]]
    parts = hiding_parts(tells_nothing(scan.mask), space, MM_PER_PX)
    return Blind(blind_share(scan.mask, space), sum(r.area_m2 for r in regions_of(parts, MM_PER_PX)))


def _share(found: list[bool]) -> str:
    interval = binomtest(sum(found), len(found)).proportion_ci()
    return f"{np.mean(found):.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def main() -> None:
    """Parse the command line and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lorries", type=int, default=20, help="of each cargo and beam")
    asked = parser.parse_args()
    console = Console()
    over = f"blind over {BLIND_LIMIT:.0%}"
    table = Table("vehicle", "cargo", "beam", "lorries", "median blind share", over, "could hide somebody")
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("lorries", total=asked.lorries * len(KINDS) * len(Beam))
        for vehicle, cargo in KINDS:
            for beam in Beam:
                found = []
                for number in range(asked.lorries):
                    laden = cargo.value != "empty"
                    declared = Declaration(vehicle, cargo, laden=laden)
                    found.append(blind_of(declared, FIRST_SEED + number, beam))
                    progress.advance(task)
                table.add_row(
                    vehicle.value,
                    cargo.value,
                    beam.value,
                    str(len(found)),
                    f"{np.median([b.share for b in found]):.3f}",
                    _share([b.share > BLIND_LIMIT for b in found]),
                    _share([b.hiding_m2 > 0 for b in found]),
                )
    console.print(table)


if __name__ == "__main__":
    main()
