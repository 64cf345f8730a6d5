"""Which reasons say that a method's apparatus failed in this scan: what it would have seen is not known.

Others say that the method was never there (no sensor, no passage), or that physics let it see nothing
(not penetrated, too loud): that the rest of the evidence may outweigh. A failure may not, as the lorry
would have been weighed with it.
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.evidence import Evidence, EvidenceState

FAULTS = frozenset(
    {
        "method_failed",
        "xray_lost",
        "xray_lost_in_passage",
        "xray_passage_cut_off",
        "xray_lorry_cut",
        "xray_uncalibrated",
        "xray_certificate_expired",
        "xray_beam_off",
        "xray_lines_lost",
        "xray_hash_mismatch",
        "xray_dead_pixels",
        "xray_saturated",
        "xray_geometry_unknown",
        "xray_no_movement",
        "xray_no_vehicle",
        "xray_wrong_size",
        "xray_beam_unknown",
        "xray_beam_unfit",
        "xray_unfamiliar",
        "xray_no_load_space",
        "thermal_lost",
        "thermal_silent",
        "thermal_frozen",
        "thermal_invalid",
        "thermal_wrong_size",
        "thermal_wrong_unit",
        "thermal_certificate_expired",
        "seismic_lost",
        "seismic_silent",
        "seismic_degraded",
        "seismic_flat",
        "seismic_clipped",
        "seismic_no_sound_channel",
        "seismic_exchanged",
        "seismic_certificate_expired",
    }
)


NOT_PASSED = "xray_no_passage"
"""A lorry that was not sent through the portal, or a detector that never speaks: they look alike."""


def failed(evidences: Iterable[Evidence], *, every_lorry_passes: bool = False) -> list[Evidence]:
    """Return the evidence of methods whose apparatus failed.

    Parameters
    ----------
    every_lorry_passes : the portal; a lorry that did not pass it is then a failure too.
    """
    codes = FAULTS | {NOT_PASSED} if every_lorry_passes else FAULTS
    return [
        e
        for e in evidences
        if e.state is EvidenceState.UNAVAILABLE and e.reason is not None and e.reason.code in codes
    ]
