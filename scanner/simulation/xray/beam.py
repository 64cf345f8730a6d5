"""The beams of cargo scanners: linacs of some 6 MV and tubes of some 450 kV."""

from __future__ import annotations

from enum import StrEnum

from scanner.simulation.attenuation import Spectrum, linac_spectrum, tube_spectrum
from scanner.simulation.xray.ranges import Draw


class Beam(StrEnum):
    """What figures are told apart by."""

    LINAC = "6 MV"
    TUBE = "450 kV"


BEAM_KV = {Beam.LINAC: 6000.0, Beam.TUBE: 450.0}
"""What a lane's generator is set to (``lane.toml``); a linac's end point in keV."""


def draw_spectrum(beam: Beam, draw: Draw) -> Spectrum:
    """Return what the detector sees of one source: end point, filter and scintillator differ."""
    scintillator, thick_mm = draw.kind("beam.scintillator"), draw("beam.scintillator_mm")
    if beam is Beam.LINAC:
        return linac_spectrum(
            draw("beam.end_point_mev"),
            draw("beam.linac_filter_g_cm2"),
            scintillator=scintillator,
            scintillator_mm=thick_mm,
        )
    filters = {"iron": draw("beam.tube_filter_g_cm2")}
    # thin screens see the soft end, blocks as of a linac's detector the hard one
    return tube_spectrum(draw("beam.tube_kv"), filters, scintillator, thick_mm / 4)
