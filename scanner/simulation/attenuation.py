"""How strongly matter weakens X-rays: NIST coefficients and the spectra of cargo linacs and X-ray tubes."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

FloatArray = npt.NDArray[np.float64]


# K lines of tungsten, MeV, and photons of each per photon of the series (Deslattes et al., Rev. Mod. Phys.
# 75 (2003) 35; intensities: Thompson et al., X-Ray Data Booklet, LBNL/PUB-490 (2009), table 1-3)
_TUNGSTEN_LINES = ((0.05798, 0.288), (0.05932, 0.500), (0.06695, 0.054), (0.06724, 0.108), (0.06907, 0.050))
_TUNGSTEN_K_MEV = 0.06953
_LINE_PHOTONS, _TARGET_G_CM2 = 4.5, 0.02  # against the continuum of one keV; see `tube_spectrum`
_MOST_ENERGIES = {"linac": 8, "tube": 12}
_SOFT_MEV = 0.35  # beams whose photons all lie below are fitted at thicknesses laid closer


@cache
def _table() -> tuple[FloatArray, dict[str, FloatArray], dict[str, float]]:
    text = resources.files("scanner.simulation").joinpath("attenuation.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))
    names, densities = rows[0][1:], [float(cell) for cell in rows[1][1:]]
    columns = np.array(rows[2:], dtype=float).T
    return columns[0], dict(zip(names, columns[1:], strict=True)), dict(zip(names, densities, strict=True))


def materials() -> tuple[str, ...]:
    """Return the names of all tabulated materials."""
    return tuple(_table()[1])


def density_g_cm3(material: str) -> float:
    """Return the density of a material at room temperature; of foams and wool in bulk, of sand poured.

    Raises
    ------
    ValueError : no such material.

    Examples
    --------
    >>> density_g_cm3("lead")
    11.35
    """
    densities = _table()[2]
    if material not in densities:
        raise ValueError(f"no density for {material!r}: known are {', '.join(densities)}")
    return densities[material]


def mass_attenuation_cm2_g(material: str, energy_mev: npt.ArrayLike) -> FloatArray:
    """Return the mass attenuation coefficient with coherent scattering, cm2/g.

    Interpolated log-log in a table finer than NIST's own, with both sides of each K edge.

    Parameters
    ----------
    material : one of `materials`.
    energy_mev : photon energies inside the table, MeV.

    Raises
    ------
    ValueError : no such material, or an energy outside the table.

    References
    ----------
    Berger et al., XCOM: Photon Cross Sections Database, NIST Standard Reference Database 8.

    Examples
    --------
    >>> round(float(mass_attenuation_cm2_g("water", 1.0)), 5)
    0.07072
    """
    energies, coefficients, _ = _table()
    wanted = np.asarray(energy_mev, dtype=float)
    if material not in coefficients:
        raise ValueError(f"no attenuation table for {material!r}: known are {', '.join(coefficients)}")
    if wanted.size and (wanted.min() < energies[0] or wanted.max() > energies[-1]):
        raise ValueError(f"energies must be {energies[0]} to {energies[-1]} MeV")
    logs = np.interp(np.log(wanted), np.log(energies), np.log(coefficients[material]))
    return np.asarray(np.exp(logs), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Photon energies, MeV, and the share of the detector's signal that each carries (sum 1)."""

    energies_mev: tuple[float, ...]
    weights: tuple[float, ...]

    def transmission(self, areal_g_cm2: Mapping[str, npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
        """Return the detected share of the open beam behind stacked materials.

        Parameters
        ----------
        areal_g_cm2 : mass per area along each ray by material, g/cm2, all of one shape.

        Returns
        -------
        float32 of that shape, 0..1 (polychromatic Beer-Lambert law, no scatter).
        """
        energies = np.array(self.energies_mev)
        shape = next(iter(areal_g_cm2.values())).shape
        total = np.zeros(shape, np.float32)
        mu = {name: mass_attenuation_cm2_g(name, energies).astype(np.float32) for name in areal_g_cm2}
        for index, weight in enumerate(self.weights):
            depth = np.zeros(shape, np.float32)
            for name, areal in areal_g_cm2.items():
                depth += mu[name][index] * areal
            np.negative(depth, out=depth)
            np.exp(depth, out=depth)
            total += np.float32(weight) * depth
        return total


def linac_spectrum(
    end_point_mev: float = 6.0,
    filter_steel_g_cm2: float = 10.0,
    filters_g_cm2: Mapping[str, float] | None = None,
    scintillator: str = "cadmium_tungstate",
    scintillator_mm: float = 30.0,
    fine: bool = False,
) -> Spectrum:
    """Return a spectrum like that of an electron linac with a scintillating detector.

    Thick-target bremsstrahlung by Kramers' law, hardened by filters and weighted
    with the energy that the scintillator takes from the beam.

    Parameters
    ----------
    end_point_mev : energy of the electrons, 3 to 9 MeV.
    filter_steel_g_cm2 : steel in the beam: target, flattening filter, window.
    filters_g_cm2 : further filters, mass per area by material.
    scintillator, scintillator_mm : what detects, and its depth along the beam.
    fine : every 10 keV rather than the few energies that stand for them within 1 % in steel and water.

    Raises
    ------
    ValueError : the end point lies outside 3 to 9 MeV; a material is not in the table.

    References
    ----------
    Kramers, Philosophical Magazine 46 (1923) 836-871.

    Examples
    --------
    >>> spectrum = linac_spectrum()
    >>> round(sum(spectrum.weights), 6), len(spectrum.weights) <= 8
    (1.0, True)
    """
    if not 3.0 <= end_point_mev <= 9.0:
        raise ValueError(f"a linac's end point must be 3 to 9 MeV, not {end_point_mev}")
    matter = dict(filters_g_cm2 or {})
    matter["iron"] = matter.get("iron", 0.0) + filter_steel_g_cm2
    return _spectrum(
        "linac", end_point_mev, tuple(sorted(matter.items())), scintillator, scintillator_mm, fine
    )


def tube_spectrum(
    kv: float,
    filters_g_cm2: Mapping[str, float],
    scintillator: str = "caesium_iodide",
    scintillator_mm: float = 5.0,
    fine: bool = False,
) -> Spectrum:
    """Return the spectrum of an X-ray tube with a tungsten target and a scintillating detector.

    A continuum of Kramers' kind, photons growing as ``(E0 / E - 1) ** x`` (Ebel), with the absorption
    in the target, and the K lines of tungsten, whose yield grows with overvoltage to the power 1.67.

    Parameters
    ----------
    kv : tube voltage, 100 to 500 kV.
    filters_g_cm2 : window and filters, mass per area by material.
    scintillator, scintillator_mm : what detects, and its depth along the beam.
    fine : every keV rather than the few energies that stand for them within 1 % in steel and water.

    Raises
    ------
    ValueError : the voltage lies outside 100 to 500 kV; a material is not in the table.

    References
    ----------
    Ebel, X-Ray Spectrometry 28 (1999) 255-266; Green & Cosslett, Journal of Physics D 1 (1968) 425-436.
    Exponent, target depth and line yield are set so that half-value layers in aluminium and iron
    agree with SpekPy (Poludniowski et al., Medical Physics 48 (2021) 3630-3637) within 4 % at 160 to
    300 kV; above is extrapolation.

    Examples
    --------
    >>> max(tube_spectrum(160.0, {"aluminium": 0.8}).energies_mev) < 0.160
    True
    """
    if not 100.0 <= kv <= 500.0:
        raise ValueError(f"the tube voltage must be 100 to 500 kV, not {kv}")
    matter = tuple(sorted(filters_g_cm2.items()))
    return _spectrum("tube", kv / 1000.0, matter, scintillator, scintillator_mm, fine)


@cache
def _spectrum(
    source: str,
    end_mev: float,
    filters: tuple[tuple[str, float], ...],
    scintillator: str,
    scintillator_mm: float,
    fine: bool,
) -> Spectrum:
    if source == "linac":
        energies = np.arange(0.055, end_mev, 0.01)
        fluence = end_mev - energies  # energy per bin: photons times energy
    else:
        energies = np.arange(0.0205, end_mev, 0.001)
        fluence = energies * (end_mev / energies - 1.0) ** (0.9 + end_mev)
        lines = np.array(_TUNGSTEN_LINES)
        over = max(end_mev / _TUNGSTEN_K_MEV - 1.0, 0.0) ** 1.67
        energies = np.concatenate([energies, lines[:, 0]])
        fluence = np.concatenate([fluence, _LINE_PHOTONS * over * lines[:, 1] * lines[:, 0]])
        fluence *= np.exp(-_TARGET_G_CM2 * mass_attenuation_cm2_g("tungsten", energies))
    for material, areal in filters:
        fluence = fluence * np.exp(-areal * mass_attenuation_cm2_g(material, energies))
    depth_g_cm2 = 0.1 * scintillator_mm * density_g_cm3(scintillator)
    detected = fluence * -np.expm1(-depth_g_cm2 * mass_attenuation_cm2_g(scintillator, energies))
    detected /= detected.sum()
    if not fine:
        energies, detected = _few(energies, detected, _MOST_ENERGIES[source])
    return Spectrum(tuple(energies.tolist()), tuple(detected.tolist()))


def _thicknesses_cm(soft: bool) -> tuple[FloatArray, FloatArray]:
    """Return the thicknesses of steel and water that are fitted: laid closer for soft beams."""
    if not soft:
        steel_cm = np.array([0.0, 0.2, 0.5, 1.0, 2.0, 3.5, 6.0, 9.0, 13.0, 18.0, 24.0, 30.0])
        water_cm = np.array([0.0, 2.0, 6.0, 13.0, 22.0, 30.0])
        steel, water = (grid.ravel() for grid in np.meshgrid(steel_cm, water_cm))
        return steel, water
    thin_cm = np.array([0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.7, 3.5, 4.5])
    steel_cm = np.concatenate([thin_cm, [6.0, 7.5, 9.0, 11.0, 13.0, 15.5, 18.0, 21.0, 24.0, 27.0, 30.0]])
    water_cm = np.array([0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 13.0, 16.0, 19.0, 22.0, 26.0, 30.0])
    both_steel, both_water = (grid.ravel() for grid in np.meshgrid(steel_cm[1::3], water_cm[2::3]))
    return (
        np.concatenate([steel_cm, np.zeros(water_cm.size), both_steel]),
        np.concatenate([np.zeros(steel_cm.size), water_cm, both_water]),
    )


def _few(energies_mev: FloatArray, weights: FloatArray, most: int) -> tuple[FloatArray, FloatArray]:
    """Return at most so many energies that transmit like all of them through steel, water and lead.

    A positive least-squares fit of relative transmissions: few energies remain
    by themselves (Caratheodory), the least needed go first when too many do.
    """
    soft = energies_mev.max() < _SOFT_MEV
    steel, water = _thicknesses_cm(soft)
    lead_cm = np.array([0.01, 0.03, 0.06] if soft else [0.1, 0.3, 0.6])
    mu = {name: mass_attenuation_cm2_g(name, energies_mev) for name in ("iron", "water", "lead")}
    depth = np.concatenate(
        [
            np.outer(steel * 7.87, mu["iron"]) + np.outer(water, mu["water"]),
            np.outer(lead_cm * 11.35, mu["lead"]),
        ]
    )
    seen = np.log(np.exp(np.log(np.maximum(weights, 1e-300)) - depth).sum(axis=1))
    order = np.argsort(energies_mev)
    # closer at the upper end, which is all that much steel lets through
    upwards = 1.0 - np.linspace(1.0, 0.0, 120) ** 1.6
    candidates = order[np.unique((upwards * (order.size - 1)).astype(int))]
    rows = np.exp(-depth[:, candidates] - seen[:, None])
    wanted = np.ones(rows.shape[0])
    wanted[0] = 30.0  # nothing in the beam is a transmission of 1
    wanted[-lead_cm.size :] = 0.1  # lead is a help, steel and water are what is promised
    rows *= wanted[:, None]
    # columns are scaled to their greatest row: far energies matter behind much steel only
    rows, scale = rows / rows.max(axis=0), rows.max(axis=0)

    def fit(columns: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.intp], FloatArray, float]:
        parts = nnls(rows[:, columns], wanted, maxiter=4000)[0]
        worst = float(np.abs(rows[:, columns] @ parts / wanted - 1.0).max())
        return columns[parts > 0], parts[parts > 0], worst

    kept, parts, _ = fit(np.arange(candidates.size))
    while kept.size > most:
        kept, parts, _ = min(
            (fit(np.delete(kept, i)) for i in range(kept.size)), key=lambda answer: answer[2]
        )
    fitted = parts / scale[kept]
    return energies_mev[candidates[kept]], fitted / fitted.sum()
