"""Reads and writes the outer parts of an ONNX file without the onnx library, which only training needs.

An ONNX file is one Protobuf message. The few fields described here are read, and everything
else travels through as unknown fields, byte for byte.

References
----------
onnx/onnx.proto3 of https://github.com/onnx/onnx, whose field numbers stand below.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from drivers.api import LorryscanError

_F = descriptor_pb2.FieldDescriptorProto
_TEXT, _INT, _BYTES = _F.TYPE_STRING, _F.TYPE_INT64, _F.TYPE_BYTES
_MESSAGES: dict[str, tuple[tuple[str, int, int | str, bool], ...]] = {
    # name: (field, number, type, repeated)
    "Entry": (("key", 1, _TEXT, False), ("value", 2, _TEXT, False)),
    "OperatorSet": (("domain", 1, _TEXT, False), ("version", 2, _INT, False)),
    "Node": (("op_type", 4, _TEXT, False), ("domain", 7, _TEXT, False)),
    "Tensor": (("name", 8, _TEXT, False), ("data_location", 14, _INT, False)),
    "Graph": (("node", 1, "Node", True), ("initializer", 5, "Tensor", True)),
    "Model": (
        ("ir_version", 1, _INT, False),
        ("producer_name", 2, _TEXT, False),
        ("producer_version", 3, _TEXT, False),
        ("graph", 7, "Graph", False),
        ("opset_import", 8, "OperatorSet", True),
        ("metadata_props", 14, "Entry", True),
    ),
}
_EXTERNAL = 1  # TensorProto.DataLocation


class OnnxUnreadable(LorryscanError, ValueError):
    """Bytes are no ONNX model.

    Example: an export that was cut off, a PyTorch checkpoint with the wrong name.
    """


@dataclass(frozen=True, slots=True)
class OnnxFacts:
    """What an ONNX file says of itself.

    Parameters
    ----------
    opsets : version by domain; "" is the standard's own.
    operators : kinds of its nodes at the top level, "domain.Kind" for other domains than the standard's.
    external : names of weights that are kept in another file.
    metadata : its key and value pairs.
    """

    ir_version: int
    producer: str
    opsets: dict[str, int]
    operators: tuple[str, ...]
    external: tuple[str, ...]
    metadata: dict[str, str]


@cache
def _model_class() -> Any:
    # proto2, as onnx.proto is: a field that is there and empty stays there
    file = descriptor_pb2.FileDescriptorProto(name="lorryscan/onnx.proto", package="lorryscan.onnx")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            label = _F.LABEL_REPEATED if repeated else _F.LABEL_OPTIONAL
            entry = message.field.add(name=field, number=number, label=label)
            if isinstance(kind, str):
                entry.type, entry.type_name = _F.TYPE_MESSAGE, f".lorryscan.onnx.{kind}"
            else:
                entry.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("lorryscan.onnx.Model"))


def _parsed(content: bytes) -> Any:
    model = _model_class()()
    try:
        model.ParseFromString(content)
    except DecodeError as error:
        raise OnnxUnreadable(f"these bytes are no ONNX model ({error}): export the network again") from error
    if not model.HasField("graph") or not model.opset_import:
        raise OnnxUnreadable("there is no network in these bytes: export it again as ONNX")
    return model


def onnx_facts(content: bytes) -> OnnxFacts:
    """Return what an ONNX file says of itself.

    Raises
    ------
    OnnxUnreadable : it is none.
    """
    model = _parsed(content)
    kinds = {".".join(filter(None, (_domain(node.domain), node.op_type))) for node in model.graph.node}
    return OnnxFacts(
        ir_version=int(model.ir_version),
        producer=f"{model.producer_name} {model.producer_version}".strip(),
        opsets={_domain(one.domain): int(one.version) for one in model.opset_import},
        operators=tuple(sorted(kinds)),
        external=tuple(t.name for t in model.graph.initializer if t.data_location == _EXTERNAL),
        metadata={entry.key: entry.value for entry in model.metadata_props},
    )


def with_metadata(content: bytes, key: str, value: str) -> bytes:
    """Return an ONNX file's bytes with one entry of its metadata set; nothing else changes.

    Raises
    ------
    OnnxUnreadable : it is no ONNX file.
    """
    model = _parsed(content)
    kept = [(entry.key, entry.value) for entry in model.metadata_props if entry.key != key]
    del model.metadata_props[:]
    for name, text in [*kept, (key, value)]:
        model.metadata_props.add(key=name, value=text)
    return bytes(model.SerializeToString(deterministic=True))


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name
