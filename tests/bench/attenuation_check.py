"""Attenuation and tube spectra beside second libraries; run by hand, never by CI.

``python -m tests.bench.attenuation_check`` needs ``xraylib`` (Schoonjans et al., Spectrochimica Acta B 66
(2011) 776; its cross sections end at 800 keV), ``spekpy`` and the ``training`` extra, on the path.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.training.material_compositions import ELEMENTS, MATERIALS
from scanner.simulation.attenuation import mass_attenuation_cm2_g, tube_spectrum

FloatArray = npt.NDArray[np.float64]
KEV = np.geomspace(20.5, 795.0, 120)


def second(symbol: str) -> FloatArray:
    """Return the second library's coefficients of an element, cm2/g."""
    import xraylib

    return np.array([xraylib.CS_Total(ELEMENTS[symbol][0], float(kev)) for kev in KEV])


def away_from_edges(symbols: list[str]) -> npt.NDArray[np.bool_]:
    """Return which energies are farther than 1 % from every K edge: libraries differ on where edges are."""
    import xraylib

    edges = np.array([xraylib.EdgeEnergy(ELEMENTS[s][0], xraylib.K_SHELL) for s in symbols])
    return np.asarray((np.abs(KEV[:, None] / edges - 1.0) > 0.01).all(axis=1))


def half_value_mm(kev: FloatArray, energy_fluence: FloatArray, material: str, g_cm3: float) -> float:
    """Return the thickness that halves the energy that comes through."""
    mu = g_cm3 * mass_attenuation_cm2_g(material, kev / 1000.0)
    thick_mm = np.linspace(0.0, 60.0, 6001)
    seen = (
        np.array([(energy_fluence * np.exp(-mu * mm / 10.0)).sum() for mm in thick_mm]) / energy_fluence.sum()
    )
    return float(np.interp(0.5, seen[::-1], thick_mm[::-1]))


def main() -> None:
    """Print the largest deviation per element and material, and half-value layers."""
    import spekpy

    from models.training.attenuation_table import MOL_CM2_PER_BARN, Element

    print("element: largest deviation from xraylib, 20.5 to 795 keV, and where")
    for symbol, (z, weight) in ELEMENTS.items():
        ours = Element(z).total(KEV / 1000.0) * MOL_CM2_PER_BARN / weight
        apart = np.where(away_from_edges([symbol]), np.abs(ours / second(symbol) - 1.0), 0.0)
        print(f"  {symbol:2s} {100 * apart.max():5.2f} % at {KEV[apart.argmax()]:.0f} keV")
    print("material, as tabulated:")
    for name, made_of in MATERIALS.items():
        theirs = sum(share * second(symbol) for symbol, share in made_of.fractions.items())
        apart = np.abs(mass_attenuation_cm2_g(name, KEV / 1000.0) / theirs - 1.0)
        apart = np.where(away_from_edges(list(made_of.fractions)), apart, 0.0)
        print(f"  {name:22s} {100 * apart.max():5.2f} % at {KEV[apart.argmax()]:.0f} keV")
    print("half-value layers of the energy fluence behind filters, mm, SpekPy and ours:")
    for kv in (160, 225, 300):
        for filters in ((("Al", 3.0),), (("Al", 2.0), ("Cu", 1.0))):
            beam = spekpy.Spek(kvp=kv, th=20, dk=1.0)
            beam.multi_filter(list(filters))
            kev, photons = beam.get_spectrum()
            known = kev >= 20.0
            names = {"Al": ("aluminium", 2.70), "Cu": ("copper", 8.96)}
            areal = {names[s][0]: 0.1 * mm * names[s][1] for s, mm in filters}
            ours = tube_spectrum(float(kv), areal, "tungsten", 1000.0, fine=True)  # a detector that takes all
            for layer, g_cm3 in (("aluminium", 2.70), ("iron", 7.87)):
                theirs_mm = half_value_mm(kev[known], (kev * photons)[known], layer, g_cm3)
                ours_mm = half_value_mm(
                    1e3 * np.array(ours.energies_mev), np.array(ours.weights), layer, g_cm3
                )
                apart_percent = 100 * (ours_mm / theirs_mm - 1)
                print(f"  {kv} kV {filters}: {layer} {theirs_mm:.3f} {ours_mm:.3f} ({apart_percent:+.1f} %)")


if __name__ == "__main__":
    main()
