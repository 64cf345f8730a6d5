"""The person detector: answers as torch did, refuses what does not fit, finds simulated people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.detection import (
    Detection,
    DetectorCard,
    PersonDetector,
    decode,
    intersection_over_union,
    normalised,
)
from models.runtime import ImageModel, ModelMismatch, ModelMissing, shipped_model
from models.training.average_precision import Matched, average_precision, match, precision_recall
from models.training.hit_uav import load, sequence_of, sequences
from models.training.thermal_yard import yard_frame

HERE = Path(__file__).parent
TEST_SEED = 7  # training has [1, 0, i], validation [1, 1, i], golden answers [1, 2, i]
UPRIGHT = [(60, 80), (120, 160), (97, 133)]


@pytest.fixture(scope="module")
def detector() -> PersonDetector:
    return PersonDetector()


@pytest.mark.parametrize("name", ["small", "wide"])
def test_the_network_answers_what_torch_answered(detector: PersonDetector, name: str) -> None:
    golden = np.load(HERE / "golden-thermal-persons-open.npz")
    assert detector.maps(golden[name]) == pytest.approx(golden[f"{name}_maps"], abs=1e-5)


def test_its_card_names_data_licence_and_splits(detector: PersonDetector) -> None:
    card = detector.card
    assert "HIT-UAV" in card.trained_on
    assert "CC BY 4.0" in card.licence
    assert any("Suo" in line for line in card.attribution)
    parts = [set(card.splits[p].split(", ")) for p in ("train", "validation", "test")]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]
    assert parts == [{s["name"] for s in sequences(p)} for p in ("train", "validation", "test")]
    assert 0 < card.threshold < 1
    assert "before the test part" in card.threshold_chosen


def test_simulated_people_are_found_and_empty_yards_mostly_silent(detector: PersonDetector) -> None:
    """Seeds of their own: neither training nor the threshold saw them."""
    frames, claims = [], 0
    for k in range(24):
        image, boxes = yard_frame(np.random.default_rng([TEST_SEED, 0, k]), (120, 160))
        frames.append(match(detector.detect(image, lowest=0.05), boxes, np.zeros((0, 4), np.float32)))
        image, _ = yard_frame(np.random.default_rng([TEST_SEED, 1, k]), (120, 160), people=False)
        claims += bool(detector.detect(image))
    assert average_precision(frames) > 0.6
    assert claims <= 5


def test_units_scale_and_level_do_not_matter(detector: PersonDetector) -> None:
    image, _ = yard_frame(np.random.default_rng([TEST_SEED, 2, 0]), (120, 160))
    one, other = (
        detector.detect(image * 50 + 8000, lowest=0.2),
        detector.detect(image * 100 + 30000, lowest=0.2),
    )
    assert len(one) == len(other) > 0
    for a, b in zip(one, other, strict=True):
        assert intersection_over_union(a, b) > 0.95


def test_a_picture_of_noise_alone_shows_nobody(detector: PersonDetector) -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        assert detector.detect((20 + rng.normal(0, 0.05, (120, 160))).astype(np.float32), "°C") == ()


def test_frames_that_do_not_fit_are_refused(detector: PersonDetector) -> None:
    hole = np.zeros((120, 160), np.float32)
    hole[3, 4] = np.nan
    for bad, why in (
        (np.zeros((24, 32), np.float32), "24 x 32"),
        (np.zeros((513, 640), np.float32), "513 x 640"),
        (np.zeros((1, 120, 160), np.float32), "1 x 120 x 160"),
        (hole, "not numbers"),
    ):
        with pytest.raises(ModelMismatch, match=why):
            detector.detect(bad)
    assert not detector.fits((24, 32))
    assert all(detector.fits(shape) for shape in UPRIGHT)


def test_foreign_and_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        PersonDetector(tmp_path / "nowhere.onnx")
    with pytest.raises(ModelMismatch, match="not a person detector's card"):
        PersonDetector(shipped_model("thermal-people"))
    with pytest.raises(ModelMismatch, match="card does not fit"):
        ImageModel(shipped_model("thermal-persons-open"))


def test_a_card_with_an_unknown_key_is_refused(detector: PersonDetector) -> None:
    with pytest.raises(ValueError):
        DetectorCard.model_validate(detector.card.model_dump() | {"colour": "red"})


def test_maps_become_boxes_by_hand() -> None:
    maps = np.full((5, 16, 16), -9.0, np.float32)
    maps[1:] = 0.0
    maps[0, 4, 6], maps[0, 4, 7] = 3.0, 2.9  # one peak, its neighbour is none
    maps[1:, 4, 6] = 0.25, -0.5, np.log(2.0), np.log(5.0)
    maps[0, 12, 3] = 0.0
    first, second = decode(maps, 4, 0.3, 0.4)
    assert (first.x, first.y, first.width, first.height) == pytest.approx((23.0, 6.0, 8.0, 20.0), abs=1e-4)
    assert first.score == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-6)
    assert second.score == pytest.approx(0.5)
    assert decode(maps, 4, 0.99, 0.4) == ()


def test_normalising_does_not_divide_by_a_flat_frame() -> None:
    assert not normalised(np.full((8, 8), 21.0, np.float32), 0.15, -8, 12).any()


def test_average_precision_by_hand() -> None:
    """Two people; right, wrong, right: precision 1, 1/2, 2/3, so 0.5 * 1 + 0.5 * 2/3."""
    people = np.array([[0, 0, 10, 20], [100, 0, 10, 20]], np.float32)
    found = [Detection(0, 0, 10, 20, 0.9), Detection(50, 50, 9, 9, 0.8), Detection(101, 0, 10, 20, 0.7)]
    matched = match(found, people, np.zeros((0, 4), np.float32))
    assert matched.right.tolist() == [True, False, True]
    assert average_precision([matched]) == pytest.approx(0.5 + 0.5 * 2 / 3)
    twice = match([found[0], found[0]], people, np.zeros((0, 4), np.float32))
    assert twice.right.tolist() == [True, False]
    rider = match([found[1]], people, np.array([[45, 45, 30, 30]], np.float32))
    assert rider.scores.size == 0
    assert precision_recall([matched, Matched(np.zeros(0), np.zeros(0, bool), 2)])[2][-1] == 0.5


def test_the_split_shares_no_frame_and_reads_the_real_folder(shared_data: Path) -> None:
    folder = shared_data / "thermal" / "hit_uav"
    seen: set[str] = set()
    persons = {}
    for part in ("train", "validation", "test"):
        frames = load(folder, [s["name"] for s in sequences(part)])
        names = {f.name for f in frames}
        assert not names & seen
        seen |= names
        persons[part] = sum(len(f.persons) for f in frames)
        assert all(f.image.shape == (512, 640) for f in frames)
    assert len(seen) > 310
    assert persons["train"] > 1500
    assert min(persons["validation"], persons["test"]) > 300
    assert sequence_of("1_60_50_0_00300.jpg", "20201217") == "20201217-night-corner"
