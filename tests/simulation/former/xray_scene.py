"""One lorry through an X-ray portal: what a line-scan detector would count.

Rays are parallel across the lorry; one line is one position along it, pixel 0
looks at the top. Left out in this first version: scatter, afterglow, the fan
geometry, the driver in the cab.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scanner.simulation.attenuation import Spectrum, linac_spectrum
from scanner.vehicle import Declaration
from tests.simulation.former.bodies import HEIGHT_FRACTION, Pose, body
from tests.simulation.former.xray_canvas import Canvas
from tests.simulation.former.xray_cargo import HidingPlace, draw_cargo
from tests.simulation.former.xray_lorry import draw_lorry

TOP_M = 4.50  # height that pixel 0 looks at
BOTTOM_M = -0.05
LINE_RANGE_M = 17.4  # what all lines cover at nominal speed
DARK_LINES = 64
AIR_LINES = 64
ENCODER_UM_PER_COUNT = 100
PHOTONS_PER_MM2 = 150.0  # detected per pixel area in open beam and nominal dose, at the lorry
NOMINAL_DOSE = 32768


@dataclass(frozen=True, slots=True)
class XrayPassage:
    """All lines of one passage as counts.

    Parameters
    ----------
    dark, air : uint16 ``(n, n_pixels)``, lines without beam and with nothing in the beam.
    data : uint16 ``(n_lines, n_pixels)``.
    encoder : int64 ``(n_lines,)``, 0.1 mm per count.
    dose : uint16 ``(n_lines,)``, monitor reading of the data lines, 32768 = nominal.
    dark_dose, air_dose : uint16 ``(n,)``, the same for dark (0) and air lines.
    bits : valid bits of a count.
    pixel_pitch_um, line_pitch_um : geometry at the lorry's middle plane; the line
        pitch at nominal speed.
    persons_mask : bool ``(n_lines, n_pixels)``, truth: where a ray crosses a person.
    """

    dark: npt.NDArray[np.uint16]
    air: npt.NDArray[np.uint16]
    data: npt.NDArray[np.uint16]
    encoder: npt.NDArray[np.int64]
    dose: npt.NDArray[np.uint16]
    dark_dose: npt.NDArray[np.uint16]
    air_dose: npt.NDArray[np.uint16]
    bits: int
    pixel_pitch_um: int
    line_pitch_um: int
    persons_mask: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Transmission:
    """A scene without a detector: transmission 0..1 and where the people are."""

    transmission: npt.NDArray[np.float32]
    persons_mask: npt.NDArray[np.bool_]


def render_passage(
    declaration: Declaration,
    persons: int,
    rng: np.random.Generator,
    n_pixels: int = 512,
    n_lines: int = 1024,
) -> XrayPassage:
    """Return the counts of one passage.

    The same generator state gives the same lorry, cargo, detector and noise for
    any number of persons: an occupied scene and its empty twin differ only where
    the people are.

    Parameters
    ----------
    declaration : vehicle class, cargo and whether it is laden.
    persons : how many people hide in the load space.
    """
    # children, not draws: what people do must not shift the noise
    scene_rng, people_rng, drive_rng, detector_rng = rng.spawn(4)
    pixel_pitch_m = (TOP_M - BOTTOM_M) / n_pixels
    line_pitch_m = LINE_RANGE_M / n_lines
    x_m = _positions(n_lines, line_pitch_m, drive_rng)
    z_m = TOP_M - pixel_pitch_m * (np.arange(n_pixels, dtype=np.float64) + 0.5)
    scene = render_transmission(declaration, persons, x_m, z_m, scene_rng, people_rng)
    photons = PHOTONS_PER_MM2 * (1e3 * pixel_pitch_m) * (1e3 * line_pitch_m)
    dark, air, data, dose, air_dose = _detect(scene.transmission, photons, detector_rng)
    return XrayPassage(
        dark=dark,
        air=air,
        data=data,
        encoder=np.rint(x_m * 1e6 / ENCODER_UM_PER_COUNT).astype(np.int64) - 250,
        dose=dose,
        dark_dose=np.zeros(dark.shape[0], np.uint16),
        air_dose=air_dose,
        bits=16,
        pixel_pitch_um=round(pixel_pitch_m * 1e6),
        line_pitch_um=round(line_pitch_m * 1e6),
        persons_mask=scene.persons_mask,
    )


def render_transmission(
    declaration: Declaration,
    persons: int,
    x_m: npt.NDArray[np.float64],
    z_m: npt.NDArray[np.float64],
    scene_rng: np.random.Generator,
    people_rng: np.random.Generator,
    spectrum: Spectrum | None = None,
) -> Transmission:
    """Return the scene as a perfect detector sees it, at any grid of rays."""
    lorry, cargo = Canvas(x_m, z_m), Canvas(x_m, z_m)
    space = draw_lorry(lorry, declaration.vehicle_class, scene_rng)
    places = draw_cargo(cargo, space, declaration, scene_rng)
    mask = _hide(cargo, persons, places, people_rng)
    for material, areal in lorry.areal_g_cm2.items():
        layer = cargo.layer(material)
        layer += areal
    # a lung or a hole may leave a rounding error below nothing
    areal_g_cm2 = {name: np.maximum(areal, 0.0) for name, areal in cargo.areal_g_cm2.items()}
    return Transmission((spectrum or linac_spectrum()).transmission(areal_g_cm2), mask)


def _hide(
    canvas: Canvas,
    persons: int,
    places: tuple[HidingPlace, ...],
    rng: np.random.Generator,
) -> npt.NDArray[np.bool_]:
    """Put people into the hiding places in turn and return where they are."""
    mask = np.zeros((canvas.x_m.size, canvas.z_m.size), bool)
    first = int(rng.integers(len(places)))
    for number in range(persons):
        place = places[(first + number) % len(places)]
        stature, build = 1.45 + 0.42 * rng.random(), 0.9 + 0.35 * rng.random()
        fitting = [pose for pose in Pose if HEIGHT_FRACTION[pose] * stature <= place.room_m]
        if place.x1 - place.x0 < 0.9 * stature and len(fitting) > 1 and Pose.LYING in fitting:
            fitting.remove(Pose.LYING)
        pose = fitting[int(rng.integers(len(fitting)))]
        along_lorry = (0.0, math.pi)[int(rng.integers(2))]
        yaw = along_lorry if pose is Pose.LYING else 2 * math.pi * rng.random()
        # what a seated person sits on is not drawn: a box that comes with people alone would give them away
        x = place.x0 + 0.25 + max(place.x1 - place.x0 - 0.5, 0.0) * rng.random()
        for part in body(pose, stature, yaw, (x, 0.0, place.floor_m), build):
            window, chord = canvas.ellipsoid("soft_tissue", part)
            if part.density_g_cm3 > 0:
                mask[window] |= chord > 0.01
    return mask


def _positions(n_lines: int, pitch_m: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return where each line was taken: a lorry never drives at exactly nominal speed."""
    knots = 1.0 + 0.08 * rng.normal(size=6)
    speed = np.interp(np.linspace(0, 5, n_lines), np.arange(6), np.clip(knots, 0.8, 1.25))
    speed *= 1.0 / max(speed.mean(), 1.0)  # at most nominal on the whole, so that the beam sees all of it
    x_m = pitch_m * (np.cumsum(speed) - 0.5)
    # lines start before the bumper; what is short at the end is driven out
    shortage = LINE_RANGE_M - pitch_m / 2 - x_m[-1]
    return np.asarray(x_m + shortage * np.linspace(0.0, 1.0, n_lines) - 0.3, np.float64)


