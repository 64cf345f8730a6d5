"""X-ray evidence of a model with beams and a load space: which voltage, which space, who could be unseen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibration.evidence import CalibrationSet, ScoreCalibration
from drivers.api import GeneratorState, LineBlock, Role, Stamp
from models.runtime import ImageModel
from scanner.evidence import Evidence, EvidenceState
from scanner.modalities.xray import XrayModality
from scanner.modality import Sensor
from scanner.signals.xray_blind import SMALLEST_M, hiding_parts, regions_of, whole_space
from scanner.simulation.body_library import library
from scanner.simulation.xray.beam import Beam
from scanner.simulation.xray.passage import Passage
from scanner.vehicle import CargoClass, Declaration, VehicleClass
from scanner.wording import LANGUAGES, sentence
from tests.images import lane
from tests.images.small_network import LINAC, TUBE, small_model

EMPTY = Declaration(VehicleClass.REEFER, CargoClass.EMPTY)
SILENT = replace(lane.PORTAL, certificate=None)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ImageModel:
    return small_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def one_beam(tmp_path_factory: pytest.TempPathFactory) -> ImageModel:
    return small_model(tmp_path_factory.mktemp("model"), beams=(LINAC,))


@pytest.fixture(scope="module")
def empty() -> Passage:
    return lane.passage_of(EMPTY, 0, seed=901)


def fits(**llrs: float) -> CalibrationSet:
    """Return fits that give the same llr whatever the score, by condition ("at" stands for "@")."""
    scores = tuple(
        ScoreCalibration("xray", name.replace("_at_", "@"), 0.0, llr, -4.0, 4.0, 50, 50, "", "test")
        for name, llr in llrs.items()
    )
    return CalibrationSet(scores, {}, "test")


def said(
    items: list,
    model: ImageModel,
    calibrations: CalibrationSet | None = None,
    sensor: Sensor = lane.PORTAL,
    declaration: Declaration = EMPTY,
) -> Evidence:
    method = XrayModality(calibrations, model)
    for item in items:
        method.feed(item)
    evidence = method.evaluate(lane.END_NS + 1, lane.view_of(sensor, declaration))
    assert evidence.reason is not None
    for language in LANGUAGES:
        assert "{" not in sentence(evidence.reason, language)
    return evidence


def code(evidence: Evidence) -> str:
    assert evidence.reason is not None
    return evidence.reason.code


def supply(kv: float, state: str = "on", before_s: float = 0.5) -> GeneratorState:
    at = lane.END_NS - 1 - round(before_s * 1e9)
    return GeneratorState(state, kv, 1.0, stamp=Stamp("supply", Role.GENERATOR, at, 0))


def sensor_of(**parameters: float) -> Sensor:
    return replace(lane.PORTAL, certificate=replace(lane.CERTIFICATE, parameters=parameters))


# -- which beam ---------------------------------------------------------------


def test_the_fit_is_that_of_the_cargo_at_the_beam(model: ImageModel, empty: Passage) -> None:
    both = fits(empty_at_linac=1.5, empty_at_tube=2.5, empty=0.5)
    items = lane.blocks(empty)
    assert said(items, model, both).llr == 1.5
    assert said(items, model, both, sensor_of(beam_kv=450.0)).llr == 2.5
    assert said(items, model, fits(empty=0.5, boxed_at_linac=3.0)).llr == 0.5, "else that of the cargo"
    unfit = said(items, model, fits(empty_at_tube=2.5))
    assert (code(unfit), unfit.llr) == ("xray_no_fit", 0.0), "never that of another beam"


def test_the_voltage_of_the_supply_counts_where_the_certificate_has_none(
    model: ImageModel, empty: Passage
) -> None:
    both = fits(empty_at_linac=1.5, empty_at_tube=2.5)
    items = lane.blocks(empty)
    assert said([supply(450.0), *items], model, both, SILENT).llr == 2.5
    assert said([supply(100.0), supply(450.0), *items], model, both, SILENT).llr == 2.5, "the last"
    assert said([supply(450.0), *items], model, both, SILENT).features["beam_kv"] == 450.0


@pytest.mark.parametrize("heard", [[], [supply(0.0)], [supply(float("nan"))], [supply(450.0, before_s=30.0)]])
def test_a_supply_that_tells_no_voltage_leaves_the_beam_unknown(
    heard: list, model: ImageModel, one_beam: ImageModel, empty: Passage
) -> None:
    items = [*heard, *lane.blocks(empty)]
    unknown = said(items, model, fits(empty=2.0), SILENT)
    assert (unknown.state, code(unknown)) == (EvidenceState.UNAVAILABLE, "xray_beam_unknown")
    assert unknown.score is None
    assert "beam_kv" in sentence(unknown.reason, "en")
    assert said(items, one_beam, fits(empty_at_linac=2.0), SILENT).llr == 2.0, "the only one it knows"


@pytest.mark.parametrize(
    ("certificate", "heard"),
    [({"beam_kv": 160.0}, []), ({}, [supply(160.0)]), ({"beam_kv": 6000.0}, [supply(450.0)])],
)
def test_a_wrong_energy_is_no_score(
    certificate: dict, heard: list, model: ImageModel, empty: Passage
) -> None:
    """Not known to the model, or certificate and supply of two beams."""
    unfit = said([*heard, *lane.blocks(empty)], model, fits(empty=2.0), sensor_of(**certificate))
    assert (unfit.state, code(unfit)) == (EvidenceState.UNAVAILABLE, "xray_beam_unfit")
    assert unfit.score is None
    assert "4000–9000 kV, 300–500 kV" in sentence(unfit.reason, "en")


def test_a_model_that_knows_one_beam_refuses_another(one_beam: ImageModel, empty: Passage) -> None:
    assert TUBE.low_kv <= 450 <= TUBE.high_kv
    assert code(said(lane.blocks(empty), one_beam, None, sensor_of(beam_kv=450.0))) == "xray_beam_unfit"


# -- where people could be ----------------------------------------------------


def blackened(
    passage: Passage, along_m: float, up_m: float, at_m: tuple[float, float] = (8.0, 2.5)
) -> Passage:
    """Return a passage with a rectangle that nothing comes through; ``at_m``: its middle, along and up."""
    data = passage.counted.data.copy()
    line = slice(*(round((at_m[0] + s * along_m / 2 + 0.3) / 17.6 * 512) for s in (-1, 1)))
    pixel = slice(*(round((4.5 - at_m[1] - s * up_m / 2) / 4.55 * 256) for s in (1, -1)))
    data[line, pixel] = np.median(passage.counted.dark, axis=0).astype(np.uint16)[pixel]
    return lane.recounted(passage, data=data)


def test_a_hole_that_could_hide_a_child_never_speaks_for_nobody(model: ImageModel, empty: Passage) -> None:
    items = lane.blocks(blackened(empty, 0.5, 0.7))
    hidden = said(items, model, fits(empty=-2.0))
    assert (hidden.state, hidden.llr) == (EvidenceState.UNAVAILABLE, 0.0)
    assert code(hidden) == "xray_could_hide"
    assert hidden.reason is not None
    assert hidden.reason.values["width"] == pytest.approx(0.5, abs=0.1)
    assert hidden.reason.values["height"] == pytest.approx(0.7, abs=0.1)
    assert hidden.features["blind_share"] < 0.1, "the rest is clear"
    assert said(items, model, fits(empty=2.0)).llr == 2.0, "what is seen elsewhere stands"


def test_the_hole_is_marked_where_the_detector_saw_it(model: ImageModel, empty: Passage) -> None:
    hidden = said(lane.blocks(blackened(empty, 0.6, 0.8)), model, fits(empty=-2.0))
    boxes = next(o for o in hidden.overlays if o.kind == "boxes").boxes
    heat = next(o for o in hidden.overlays if o.kind == "heatmap").image
    assert [b.marks for b in boxes] == ["blind"]
    assert heat is not None
    line, pixel = (8.0 + 0.3) / 17.6 * 512, (4.5 - 2.5) / 4.55 * 256
    box = boxes[0]
    assert box.x + box.width / 2 == pytest.approx(line, abs=4)
    assert box.y + box.height / 2 == pytest.approx(pixel, abs=4)
    assert heat[round(pixel / 256 * heat.shape[0]), round(line / 512 * heat.shape[1])] > 0.9
    assert heat[round(0.5 * heat.shape[0]), round(0.2 * heat.shape[1])] < 0.1


@pytest.mark.parametrize("size", [(0.2, 0.8), (0.8, 0.18)])
def test_what_is_too_narrow_for_a_child_leaves_the_evidence(
    size: tuple[float, float], model: ImageModel, empty: Passage
) -> None:
    evidence = said(lane.blocks(blackened(empty, *size)), model, fits(empty=-2.0))
    assert (code(evidence), evidence.llr) == ("xray_scored", -2.0)


def test_what_is_dark_outside_of_the_load_space_is_no_hiding_place(model: ImageModel, empty: Passage) -> None:
    """The model's space ends at 16.5 m and 1.2 m above the road; engine and axles are dark anyway."""
    evidence = said(lane.blocks(blackened(empty, 0.8, 0.8, (9.0, 0.6))), model, fits(empty=-2.0))
    assert (code(evidence), evidence.llr) == ("xray_scored", -2.0)


