"""Beams as they are given on the command line: a voltage, or a table of energies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drivers.api import ConfigError
from scanner.simulation.attenuation import Spectrum, linac_spectrum, tube_spectrum

TUBE_FILTER_G_CM2, LINAC_FILTER_G_CM2 = 4.0, 10.0
TUBE_KV, LINAC_KV = (100.0, 500.0), (3000.0, 9000.0)


def spectra_of(
    kv: Sequence[float],
    tables: Sequence[Path],
    recorded_kv: float | None,
    filter_g_cm2: float | None,
    scintillator_mm: float | None,
) -> tuple[dict[int, Spectrum], str]:
    """Return the spectrum of each energy by its index, and the beam in words.

    Parameters
    ----------
    kv : voltages, one an energy; a linac's end point in keV.
    tables : instead of them, files of two columns: MeV, share of the detector's signal.
    recorded_kv : what the X-ray supply told.

    Raises
    ------
    ConfigError : no beam, both kinds, or one that cannot be.
    """
    if kv and tables:
        raise ConfigError("give --kv or --spectrum, not both")
    if tables:
        words = ", ".join(path.name for path in tables)
        return {index: read_spectrum(path) for index, path in enumerate(tables)}, words
    voltages = list(kv) or ([recorded_kv] if recorded_kv else [])
    if not voltages:
        raise ConfigError(
            "the recording does not say the beam: give --kv (450 a tube, 6000 a linac of 6 MV), or --spectrum"
        )
    found = {index: _of_voltage(one, filter_g_cm2, scintillator_mm) for index, one in enumerate(voltages)}
    return found, ", ".join(f"{one:g} kV" for one in voltages)


def _of_voltage(kv: float, filter_g_cm2: float | None, scintillator_mm: float | None) -> Spectrum:
    if LINAC_KV[0] <= kv <= LINAC_KV[1]:
        steel = LINAC_FILTER_G_CM2 if filter_g_cm2 is None else filter_g_cm2
        return linac_spectrum(kv / 1e3, steel, scintillator_mm=scintillator_mm or 30.0)
    if TUBE_KV[0] <= kv <= TUBE_KV[1]:
        steel = TUBE_FILTER_G_CM2 if filter_g_cm2 is None else filter_g_cm2
        return tube_spectrum(kv, {"iron": steel}, scintillator_mm=scintillator_mm or 5.0)
    raise ConfigError(
        f"--kv {kv:g}: a tube has {TUBE_KV[0]:g} to {TUBE_KV[1]:g}, a linac {LINAC_KV[0]:g} to "
        f"{LINAC_KV[1]:g} (its end point in keV)"
    )


def read_spectrum(path: Path) -> Spectrum:
    """Read a table of energies in MeV and shares of the detector's signal; # begins a remark.

    Raises
    ------
    ConfigError : it cannot be read, or holds what no beam is.
    """
    energies, weights = [], []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--spectrum {path}: {error}: give a text file of MeV and share") from error
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.partition("#")[0].replace(",", " ").split()
        if not cells:
            continue
        try:
            energy, weight = map(float, cells)
        except ValueError as error:
            raise ConfigError(f"--spectrum {path}, line {number}: {line!r} is not MeV and share") from error
        energies.append(energy)
        weights.append(weight)
    total = sum(weights)
    if (
        not energies
        or min(weights) < 0
        or not 0 < total < float("inf")
        or not 0.02 <= min(energies) <= max(energies) <= 10
    ):
        raise ConfigError(
            f"--spectrum {path}: energies must be 0.02 to 10 MeV, shares 0 or more and not all 0"
        )
    return Spectrum(tuple(energies), tuple(weight / total for weight in weights))
