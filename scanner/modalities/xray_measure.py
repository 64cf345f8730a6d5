"""A finished X-ray passage, measured once: its score, where it tells nothing, and what to show of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibration.line_pixels import PixelClass
from models.familiarity import features, outside
from models.runtime import ImageModel, ImageScore, ModelMismatch
from scanner.evidence import Box, Overlay, Reason
from scanner.modalities.xray_beam import beam_of
from scanner.modalities.xray_lines import Pictures, pictures_of
from scanner.modalities.xray_passage import Passage, PassageUnusable
from scanner.modalities.xray_sensor_grid import SensorGrid
from scanner.signals.xray import TOP_MM, blind_share, load_space_mask, vehicle_columns
from scanner.signals.xray_blind import (
    HidingRegion,
    hiding_parts,
    regions_of,
    tells_nothing,
    whole_space,
)
from scanner.signals.xray_scan import Scan
from scanner.vehicle import VehicleClass

SHORTEST_VEHICLE_MM = 4000.0
MOST_BOXES = 20

Space = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Measured:
    """A scored picture, before its score is weighed.

    Parameters
    ----------
    blind : share of the load space that tells nothing.
    hiding : parts of it that could hide a person, largest first.
    mm_per_px : of their pixels.
    beam : name of the model's beam, "" for a model that names none.
    overlays : what looks like people; ``blind_overlays`` what tells nothing.
    doubt : why seeing nobody in the whole picture means nothing, whatever its parts tell.
    """

    score: float
    blind: float
    hiding: tuple[HidingRegion, ...]
    mm_per_px: float
    beam: str
    features: Mapping[str, float]
    overlays: tuple[Overlay, ...]
    blind_overlays: tuple[Overlay, ...]
    doubt: Reason | None


def measure(
    passage: Passage,
    vehicle_class: VehicleClass,
    parameters: Mapping[str, float],
    model: ImageModel,
    sensor: str,
) -> Measured:
    """Correct, resample and score a finished passage.

    Parameters
    ----------
    parameters : of the detector's certificate; ``pixel_pitch_um``, ``line_pitch_um``,
        ``encoder_um_per_count`` and ``top_mm`` override what the stream declares, ``beam_kv``
        is the generator's voltage.

    Raises
    ------
    PassageUnusable : with the reason; examples: no dark lines, beam off, lost lines, a beam or a kind
        of picture that the model did not learn.
    """
    pictures = pictures_of(passage, parameters, model.card, sensor)
    beam, kv = beam_of(model.card, parameters, passage.heard_kv, sensor)
    picture = pictures.first
    extent = _vehicle(picture)
    clear = picture.mask <= PixelClass.INTERPOLATED
    _check_familiar(picture, clear, model)
    height = load_space_mask(
        picture.image, picture.mm_per_px, vehicle_class, parameters.get("top_mm", TOP_MM)
    )
    told = height & picture.covered
    shown = "space" in model.card.maps
    try:
        # a model that shows the load space was taught what counts; another one has to be told
        found = model.infer(picture.image, None if shown else told, clear, kv)
    except ModelMismatch as mismatch:
        metres = picture.image.shape[1] * picture.mm_per_px / 1000
        raise PassageUnusable("xray_wrong_size", metres=metres) from mismatch
    space = told if found.space is None else whole_space(found.space, picture.mm_per_px)
    if not space.any():
        raise PassageUnusable("xray_no_load_space" if shown else "xray_no_vehicle")
    nothing = tells_nothing(picture.mask)
    parts = hiding_parts(nothing, space, picture.mm_per_px)
    hiding = regions_of(parts, picture.mm_per_px)
    pixel_um = parameters.get("pixel_pitch_um", float(passage.data[0].pixel_pitch_um))
    grid = SensorGrid(picture, pixel_um / 1000, (pictures.n_pixels, pictures.n_lines))
    regions = [r for r in found.regions if space[r.y : r.y + r.height, r.x : r.x + r.width].any()]
    share = blind_share(picture.mask, space)
    report = {
        "lines": float(pictures.n_lines),
        "lost_share": pictures.lost_share,
        "dead_pixels": float(round(picture.report.unusable_share * pictures.n_pixels)),
        "blind_share": share,
        **_found(pictures, space),
        "hiding_parts": float(len(hiding)),
        "hiding_m2": sum(region.area_m2 for region in hiding),
        "vehicle_m": (extent[1] - extent[0]) * picture.mm_per_px / 1000,
        "regions": float(len(regions)),
        "median_attenuation": float(np.median(picture.image[space])),
        **({} if kv is None else {"beam_kv": kv}),
    }
    boxes = tuple(grid.box(Box(r.x, r.y, r.width, r.height, r.score)) for r in regions[:MOST_BOXES])
    return Measured(
        found.score,
        share,
        hiding,
        picture.mm_per_px,
        beam,
        report,
        (
            Overlay("heatmap", sensor, image=grid.image(_heat(found, space))),
            Overlay("boxes", sensor, boxes=boxes),
        ),
        _blind_overlays(nothing & space, parts, hiding, grid, sensor),
        pictures.doubt or _cut(picture, extent),
    )


def _vehicle(picture: Scan) -> tuple[int, int]:
    """Return the first and last column of what stands in the picture, at least a short vehicle of it."""
    extent = vehicle_columns(picture.image)
    if extent is None or (extent[1] - extent[0]) * picture.mm_per_px < SHORTEST_VEHICLE_MM:
        raise PassageUnusable("xray_no_vehicle")
    return extent


def _cut(picture: Scan, extent: tuple[int, int]) -> Reason | None:
    """Return why a vehicle that touches the picture's first or last column may not be whole."""
    touches = extent[0] == 0 or extent[1] == picture.image.shape[1]
    return Reason("xray_lorry_cut", {}) if touches else None


