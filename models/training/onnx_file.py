"""Writes an exported network with its card as one ONNX file, without traces of the machine that made it."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from pydantic import BaseModel

from models.card import CARD_KEY


def write_onnx(program: torch.onnx.ONNXProgram | None, card: BaseModel, path: Path) -> None:
    """Write what ``torch.onnx.export(..., dynamo=True)`` returned; checked by the onnx library."""
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:  # traces of the machine that exported it
        del node.metadata_props[:]
        node.doc_string = ""
    for value in [*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer]:
        del value.metadata_props[:]
        value.doc_string = ""
    del model.metadata_props[:]
    model.metadata_props.add(key=CARD_KEY, value=card.model_dump_json())
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
