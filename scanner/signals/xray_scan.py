"""The picture of a whole scan of one energy, and the report of what was wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibration.line_pixels import FloatLines, Mask, PixelClass, class_shares
from calibration.line_reference import ChannelFault, LineReference
from scanner.signals.xray_batch import Batch
from scanner.signals.xray_grid import grid_state
from scanner.signals.xray_lines import LineFault
from scanner.signals.xray_passes import draw, judge, whole_places
from scanner.signals.xray_places import PlacesState, encoder_scale_mm


class ScanUnusable(Exception):
    """Lines that make no picture; ``code`` is one of the X-ray reasons of scanner/wording."""

    def __init__(self, code: str, message: str, **values: float) -> None:
        super().__init__(message)
        self.code, self.values = code, values


@dataclass(frozen=True, slots=True)
class Setup:
    """Geometry of picture and portal.

    Parameters
    ----------
    mm_per_px : of the picture.
    pixel_pitch_um, line_pitch_um : at the lorry; 0 = as the lines declare.
    encoder_um_per_count : None = the median step is one line pitch.
    longest_mm : a longer picture is refused.
    """

    mm_per_px: float
    pixel_pitch_um: float = 0.0
    line_pitch_um: float = 0.0
    encoder_um_per_count: float | None = None
    longest_mm: float = 60_000.0


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What was found wrong with a scan of one energy, and what was done about it.

    Parameters
    ----------
    shares : of each class in the picture.
    channels : how many have each fault; ``unusable_share`` of those that are not used.
    lines, dropped, repeated, dark, dose_off : lines that came, and that are lost or bad.
    slipped, rolled_back, stood : lines for which the encoder told nothing, or nothing new.
    drift : relative change of the gains over the scan, None where nothing shows it;
        ``air_after``: from air lines after the vehicle.
    level_low, level_high : open beam over what the dose monitor told; 1 where it was not seen.
    open_channels : channels that looked past the vehicle all the time.
    """

    shares: Mapping[PixelClass, float]
    channels: Mapping[ChannelFault, int]
    unusable_share: float
    lines: int
    dropped: int
    repeated: int
    dark: int
    dose_off: int
    slipped: int
    rolled_back: int
    stood: int
    drift: float | None
    air_after: bool
    level_low: float
    level_high: float
    open_channels: int


@dataclass(frozen=True, slots=True)
class Scan:
    """The picture of one energy.

    Parameters
    ----------
    image : float32 ``(height, width)``, log-attenuation, row 0 is channel 0; where it is not
        penetrated a lower bound.
    mask : uint8 of that shape, `PixelClass`.
    covered : bool ``(width,)``: columns that lines were taken for.
    line_of_column : float64 ``(width,)``, index of the line a column came from.
    """

    image: FloatLines
    mask: Mask
    covered: npt.NDArray[np.bool_]
    mm_per_px: float
    line_of_column: npt.NDArray[np.float64]
    report: ScanReport


def encoder_of(batches: tuple[Batch, ...]) -> npt.NDArray[np.int64]:
    """Return the encoder's counts of all lines."""
    return np.concatenate([b.encoder for b in batches]) if batches else np.zeros(0, np.int64)


def number_step(batches: tuple[Batch, ...]) -> int:
    """Return by how much line numbers rise: the energies of one place may be counted one by one."""
    steps = np.diff(np.concatenate([b.line_numbers for b in batches]))
    rising = steps[steps > 0]
    return max(int(np.median(rising)), 1) if rising.size else 1


def whole_scan(
    batches: tuple[Batch, ...], known: LineReference, bits: int, setup: Setup, origin: int
) -> Scan:
    """Return the picture of all lines of one energy.

    Parameters
    ----------
    known : what dark and air lines say.
    origin : the encoder's count at place 0.

    Raises
    ------
    ScanUnusable : no beam, an encoder that did not move, or a picture too long.
    """
    judged = judge(batches, known, bits)
    faults = np.concatenate(judged.faults)
    if (faults & LineFault.DARK != 0).mean() > 0.5:
        percent = 100 * float((faults & LineFault.DARK != 0).mean())
        raise ScanUnusable(
            "xray_beam_off", f"{percent:.0f} % of the lines are dark: check the generator", percent=percent
        )
    encoder = encoder_of(batches)
    scale = encoder_scale_mm(encoder, setup.line_pitch_um, setup.encoder_um_per_count)
    start = abs(scale) * abs(int(encoder[0]) - origin)
    step = number_step(batches)
    places = whole_places(batches, judged.reference, PlacesState(scale, place_mm=start, number_step=step))
    end_mm = float(places[-1].place_mm[-1])
    if end_mm <= start:
        raise ScanUnusable("xray_no_movement", "the encoder did not move: check it")
    height_mm = judged.reference.dark.size * setup.pixel_pitch_um / 1000
    if max(end_mm, height_mm) > setup.longest_mm:
        metres = max(end_mm, height_mm) / 1000
        raise ScanUnusable(
            "xray_wrong_size", f"the picture is {metres:.1f} m long: check pitch and encoder", metres=metres
        )
    n_pixels = judged.reference.dark.size
    pixel_mm = setup.pixel_pitch_um / 1000
    grid = grid_state(n_pixels, pixel_mm, setup.mm_per_px, -setup.line_pitch_um / 2000)
    image, mask, covered = draw(batches, judged, places, grid, bits)
    place = np.concatenate([p.place_mm for p in places])
    fresh = np.concatenate([p.fresh for p in places])
    centres = (np.arange(image.shape[1]) + 0.5) * setup.mm_per_px + grid.origin_mm
    lines = np.interp(centres, place[fresh], np.flatnonzero(fresh).astype(float))
    levels = np.concatenate([x for x in judged.levels if x is not None] or [np.ones(1, np.float32)])
    channels = {kind: int((judged.reference.faults & kind != 0).sum()) for kind in ChannelFault if kind}
    report = ScanReport(
        shares=class_shares(mask),
        channels=channels,
        unusable_share=float(judged.reference.unusable.mean()),
        lines=int(faults.size),
        dropped=int(sum(p.dropped.sum() for p in places)),
        repeated=int((faults & LineFault.REPEATED != 0).sum()),
        dark=int((faults & LineFault.DARK != 0).sum()),
        dose_off=int((faults & LineFault.DOSE != 0).sum()),
        slipped=int(sum(p.slipped.sum() for p in places)),
        rolled_back=int(sum(p.back.sum() for p in places)),
        stood=int(sum((~p.fresh & ~p.back).sum() for p in places)),
        drift=judged.drift,
        air_after=judged.reference.gain_after is not None,
        level_low=float(levels.min()),
        level_high=float(levels.max()),
        open_channels=judged.n_open,
    )
    return Scan(image, mask, covered, setup.mm_per_px, lines, report)
