"""What X-ray evidence costs: the product is timed, memory is told, a wrong engine is named."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from models.runtime import ImageModel, shipped_model
from scanner.modalities.xray import XrayModality
from tests.bench import xray_speed
from tests.bench.xray_people_judge import product_evidence
from tests.bench.xray_people_trials import declaration_of


def test_the_product_is_asked_with_lines_and_end(xray_model: ImageModel) -> None:
    spec, passage = xray_speed.scene(xray_speed.SEED, 256, 1024)
    evidence = product_evidence(XrayModality(None, xray_model), passage, 6000.0, declaration_of(spec))
    assert evidence.reason is not None
    assert evidence.score is not None, evidence.reason.code
    sent = passage.counted.line
    lost = 1 - sent.size / (int(sent[-1]) - int(sent[0]) + 1)
    assert evidence.features["lost_share"] == pytest.approx(lost, abs=1e-9)


def test_memory_of_a_call_is_told() -> None:
    peak = xray_speed.peak_bytes(lambda: np.ones(50_000_000, np.uint8).sum())
    if peak is None:
        pytest.skip("this system does not tell the most memory that a process held")
    assert 45e6 < peak < 70e6


def test_engines_agree_on_the_shipped_network(tmp_path: Path) -> None:
    file = shipped_model("xray-people")
    shape = ImageModel(file).card.input_shape
    planes = len(ImageModel(file).card.planes)
    picture = np.random.default_rng(3).normal(size=(1, planes, *shape)).astype(np.float32)
    found, lacking = xray_speed.engines(file, [picture], tmp_path)
    ours = found["ONNX Runtime, 1 threads"](picture)
    np.testing.assert_allclose(found["ONNX Runtime, 2 threads"](picture), ours, atol=1e-3)
    others = [name for name in found if name.startswith("OpenCV, new")]
    assert others, lacking
    for name in others:
        np.testing.assert_allclose(found[name](picture), ours, atol=1e-2, err_msg=name)


def test_an_engine_that_answers_something_else_is_named() -> None:
    picture = np.ones((1, 1, 2, 2), np.float32)
    engines = {"first": lambda p: p, "same": lambda p: p + 1e-4, "other": lambda p: 3 * p}
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(xray_speed.compare(engines, [picture], 1))
    lines = {n: line for line in console.export_text().splitlines() for n in engines if f" {n} " in line}
    assert "WRONG" in lines["other"]
    assert "WRONG" not in lines["same"]
