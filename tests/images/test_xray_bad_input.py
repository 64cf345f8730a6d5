"""Bad pictures through the X-ray method with a model that knows what is familiar: a reason, never a score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from drivers.api import LineBlock, LineKind, LineScanEnd
from models.runtime import ImageModel
from scanner.evidence import EvidenceState
from scanner.simulation.xray.passage import Passage
from scanner.vehicle import CargoClass, Declaration, VehicleClass
from tests.images import lane
from tests.images.familiar import known
from tests.images.small_network import small_model
from tests.images.test_xray_beam_and_blindness import EMPTY, code, fits, said, sensor_of

Items = list[LineBlock | LineScanEnd]
Change = Callable[[LineBlock], LineBlock | None]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ImageModel:
    return small_model(tmp_path_factory.mktemp("model"), familiar=known())


@pytest.fixture(scope="module")
def empty() -> Passage:
    return lane.passage_of(EMPTY, 0, seed=901)


def only(kind: LineKind, change: Change) -> Change:
    return lambda block: change(block) if block.kind is kind else block


def filled(value: int) -> Change:
    return lambda block: replace(block, pixels=np.full_like(block.pixels, value))


def noise(block: LineBlock) -> LineBlock:
    rng = np.random.default_rng(int(block.line_numbers[0]))
    return replace(block, pixels=rng.integers(900, 45_000, block.pixels.shape).astype(np.uint16))


def inverted(block: LineBlock) -> LineBlock:
    return replace(block, pixels=(46_000 - block.pixels.astype(int)).clip(0, 65_535).astype(np.uint16))


def coarse(block: LineBlock) -> LineBlock:
    """Eight bits a count, shifted up to sixteen."""
    return replace(block, pixels=(block.pixels >> 8) << 8)


BAD: dict[str, tuple[Change, set[str]]] = {
    "twice as long": (
        only(LineKind.DATA, lambda b: replace(b, line_pitch_um=2 * b.line_pitch_um)),
        {"xray_wrong_size"},
    ),
    "8-bit lines": (
        lambda b: replace(b, pixels=(b.pixels >> 8).astype(np.uint8), bits=8),  # type: ignore[arg-type]
        {"xray_uncalibrated"},
    ),
    "8 bits, scaled up": (coarse, {"xray_uncalibrated", "xray_unfamiliar", "xray_dead_pixels"}),
    "all zeros": (filled(0), {"xray_uncalibrated"}),
    "zeros in the data": (only(LineKind.DATA, filled(0)), {"xray_beam_off"}),
    "saturated": (filled(65_535), {"xray_uncalibrated"}),
    "saturated data": (only(LineKind.DATA, filled(65_535)), {"xray_saturated"}),
    "noise": (only(LineKind.DATA, noise), {"xray_unfamiliar", "xray_lorry_cut"}),
    "inverted": (only(LineKind.DATA, inverted), {"xray_unfamiliar", "xray_lorry_cut", "xray_saturated"}),
    "no dark lines": (lambda b: None if b.kind is LineKind.DARK else b, {"xray_uncalibrated"}),
    "no air lines": (lambda b: None if b.kind is LineKind.AIR else b, {"xray_uncalibrated"}),
    "data alone": (lambda b: b if b.kind is LineKind.DATA else None, {"xray_uncalibrated"}),
}


@pytest.mark.parametrize("case", list(BAD))
@pytest.mark.parametrize("llr", [-3.0, 3.0])
def test_a_bad_picture_has_a_reason_and_no_score(
    case: str, llr: float, model: ImageModel, empty: Passage
) -> None:
    change, wanted = BAD[case]
    items = lane.blocks(empty)
    changed = [change(i) if isinstance(i, LineBlock) else i for i in items]
    left = [i for i in changed if i is not None]
    n = sum(i.line_numbers.size for i in left if isinstance(i, LineBlock))
    assert isinstance(left[-1], LineScanEnd)
    left[-1] = replace(left[-1], lines_sent=n, lines_received=n)
    evidence = said(left, model, fits(empty=llr))
    assert evidence.state is EvidenceState.UNAVAILABLE
    assert (evidence.score, evidence.llr) == (None, 0.0)
    assert code(evidence) in wanted


def test_a_good_picture_of_the_same_lorry_is_scored(model: ImageModel, empty: Passage) -> None:
    evidence = said(lane.blocks(empty), model, fits(empty=-3.0))
    assert (code(evidence), evidence.llr) == ("xray_scored", -3.0)


def test_a_scan_cut_in_the_middle_never_speaks_for_nobody(model: ImageModel, empty: Passage) -> None:
    """Without END it says nothing; with an END that agrees with what was sent it may speak for people."""
    items = lane.blocks(empty, after=False)
    half = items[: len(items) // 2]
    for llr in (-3.0, 3.0):
        assert said(half, model, fits(empty=llr)).state is not EvidenceState.READY
    n = sum(i.line_numbers.size for i in half if isinstance(i, LineBlock))
    end = items[-1]
    assert isinstance(end, LineScanEnd)
    ended = [*half, replace(end, lines_sent=n, lines_received=n, lines_lost=0)]
    nobody, somebody = (said(ended, model, fits(empty=llr)) for llr in (-3.0, 3.0))
    assert (nobody.state, code(nobody), nobody.llr) == (EvidenceState.UNAVAILABLE, "xray_lorry_cut", 0.0)
    assert (somebody.state, code(somebody), somebody.llr) == (EvidenceState.READY, "xray_seen_lorry_cut", 3.0)


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_a_picture_of_the_wrong_scale_is_unfamiliar(scale: float, model: ImageModel, empty: Passage) -> None:
    pixel, line = scale * empty.pixel_pitch_um, scale * empty.line_pitch_um
    wrong = sensor_of(beam_kv=6000.0, pixel_pitch_um=pixel, line_pitch_um=line)
    evidence = said(lane.blocks(empty), model, fits(empty=-3.0), wrong)
    assert evidence.state is EvidenceState.UNAVAILABLE
    assert evidence.score is None
    assert code(evidence) == ("xray_wrong_size" if scale > 1 else "xray_unfamiliar")


def test_the_reason_names_the_feature_in_words(model: ImageModel) -> None:
    declared = Declaration(VehicleClass.REEFER, CargoClass.EMPTY)
    passage = lane.passage_of(declared, 0, seed=901)
    wrong = sensor_of(beam_kv=6000.0, pixel_pitch_um=passage.pixel_pitch_um / 2)
    evidence = said(lane.blocks(passage), model, fits(empty=-3.0), wrong)
    assert code(evidence) == "xray_unfamiliar"
    from scanner.wording import sentence

    assert evidence.reason is not None
    assert evidence.reason.values["picture_feature"] == "height_m"
    assert "height of what is in the beam, m: " in sentence(evidence.reason, "en")
    assert "hauteur de ce qui est dans le faisceau, m\u00a0: " in sentence(evidence.reason, "fr")
