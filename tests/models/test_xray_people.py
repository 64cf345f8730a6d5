"""The shipped X-ray network: answers as torch (64 bits) did on one thread and on two, and knows its beams."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from models.familiarity import NAMES
from models.runtime import ImageModel, ModelMismatch, shipped_model

KV = (6000.0, 450.0)


@pytest.fixture(scope="module")
def model() -> ImageModel:
    return ImageModel(shipped_model("xray-people"), "log_attenuation")


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(np.load(Path(__file__).parent / "golden-xray-people.npz"))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("beam", [0, 1])
def test_it_answers_what_torch_answered(golden: dict[str, np.ndarray], beam: int, threads: int) -> None:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(shipped_model("xray-people"), options, providers=["CPUExecutionProvider"])
    answer = session.run(None, {session.get_inputs()[0].name: _planes(golden, beam)})[0][0]
    assert answer == pytest.approx(golden[f"maps_{beam}"], abs=1e-5)


def _planes(golden: dict[str, np.ndarray], beam: int) -> np.ndarray:
    how = ImageModel(shipped_model("xray-people")).card.preprocessing
    image = golden[f"attenuation_{beam}"].astype(np.float32)
    ready = (np.clip(image, how.clip_low, how.clip_high) - how.mean) / how.scale
    return np.stack([ready, golden[f"clear_{beam}"].astype(np.float32), np.full_like(ready, beam)])[None]


@pytest.mark.parametrize("beam", [0, 1])
def test_the_runtime_sums_its_score_map(model: ImageModel, golden: dict[str, np.ndarray], beam: int) -> None:
    image = golden[f"attenuation_{beam}"].astype(np.float32)
    seen = model.infer(image, clear=golden[f"clear_{beam}"], beam_kv=KV[beam])
    score = golden[f"maps_{beam}"][model.card.maps.index("score")].astype(float)
    assert seen.score == pytest.approx(np.log(np.exp(score).sum()), abs=1e-3)
    assert seen.space is not None
    assert 0.05 < seen.space.mean() < 0.6


def test_a_beam_that_it_never_saw_is_refused(model: ImageModel, golden: dict[str, np.ndarray]) -> None:
    image = golden["attenuation_0"].astype(np.float32)
    for kv in (160.0, 12_000.0, None):
        with pytest.raises(ModelMismatch, match="is made for"):
            model.infer(image, beam_kv=kv)


def test_the_beam_is_told_to_the_network(model: ImageModel, golden: dict[str, np.ndarray]) -> None:
    image = golden["attenuation_0"].astype(np.float32)
    assert model.infer(image, beam_kv=6000.0).score != model.infer(image, beam_kv=450.0).score


def test_its_card_holds_what_a_lane_needs(model: ImageModel) -> None:
    card = model.card
    assert (card.mm_per_px, card.planes, card.maps) == (
        25.0,
        ("quantity", "clear", "beam"),
        ("people", "space", "score"),
    )
    assert set(card.familiar) == set(NAMES)
    for beam in card.beams:
        ours = {t.condition: t for t in card.thresholds if t.beam == beam.name}
        assert {"all", "fruit", "carcasses", "empty", "liquid"} <= set(ours)
        assert all(t.low <= t.threshold <= t.high and t.empty >= 40 for t in ours.values())
