"""The X-ray correction chain block by block, on bad input, in memory, and behind the evidence."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from calibration.certificates import CalibrationMissing
from drivers.api import LineBlock, LineKind
from models.runtime import ImageModel
from scanner.evidence import EvidenceState
from scanner.modalities.xray import XrayModality
from scanner.signals.xray_chain import chain_state, feed, finish, gather
from scanner.signals.xray_grid import Columns
from scanner.signals.xray_scan import Scan, ScanUnusable, Setup
from scanner.simulation.xray.lane import lane_ranges
from scanner.simulation.xray.passage import Passage
from tests.images import lane
from tests.images.xray_forward import (
    ENCODER_UM,
    PITCH_MM,
    Faults,
    Recorded,
    blocks,
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


def _streamed(items: list[LineBlock]) -> tuple[list[Columns], Scan]:
    state, found = chain_state(SETUP), []
    for block in items:
        columns, state = feed(block, state)
        if columns is not None:
            found.append(columns)
    return found, finish(state)[0]


def test_any_split_gives_the_same_columns_and_the_same_end() -> None:
    scan = record(16, USUAL)
    n = scan.data.shape[0]
    whole, end = _streamed(blocks(scan, []))
    rng = np.random.default_rng(16)
    for pieces in (n - 1, 60, 7):
        cuts = np.sort(rng.choice(np.arange(1, n), pieces, replace=False)).tolist()
        found, other = _streamed(blocks(scan, cuts))
        for name in ("image", "mask", "covered"):
            together = [np.concatenate([getattr(c, name) for c in cs], axis=-1) for cs in (whole, found)]
            assert np.array_equal(*together)
            assert np.array_equal(getattr(end, name), getattr(other, name))
        assert end.report == other.report


def test_the_picture_appears_while_the_lorry_passes_and_is_better_at_the_end() -> None:
    scan = record(17, replace(USUAL, dead_share=0.05))
    state, shown, seen = chain_state(SETUP), [], []
    for block in blocks(scan, list(range(20, scan.data.shape[0], 20))):
        columns, state = feed(block, state)
        if block.kind is LineKind.DATA:
            shown.append(0 if columns is None else columns.covered.size)
            seen += [columns] if columns is not None else []
    lines = 20 * (1 + np.arange(len(shown)))
    behind = lines * PITCH_MM / MM - np.cumsum(shown)
    assert behind.max() < 40, "less than 0.4 m behind the lines"
    live = np.concatenate([c.image for c in seen], axis=1)
    final = finish(state)[0]
    stuck = scan.bad["stuck in data"]
    n = live.shape[1]
    truth = _truth(scan, final)[:, :n]
    off = [np.abs(picture[stuck, :n] - truth[stuck]).mean() for picture in (live, final.image)]
    assert off[0] > 2 * off[1], "only the whole scan shows that a channel is stuck"
    rest = np.setdiff1d(np.arange(256), np.concatenate([stuck - 1, stuck, stuck + 1]))
    assert np.percentile(np.abs(live - final.image[:, :n])[rest], 95) < 0.02


def _truth(scan: Recorded, result: Scan) -> np.ndarray:
    x = (np.arange(result.image.shape[1]) + 0.5) * MM + ORIGIN_MM
    return true_attenuation(x, (np.arange(256) + 0.5) * scan.pixel_mm, scan.patches).T


def _one(kind: LineKind, change: Callable[[LineBlock], LineBlock]) -> Callable[[LineBlock], LineBlock]:
    return lambda block: change(block) if block.kind is kind else block


def _all(value: int) -> Callable[[LineBlock], LineBlock]:
    return lambda block: replace(block, pixels=np.full_like(block.pixels, value))


REFUSED: dict[str, tuple[Callable[[LineBlock], LineBlock | None], str]] = {
    "wrong width": (_one(LineKind.DATA, lambda b: replace(b, pixels=b.pixels[:, :200])), "200 pixels wide"),
    "8 bits": (lambda b: replace(b, pixels=(b.pixels >> 8).astype(np.uint8)), "raw counts"),
    "8 bits told": (lambda b: replace(b, bits=8), "raw counts"),
    "8 bits in 16": (lambda b: replace(b, pixels=b.pixels >> 8), "raw counts|beam"),
    "all zeros": (_all(0), "beam"),
    "all saturated": (_all(65535), "beam"),
    "open beam saturated": (_one(LineKind.AIR, _all(65535)), "saturates"),
    "no dark": (lambda b: None if b.kind is LineKind.DARK else b, "dark lines"),
    "no air": (lambda b: None if b.kind is LineKind.AIR else b, "air lines"),
    "air without dose": (_one(LineKind.AIR, lambda b: replace(b, dose=b.dose * 0)), "dose"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_bad_input_is_refused_with_what_to_do(case: str) -> None:
    change, words = REFUSED[case]
    state = chain_state(SETUP)
    changed = [change(b) for b in blocks(record(20, USUAL, n_lines=300))]

    def take_all() -> None:
        now = state
        for block in changed:
            if block is not None:
                now = gather(block, now)

    with pytest.raises(CalibrationMissing, match=words) as refused:
        take_all()
    assert ":" in str(refused.value), "what to do comes after the colon"


def test_data_without_beam_without_way_and_without_end_are_refused() -> None:
    scan = record(21, USUAL, n_lines=300)
    dark = replace(scan, data=np.resize(scan.dark, scan.data.shape))
    cases: dict[str, tuple[Recorded, Setup]] = {
        "xray_beam_off": (dark, SETUP),
        "xray_no_movement": (replace(scan, encoder=0 * scan.encoder), SETUP),
        "xray_wrong_size": (scan, replace(SETUP, longest_mm=500.0)),
    }
    for code, (bad, setup) in cases.items():
        with pytest.raises(ScanUnusable) as refused:
            _finished(bad, setup)
        assert refused.value.code == code
    with pytest.raises(ScanUnusable, match="no data lines"):
        finish(chain_state(SETUP))


def test_memory_stays_below_six_times_the_raw_lines() -> None:
    scan = record(22, USUAL, n_pixels=512, n_lines=2048)
    raw = scan.data.nbytes
    items = blocks(scan)
    tracemalloc.start()
    try:
        copied = [replace(b, pixels=b.pixels.copy()) for b in items]
        _, result = _streamed(copied)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert result.image.size > 0
    assert peak < 6 * raw


# -- through the evidence ---------------------------------------------------


STEADY = lane_ranges().but(
    detector={"drift": [0.0, 0.0], "photons": [20_000, 20_001], "dose_jitter": [0.0, 0.0]}
)


def _passage_items(passage: Passage, after: bool, faded: float = 1.0) -> list:
    items = lane.blocks(passage, after=after)
    dark = np.median(passage.counted.dark, axis=0)
    last = int(passage.counted.line[-1]) + 1 + len(passage.counted.dark) + len(passage.counted.air)
    changed = []
    for block in items[:-1]:
        if block.kind is not LineKind.DARK:
            share = 1.0 + (faded - 1.0) * np.minimum(block.line_numbers / last, 1.0)[:, np.newaxis]
            pixels = np.rint(dark + (block.pixels - dark) * share).clip(0, 65535).astype(np.uint16)
            block = replace(block, pixels=pixels)
        changed.append(block)
    return [*changed, items[-1]]


@pytest.mark.parametrize("after", [True, False])
def test_evidence_hardly_changes_when_all_gains_fade(xray_model: ImageModel, after: bool) -> None:
    passage = lane.passage_of(lane.BOXED, 2, 11, shape=(512, 1024), ranges=STEADY)
    found = []
    for faded in (1.0, 0.9):
        modality = XrayModality(None, xray_model)
        for item in _passage_items(passage, after, faded):
            modality.feed(item)
        found.append(modality.evaluate(lane.END_NS + 1, lane.view_of(lane.PORTAL)))
    assert [e.state for e in found] == [EvidenceState.READY] * 2
    plain, drifted = found
    # the air lines before are seen at line 96.5 of 1152, in a gain that falls evenly to 0.9
    expected = 0.9 / (1.0 - 0.1 * 96.5 / 1152) - 1.0
    assert drifted.features["gain_drift"] == pytest.approx(expected, abs=0.004 if after else 0.008)
    assert plain.features["gain_drift"] == pytest.approx(0.0, abs=0.01)
    assert drifted.features["median_attenuation"] == pytest.approx(
        plain.features["median_attenuation"], abs=0.01
    )
    assert drifted.score == pytest.approx(plain.score, abs=0.3)


def test_the_shares_of_all_classes_are_among_the_features(xray_model: ImageModel, passage: Passage) -> None:
    modality = XrayModality(None, xray_model)
    for item in lane.blocks(passage):
        modality.feed(item)
    features = modality.evaluate(lane.END_NS + 1, lane.view_of(lane.PORTAL)).features
    for name in ("interpolated", "saturated", "not_penetrated", "missing"):
        assert 0.0 <= features[f"{name}_share"] <= 1.0
    assert features["energies"] == 1.0
