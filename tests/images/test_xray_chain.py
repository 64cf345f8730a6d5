"""The X-ray correction chain against a detector and a lorry of known patches."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from calibration.line_pixels import PixelClass
from calibration.line_reference import ChannelFault, line_reference
from drivers.api import Flag
from scanner.signals.xray_chain import chain_state, finish, gather
from scanner.signals.xray_lines import LineFault, line_faults
from scanner.signals.xray_scan import Scan, Setup
from tests.images.xray_forward import (
    ENCODER_UM,
    PITCH_MM,
    Faults,
    Recorded,
    blocks,
    judge_patches,
    record,
    true_attenuation,
)

MM = 10.0
SETUP = Setup(MM, encoder_um_per_count=ENCODER_UM)
ORIGIN_MM = -PITCH_MM / 2
USUAL = Faults(0.01, 0.1, 0.05, dropped=0.005, repeated=0.003)


def _finished(scan: Recorded, setup: Setup = SETUP) -> Scan:
    state = chain_state(setup)
    for block in blocks(scan):
        state = gather(block, state)
    return finish(state)[0]


def _all_within(result: Scan, scan: Recorded) -> int:
    penetrated = result.mask <= PixelClass.INTERPOLATED
    judged = judge_patches(result.image, penetrated, MM, scan, ORIGIN_MM)
    assert [j for j in judged if not j.within] == []
    return len(judged)


@pytest.mark.parametrize(
    ("dead", "drift", "stretch"), list(itertools.product((0.001, 0.01, 0.05), (0.0, 0.1), (0.0, 0.05)))
)
def test_attenuation_is_unbiased_whatever_is_dead_drifts_or_stretches(
    dead: float, drift: float, stretch: float
) -> None:
    scan = record(1, Faults(dead, drift, stretch, dropped=0.005, repeated=0.003))
    result = _finished(scan)
    assert _all_within(result, scan) >= 80, "of 98 patches; the others are not penetrated"
    assert result.report.drift == pytest.approx(drift, abs=0.002)
    assert result.report.air_after


@pytest.mark.parametrize("open_rows", [True, False])
def test_drift_is_seen_in_open_beam_when_no_air_lines_follow(open_rows: bool) -> None:
    """Above the vehicle all the time, or beside it before and after."""
    scan = record(2, replace(USUAL, air_after=False, open_rows=open_rows))
    result = _finished(scan)
    assert _all_within(result, scan) >= 80
    assert result.report.drift == pytest.approx(0.1 * 1600 / 1664, abs=0.004)
    assert (result.report.open_channels > 0) is open_rows
    assert not result.report.air_after


def test_without_the_second_air_lines_and_open_beam_the_drift_is_not_known() -> None:
    scan = record(3, replace(USUAL, air_after=False, open_rows=False))
    inside = slice(200, 1200)  # lines with the vehicle in all channels
    cut = {n: getattr(scan, n)[inside] for n in ("data", "dose", "numbers", "encoder")}
    assert _finished(replace(scan, **cut)).report.drift is None


def test_a_step_of_dose_that_the_monitor_missed_is_taken_out() -> None:
    scan = record(4, replace(USUAL, drift=0.0, dose_step=0.15))
    result = _finished(scan)
    assert _all_within(result, scan) >= 80
    assert result.report.level_high == pytest.approx(1.15, abs=0.02)
    blind = record(4, replace(USUAL, drift=0.0, dose_step=0.15, open_rows=False))
    seen = _finished(blind)
    off = [j for j in judge_patches(seen.image, seen.mask <= 1, MM, blind, ORIGIN_MM) if not j.within]
    assert off, "without open beam nothing shows the step: the test can fail"


def test_every_bad_channel_is_found_and_no_other() -> None:
    scan = record(5, replace(USUAL, dead_share=0.06))
    state = chain_state(SETUP)
    for block in blocks(scan):
        state = gather(block, state)
    bad = np.sort(np.concatenate(list(scan.bad.values())))
    result = finish(state)[0]
    assert all(len(found) >= 2 for kind, found in scan.bad.items() if kind != "module")
    assert result.report.unusable_share == pytest.approx(bad.size / 256)
    pixels = result.mask[:, result.covered]
    assert (pixels[bad] >= PixelClass.INTERPOLATED).all()
    good = np.setdiff1d(np.arange(256), bad)
    assert (pixels[good] == PixelClass.INTERPOLATED).mean() < 0.02, "only where lines are lost"


def test_a_weak_channel_is_corrected_and_told() -> None:
    scan = record(6, replace(USUAL, dead_share=0.0))
    weak = 40
    for lines in (scan.air, scan.data, scan.after):
        lines[:, weak] = (scan.dark[0, weak] + 0.3 * (lines[:, weak] - float(scan.dark[0, weak]))).astype(int)
    result = _finished(scan)
    assert result.report.channels[ChannelFault.WEAK] == 1
    assert result.report.unusable_share == 0
    assert _all_within(result, scan) >= 80


def test_a_half_module_is_missing_not_invented() -> None:
    scan = record(7, replace(USUAL, module=True))
    result = _finished(scan)
    rows = slice(128, 160)
    assert (result.mask[rows, :-1] == PixelClass.MISSING).all()
    assert np.isfinite(result.image).all()
    assert (result.mask[60:120] == PixelClass.MISSING).mean() < 0.01
    assert _all_within(result, scan) >= 60


def test_what_is_not_penetrated_is_a_lower_bound_and_what_is_clear_is_not_marked() -> None:
    """The limit is four deviations of a signal's own noise, by the forward model's numbers."""
    scan = record(8, replace(USUAL, dead_share=0.0), photons=800.0)
    result = _finished(scan)
    x = (np.arange(result.image.shape[1]) + 0.5) * MM + ORIGIN_MM
    truth = true_attenuation(x, (np.arange(256) + 0.5) * scan.pixel_mm, scan.patches).T
    per_quantum = 44000.0 / 800.0
    limit = 0.5 * 4 * (4 * per_quantum + np.sqrt((4 * per_quantum) ** 2 + 4 * 12.0**2))
    black = truth > -np.log(0.6 * limit / 44000.0)
    clear = truth < -np.log(1.8 * limit / 44000.0)
    inner = _inside_patches(scan, result)
    marked = result.mask == PixelClass.NOT_PENETRATED
    assert marked[black & inner].mean() > 0.95
    assert marked[clear & inner].mean() < 0.01
    assert (result.image[black & marked & inner] < truth[black & marked & inner]).all()


def _inside_patches(scan: Recorded, result: Scan) -> np.ndarray:
    x = (np.arange(result.image.shape[1]) + 0.5) * MM + ORIGIN_MM
    y = (np.arange(result.image.shape[0]) + 0.5) * MM
    inside = np.zeros(result.image.shape, bool)
    for x0, x1, y0, y1, _ in scan.patches:
        inside |= np.outer((y > y0 + 40) & (y < y1 - 40), (x > x0 + 40) & (x < x1 - 40))
    return inside


def test_lost_and_repeated_lines_are_counted_and_marked() -> None:
    scan = record(9, replace(USUAL, dropped=0.02, repeated=0.01))
    report = _finished(scan).report
    assert (report.dropped, report.repeated) == (scan.dropped, scan.repeated)
    assert scan.dropped > 10
    assert scan.repeated > 5
    assert report.shares[PixelClass.INTERPOLATED] > 0.01
    assert sum(report.shares.values()) == pytest.approx(1.0)


def _without(scan: Recorded, kept: np.ndarray) -> Recorded:
    cut = {n: getattr(scan, n)[kept] for n in ("data", "dose", "numbers", "encoder")}
    return replace(scan, **cut)


def test_a_short_gap_is_interpolated_and_a_wide_one_is_missing_in_its_middle() -> None:
    scan = record(10, replace(USUAL, dropped=0.0, repeated=0.0, stretch=0.0))
    kept = np.ones(scan.numbers.size, bool)
    kept[500:503] = kept[900:940] = False
    result = _finished(_without(scan, kept))
    good = [c for c in range(256) if c not in np.concatenate(list(scan.bad.values()))]
    columns = result.mask[good]
    assert (columns[:, 250] != PixelClass.GOOD).all()
    assert (columns[:, 250] == PixelClass.INTERPOLATED).mean() > 0.5
    assert (columns[:, 453:467] == PixelClass.MISSING).all()
    assert not result.covered[453:467].any()
    assert not (columns[:, 245:255] == PixelClass.MISSING).any()


def test_dark_lines_within_the_scan_and_a_mad_dose_monitor_are_left_out() -> None:
    scan = record(11, replace(USUAL, dropped=0.0, repeated=0.0, open_rows=False))
    scan.data[700:702] = scan.dark[:2]
    scan.dose[800] = 65000
    scan.dose[1000] = 0
    result = _finished(scan)
    assert (result.report.dark, result.report.dose_off) == (2, 2)
    assert _all_within(result, scan) >= 80


def test_a_silent_monitor_is_replaced_by_the_open_beam() -> None:
    scan = record(12, USUAL)
    scan.dose[:] = 0
    result = _finished(scan)
    assert _all_within(result, scan) >= 80
    assert result.report.dose_off == 0


def _moved(scan: Recorded, change: Callable[[np.ndarray], np.ndarray]) -> Recorded:
    return replace(scan, encoder=change(scan.encoder.copy()))


def test_an_encoder_that_jumps_shifts_nothing() -> None:
    scan = record(13, replace(USUAL, stretch=0.05))

    def jump(encoder: np.ndarray) -> np.ndarray:
        encoder[600:] += 4000
        encoder[1100:] -= 9000
        return encoder

    result = _finished(_moved(scan, jump))
    assert result.report.slipped == 2
    assert _all_within(result, scan) >= 80


def test_an_encoder_that_stands_while_the_picture_changes_has_slipped() -> None:
    scan = record(14, replace(USUAL, dropped=0.0, repeated=0.0, stretch=0.0))
    truth = _finished(scan)

    def stall(encoder: np.ndarray) -> np.ndarray:
        # over the edge of a row of patches: 54 lines to either side
        lost = encoder[560] - encoder[400]
        encoder[400:560] = encoder[400]
        encoder[560:] -= lost
        return encoder

    result = _finished(_moved(scan, stall))
    assert 15 <= result.report.slipped <= 160
    short_mm = (truth.image.shape[1] - result.image.shape[1]) * MM
    assert short_mm < 160 * PITCH_MM, "some of the way is kept"
    marked = result.mask[:, 200 : 200 + result.report.slipped // 2]
    assert (marked[:, 2:-2] >= PixelClass.INTERPOLATED).mean() > 0.5, "and its place told as not measured"


def test_a_stop_and_a_roll_back_change_nothing() -> None:
    scan = record(15, replace(USUAL, dropped=0.0, repeated=0.0, stretch=0.0, drift=0.0, air_after=False))
    plain = _finished(scan)
    order = np.r_[0:700, np.full(200, 700), 700:900, 900:840:-1, 840 : scan.numbers.size]
    rng = np.random.default_rng(15)
    counts = scan.data[order].astype(float)
    # lines taken again have noise of their own
    again = np.concatenate([np.arange(700, 901), np.arange(1101, 1222)])
    noise = np.sqrt(44000 / scan.photons * np.maximum(counts[again] - 900, 0) + 144)
    counts[again] += noise * rng.standard_normal(noise.shape)
    stuck = np.concatenate([scan.bad[k] for k in ("zero", "top", "plausible", "stuck in data")])
    counts[:, stuck] = scan.data[order][:, stuck]
    again_scan = replace(
        scan,
        data=np.clip(counts, 0, 65535).astype(np.uint16),
        dose=scan.dose[order],
        numbers=np.arange(order.size),
        encoder=scan.encoder[order],
    )
    result = _finished(again_scan)
    assert result.image.shape == plain.image.shape
    assert result.report.slipped == 0
    assert result.report.rolled_back >= 100
    assert result.report.stood >= 199
    assert _all_within(result, scan) >= 80


def test_each_energy_has_its_own_reference() -> None:
    low, high = record(18, USUAL), record(18, USUAL, photons=4000.0)
    high = replace(high, air=high.air // 2, data=high.data // 2, after=high.after // 2)
    high = replace(high, dark=high.dark // 2)
    state = chain_state(SETUP)
    for one, other in zip(blocks(low), blocks(high, energy=1), strict=True):
        state = gather(other, gather(one, state))
    pictures = finish(state)
    assert sorted(pictures) == [0, 1]
    for picture, scan in zip(pictures.values(), (low, high), strict=True):
        assert _all_within(picture, scan) >= 70
    assert pictures[0].image.shape == pictures[1].image.shape
    assert pictures[1].report.shares[3] > pictures[0].report.shares[3], "fewer quanta get through less"


def test_a_line_of_the_beam_flagged_off_is_dark() -> None:
    scan = record(19, USUAL, n_lines=200)
    known = line_reference(scan.dark, scan.air, scan.air_dose)
    flags = np.zeros(200 - scan.dropped, np.uint16)
    flags[7] = Flag.BEAM_OFF
    assert line_faults(scan.data, None, flags, known, 16)[7] & LineFault.DARK
