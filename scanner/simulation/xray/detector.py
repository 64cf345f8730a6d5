"""What a column of pixels counts of a passage: gain, dose, scatter, afterglow, noise, faults."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage, signal

from scanner.simulation.xray.ranges import Draw

Image = npt.NDArray[np.float32]
Counts = npt.NDArray[np.uint16]

DARK_LINES = AIR_LINES = 64
NOMINAL_DOSE = 32768


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts of one passage at one energy.

    Parameters
    ----------
    dark, air, air_after : uint16 ``(n, n_pixels)``, no beam, and open beam before and after the lorry.
    data : uint16 ``(n_lines, n_pixels)``.
    dose, air_dose, air_after_dose : monitor readings, 32768 = nominal.
    line : int64 ``(n_lines,)``, number of each line that arrived; a jump is a lost one.
    source_line : int64 ``(n_lines,)``, of which line of the scene it is a picture.
    untrue : bool ``(n_pixels,)``, truth: dead, stuck or telegraphing channels.
    photons : counted a pixel and line in the open beam; ``electronic`` : standard deviation of the dark
        signal, in shares of the open beam.
    """

    dark: Counts
    air: Counts
    air_after: Counts
    data: Counts
    dose: Counts
    air_dose: Counts
    air_after_dose: Counts
    line: npt.NDArray[np.int64]
    source_line: npt.NDArray[np.int64]
    untrue: npt.NDArray[np.bool_]
    photons: float
    electronic: float


@dataclass(frozen=True, slots=True)
class _Array:
    """One detector as it is that day."""

    gain: Image
    drift: Image
    offset: Image
    electronic: float
    photons: float
    open_counts: float
    dead: npt.NDArray[np.bool_]
    stuck: npt.NDArray[np.int64]
    flicker: npt.NDArray[np.bool_]


def count(transmission: Image, pixel_m: float, draw: Draw) -> Counted:
    """Return what is counted of a scene.

    Random numbers do not depend on the scene: the same draws give an occupied lorry and its
    empty twin the same detector and the same noise.

    Parameters
    ----------
    transmission : float32 ``(n_lines, n_pixels)``, 0..1, of the primary beam.
    pixel_m : height of a pixel in the lorry's middle plane.
    """
    n_lines, n_pixels = transmission.shape
    array = _draw_array(n_pixels, draw)
    light = _blurred(transmission, pixel_m, draw)
    dose_true, dose_seen = _dose(n_lines, draw)
    lost = draw.rng.random(n_lines) < draw("detector.dropped")
    again = draw.rng.random(n_lines) < draw("detector.repeated")
    dark = _lines(np.zeros((DARK_LINES, n_pixels), np.float32), np.zeros(DARK_LINES), 0.0, array, draw.rng)
    air = [_open(when, n_pixels, array, draw) for when in (0.0, 1.0)]
    data = _lines(light, dose_true, np.linspace(0.0, 1.0, n_lines), array, draw.rng)
    data[again] = data[np.maximum(np.flatnonzero(again) - 1, 0)]
    kept = np.flatnonzero(~lost)
    return Counted(
        dark=dark,
        air=air[0][0],
        air_after=air[1][0],
        data=data[kept],
        dose=dose_seen[kept],
        air_dose=air[0][1],
        air_after_dose=air[1][1],
        line=kept.astype(np.int64),
        source_line=np.where(again, np.arange(n_lines) - 1, np.arange(n_lines))[kept],
        untrue=array.dead | (array.stuck >= 0) | array.flicker,
        photons=array.photons,
        electronic=array.electronic / array.open_counts,
    )


