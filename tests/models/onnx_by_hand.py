"""Small ONNX files encoded by hand, by the field numbers of the public onnx.proto: no onnx library needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

FLOAT, INT64, FLOAT16 = 1, 7, 10
_TYPES = {np.dtype(np.float32): FLOAT, np.dtype(np.int64): INT64, np.dtype(np.float16): FLOAT16}

Dims = Sequence[int | str]


def varint(value: int) -> bytes:
    """Encode an unsigned integer."""
    out = b""
    while True:
        value, low = value >> 7, value & 0x7F
        out += bytes([low | (0x80 if value else 0)])
        if not value:
            return out


def field(number: int, payload: bytes | str) -> bytes:
    """Encode one length-delimited field."""
    data = payload.encode() if isinstance(payload, str) else payload
    return varint(number << 3 | 2) + varint(len(data)) + data


def number(number: int, value: int) -> bytes:
    """Encode one integer field."""
    return varint(number << 3) + varint(value)


def end(name: str, dims: Dims, kind: int = FLOAT) -> bytes:
    """Encode a ValueInfoProto; a dimension that is a text is open."""
    shape = b"".join(field(1, number(1, d) if isinstance(d, int) else field(2, d)) for d in dims)
    return field(1, name) + field(2, field(1, number(1, kind) + field(2, shape)))


def node(
    kind: str,
    inputs: Sequence[str],
    output: str,
    ints: Mapping[str, Sequence[int]] | None = None,
    domain: str = "",
) -> bytes:
    """Encode a NodeProto with one output and attributes that are lists of integers."""
    made = b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, kind)
    for name, values in (ints or {}).items():
        listed = b"".join(number(8, value) for value in values)
        made += field(5, field(1, name) + listed + number(20, 7))
    return made + (field(7, domain) if domain else b"")


def tensor(name: str, values: npt.NDArray[np.generic]) -> bytes:
    """Encode a TensorProto."""
    dims = b"".join(number(1, n) for n in values.shape)
    return dims + number(2, _TYPES[values.dtype]) + field(8, name) + field(9, values.tobytes())


def model(
    nodes: Sequence[bytes],
    input_dims: Dims,
    output_dims: Dims,
    *,
    weights: Sequence[bytes] = (),
    kind: int = FLOAT,
    opsets: Mapping[str, int] | None = None,
    ir_version: int = 8,
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    """Encode a ModelProto whose input is "x" and whose output is "y"."""
    graph = b"".join(field(1, one) for one in nodes) + field(2, "g")
    graph += b"".join(field(5, one) for one in weights)
    graph += field(11, end("x", input_dims, kind)) + field(12, end("y", output_dims, kind))
    made = number(1, ir_version) + field(2, "by hand") + field(7, graph)
    for domain, version in (opsets or {"": 17}).items():
        made += field(8, (field(1, domain) if domain else b"") + number(2, version))
    for key, value in (metadata or {}).items():
        made += field(14, field(1, key) + field(2, value))
    return made


def mean_network(
    planes: int = 1,
    maps: int = 1,
    size: tuple[int, int] = (176, 704),
    step: int = 4,
    gains: npt.NDArray[np.float32] | None = None,
    **more: object,
) -> bytes:
    """Encode a network whose maps are weighted means of ``step`` x ``step`` pixels of its planes.

    ``gains`` is float32 ``(maps, planes)``; the default takes the first plane for every map.
    """
    if gains is None:
        gains = np.zeros((maps, planes), np.float32)
        gains[:, 0] = 1.0
    kernel = np.repeat(np.repeat(gains[:, :, None, None], step, 2), step, 3) / np.float32(step * step)
    conv = node("Conv", ("x", "w"), "y", {"strides": (step, step), "kernel_shape": (step, step)})
    return model(
        [conv],
        (1, planes, *size),
        (1, maps, size[0] // step, size[1] // step),
        weights=[tensor("w", np.ascontiguousarray(kernel, np.float32))],
        **more,  # type: ignore[arg-type]
    )
