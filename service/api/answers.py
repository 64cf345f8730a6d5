"""Answers that may be large, made into JSON in the thread that asked the store, not on the event loop."""

from __future__ import annotations

from typing import Any

from fastapi import Response
from pydantic import BaseModel, TypeAdapter

MOST_LISTED = 200
LISTED = 50


def json_of(value: BaseModel) -> Response:
    """Return a model as an answer."""
    return Response(value.__pydantic_serializer__.to_json(value), media_type="application/json")


def json_list(adapter: TypeAdapter[Any], values: list[Any]) -> Response:
    """Return a list of models as an answer."""
    return Response(adapter.dump_json(values), media_type="application/json")
