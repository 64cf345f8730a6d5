"""Writes scanner/simulation/attenuation.csv from NIST XCOM: run once, the result is committed.

``python -m models.training.attenuation_table`` (needs the ``training`` extra).
"""

from __future__ import annotations

import csv
from pathlib import Path

import xcom

ENERGIES_MEV = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0)

# Atomic number and standard atomic weight (CIAAW, abridged).
ELEMENTS: dict[str, tuple[int, float]] = {
    "H": (1, 1.008), "C": (6, 12.011), "N": (7, 14.007), "O": (8, 15.999), "Na": (11, 22.990),
    "Mg": (12, 24.305), "Al": (13, 26.982), "Si": (14, 28.085), "P": (15, 30.974), "S": (16, 32.06),
    "Cl": (17, 35.45), "K": (19, 39.098), "Ca": (20, 40.078), "Fe": (26, 55.845), "Cd": (48, 112.414),
    "W": (74, 183.84),
}  # fmt: skip
MOL_CM2_PER_BARN = 0.602214  # Avogadro's number times 1e-24

# Mass fractions. Soft tissue, muscle, bone: ICRU Report 44 (1989); compounds by their formula.
MATERIALS: dict[str, dict[str, float]] = {
    "water": {"H": 0.111894, "O": 0.888106},
    "soft_tissue": {
        "H": 0.102, "C": 0.143, "N": 0.034, "O": 0.708, "Na": 0.002,
        "P": 0.003, "S": 0.003, "Cl": 0.002, "K": 0.003,
    },
    "cortical_bone": {
        "H": 0.034, "C": 0.155, "N": 0.042, "O": 0.435, "Na": 0.001,
        "Mg": 0.002, "P": 0.103, "S": 0.003, "Ca": 0.225,
    },
    "cellulose": {"C": 0.444455, "H": 0.062164, "O": 0.493381},
    "polyethylene": {"C": 0.856284, "H": 0.143716},
    "polyurethane": {"C": 0.617, "H": 0.068, "N": 0.088, "O": 0.227},
    "rubber": {"C": 0.881635, "H": 0.118365},
    "aluminium": {"Al": 1.0},
    "iron": {"Fe": 1.0},
    "carbon_dioxide": {"C": 0.272912, "O": 0.727088},
    "glass": {"O": 0.4595, "Na": 0.0964, "Si": 0.3366, "Ca": 0.1075},
    "cadmium_tungstate": {"Cd": 0.312036, "W": 0.510314, "O": 0.177650},
}  # fmt: skip
OUT = Path(__file__).parents[2] / "scanner" / "simulation" / "attenuation.csv"


def main() -> None:
    """Write the table: total attenuation with coherent scattering, cm2/g."""
    # the package's own mixing drops a factor, so barn/atom is turned into cm2/g here
    atoms = {
        element: xcom.calculate_cross_section(z, [e * 1e6 for e in ENERGIES_MEV])["total"]
        * (MOL_CM2_PER_BARN / weight)
        for element, (z, weight) in ELEMENTS.items()
    }
    with OUT.open("w", newline="", encoding="utf-8") as file:
        file.write("# Mass attenuation coefficients, cm2/g, total with coherent scattering.\n")
        file.write("# NIST XCOM, Standard Reference Database 8 (XGAM), elements mixed by mass fraction;\n")
        file.write("# written by models/training/attenuation_table.py, which holds the mass fractions.\n")
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["energy_mev", *MATERIALS])
        for index, energy in enumerate(ENERGIES_MEV):
            row = [
                sum(weight * atoms[element][index] for element, weight in parts.items())
                for parts in MATERIALS.values()
            ]
            table.writerow([energy, *(f"{value:.5e}" for value in row)])
    print(f"{OUT}: {len(MATERIALS)} materials at {len(ENERGIES_MEV)} energies")


if __name__ == "__main__":
    main()
