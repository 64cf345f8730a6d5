"""Spots at closed doors as features and boxes; what open doors show; pixels that do not measure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from drivers.api import Event, EventKind, Frame
from models.detection import PersonDetector
from models.runtime import ImageModel
from models.training.thermal_yard import yard_frame
from scanner.evidence import Evidence, EvidenceState
from scanner.modalities.thermal import ThermalModality
from scanner.simulation.thermal_scene import DoorsScene
from scanner.wording import LANGUAGES, sentence
from tests.images import lane


@pytest.fixture(scope="module")
def detector() -> PersonDetector:
    return PersonDetector()


def _closed_doors(seed: int = 2, n: int = 64) -> list[np.ndarray]:
    scene = DoorsScene(lane.BOXED, 0, 4.0, 12.0, np.random.default_rng(seed))
    return [scene.frame_c(0.25 * k) for k in range(n)]


def _ask(
    frames: list[Frame],
    model: ImageModel,
    detector: PersonDetector | None,
    events: tuple[EventKind, ...] = (),
) -> Evidence:
    modality, view = ThermalModality(None, model, detector), lane.view_of(lane.DOORS)
    for kind in events:
        modality.feed(Event(kind, 0))
    for number, frame in enumerate(frames):
        modality.feed(frame)
        if number % 4 == 3:  # a tick each second
            modality.evaluate(frame.stamp.mono_ns, view)
    evidence = modality.evaluate(lane.END_NS, view)
    assert evidence.reason is not None
    assert all(len(sentence(evidence.reason, language)) > 20 for language in LANGUAGES)
    return evidence


def test_a_spot_that_warms_is_told_with_its_change(thermal_model: ImageModel) -> None:
    images = _closed_doors()
    for k, image in enumerate(images):
        image[12:14, 10:12] += 25.0 + 6.0 * (0.25 * k) / 60
    evidence = _ask(lane.door_frames(images), thermal_model, None)
    assert evidence.state is EvidenceState.READY
    told = evidence.features
    assert told["spots"] >= 1
    assert told["spot_area_px"] == 4
    assert told["spot_excess_k"] == pytest.approx(26.0, abs=3.0)
    assert abs(told["spot_change_k_per_min"] - 6.0) < 3 * told["spot_change_sd_k_per_min"]
    assert 0 < told["spot_change_sd_k_per_min"] < 3.0
    boxes = next(o for o in evidence.overlays if o.kind == "boxes").boxes
    spot = next(b for b in boxes if (b.x, b.y, b.width, b.height) == (10, 12, 2, 2))
    assert spot.marks == "hot_spot"
    assert spot.score == told["spot_excess_k"]
    assert all(b.score <= 1 for b in boxes if b.marks == "people")


def test_evidence_does_not_depend_on_how_often_it_is_asked(thermal_model: ImageModel) -> None:
    frames, view = lane.door_frames(_closed_doors()), lane.view_of(lane.DOORS)
    modality = ThermalModality(None, thermal_model)
    for frame in frames:
        modality.feed(frame)
    once = modality.evaluate(lane.END_NS, view)
    assert dict(once.features) == dict(_ask(frames, thermal_model, None).features)


def test_a_blinking_pixel_and_missing_ones_change_little(thermal_model: ImageModel) -> None:
    images = _closed_doors(n=16)
    clean = _ask(lane.door_frames(images), thermal_model, None)
    broken = [image.copy() for image in images]
    for image in broken[::3]:
        image[15, 8] += 40.0
    frames = lane.door_frames(broken)
    for frame in frames:
        frame.pixels[5, 5] = -32768  # no value
    seen = _ask(frames, thermal_model, None)
    assert seen.score is not None
    assert seen.score == pytest.approx(clean.score, abs=0.3)
    assert seen.features["highest_excess_k"] == pytest.approx(clean.features["highest_excess_k"], abs=0.3)


def _yard(seed: int, people: bool) -> list[Frame]:
    image, boxes = yard_frame(np.random.default_rng([11, seed]), (120, 160), people=people)
    assert bool(len(boxes)) == people
    frames = lane.door_frames([20 + image] * 4)
    return [replace(f, pixels=f.pixels + np.int16(k)) for k, f in enumerate(frames)]


def _seed_with(detector: PersonDetector, people: bool, found: bool) -> int:
    """Return a simulated yard of which the detector says so: what follows is about the modality."""
    for seed in range(40):
        image, boxes = yard_frame(np.random.default_rng([11, seed]), (120, 160), people=people)
        if (
            bool(len(boxes)) == people
            and bool(detector.detect((20 + image).astype(np.float32), "°C")) == found
        ):
            return seed
    pytest.fail("no such yard")


def test_open_doors_show_people_without_weighing_them(
    thermal_model: ImageModel, detector: PersonDetector
) -> None:
    frames = _yard(_seed_with(detector, True, True), True)
    evidence = _ask(frames, thermal_model, detector, (EventKind.DOORS_OPENED,))
    assert evidence.state is EvidenceState.UNAVAILABLE
    assert evidence.llr == 0.0
    assert evidence.reason is not None
    assert evidence.reason.code == "thermal_persons_seen"
    assert evidence.features["persons_seen"] >= 1
    (overlay,) = evidence.overlays
    assert len(overlay.boxes) == evidence.features["persons_seen"]
    assert evidence.model_id == detector.id


def test_nobody_seen_behind_open_doors_clears_nothing(
    thermal_model: ImageModel, detector: PersonDetector
) -> None:
    frames = _yard(_seed_with(detector, False, False), False)
    evidence = _ask(frames, thermal_model, detector, (EventKind.DOORS_OPENED,))
    assert evidence.state is EvidenceState.UNAVAILABLE
    assert evidence.reason is not None
    assert evidence.reason.code == "thermal_open_none"
    assert "clears nothing" in sentence(evidence.reason)


def test_closed_again_or_never_opened_the_large_picture_is_refused(
    thermal_model: ImageModel, detector: PersonDetector
) -> None:
    frames = _yard(_seed_with(detector, True, True), True)
    for events in (
        (),
        (EventKind.DOORS_OPENED, EventKind.DOORS_CLOSED),
        (EventKind.DOORS_OPENED, EventKind.VISIT_START),
    ):
        evidence = _ask(frames, thermal_model, detector, events)
        assert evidence.reason is not None
        assert evidence.reason.code == "thermal_wrong_size"
        assert evidence.overlays == ()


def test_a_small_imager_says_that_it_cannot_look_inside(
    thermal_model: ImageModel, detector: PersonDetector
) -> None:
    frames = lane.door_frames(_closed_doors(n=16))
    for one in (detector, None):
        evidence = _ask(frames, thermal_model, one, (EventKind.DOORS_OPENED,))
        assert evidence.state is EvidenceState.UNAVAILABLE
        assert evidence.reason is not None
        assert evidence.reason.code == "thermal_doors_open"


def test_open_doors_through_an_imager_without_values(
    thermal_model: ImageModel, detector: PersonDetector
) -> None:
    frames = _yard(_seed_with(detector, True, True), True)
    lost = [replace(f, pixels=np.full((120, 160), -32768, np.int16)) for f in frames]
    evidence = _ask(lost, thermal_model, detector, (EventKind.DOORS_OPENED,))
    assert evidence.reason is not None
    assert evidence.reason.code == "thermal_invalid"
    floats = [
        replace(f, pixels=f.pixels.astype(np.uint16) + np.uint16(9000), unit="", scale=1.0) for f in frames
    ]
    assert (
        _ask(floats, thermal_model, detector, (EventKind.DOORS_OPENED,)).reason.code == "thermal_persons_seen"
    )  # type: ignore[union-attr]
