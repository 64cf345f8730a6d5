"""Shipped models load, say what they are, answer as they were trained to; others are refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from drivers.api import LorryscanError
from models.card import CARD_KEY
from models.runtime import ImageModel, ModelMismatch, ModelMissing, shipped_model

NAMES = {"xray-people": "log_attenuation", "thermal-people": "temperature_excess_k"}
HERE = Path(__file__).parent


@pytest.fixture(scope="module", params=sorted(NAMES))
def model(request: pytest.FixtureRequest) -> ImageModel:
    return ImageModel(shipped_model(request.param), NAMES[request.param])


def test_a_shipped_model_says_what_it_is(model: ImageModel) -> None:
    card = model.card
    assert model.id == f"{card.name}@{model.sha256[:12]}"
    assert card.quantity == NAMES[card.name]
    assert set(card.seeds) == {"train", "validation", "test"}
    assert len(set(card.seeds.values())) == 3
    assert (card.mm_per_px is None) == (card.range_c is not None)
    assert (
        shipped_model(card.name).stat().st_size < 4.2 * card.parameters + 200_000
    )  # weights and little else
    assert card.operating_point.test_empty >= 500


@pytest.fixture(scope="module")
def kv(model: ImageModel) -> float | None:
    """A voltage that the model knows, where it has to be told."""
    return model.card.beams[0].high_kv if model.card.beams else None


def test_the_thermal_network_answers_what_torch_answered() -> None:
    """Truth from the other side of the export: the logits that torch gave at training."""
    model = ImageModel(shipped_model("thermal-people"))
    golden = np.load(HERE / "golden-thermal-people.npz")
    seen = model.infer(golden["image"].astype(np.float32), golden["space"])
    assert seen.score == pytest.approx(float(golden["score"][0]), abs=1e-5)
    how = model.card.preprocessing
    ready = (np.clip(golden["image"].astype(np.float32), how.clip_low, how.clip_high) - how.mean) / how.scale
    logits = model._session.run(None, {model._input: ready[None, None].astype(np.float32)})[0][0, 0]
    assert logits == pytest.approx(golden["logits"], abs=1e-5)


def test_the_same_image_gives_the_same_score_bit_for_bit(model: ImageModel, kv: float | None) -> None:
    image = np.random.default_rng(1).random(model.card.input_shape).astype(np.float32)
    again = ImageModel(shipped_model(model.card.name))
    first, second = model.infer(image, beam_kv=kv), again.infer(image, beam_kv=kv)
    assert first.score == second.score
    assert np.array_equal(first.heatmap, second.heatmap)


def test_what_is_outside_of_the_mask_does_not_count(model: ImageModel, kv: float | None) -> None:
    image = np.random.default_rng(2).random(model.card.input_shape).astype(np.float32)
    nothing = np.zeros(image.shape, bool)
    nothing[:4, :4] = True
    masked = model.infer(image, nothing, beam_kv=kv)
    assert masked.score < model.infer(image, beam_kv=kv).score
    assert not masked.heatmap[8:].any()
    assert model.infer(image, np.zeros(image.shape, bool), beam_kv=kv).regions == ()


def test_a_smaller_image_is_padded(model: ImageModel, kv: float | None) -> None:
    height, width = model.card.input_shape
    seen = model.infer(np.zeros((height - 5, width - 7), np.float32), beam_kv=kv)
    assert seen.heatmap.shape == (height - 5, width - 7)


def test_images_that_do_not_fit_are_refused(model: ImageModel) -> None:
    height, width = model.card.input_shape
    for bad in (
        np.zeros((height + 1, width), np.float32),
        np.zeros((1, height, width), np.float32),
        np.full((height, width), np.nan, np.float32),
    ):
        with pytest.raises(ModelMismatch):
            model.infer(bad)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"no model file at .*nowhere\.onnx"):
        ImageModel(tmp_path / "nowhere.onnx")
    with pytest.raises(LorryscanError):
        ImageModel(tmp_path)  # a folder


def test_a_file_that_is_no_onnx_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "noise.onnx"
    path.write_bytes(b"MZ this is something else")
    with pytest.raises(ModelMismatch, match="not a readable ONNX model"):
        ImageModel(path)


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.onnx"
    whole = shipped_model("thermal-people").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelMismatch):
        ImageModel(path)


def _field(number: int, payload: bytes) -> bytes:
    """Encode one length-delimited protobuf field."""
    size, length = len(payload), b""
    while True:
        length += bytes([(size & 0x7F) | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if not size:
            return bytes([number << 3 | 2]) + length + payload


def _foreign_model(card: bytes | None) -> bytes:
    """Return a valid ONNX model (Identity on 1 x 1 x 24 x 32), by the public onnx.proto numbers."""
    dims = b"".join(_field(1, bytes([0x08, n])) for n in (1, 1, 24, 32))
    tensor = _field(1, bytes([0x08, 1]) + _field(2, dims))  # float, shape

    def value(name: bytes) -> bytes:
        return _field(1, name) + _field(2, tensor)

    node = _field(1, b"x") + _field(2, b"y") + _field(4, b"Identity")
    graph = _field(1, node) + _field(2, b"g") + _field(11, value(b"x")) + _field(12, value(b"y"))
    model = bytes([0x08, 8]) + _field(7, graph) + _field(8, bytes([0x10, 17]))
    if card is not None:
        model += _field(14, _field(1, CARD_KEY.encode()) + _field(2, card))
    return model


def test_another_programs_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "foreign.onnx"
    path.write_bytes(_foreign_model(None))
    with pytest.raises(ModelMismatch, match="no lorryscan model card"):
        ImageModel(path)


@pytest.mark.parametrize("card", [b"{}", b"not json", b'{"format": "other"}'])
def test_a_card_that_does_not_fit_is_refused(tmp_path: Path, card: bytes) -> None:
    path = tmp_path / "odd.onnx"
    path.write_bytes(_foreign_model(card))
    with pytest.raises(ModelMismatch, match="card does not fit"):
        ImageModel(path)


def test_a_card_of_a_later_format_is_refused(tmp_path: Path, model: ImageModel) -> None:
    text = re.sub('"format_version":[12]', '"format_version":3', model.card.model_dump_json())
    path = tmp_path / "later.onnx"
    path.write_bytes(_foreign_model(text.encode()))
    with pytest.raises(ModelMismatch, match="format_version"):
        ImageModel(path)


def test_a_network_that_contradicts_its_card_is_refused(tmp_path: Path) -> None:
    text = ImageModel(shipped_model("xray-people")).card.model_dump_json()
    path = tmp_path / "swapped.onnx"
    path.write_bytes(_foreign_model(text.encode()))
    with pytest.raises(ModelMismatch, match="not those of its card"):
        ImageModel(path)


def test_a_model_for_other_images_is_refused() -> None:
    with pytest.raises(ModelMismatch, match="temperature_excess_k images, not log_attenuation"):
        ImageModel(shipped_model("thermal-people"), "log_attenuation")