def _detect(
    transmission: npt.NDArray[np.float32], photons: float, rng: np.random.Generator
) -> tuple[
    npt.NDArray[np.uint16],
    npt.NDArray[np.uint16],
    npt.NDArray[np.uint16],
    npt.NDArray[np.uint16],
    npt.NDArray[np.uint16],
]:
    """Turn transmission into counts of an array with uneven pixels, some of them dead."""
    n_lines, n_pixels = int(transmission.shape[0]), int(transmission.shape[1])
    modules = np.repeat(rng.normal(1.0, 0.03, -(-n_pixels // 32)), 32)[:n_pixels]
    gain = np.clip(modules * rng.normal(1.0, 0.02, n_pixels), 0.7, 1.2).astype(np.float32)
    offset = rng.normal(900.0, 60.0, n_pixels).astype(np.float32)
    open_counts = np.float32(44000.0)
    dead = rng.choice(n_pixels, int(rng.integers(0, 5)), replace=False)
    stuck = rng.choice(np.array([0, 65535], np.uint16), dead.size)

    def lines(share: npt.NDArray[np.float32], beam: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
        mean = share * beam[:, None] * np.float32(photons)
        z = rng.standard_normal(mean.shape, dtype=np.float32)
        # Poisson to third order (Cornish-Fisher): one normal a pixel whatever the mean, so twins share noise
        arrived = np.maximum(mean + np.sqrt(mean) * z + (z * z - 1.0) / 6.0 * (mean > 0), 0.0)
        counts = arrived * (gain * (open_counts / np.float32(photons))) + offset
        counts += np.float32(12.0) * rng.standard_normal(mean.shape, dtype=np.float32)
        pixels: npt.NDArray[np.uint16] = np.clip(np.rint(counts), 0, 65535).astype(np.uint16)
        pixels[:, dead] = stuck
        return pixels

    def beams(n: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint16]]:
        true = np.clip(rng.normal(1.0, 0.02, n), 0.85, 1.15)
        seen = np.rint(true * rng.normal(1.0, 0.003, n) * NOMINAL_DOSE).astype(np.uint16)
        return true.astype(np.float32), seen

    dark = lines(np.zeros((DARK_LINES, n_pixels), np.float32), np.zeros(DARK_LINES, np.float32))
    air_beam, air_dose = beams(AIR_LINES)
    air = lines(np.ones((AIR_LINES, n_pixels), np.float32), air_beam)
    data_beam, dose = beams(n_lines)
    return dark, air, lines(transmission, data_beam), dose, air_dose
