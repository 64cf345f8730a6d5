"""How strongly matter weakens X-rays: NIST coefficients and the spectrum of a cargo linac."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@cache
def _table() -> tuple[FloatArray, dict[str, FloatArray]]:
    text = resources.files("scanner.simulation").joinpath("attenuation.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))
    columns = np.array(rows[1:], dtype=float).T
    return columns[0], dict(zip(rows[0][1:], columns[1:], strict=True))


def materials() -> tuple[str, ...]:
    """Return the names of all tabulated materials."""
    return tuple(_table()[1])


def mass_attenuation_cm2_g(material: str, energy_mev: npt.ArrayLike) -> FloatArray:
    """Return the mass attenuation coefficient with coherent scattering, cm2/g.

    Interpolated log-log, as NIST recommends for its table.

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
    energies, coefficients = _table()
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


def linac_spectrum(end_point_mev: float = 6.0, filter_steel_g_cm2: float = 10.0) -> Spectrum:
    """Return a spectrum like that of an electron linac with a scintillating detector.

    Thick-target bremsstrahlung by Kramers' law, hardened by a steel filter and
    weighted with the energy that 3 cm of cadmium tungstate takes from the beam.

    References
    ----------
    Kramers, Philosophical Magazine 46 (1923) 836-871.

    Examples
    --------
    >>> spectrum = linac_spectrum()
    >>> round(sum(spectrum.weights), 6)
    1.0
    """
    edges = np.array([0.2, 0.4, 0.7, 1.1, 1.6, 2.3, 3.2, 4.3, end_point_mev])
    energies = (edges[1:] + edges[:-1]) / 2
    energy_fluence = (end_point_mev - energies) * np.diff(edges)
    filtered = energy_fluence * np.exp(-filter_steel_g_cm2 * mass_attenuation_cm2_g("iron", energies))
    absorbed = filtered * -np.expm1(-3.0 * 7.9 * mass_attenuation_cm2_g("cadmium_tungstate", energies))
    weights = absorbed / absorbed.sum()
    return Spectrum(tuple(energies.tolist()), tuple(weights.tolist()))
