"""Threat image projection: people put into the raw counts of a scan in which nobody was.

What is measured without them becomes thicknesses (`equivalent`), the people's masses are added,
and each count keeps the share of its photons that comes through both (`thinning`). Lines, numbers,
encoder, dose and flags stay as they came, and so does every count that no ray through a person made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from drivers.api import LineBlock
from scanner.signals.xray_scan import Setup
from scanner.simulation.attenuation import Spectrum
from scanner.simulation.priors import stream
from scanner.simulation.xray.canvas import Extent
from scanner.simulation.xray.equivalent import Background
from scanner.simulation.xray.fan import Fan, straight_fan
from scanner.simulation.xray.insertion import Insertion, lay
from scanner.simulation.xray.measured import MeasuredLines, data_blocks, measured_lines
from scanner.simulation.xray.thinning import thinned

Image = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

MASK_M = 0.01
"""Rays that run so far inside a person belong to the truth's mask."""

WALL_SHARE = 0.05
"""So few rays through the load space meet hardly more than its walls."""

MM_PER_PX = 20.0


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the rays of a scanner run.

    Parameters
    ----------
    top_mm : height above the road that pixel 0's upper edge looks at in the lorry's middle plane.
    source_m, source_z_m : distance of the focal spot from that plane, and its height.
    pixel_pitch_um, line_pitch_um : in that plane; 0 = as the lines declare.
    encoder_um_per_count : None = the median step is one line pitch.
    """

    top_mm: float = 4500.0
    source_m: float = 8.0
    source_z_m: float = 1.2
    pixel_pitch_um: float = 0.0
    line_pitch_um: float = 0.0
    encoder_um_per_count: float | None = None

    def setup(self) -> Setup:
        """Return what the chain needs to place lines."""
        return Setup(MM_PER_PX, self.pixel_pitch_um, self.line_pitch_um, self.encoder_um_per_count)

    def fan(self, n_pixels: int, declared_um: float) -> Fan:
        """Return the rays of a row of pixels."""
        pitch_m = (self.pixel_pitch_um or declared_um) / 1e6
        top = self.top_mm / 1e3
        return straight_fan(n_pixels, top, top - n_pixels * pitch_m, -self.source_m, self.source_z_m)


@dataclass(frozen=True, slots=True)
class Loading:
    """What the people are put into.

    Parameters
    ----------
    space : the load space, x along the way from the first line.
    wall, cargo : materials that the measured background counts as.
    displaced_g_cm3 : density of the cargo that gives way to them; 0 = they are where air was.
    """

    space: Extent
    wall: str = "iron"
    cargo: str = "water"
    displaced_g_cm3: float = 0.0


@dataclass(frozen=True, slots=True)
class Projected:
    """A passage with people put in, and the truth about them.

    Parameters
    ----------
    blocks : all that were given, in order; data blocks with people in them are new.
    person_m : of the first energy, length of the rays in anybody, float32 ``(n_lines, n_pixels)``.
    each_mask : for each person, bool of that shape: rays that run at least `MASK_M` inside.
    log_change : by energy, how much more log-attenuation they are, float32 of that energy's shape.
    lines : by energy, the counts.
    """

    blocks: list[LineBlock]
    person_m: Image
    each_mask: tuple[Bools, ...]
    log_change: Mapping[int, Image] = field(default_factory=dict)
    lines: Mapping[int, npt.NDArray[np.uint16]] = field(default_factory=dict)

    @property
    def mask(self) -> Bools:
        """Truth: rays through anybody, bool ``(n_lines, n_pixels)``."""
        return np.asarray(self.person_m >= MASK_M)


def project(
    blocks: Sequence[LineBlock],
    people: Sequence[Insertion],
    geometry: Geometry,
    spectra: Mapping[int, Spectrum],
    loading: Loading,
    seed: int = 0,
    blur_px: float = 0.0,
) -> Projected:
    """Put people into one passage.

    Parameters
    ----------
    blocks : dark, air and data lines of one passage, and air lines after it where there are any.
    spectra : of each energy that has data lines.
    seed : of the photons that do not come through.
    blur_px : standard deviation of the focal spot and of cross-talk, in pixels and lines; what is
        recorded is blurred already, what is put in is not.

    Raises
    ------
    CalibrationMissing, ScanUnusable : see `measured_lines`.
    KeyError : no spectrum for an energy.
    """
    measured, _ = measured_lines(blocks, geometry.setup())
    lines, change = {}, {}
    person_m: Image | None = None
    masks: tuple[Bools, ...] = ()
    for energy, seen in measured.items():
        declared = float(data_blocks(blocks, energy)[0].pixel_pitch_um)
        laid = lay(people, seen.x_m, geometry.fan(seen.lines.shape[1], declared))
        shape = (seen.lines.shape[0], seen.lines.shape[1])
        background = background_of(seen, geometry.fan(shape[1], declared), loading)
        share = left_share(
            seen,
            laid.added_g_cm2,
            laid.removed_g_cm2(loading.displaced_g_cm3, shape),
            background,
            spectra[energy],
            blur_px,
        )
        lines[energy] = thinned(seen, share, stream(seed, "projection", str(energy)))
        change[energy] = -np.log(np.maximum(share, np.float32(1e-30)))
        if person_m is None:
            person_m = laid.all_m(shape)
            masks = tuple(np.asarray(chord >= MASK_M) for chord in laid.chord_m)
    assert person_m is not None
    return Projected(with_lines(blocks, lines), person_m, masks, change, lines)


def background_of(seen: MeasuredLines, fan: Fan, loading: Loading) -> Background:
    """Return what a background counts as: walls up to what the emptiest rays of the load space meet."""
    space = loading.space
    z = fan.z_m(0.0)
    along = (seen.x_m >= space.x0) & (seen.x_m <= space.x1)
    across = (z >= space.z0) & (z <= space.z1)
    inside = seen.transmission[np.ix_(along, across)]
    wall_log = float(-np.log(np.quantile(inside, 1.0 - WALL_SHARE))) if inside.size else 0.0
    return Background(max(wall_log, 0.0), loading.wall, loading.cargo)


def left_share(
    seen: MeasuredLines,
    added_g_cm2: Mapping[str, Image],
    removed_g_cm2: Image | None,
    background: Background,
    spectrum: Spectrum,
    blur_px: float = 0.0,
) -> Image:
    """Return the share of each count's light that is left, float32 ``(n_lines, n_pixels)``.

    Exactly 1 where nothing is added or removed (blurred: nowhere near).
    """
    share = np.ones(seen.lines.shape, np.float32)
    touched = np.zeros(share.shape, bool)
    for layer in (*added_g_cm2.values(), *(() if removed_g_cm2 is None else (removed_g_cm2,))):
        touched |= layer != 0
    if not touched.any():
        return share
    removed = None if removed_g_cm2 is None else removed_g_cm2[touched]
    logs = -np.log(np.clip(seen.transmission[touched], 1e-6, None))
    added = {name: layer[touched] for name, layer in added_g_cm2.items()}
    share[touched] = background.transmitted(logs, added, removed, spectrum)
    if blur_px > 0.1:
        reach = int(np.ceil(3 * blur_px))
        near = ndimage.binary_dilation(touched, np.ones((2 * reach + 1, 2 * reach + 1), bool))
        blurred = ndimage.gaussian_filter(share, blur_px, mode="nearest", radius=reach)
        share = np.where(near, blurred, np.float32(1.0)).astype(np.float32)
    return share


def with_lines(blocks: Iterable[LineBlock], lines: Mapping[int, npt.NDArray[np.uint16]]) -> list[LineBlock]:
    """Return blocks whose data pixels are those lines; blocks that do not change are the same objects."""
    at = dict.fromkeys(lines, 0)
    out = []
    for block in blocks:
        mine = bool(data_blocks([block], block.energy)) and block.energy in lines
        if mine:
            first = at[block.energy]
            at[block.energy] += block.pixels.shape[0]
            pixels = lines[block.energy][first : at[block.energy]]
            block = block if np.array_equal(pixels, block.pixels) else replace(block, pixels=pixels)
        out.append(block)
    return out
