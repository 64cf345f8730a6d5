"""One passage as a line scanner sends it: the scene driven through, counted, with its truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scanner.simulation.xray.detector import Counted, count
from scanner.simulation.xray.scene import RANGE_M, START_M, Scene, load_space, visible

ENCODER_UM_PER_COUNT = 100
BITS = 16


@dataclass(frozen=True, slots=True)
class Passage:
    """Counts of a passage and where its lines were taken.

    Parameters
    ----------
    counted : of the detector.
    encoder : int64 ``(n_lines,)``, `ENCODER_UM_PER_COUNT` each, of the lines that arrived.
    pixel_pitch_um, line_pitch_um : geometry in the lorry's middle plane; the line pitch at nominal speed.
    top_mm : height that the upper end of the pixels looks at there.
    log_attenuation, people_m : truth of the same lines, float32 ``(n_lines, n_pixels)``: -ln of the
        primary beam's transmission, and the length of the rays in people who hide.
    visible : bool of that shape, truth: where people who hide stand above the noise.
    space : bool of that shape, truth: rays through the load space.
    rear_first : the lorry was pushed or drove backwards.
    """

    counted: Counted
    encoder: npt.NDArray[np.int64]
    pixel_pitch_um: int
    line_pitch_um: int
    top_mm: float
    log_attenuation: npt.NDArray[np.float32]
    people_m: npt.NDArray[np.float32]
    visible: npt.NDArray[np.bool_]
    space: npt.NDArray[np.bool_]
    rear_first: bool


def drive_through(scene: Scene) -> Passage:
    """Return what the scanner sends of a scene."""
    spec = scene.spec
    draw = spec.draw("encoder")
    backwards = draw.happens("vehicle.rear_first")
    stretch = draw("drive.stretch")
    slips = draw.happens("drive.slip")
    slip_at, slip_m = draw.between(0.2, 0.8), draw.between(0.05, 0.5)
    order = slice(None, None, -1) if backwards else slice(None)
    transmission = np.ascontiguousarray(scene.transmission[order])
    counted = count(transmission, scene.pixel_m, spec.draw("detector"))
    way_m = scene.x_m[order] - START_M
    if backwards:
        way_m = RANGE_M - way_m
    if slips:  # the wheel that counts stands still while the lorry moves on
        way_m = way_m - slip_m * np.clip((way_m / RANGE_M - slip_at) / (slip_m / RANGE_M), 0.0, 1.0)
    counts = np.rint(way_m * stretch * 1e6 / ENCODER_UM_PER_COUNT).astype(np.int64)
    lines = counted.source_line
    z = scene.fan.z_m(0.0)
    with np.errstate(divide="ignore"):
        attenuation = -np.log(np.maximum(transmission, np.finfo(np.float32).tiny))
    return Passage(
        counted=counted,
        encoder=counts[counted.line],
        pixel_pitch_um=round(scene.pixel_m * 1e6),
        line_pitch_um=round(RANGE_M / spec.n_lines * 1e6),
        top_mm=1e3 * float(z[0] + scene.pixel_m / 2),
        log_attenuation=attenuation[lines],
        people_m=scene.people_m[order][lines],
        visible=visible(scene, counted.photons, counted.electronic)[order][lines],
        space=load_space(scene)[order][lines],
        rear_first=backwards,
    )
