"""Pictures of simulated passages with their truth, through the product's own image chain."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from calibration.line_pixels import PixelClass
from scanner.signals.xray_chain import chain_state, finish, gather
from scanner.signals.xray_scan import Scan, Setup
from scanner.simulation.body_library import Split
from scanner.simulation.xray.beam import Beam
from scanner.simulation.xray.lines import line_blocks
from scanner.simulation.xray.passage import Passage, drive_through
from scanner.simulation.xray.ranges import Ranges
from scanner.simulation.xray.scene import SceneSpec, draw_group, draw_load, draw_scene, nobody_in

MM_PER_PX = 25.0
SHAPE = (224, 768)
CELL = 4
"""Pixels a cell of the maps that a network answers with."""
MAP_SHAPE = (SHAPE[0] // CELL, SHAPE[1] // CELL)
SPLITS: dict[Split, int] = {"train": 10_000_000, "validation": 20_000_000, "test": 30_000_000}
"""First seed of each part's scenes."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture as a network sees it, with its truth.

    Parameters
    ----------
    attenuation : float16 `SHAPE`, log-attenuation; 0 beyond the picture.
    clear : bool `SHAPE`, where the beam came through and something was measured.
    people : uint8 `MAP_SHAPE`, share of each cell that people who hide fill, 0..255.
    visible : uint8 `MAP_SHAPE`, the same of where they stand above the noise.
    space : uint8 `MAP_SHAPE`, the same of the load space.
    """

    attenuation: npt.NDArray[np.float16]
    clear: npt.NDArray[np.bool_]
    people: npt.NDArray[np.uint8]
    visible: npt.NDArray[np.uint8]
    space: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Pair:
    """An occupied scene and its twin with nobody inside."""

    spec: SceneSpec
    occupied: Picture
    empty: Picture
    visible_m2: float


def spec_of(seed: int, beam: Beam, split: Split, ranges: Ranges | None = None) -> SceneSpec:
    """Return the occupied scene of a seed."""
    body, load = draw_load(seed, ranges)
    spec = SceneSpec(seed, beam, body, load, bodies=split, ranges=ranges)
    return replace(spec, persons=draw_group(spec))


def scan_of(passage: Passage) -> Scan:
    """Return the corrected picture of a passage, as the product makes it."""
    state = chain_state(Setup(MM_PER_PX, encoder_um_per_count=100.0))
    for block in line_blocks(passage):
        state = gather(block, state)
    return finish(state)[0]


def fitted(picture: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Return a picture cut or filled up with zeros to `SHAPE`."""
    full = np.zeros(SHAPE, picture.dtype)
    part = picture[: SHAPE[0], : SHAPE[1]]
    full[: part.shape[0], : part.shape[1]] = part
    return full


def truth_at(scan: Scan, passage: Passage, truth: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    """Return a truth of lines and pixels, 0 or 1, as shares of the network's cells."""
    rows = (np.arange(scan.image.shape[0]) + 0.5) * scan.mm_per_px * 1000 / passage.pixel_pitch_um - 0.5
    x, y = np.meshgrid(scan.line_of_column.astype(np.float32), rows.astype(np.float32))
    # lines are rows of the truth: its transpose lies as the picture does
    lying = np.ascontiguousarray(truth.T.astype(np.float32))
    picture = cv2.remap(lying, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    full = np.asarray(fitted(np.asarray(picture)), np.float32)
    return full.reshape(MAP_SHAPE[0], CELL, MAP_SHAPE[1], CELL).mean(axis=(1, 3))


def picture_of(passage: Passage) -> Picture:
    """Return the picture of a passage and its truth."""
    scan = scan_of(passage)

    def share(truth: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
        return np.asarray(np.rint(255 * truth_at(scan, passage, truth)), np.uint8)

    return Picture(
        np.asarray(fitted(scan.image.astype(np.float16)), np.float16),
        np.asarray(fitted(scan.mask <= PixelClass.INTERPOLATED), bool),
        share(passage.people_m > 0.02),
        share(passage.visible),
        share(passage.space),
    )


def draw_pair(spec: SceneSpec) -> Pair:
    """Draw an occupied scene and its twin and take both through the scanner."""
    scene = draw_scene(spec)
    passage = drive_through(scene)
    line_m = float(np.mean(np.diff(scene.x_m)))
    return Pair(
        spec,
        picture_of(passage),
        picture_of(drive_through(nobody_in(scene))),
        float(passage.visible.sum()) * line_m * scene.pixel_m,
    )
