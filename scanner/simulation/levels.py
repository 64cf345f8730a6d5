"""The same lorry with people who are fainter or louder, or in a noisier or quieter place."""

from __future__ import annotations

from dataclasses import replace

from scanner.simulation.lorry_spec import LorrySpec


def at_levels(spec: LorrySpec, signal_db: float = 0.0, noise_db: float = 0.0) -> LorrySpec:
    """Return a lorry whose people and whose noise have other amplitudes than were drawn.

    Signals are the forces of hearts, breaths and movements and the CO2 that people give off; what they take
    out of an X-ray beam and their warmth stay. Noise is that of ground, wind, cooling unit and liquid, of
    the air at the probe's tip and outside, and of the X-ray detector; errors of probes and geophones stay.

    Parameters
    ----------
    signal_db, noise_db : amplitude, 20 log10; 0 = as drawn.

    Examples
    --------
    >>> from scanner.simulation.draw import draw_lorry
    >>> drawn = draw_lorry(7, persons=1)
    >>> faint = at_levels(drawn, signal_db=-6.0)
    >>> round(faint.hearts[0].force_n / drawn.hearts[0].force_n, 3)
    0.501
    >>> at_levels(drawn) == drawn
    True
    """
    signal, noise = 10 ** (signal_db / 20), 10 ** (noise_db / 20)
    hearts = tuple(
        replace(
            heart,
            force_n=signal * heart.force_n,
            breathing_force_n=signal * heart.breathing_force_n,
        )
        for heart in spec.hearts
    )
    return replace(
        spec,
        hearts=hearts,
        movement_force_n=signal * spec.movement_force_n,
        person_co2_l_s=signal * spec.person_co2_l_s,
        ground_rms_um_s=noise * spec.ground_rms_um_s,
        wind_um_s3_per_m2=noise * spec.wind_um_s3_per_m2,
        unit_rms_um_s=noise * spec.unit_rms_um_s,
        slosh_um_s=noise * spec.slosh_um_s,
        tip_fluctuation=noise * spec.tip_fluctuation,
        outside_fluctuation_ppm=noise * spec.outside_fluctuation_ppm,
        xray_noise=noise * spec.xray_noise,
    )
