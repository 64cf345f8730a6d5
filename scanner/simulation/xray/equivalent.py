"""A measured background as thicknesses of known materials, and what a body added to them lets through.

Transmissions of things in a row must not be multiplied: the first hardens the beam, and the next
takes less of what is left. Masses per area are added instead, and the law of attenuation is applied
once to the sum, for each energy of the spectrum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scanner.simulation.attenuation import Spectrum
from scanner.vehicle import CargoClass

Image = npt.NDArray[np.float32]

CARGO_MATERIAL = {
    CargoClass.EMPTY: "iron",
    CargoClass.BOXED: "cellulose",
    CargoClass.FROZEN: "water",
    CargoClass.PRODUCE: "water",
    CargoClass.MEAT: "soft_tissue",
    CargoClass.DRY_ICE: "carbon_dioxide",
    CargoClass.LIQUID: "water",
    CargoClass.INERT: "water",
}
"""What declared cargo is mostly made of as X-rays see it (bones of meat left out)."""

_HIGHEST = 16.0
_STEPS = 400


@dataclass(frozen=True, slots=True)
class Background:
    """What stands for a measured background: walls, and behind them cargo.

    Parameters
    ----------
    wall_log : log-attenuation up to which a background counts as walls; beyond it is cargo.
    wall, cargo : materials of the attenuation table.

    Examples
    --------
    >>> from scanner.simulation.attenuation import linac_spectrum
    >>> spectrum = linac_spectrum()
    >>> areal = Background(0.5).areal_g_cm2(np.array([0.3, 2.0], np.float32), spectrum)
    >>> [round(float(v), 3) for v in -np.log(spectrum.transmission(areal))]
    [0.3, 2.0]
    """

    wall_log: float
    wall: str = "iron"
    cargo: str = "water"

    def areal_g_cm2(self, log_attenuation: Image, spectrum: Spectrum) -> dict[str, Image]:
        """Return masses per area that attenuate as was measured; nothing where it was negative."""
        seen = np.maximum(log_attenuation, 0.0)
        limit = max(self.wall_log, 0.0)
        wall = _depth_of(np.minimum(seen, limit), self.wall, {}, spectrum)
        at_limit = _depth_of(np.array([limit], np.float32), self.wall, {}, spectrum)
        cargo = np.zeros_like(wall)
        beyond = seen > limit
        if beyond.any():
            before = {self.wall: float(at_limit[0])}
            cargo[beyond] = _depth_of(seen[beyond], self.cargo, before, spectrum)
        if self.wall == self.cargo:
            return {self.wall: wall + cargo}
        return {self.wall: wall, self.cargo: cargo}

    def transmitted(
        self,
        log_attenuation: Image,
        added_g_cm2: Mapping[str, Image],
        removed_g_cm2: Image | None,
        spectrum: Spectrum,
    ) -> Image:
        """Return the share of what was measured that is left with more in the beam, of any shape.

        Parameters
        ----------
        log_attenuation : measured without what is added.
        added_g_cm2 : by material, of the same shape.
        removed_g_cm2 : cargo that gives way, no more than there is.
        """
        behind = self.areal_g_cm2(log_attenuation, spectrum)
        before = spectrum.transmission(behind)
        both = dict(behind)
        if removed_g_cm2 is not None:
            both[self.cargo] = np.maximum(both[self.cargo] - removed_g_cm2, 0)
        for material, areal in added_g_cm2.items():
            both[material] = both[material] + areal if material in both else areal
        return np.asarray(spectrum.transmission(both) / before, np.float32)


def _depth_of(
    log_attenuation: Image, material: str, before_g_cm2: Mapping[str, float], spectrum: Spectrum
) -> Image:
    """Return how much of a material, behind some of another, makes up a log-attenuation."""
    one = {name: np.full(_STEPS, areal, np.float32) for name, areal in before_g_cm2.items()}
    start = one.pop(material, np.zeros(_STEPS, np.float32))
    end = 1.0
    while True:
        # finer where the beam hardens fastest
        depth = (end * np.linspace(0.0, 1.0, _STEPS) ** 2).astype(np.float32)
        behind = {**one, material: start + depth}
        logs = -np.log(np.maximum(spectrum.transmission(behind), 1e-30))
        if logs[-1] > _HIGHEST:
            break
        end *= 2.0
    return np.asarray(np.interp(log_attenuation, logs, depth), np.float32)
