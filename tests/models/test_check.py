"""Checking a vendor's file: each fault that an export can have is named, and a sound file passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.card import CARD_KEY, ModelCard
from models.card_check import FIELDS, contradictions, read_faults, weaknesses
from models.check import Report, Verdict, check_model
from models.onnx_bytes import OnnxUnreadable, onnx_facts, with_metadata
from models.runtime import ImageModel, ModelMismatch, ModelMissing, open_session, shipped_model
from tests.models import cards
from tests.models import onnx_by_hand as by_hand

SIZE = (176, 704)
SAME = {"output_shape": list(SIZE)}


def _checked(tmp_path: Path, content: bytes) -> Report:
    path = tmp_path / "vendor.onnx"
    path.write_bytes(content)
    return check_model(path)


def _with(**changes: Any) -> dict[str, str]:
    return {CARD_KEY: cards.xray(**changes)}


def _plain(*nodes: bytes, metadata: dict[str, str] | None = None, **more: Any) -> bytes:
    return by_hand.model(nodes, (1, 1, *SIZE), (1, 1, *SIZE), metadata=metadata, **more)


def _wrong(report: Report) -> dict[str, str]:
    assert not report.passed
    lines = [line for line in report.lines if line.verdict is Verdict.WRONG]
    assert all(line.mend for line in lines), "what is wrong says how to mend it"
    return {line.what: f"{line.says} -> {line.mend}" for line in lines}


@pytest.mark.parametrize("name", ["xray-people", "thermal-people"])
def test_shipped_models_pass(name: str) -> None:
    report = check_model(shipped_model(name))
    assert report.passed
    assert {line.verdict for line in report.lines} == {Verdict.OK}


def test_a_sound_file_of_a_vendor_passes_and_runs(tmp_path: Path) -> None:
    metadata = _with(
        planes=["quantity", "clear", "beam"],
        maps=["people", "space", "score"],
        beams=cards.BEAMS,
        thresholds=[
            {
                "beam": "6 MV",
                "condition": "boxes",
                "threshold": 1.0,
                "low": 0.9,
                "high": 1.2,
                "false_alarms": 0.01,
                "empty": 900,
            }
        ],
    )
    report = _checked(tmp_path, by_hand.mean_network(planes=3, maps=3, metadata=metadata))
    assert [line for line in report.lines if line.verdict is not Verdict.OK] == []
    assert "finite for noise at 500 kV" in next(line.says for line in report.lines if line.what == "answers")
    said = {line.what for line in report.lines}
    assert {"file", "ONNX", "opset", "operators", "card", "planes", "maps", "padding", "time"} <= said
    assert ImageModel(tmp_path / "vendor.onnx", "log_attenuation").card.name == "acme-people"


@pytest.mark.parametrize(
    ("content", "what", "words"),
    [
        (b"MZ this is something else", "ONNX", "no ONNX model"),
        (by_hand.mean_network(), "card", "lorryscan models card"),
        (by_hand.mean_network(metadata={CARD_KEY: "{"}), "card: the card", "not JSON"),
        (by_hand.mean_network(opsets={"": 99}), "operators", "opset 99 is newer"),
        (by_hand.mean_network(ir_version=99), "operators", "IR version 99 is newer"),
        (_plain(by_hand.node("Wonder", ["x"], "y")), "operators", "does not know the operator Wonder"),
        (
            _plain(by_hand.node("Wonder", ["x"], "y", domain="com.acme"), opsets={"": 17, "com.acme": 1}),
            "operators",
            "com.acme:Wonder",
        ),
        (
            _plain(by_hand.node("Identity", ["x"], "y"), kind=by_hand.FLOAT16, metadata=_with(**SAME)),
            "input",
            "x is float16 -> export it in float32",
        ),
        (
            by_hand.model([by_hand.node("Identity", ["x"], "y")], ("n", 1, *SIZE), ("n", 1, *SIZE)),
            "input",
            "no fixed size",
        ),
        (
            by_hand.model([by_hand.node("Identity", ["x"], "y")], (4, 1, *SIZE), (4, 1, *SIZE)),
            "input",
            "takes 4 pictures at a time",
        ),
        (
            by_hand.model([by_hand.node("Identity", ["x"], "y")], (1, 9), (1, 9)),
            "input",
            "2 dimensions",
        ),
        (by_hand.mean_network(planes=3, metadata=_with()), "planes", "names 1 (quantity), the network has 3"),
        (by_hand.mean_network(maps=2, metadata=_with()), "maps", "names 1 (people), the network has 2"),
        (
            by_hand.mean_network(metadata=_with(input_shape=[180, 704])),
            "input_shape",
            "the card says 180 x 704, the network has 176 x 704",
        ),
        (
            _plain(by_hand.node("Sqrt", ["x"], "y"), metadata=_with(**SAME)),
            "answers",
            "not finite for noise, nothing in it",
        ),
        (
            _plain(by_hand.node("RandomNormalLike", ["x"], "y"), metadata=_with(**SAME)),
            "same answer",
            "leave dropout and random operators out",
        ),
        (
            by_hand.mean_network(gains=np.zeros((1, 1), np.float32), metadata=_with()),
            "same answer",
            "every picture has the same score",
        ),
        (by_hand.mean_network(metadata=_with(data_sha256="none")), "card: data_sha256", "64 hexadecimal"),
        (
            by_hand.mean_network(metadata={CARD_KEY: '{"format": "lorryscan-person-detector"}'}),
            "card",
            "person detector",
        ),
    ],
)
def test_each_fault_is_named_with_its_mend(tmp_path: Path, content: bytes, what: str, words: str) -> None:
    assert words in _wrong(_checked(tmp_path, content))[what]


def test_weights_in_another_file_are_named(tmp_path: Path) -> None:
    elsewhere = b"".join(by_hand.number(1, n) for n in (1, 1, 4, 4)) + by_hand.number(2, by_hand.FLOAT)
    elsewhere += by_hand.field(8, "w") + by_hand.number(14, 1)
    elsewhere += by_hand.field(13, by_hand.field(1, "location") + by_hand.field(2, "weights.bin"))
    conv = by_hand.node("Conv", ("x", "w"), "y", {"strides": (4, 4), "kernel_shape": (4, 4)})
    content = by_hand.model([conv], (1, 1, *SIZE), (1, 1, 44, 176), weights=[elsewhere], metadata=_with())
    wrong = _wrong(_checked(tmp_path, content))
    assert "export it as one file" in wrong["weights"]
    assert "operators" not in wrong


@pytest.mark.parametrize(("pad", "passes"), [(0.0, True), (8.0, False)])
def test_a_network_that_sees_the_padding_is_found_out(tmp_path: Path, pad: float, passes: bool) -> None:
    """Each pixel minus the mean of the whole input: what the runtime fills up with moves every score."""
    nodes = [by_hand.node("GlobalAveragePool", ["x"], "mean"), by_hand.node("Sub", ["x", "mean"], "y")]
    report = _checked(tmp_path, _plain(*nodes, metadata=_with(**SAME, preprocessing__pad=pad)))
    assert report.passed is passes
    assert ("padding" in {line.what for line in report.lines if line.verdict is Verdict.WRONG}) is not passes


def test_every_wrong_field_is_named_with_what_it_should_be() -> None:
    faults = {
        fault.field: fault
        for fault in read_faults(
            cards.xray(
                name="Our Model", colour="red", auc=None, pooling={"kind": "mean"}, input_shape=[1, 2, 3]
            )
        )
    }
    assert set(faults) == {"name", "colour", "auc", "pooling", "input_shape"}
    assert "lower-case letters" in faults["name"].should
    assert faults["colour"].should == "left out"
    assert faults["auc"].is_wrong == "it is missing"
    assert "highest_box_mean" in faults["pooling"].should
    assert "[224, 768]" in faults["input_shape"].should


def test_what_each_field_should_hold_is_said() -> None:
    assert set(FIELDS) | {"energies_mev"} == set(ModelCard.model_fields)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"planes": ["clear"]}, "planes"),
        ({"planes": ["quantity", "quantity"]}, "planes"),
        ({"maps": ["space"]}, "maps"),
        ({"planes": ["quantity", "beam"]}, "beams"),
        (
            {"planes": ["quantity", "beam"], "beams": [{**cards.BEAMS[0]}, {**cards.BEAMS[1], "code": 0.0}]},
            "beams",
        ),
        ({"beams": [cards.BEAMS[0], {**cards.BEAMS[1], "low_kv": 400.0}]}, "beams"),
        ({"beams": [{**cards.BEAMS[0], "low_kv": 600.0}]}, "beams.0.low_kv"),
        ({"pooling": {"kind": "highest_box_mean", "box_px": 45}}, "pooling.box_px"),
        (
            {"pooling": {"kind": "highest_box_mean", "box_px": 3}, "maps": ["people", "score"]},
            "pooling",
        ),
        ({"preprocessing__clip_low": 8.0}, "preprocessing.clip_low"),
        ({"preprocessing__pad": 9.0}, "preprocessing.pad"),
        ({"mm_per_px": None}, "mm_per_px"),
        ({"mm_per_px": 0.025}, "mm_per_px"),
        ({"quantity": "temperature_excess_k", "range_c": [300.0, -40.0]}, "range_c"),
        ({"familiar": {"blind": [1.0, 0.0]}}, "familiar.blind"),
        (
            {
                "thresholds": [
                    {
                        "beam": "9 MV",
                        "condition": "all",
                        "threshold": 1.0,
                        "low": 0.0,
                        "high": 2.0,
                        "false_alarms": 0.01,
                        "empty": 100,
                    }
                ],
                "beams": cards.BEAMS,
            },
            "thresholds.0.beam",
        ),
        (
            {
                "thresholds": [
                    {
                        "beam": "6 MV",
                        "condition": "all",
                        "threshold": 3.0,
                        "low": 0.0,
                        "high": 2.0,
                        "false_alarms": 0.01,
                        "empty": 100,
                    }
                ]
            },
            "thresholds.0",
        ),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(
    tmp_path: Path, changes: dict[str, Any], field: str
) -> None:
    text = cards.xray(**changes)
    assert read_faults(text) == ()
    card = ModelCard.model_validate_json(text)
    assert field in {fault.field for fault in contradictions(card)}
    path = tmp_path / "odd.onnx"
    path.write_bytes(by_hand.mean_network(len(card.planes), len(card.maps), metadata={CARD_KEY: text}))
    with pytest.raises(ModelMismatch, match="contradicts itself"):
        ImageModel(path)
    assert f"card: {field}" in _wrong(check_model(path))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code_sha256": "abc"}, "code_sha256"),
        ({"limits": " "}, "limits"),
        ({"seeds": {"train": "a"}}, "seeds"),
        ({"seeds": {"train": "a", "validation": "b", "test": "a"}}, "seeds"),
        ({"auc": 1.4}, "auc"),
        ({"parameters": 0}, "parameters"),
        ({"operating_point__test_false_alarms": 101}, "operating_point.test_false_alarms"),
        ({"operating_point__test_detected": 101}, "operating_point.test_detected"),
        ({"operating_point__test_empty": 0, "operating_point__test_false_alarms": 0}, "operating_point"),
        ({"format_version": 1}, "format_version"),
        ({"mm_per_px": 10.0}, "input_shape"),
        ({"preprocessing__scale": 0.001}, "preprocessing.scale"),
    ],
)
def test_what_a_card_leaves_open_is_named(changes: dict[str, Any], field: str) -> None:
    card = ModelCard.model_validate_json(cards.xray(**changes))
    assert contradictions(card) == ()
    assert field in {fault.field for fault in weaknesses(card)}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="nowhere"):
        check_model(tmp_path / "nowhere.onnx")


def test_a_report_is_json(tmp_path: Path) -> None:
    report = _checked(tmp_path, by_hand.mean_network())
    told = json.loads(json.dumps(report.as_json()))
    assert told["passed"] is False
    assert {"what", "verdict", "says", "mend"} == set(told["lines"][0])


def test_metadata_is_written_as_onnxruntime_reads_it(tmp_path: Path) -> None:
    before = by_hand.mean_network(metadata={"author": "Acme", CARD_KEY: "old"})
    path = tmp_path / "new.onnx"
    path.write_bytes(with_metadata(before, CARD_KEY, "new: é"))
    session, content = open_session(path)
    assert session.get_modelmeta().custom_metadata_map == {"author": "Acme", CARD_KEY: "new: é"}
    assert onnx_facts(content).metadata == {"author": "Acme", CARD_KEY: "new: é"}
    (tmp_path / "old.onnx").write_bytes(before)
    picture = np.random.default_rng(3).normal(size=(1, 1, *SIZE)).astype(np.float32)
    old, _ = open_session(tmp_path / "old.onnx")
    assert np.array_equal(old.run(None, {"x": picture})[0], session.run(None, {"x": picture})[0])


@pytest.mark.parametrize("name", ["xray-people", "thermal-people", "thermal-persons-open"])
def test_the_onnx_library_reads_what_is_written(name: str) -> None:
    onnx = pytest.importorskip("onnx", reason="the onnx library comes with the extra 'training'")
    before = shipped_model(name).read_bytes()
    written = onnx.load_from_string(with_metadata(before, CARD_KEY, "another card"))
    onnx.checker.check_model(written)
    expected = onnx.load_from_string(before)
    (entry,) = expected.metadata_props
    entry.value = "another card"
    assert written == expected


@pytest.mark.parametrize("content", [b"", b"\x00", b"\x08\x08", b"PK\x03\x04 a checkpoint"])
def test_bytes_that_are_no_onnx_are_refused(content: bytes) -> None:
    with pytest.raises(OnnxUnreadable):
        with_metadata(content, CARD_KEY, "card")
