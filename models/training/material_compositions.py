"""What the materials in and around a lorry are made of: mass fractions of elements and densities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# Atomic number and standard atomic weight (CIAAW, abridged).
ELEMENTS: dict[str, tuple[int, float]] = {
    "H": (1, 1.008), "B": (5, 10.81), "C": (6, 12.011), "N": (7, 14.007), "O": (8, 15.999),
    "Na": (11, 22.990), "Mg": (12, 24.305), "Al": (13, 26.982), "Si": (14, 28.085), "P": (15, 30.974),
    "S": (16, 32.06), "Cl": (17, 35.45), "Ar": (18, 39.95), "K": (19, 39.098), "Ca": (20, 40.078),
    "Ti": (22, 47.867), "Cr": (24, 51.996), "Mn": (25, 54.938), "Fe": (26, 55.845), "Ni": (28, 58.693),
    "Cu": (29, 63.546), "Zn": (30, 65.38), "Cd": (48, 112.414), "I": (53, 126.904), "Cs": (55, 132.905),
    "Gd": (64, 157.25), "W": (74, 183.84), "Pb": (82, 207.2),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Composition:
    """Mass fractions that add up to 1, and the density of the solid or liquid (foams, wool: in bulk)."""

    fractions: Mapping[str, float]
    density_g_cm3: float


def formula(text: str) -> dict[str, float]:
    """Return the mass fractions of a compound such as ``C12H22O11``."""
    atoms = {s: int(n or 1) for s, n in re.findall(r"([A-Z][a-z]?)(\d*)", text)}
    whole = sum(n * ELEMENTS[s][1] for s, n in atoms.items())
    return {s: n * ELEMENTS[s][1] / whole for s, n in atoms.items()}


def mixed(*parts: tuple[float, Mapping[str, float]]) -> dict[str, float]:
    """Return a mixture by mass, brought to a sum of 1."""
    whole = sum(share * sum(fractions.values()) for share, fractions in parts)
    out: dict[str, float] = {}
    for share, fractions in parts:
        for element, fraction in fractions.items():
            out[element] = out.get(element, 0.0) + share * fraction / whole
    return out


def _icru(**fractions: float) -> dict[str, float]:
    """Return a tissue of ICRU Report 44 (1989) or 46 (1992), whose printed fractions add up to 1."""
    return mixed((1.0, fractions))


_WATER, _CELLULOSE = formula("H2O"), formula("C6H10O5")
_FAT = formula("C57H104O6")
_CORTICAL = _icru(H=0.034, C=0.155, N=0.042, O=0.435, Na=0.001, Mg=0.002, P=0.103, S=0.003, Ca=0.225)
_SPONGIOSA = _icru(
    H=0.085, C=0.404, N=0.028, O=0.367, Na=0.001, Mg=0.001, P=0.034, S=0.002, Cl=0.002, K=0.001,
    Ca=0.074, Fe=0.001,
)  # fmt: skip

MATERIALS: dict[str, Composition] = {
    "water": Composition(_WATER, 1.0),
    "soft_tissue": Composition(
        _icru(H=0.102, C=0.143, N=0.034, O=0.708, Na=0.002, P=0.003, S=0.003, Cl=0.002, K=0.003), 1.06
    ),
    "cortical_bone": Composition(_CORTICAL, 1.92),
    "cellulose": Composition(_CELLULOSE, 1.5),
    "polyethylene": Composition(formula("C2H4"), 0.94),
    "polyurethane": Composition(mixed((1.0, {"C": 0.617, "H": 0.068, "N": 0.088, "O": 0.227})), 0.04),
    "rubber": Composition(formula("C5H8"), 0.93),
    "aluminium": Composition({"Al": 1.0}, 2.70),
    "iron": Composition({"Fe": 1.0}, 7.87),
    "carbon_dioxide": Composition(formula("CO2"), 0.00184),
    "glass": Composition(mixed((1.0, {"O": 0.4595, "Na": 0.0964, "Si": 0.3366, "Ca": 0.1075})), 2.5),
    "cadmium_tungstate": Composition(formula("CdWO4"), 7.9),
    "muscle": Composition(
        _icru(H=0.102, C=0.143, N=0.034, O=0.710, Na=0.001, P=0.002, S=0.003, Cl=0.001, K=0.004), 1.05
    ),
    "adipose": Composition(_icru(H=0.114, C=0.598, N=0.007, O=0.278, Na=0.001, S=0.001, Cl=0.001), 0.95),
    # 41 % cortical bone and 59 % spongiosa by mass have 1.40 g/cm3 together
    "whole_bone": Composition(mixed((0.408, _CORTICAL), (0.592, _SPONGIOSA)), 1.40),
    "lung": Composition(
        _icru(H=0.103, C=0.105, N=0.031, O=0.749, Na=0.002, P=0.002, S=0.003, Cl=0.003, K=0.002), 0.26
    ),
    "blood": Composition(
        _icru(H=0.102, C=0.110, N=0.033, O=0.745, Na=0.001, P=0.001, S=0.002, Cl=0.003, K=0.002, Fe=0.001),
        1.06,
    ),
    "ice": Composition(_WATER, 0.917),
    "ethanol": Composition(formula("C2H6O"), 0.789),
    "gasoline": Composition({"C": 0.865, "H": 0.135}, 0.745),
    "diesel": Composition({"C": 0.867, "H": 0.133}, 0.84),
    # whole milk, USDA FoodData Central
    "milk": Composition(
        mixed(
            (0.881, _WATER), (0.033, _FAT), (0.048, formula("C12H22O11")),
            (0.032, {"C": 0.53, "H": 0.07, "N": 0.16, "O": 0.22, "S": 0.02}),
            (0.006, {"Ca": 0.22, "P": 0.17, "K": 0.27, "Na": 0.08, "Cl": 0.18, "O": 0.08}),
        ),
        1.03,
    ),
    "sucrose": Composition(formula("C12H22O11"), 1.587),
    "salt": Composition(formula("NaCl"), 2.165),
    "pvc": Composition(formula("C2H3Cl"), 1.40),
    "pet": Composition(formula("C10H8O4"), 1.38),
    "nylon": Composition(formula("C6H11NO"), 1.14),
    "abs": Composition(
        mixed((0.25, formula("C3H3N")), (0.20, formula("C4H6")), (0.55, formula("C8H8"))), 1.05
    ),
    "polystyrene_foam": Composition(formula("C8H8"), 0.03),
    # ordinary concrete of NIST, as in NISTIR 5632
    "concrete": Composition(
        mixed((1.0, {
            "H": 0.022100, "C": 0.002484, "O": 0.574930, "Na": 0.015208, "Mg": 0.001266, "Al": 0.019953,
            "Si": 0.304627, "K": 0.010045, "Ca": 0.042951, "Fe": 0.006435,
        })),
        2.30,
    ),
    "brick": Composition(
        mixed(
            (0.62, formula("SiO2")), (0.18, formula("Al2O3")), (0.07, formula("Fe2O3")),
            (0.06, formula("CaO")), (0.03, formula("K2O")), (0.03, formula("MgO")), (0.01, formula("Na2O")),
        ),
        1.8,
    ),
    "sand": Composition(formula("SiO2"), 1.6),
    "alumina": Composition(formula("Al2O3"), 3.9),
    "wood": Composition(
        mixed(
            (0.88, {"C": 0.50, "H": 0.06, "O": 0.433, "N": 0.002, "Ca": 0.003, "K": 0.002}), (0.12, _WATER)
        ),
        0.55,
    ),
    "paper": Composition(mixed((0.80, _CELLULOSE), (0.14, formula("CaCO3")), (0.06, _WATER)), 0.80),
    "leather": Composition(
        mixed(
            (0.78, {"C": 0.505, "H": 0.068, "N": 0.179, "O": 0.248}), (0.14, _WATER), (0.05, _FAT),
            (0.03, formula("Cr2O3")),
        ),
        0.90,
    ),
    "cotton": Composition(mixed((0.93, _CELLULOSE), (0.07, _WATER)), 1.54),
    "glass_wool": Composition(
        mixed(
            (0.65, formula("SiO2")), (0.16, formula("Na2O")), (0.07, formula("CaO")), (0.05, formula("B2O3")),
            (0.03, formula("MgO")), (0.03, formula("Al2O3")), (0.01, formula("K2O")),
        ),
        0.03,
    ),
    "titanium": Composition({"Ti": 1.0}, 4.51),
    "stainless_steel": Composition({"Fe": 0.700, "Cr": 0.190, "Ni": 0.095, "Mn": 0.015}, 7.9),
    "copper": Composition({"Cu": 1.0}, 8.96),
    "brass": Composition({"Cu": 0.63, "Zn": 0.37}, 8.45),
    "lead": Composition({"Pb": 1.0}, 11.35),
    "tungsten": Composition({"W": 1.0}, 19.3),
    # dry air near the ground, NISTIR 5632
    "air": Composition({"C": 0.000124, "N": 0.755268, "O": 0.231781, "Ar": 0.012827}, 0.001205),
    "caesium_iodide": Composition(formula("CsI"), 4.51),
    "gadolinium_oxysulfide": Composition(formula("Gd2O2S"), 7.34),
}  # fmt: skip