def test_missing_channels_and_lines_could_hide_somebody_too(model: ImageModel, empty: Passage) -> None:
    """24 channels, 0.43 m, that do not answer: less than a tenth, so that the picture is made."""
    counted = empty.counted
    gone = slice(100, 124)
    changed = {}
    for name in ("dark", "air", "air_after", "data"):
        lines = getattr(counted, name).copy()
        lines[:, gone] = 700
        changed[name] = lines
    evidence = said(lane.blocks(lane.recounted(empty, **changed)), model, fits(empty=-2.0))
    assert code(evidence) == "xray_could_hide"


def test_people_are_boxed_where_they_are_in_the_detectors_grid(model: ImageModel) -> None:
    """The small network calls people what attenuates: a block of 0.6 m x 0.8 m in an empty lorry."""
    passage = lane.passage_of(EMPTY, 0, seed=901)
    counted = passage.counted
    line, pixel = slice(230, 248), slice(90, 135)
    dark = np.median(counted.dark, axis=0)
    data = counted.data.astype(float)
    data[line, pixel] = dark[pixel] + 0.05 * (data[line, pixel] - dark[pixel])
    items = lane.blocks(lane.recounted(passage, data=np.rint(data).astype(np.uint16)))
    evidence = said(items, model)
    boxes = next(o for o in evidence.overlays if o.kind == "boxes").boxes
    heat = next(o for o in evidence.overlays if o.kind == "heatmap").image
    assert heat is not None
    assert heat.shape == (128, 256)
    found = [b for b in boxes if abs(b.x + b.width / 2 - 239) < 8 and abs(b.y + b.height / 2 - 112) < 8]
    assert [b.marks for b in found] == ["people"]
    assert (found[0].width, found[0].height) == (pytest.approx(18, abs=8), pytest.approx(45, abs=12))
    assert heat[56, 119] > 0.9


