"""Answers that may be large, made into JSON in the thread that asked the store, not on the event loop."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from pydantic import BaseModel, TypeAdapter

MOST_LISTED = 200
LISTED = 50


def json_of(value: BaseModel) -> Response:
    """Return a model as an answer."""
    return Response(value.__pydantic_serializer__.to_json(value), media_type="application/json")


def json_list(adapter: TypeAdapter[Any], values: list[Any]) -> Response:
    """Return a list of models as an answer."""
    return Response(adapter.dump_json(values), media_type="application/json")


def json_page(
    request: Request, adapter: TypeAdapter[Any], values: list[Any], limit: int, **further: object
) -> Response:
    """Return one page of a list; where there may be more, with the next page's address (RFC 8288).

    Parameters
    ----------
    further : the parameter that leads on, such as ``before`` the last id of this page.
    """
    answer = json_list(adapter, values)
    if len(values) == limit:
        asked = {name: value for name, value in request.query_params.items() if name not in further}
        query = urlencode({**asked, **{name: str(value) for name, value in further.items()}})
        answer.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    return answer