def _check_familiar(picture: Scan, clear: Space, model: ImageModel) -> None:
    if not model.card.familiar:
        return
    odd = outside(features(picture.image, clear, picture.mm_per_px), model.card.familiar)
    if odd is not None:
        raise PassageUnusable(
            "xray_unfamiliar", picture_feature=odd.feature, value=odd.value, low=odd.low, high=odd.high
        )


def _heat(found: ImageScore, space: Space) -> npt.NDArray[np.float32]:
    return np.where(space, found.heatmap, np.float32(0))


def _blind_overlays(
    nothing: Space, parts: Space, hiding: tuple[HidingRegion, ...], grid: SensorGrid, sensor: str
) -> tuple[Overlay, ...]:
    """What tells nothing as a heat map, and boxes around the parts that could hide somebody."""
    boxes = []
    for region in hiding[:MOST_BOXES]:
        place = slice(region.y, region.y + region.height), slice(region.x, region.x + region.width)
        boxes.append(
            grid.box(
                Box(
                    region.x,
                    region.y,
                    region.width,
                    region.height,
                    float(nothing[place][parts[place]].mean()),
                    "blind",
                )
            )
        )
    heat = (nothing | parts).astype(np.float32)
    return (
        Overlay("heatmap", sensor, image=grid.image(heat)),
        Overlay("boxes", sensor, boxes=tuple(boxes)),
    )


def _found(pictures: Pictures, space: Space) -> dict[str, float]:
    """Return what was wrong with the lines, as features."""
    scan, report = pictures.first, pictures.first.report
    found = {
        f"{kind.name.lower()}_share": float((scan.mask[space] == kind).mean())
        for kind in PixelClass
        if kind is not PixelClass.GOOD
    }
    found |= {
        "repeated_lines": float(report.repeated),
        "dark_lines": float(report.dark),
        "slipped_lines": float(report.slipped),
        "open_level_low": report.level_low,
        "open_level_high": report.level_high,
        "energies": 1.0 + len(pictures.further),
    }
    if report.drift is not None:
        found["gain_drift"] = report.drift
    for energy, other in pictures.further.items():
        found[f"not_penetrated_energy_{energy}"] = other.report.shares[PixelClass.NOT_PENETRATED]
    return found