def _draw_array(n_pixels: int, draw: Draw) -> _Array:
    rng = draw.rng
    size = int(draw.kind("detector.module"))
    modules = np.repeat(1 + draw("detector.module_spread") * rng.normal(size=-(-n_pixels // size)), size)[
        :n_pixels
    ]
    gain = np.clip(modules * (1 + draw("detector.gain_spread") * rng.normal(size=n_pixels)), 0.5, 1.6)
    weak = rng.random(n_pixels) < draw("detector.weak")
    gain = np.where(weak, gain * rng.uniform(0.3, 0.7, n_pixels), gain)
    # the whole array drifts, and each module by itself
    drift = (
        draw("detector.drift")
        * draw.one_of((-1.0, 1.0))
        * (0.6 + 0.4 * np.repeat(rng.normal(size=-(-n_pixels // size)), size)[:n_pixels])
    )
    dead = rng.random(n_pixels) < draw("detector.dead")
    stuck = np.where(rng.random(n_pixels) < draw("detector.stuck"), rng.integers(0, 65536, n_pixels), -1)
    flicker = rng.random(n_pixels) < draw("detector.flicker")
    half_out = draw.happens("detector.half_module_out")
    first = int(rng.integers(0, max(n_pixels // size, 1))) * size
    if half_out:
        dead[first : first + size // 2] = True
    return _Array(
        gain=gain.astype(np.float32),
        drift=drift.astype(np.float32),
        offset=(draw("detector.offset") * (1 + 0.1 * rng.normal(size=n_pixels))).astype(np.float32),
        electronic=draw("detector.electronic"),
        photons=draw("detector.photons"),
        open_counts=draw("detector.open_counts"),
        dead=dead,
        stuck=stuck,
        flicker=flicker,
    )


def _blurred(transmission: Image, pixel_m: float, draw: Draw) -> Image:
    """Scatter within the slice, afterglow from line to line, pile-up, focal spot and cross-talk."""
    share, width = draw("detector.scatter"), draw("detector.scatter_width_m")
    glow, lines = draw("detector.afterglow"), draw("detector.afterglow_lines")
    pile, blur = draw("detector.pile_up"), draw("detector.blur_px")
    light = transmission
    # what is scattered at small angles was on its way to pixels near by
    scattered = light * -np.log(np.maximum(light, 1e-6))
    sigma = max(width / pixel_m, 0.5)
    kernel = cv2.getGaussianKernel(2 * math.ceil(3 * sigma) + 1, sigma, cv2.CV_32F)
    spread = cv2.sepFilter2D(
        scattered, cv2.CV_32F, kernel, np.ones(1, np.float32), borderType=cv2.BORDER_REPLICATE
    )
    light = light + np.float32(share) * spread
    if blur > 0.1:
        light = ndimage.gaussian_filter(light, blur, mode="nearest", truncate=3)
    if glow > 0:
        keep = float(np.exp(-1.0 / lines))
        tail, _ = signal.lfilter([1 - keep], [1, -keep], light, axis=0, zi=light[:1] * keep)
        light = (1 - np.float32(glow)) * light + np.float32(glow) * tail.astype(np.float32)
    return (light * (1 - np.float32(pile) * light) / (1 - np.float32(pile))).astype(np.float32)


def _dose(n: int, draw: Draw) -> tuple[npt.NDArray[np.float64], Counts]:
    true = 1 + draw("detector.dose_jitter") * draw.rng.normal(size=n)
    step = draw.happens("detector.dose_step")
    at, by = int(draw.rng.integers(1, max(n, 2))), draw.between(0.7, 1.25)
    if step:
        true[at:] *= by
    true = np.clip(true, 0.4, 1.6)
    seen = true * (1 + draw("detector.monitor_error") * draw.rng.normal(size=n))
    return true, np.clip(np.rint(seen * NOMINAL_DOSE), 0, 65535).astype(np.uint16)


def _open(when: float, n_pixels: int, array: _Array, draw: Draw) -> tuple[Counts, Counts]:
    true = np.clip(1 + 0.02 * draw.rng.normal(size=AIR_LINES), 0.8, 1.2)
    seen = np.rint(true * (1 + 0.003 * draw.rng.normal(size=AIR_LINES)) * NOMINAL_DOSE).astype(np.uint16)
    return _lines(np.ones((AIR_LINES, n_pixels), np.float32), true, when, array, draw.rng), seen


def _lines(
    light: Image,
    dose: npt.NDArray[np.float64],
    when: npt.NDArray[np.float64] | float,
    array: _Array,
    rng: np.random.Generator,
) -> Counts:
    """Counts of lines at ``when`` of the scan, 0 at its start and 1 at its end."""
    n_lines = light.shape[0]
    mean = light * (dose * array.photons).astype(np.float32)[:, np.newaxis]
    z = rng.standard_normal(mean.shape, dtype=np.float32)
    # Poisson to third order (Cornish-Fisher): one normal a pixel whatever the mean, so twins share noise
    arrived = np.maximum(mean + np.sqrt(mean) * z + (z * z - 1) / 6 * (mean > 0), 0)
    gain = array.gain * (1 + np.outer(np.broadcast_to(when, n_lines), array.drift))
    counts = arrived * (gain * np.float32(array.open_counts / array.photons)) + array.offset
    counts += np.float32(array.electronic) * rng.standard_normal(mean.shape, dtype=np.float32)
    telegraph = rng.random((n_lines, int(array.flicker.sum()))) < 0.3
    counts[:, array.flicker] += 8000 * telegraph.astype(np.float32)
    counts[:, array.dead] = array.offset[array.dead] * 0.2
    stuck = array.stuck >= 0
    counts[:, stuck] = array.stuck[stuck]
    return np.asarray(np.clip(np.rint(counts), 0, 65535), np.uint16)