def test_without_a_load_space_there_is_no_score(tmp_path: Path, empty: Passage) -> None:
    blind = said(lane.blocks(empty), small_model(tmp_path, space=None), fits(empty=-2.0))
    assert (blind.state, code(blind), blind.score) == (EvidenceState.UNAVAILABLE, "xray_no_load_space", None)


def test_the_beams_code_reaches_the_network(model: ImageModel, empty: Passage) -> None:
    items = lane.blocks(empty)
    assert said(items, model).score != said(items, model, None, sensor_of(beam_kv=450.0)).score


# -- the parts, by themselves -------------------------------------------------


def test_the_smallest_people_are_as_small_as_the_librarys_smallest() -> None:
    """Every body that crouches or curls up covers one of the rectangles, whichever way it is turned."""
    fitting = [e for e in library().entries if e.pose in ("crouching", "sitting", "foetal")]
    assert len(fitting) > 100
    for entry in fitting:
        high = entry.shape[2] * entry.voxel_m
        for across in entry.shape[:2]:
            wide = across * entry.voxel_m
            assert any(wide >= w - 0.005 and high >= h - 0.005 for w, h in SMALLEST_M), entry


@pytest.mark.parametrize("mm", [25.0, 32.0])
def test_a_rectangle_of_the_smallest_size_is_found_wherever_it_is(mm: float) -> None:
    rng = np.random.default_rng(2)
    for wide, high in SMALLEST_M:
        columns, rows = round(wide * 1000 / mm), round(high * 1000 / mm)
        for _ in range(20):
            nothing = np.zeros((120, 300), bool)
            y, x = rng.integers(0, 120 - rows + 1), rng.integers(0, 300 - columns + 1)
            nothing[y : y + rows, x : x + columns] = True
            nothing &= rng.random(nothing.shape) < 0.95  # a lucky count here and there
            found = regions_of(hiding_parts(nothing, np.ones_like(nothing), mm), mm)
            assert found
            assert abs(found[0].x + found[0].width / 2 - (x + columns / 2)) <= columns / 2


def test_speckle_is_no_hiding_place() -> None:
    nothing = np.random.default_rng(3).random((120, 400)) < 0.5
    assert not hiding_parts(nothing, np.ones_like(nothing), 25.0).any()


def test_the_space_holds_what_the_model_does_not_see_of_it() -> None:
    seen = np.zeros((180, 700), bool)
    seen[30:120, 150:600] = True
    seen[60:120, 300:380] = False  # a dark pallet at the floor
    seen[10:14, 20:24] = True  # a speck elsewhere
    space = whole_space(seen, 25.0)
    assert space[30:120, 150:600].all()
    assert space.sum() == 90 * 450
    assert not whole_space(np.zeros_like(seen), 25.0).any()


def test_the_same_lorry_at_both_beams_has_its_own_darkness(model: ImageModel) -> None:
    """Physics through the whole chain: frozen goods let less of 450 kV through than of 6 MV."""
    frozen = Declaration(VehicleClass.REEFER, CargoClass.FROZEN, laden=True)
    shares = []
    for beam in Beam:
        items = lane.blocks(lane.passage_of(frozen, 0, 5, beam))
        assert all(isinstance(i, LineBlock) for i in items[:-1])
        method = XrayModality(None, model)
        for item in items:
            method.feed(item)
        kv = {Beam.LINAC: 6000.0, Beam.TUBE: 450.0}[beam]
        evidence = method.evaluate(lane.END_NS + 1, lane.view_of(sensor_of(beam_kv=kv), frozen))
        shares.append(evidence.features["blind_share"])
    assert shares[1] > 2 * shares[0]
