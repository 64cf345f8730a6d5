"""A network of the new kind, written as ONNX by hand: planes in, maps of people, space and score out.

One convolution over each cell of 4 x 4 pixels, weights drawn from a seed, plus a constant plane a map: its
"people" grow with attenuation, its "space" is a rectangle. The field numbers are those of the public
onnx.proto.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from models.card import CARD_KEY, Beam, ModelCard, OperatingPoint, Preprocessing, SummedPooling
from models.runtime import ImageModel

SHAPE, CELL = (224, 768), 4
MAPS = SHAPE[0] // CELL, SHAPE[1] // CELL
SPACE = slice(5, 33), slice(38, 165)
"""Rows and columns of cells: 0.5 to 3.3 m below the upper end, 3.8 to 16.5 m from the first line."""

LINAC = Beam(name="linac", low_kv=4000, high_kv=9000, code=0.0)
TUBE = Beam(name="tube", low_kv=300, high_kv=500, code=1.0)


def small_model(
    folder: Path,
    beams: tuple[Beam, ...] = (LINAC, TUBE),
    familiar: Mapping[str, tuple[float, float]] | None = None,
    space: tuple[slice, slice] | None = SPACE,
    seed: int = 1,
) -> ImageModel:
    """Return a model of three planes and three maps; ``space`` None = it sees none anywhere."""
    rng = np.random.default_rng(seed)
    weights = 0.01 * rng.normal(size=(3, 3, CELL, CELL))
    weights[0, 0] += 3.0 / CELL**2
    weights[0, 2] += 0.5 / CELL**2
    weights[1] *= 0.1
    weights[2] = weights[0]
    constant = np.full((1, 3, *MAPS), -4.0)
    if space is not None:
        constant[0, 1][space] = 8.0
    card = ModelCard(
        format_version=2,
        name="small-network",
        version="1",
        quantity="log_attenuation",
        input_shape=SHAPE,
        output_shape=MAPS,
        mm_per_px=25.0,
        preprocessing=Preprocessing(clip_low=0.0, clip_high=8.0, mean=0.0, scale=1.0, pad=0.0),
        pooling=SummedPooling(kind="log_sum_exp", temperature=1.0),
        planes=("quantity", "clear", "beam"),
        maps=("people", "space", "score"),
        beams=beams,
        familiar=dict(familiar or {}),
        score_semantics="none: random weights",
        trained_on="nothing",
        limits="for tests",
        seeds={"train": "", "validation": "", "test": ""},
        data_sha256="",
        code_sha256="",
        parameters=weights.size,
        auc=0.5,
        operating_point=OperatingPoint(
            threshold=0, test_empty=0, test_false_alarms=0, test_occupied=0, test_detected=0
        ),
    )
    path = folder / f"small-{seed}-{len(beams)}-{len(card.familiar)}-{space is not None}.onnx"
    path.write_bytes(_onnx(weights.astype(np.float32), constant.astype(np.float32), card))
    return ImageModel(path, "log_attenuation")


def _varint(value: int) -> bytes:
    out = b""
    while True:
        value, low = value >> 7, value & 0x7F
        if not value:
            return out + bytes([low])
        out += bytes([low | 0x80])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _part(field: int, payload: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(payload)) + payload


def _tensor(name: bytes, values: np.ndarray) -> bytes:
    dims = b"".join(_number(1, n) for n in values.shape)
    return dims + _number(2, 1) + _part(8, name) + _part(9, values.astype("<f4").tobytes())


def _value(name: bytes, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(_part(1, _number(1, n)) for n in shape)
    return _part(1, name) + _part(2, _part(1, _number(1, 1) + _part(2, dims)))


def _node(operator: bytes, takes: tuple[bytes, ...], gives: bytes, attributes: bytes = b"") -> bytes:
    inputs = b"".join(_part(1, name) for name in takes)
    return inputs + _part(2, gives) + _part(4, operator) + attributes


def _integers(name: bytes, values: tuple[int, ...]) -> bytes:
    listed = b"".join(_number(8, value) for value in values)
    return _part(5, _part(1, name) + listed + _number(20, 7))


def _onnx(weights: np.ndarray, constant: np.ndarray, card: ModelCard) -> bytes:
    sizes = _integers(b"kernel_shape", (CELL, CELL)) + _integers(b"strides", (CELL, CELL))
    graph = (
        _part(1, _node(b"Conv", (b"planes", b"weights"), b"cells", sizes))
        + _part(1, _node(b"Add", (b"cells", b"constant"), b"maps"))
        + _part(2, b"small")
        + _part(5, _tensor(b"weights", weights))
        + _part(5, _tensor(b"constant", constant))
        + _part(11, _value(b"planes", (1, 3, *SHAPE)))
        + _part(12, _value(b"maps", (1, 3, *MAPS)))
    )
    opset = _part(8, _number(2, 17))
    described = _part(14, _part(1, CARD_KEY.encode()) + _part(2, card.model_dump_json().encode()))
    return _number(1, 8) + _part(7, graph) + opset + described
