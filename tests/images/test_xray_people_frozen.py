"""The X-ray judgement is frozen before it starts: what changed is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.card import Beam as CardBeam
from models.card import ModelCard, OperatingPoint, Pooling, Preprocessing, Threshold
from scanner.simulation.xray.beam import Beam
from scanner.simulation.xray.cargo import Load
from tests.bench import xray_people
from tests.bench.xray_people_frozen import (
    CODE,
    MAPPINGS,
    NotFrozen,
    check,
    read,
    settle,
    threshold_of,
    write,
)


@pytest.fixture
def settled(tmp_path: Path) -> tuple[Path, ModelCard, Path, Path]:
    """A model file, its card, ranges, and a tree that holds one file of each kind of code."""
    for pattern in (p for patterns in CODE.values() for p in patterns):
        path = tmp_path / "tree" / pattern.replace("*", "one")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pattern, encoding="utf-8")
    _write_mappings(tmp_path / "tree", {"co2": 1.0, "xray": 2.0})
    model, ranges = tmp_path / "a.onnx", tmp_path / "ranges.toml"
    model.write_bytes(b"weights")
    ranges.write_text("[cargo]", encoding="utf-8")
    return model, _card(), ranges, tmp_path / "tree"


def _write_mappings(tree: Path, llr_by_method: dict[str, float]) -> None:
    scores = [{"modality": name, "llr": [llr]} for name, llr in llr_by_method.items()]
    (tree / MAPPINGS).write_text(json.dumps({"scores": scores, "weights": {}}), encoding="utf-8")


def _card(*thresholds: Threshold) -> ModelCard:
    usual = [_threshold(beam, "all", 1.5 if beam == "tube" else 2.5) for beam in ("linac", "tube")]
    return ModelCard(
        format_version=2,
        name="xray-people",
        version="2",
        quantity="log_attenuation",
        input_shape=(224, 768),
        output_shape=(56, 192),
        preprocessing=Preprocessing(clip_low=0, clip_high=8, mean=1, scale=1, pad=0),
        pooling=Pooling(kind="highest_box_mean", box_px=1),
        beams=(
            CardBeam(name="linac", low_kv=4000, high_kv=9000, code=0),
            CardBeam(name="tube", low_kv=300, high_kv=500, code=1),
        ),
        thresholds=(*thresholds, *usual),
        score_semantics="",
        trained_on="",
        limits="",
        seeds={},
        data_sha256="",
        code_sha256="",
        parameters=1,
        auc=0.5,
        operating_point=OperatingPoint(
            threshold=0, test_empty=0, test_false_alarms=0, test_occupied=0, test_detected=0
        ),
    )


def _threshold(beam: str, condition: str, value: float, rate: float = 0.01) -> Threshold:
    return Threshold(
        beam=beam, condition=condition, threshold=value, low=value, high=value, false_alarms=rate, empty=9
    )


def test_what_was_frozen_is_read_back_and_agrees(settled, tmp_path: Path) -> None:
    now = settle(*settled)
    write(now, tmp_path / "frozen.json")
    check(read(tmp_path / "frozen.json"), now)
    assert now.threshold("6 MV", "drums") == 2.5
    assert now.threshold("450 kV", "drums") == 1.5


@pytest.mark.parametrize("what", ["model", "ranges", *CODE])
def test_a_changed_file_is_refused_and_named(settled, what: str) -> None:
    model, card, ranges, tree = settled
    frozen = settle(*settled)
    files = {"model": model, "ranges": ranges}
    path = files.get(what) or tree / CODE[what][-1].replace("*", "one")
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(NotFrozen, match=f"{what} changed"):
        check(frozen, settle(model, card, ranges, tree))


def test_of_the_mappings_those_of_xray_scores_count(settled) -> None:
    model, card, ranges, tree = settled
    frozen = settle(*settled)
    _write_mappings(tree, {"co2": 1.5, "xray": 2.0})
    check(frozen, settle(model, card, ranges, tree))
    _write_mappings(tree, {"co2": 1.0, "xray": 2.5})
    with pytest.raises(NotFrozen, match="mappings changed"):
        check(frozen, settle(model, card, ranges, tree))


def test_a_changed_threshold_is_refused(settled) -> None:
    model, card, ranges, tree = settled
    changed = card.model_copy(update={"thresholds": (_threshold("linac", "drums", 2.4), *card.thresholds)})
    with pytest.raises(NotFrozen, match=r"threshold for 6 MV, drums: 2\.5 was frozen, now 2\.4"):
        check(settle(model, card, ranges, tree), settle(model, changed, ranges, tree))


def test_a_threshold_of_the_load_goes_before_its_cargo_and_that_before_all() -> None:
    cargo, load = _threshold("linac", "meat", 7.0), _threshold("linac", "carcasses", 8.0)
    assert threshold_of(_card(), Beam.LINAC, Load.CARCASSES) == ("all", 2.5)
    assert threshold_of(_card(cargo), Beam.LINAC, Load.CARCASSES) == ("meat", 7.0)
    assert threshold_of(_card(cargo, load), Beam.LINAC, Load.CARCASSES) == ("carcasses", 8.0)
    assert (
        threshold_of(_card(_threshold("linac", "meat", 7.0, 0.001)), Beam.LINAC, Load.CARCASSES)[0] == "all"
    )


def test_a_card_without_thresholds_cannot_be_frozen(settled) -> None:
    model, card, ranges, tree = settled
    with pytest.raises(NotFrozen, match="no threshold for 6 MV, empty"):
        settle(model, card.model_copy(update={"thresholds": ()}), ranges, tree)


def test_nothing_frozen_or_damaged_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFrozen, match="--freeze"):
        read(tmp_path / "none.json")
    (tmp_path / "cut.json").write_text('{"model": ', encoding="utf-8")
    with pytest.raises(NotFrozen, match="damaged"):
        read(tmp_path / "cut.json")


def test_every_named_source_is_there() -> None:
    root = Path(xray_people.__file__).parents[2]
    assert not [p for patterns in CODE.values() for p in patterns if not list(root.glob(p))]
