"""Whatever the document lets anybody send, the service answers as the document says, and never fails.

The streams do not end, and are tested by themselves.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from service.api.app import bare_app
from service.api.table import ACTORS
from service.resources import Role

STREAMS = ["events", "orders"]
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    allow_header_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(bare_app().openapi())
# for each role: few in the suite, many in `make soak-api`
EXAMPLES = int(os.environ.get("LORRYSCAN_API_EXAMPLES", "2"))
SCHEMA.config.phases.coverage.enabled = EXAMPLES > 10  # hundreds of requests an operation


@pytest.fixture
def signed(running: Any) -> Callable[[str], dict[str, str]]:
    """Give a function that returns the headers of somebody new at the service's own page.

    New for each operation: one of them disables accounts, also its own.
    """

    @functools.cache
    def headers(actor: str) -> dict[str, str]:
        own = {"Origin": running.url}
        if actor == "lane":
            return own | {"Authorization": f"Bearer {running.lane().token}"}
        if actor == "gate":
            return own | {"Authorization": running.gate().headers["Authorization"]}
        if actor == "nobody":
            return own
        return own | {"Cookie": f"__Host-lorryscan={running.session(running.add(Role(actor)))}"}

    return headers


@pytest.mark.parametrize("actor", ACTORS)
@SCHEMA.exclude(operation_id=STREAMS).parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_answers_as_the_document_says(
    case: Any, running: Any, signed: Callable[[str], dict[str, str]], actor: str
) -> None:
    case.call_and_validate(base_url=running.url, headers=signed(actor), checks=CHECKS)


def test_every_operation_but_the_streams_is_asked() -> None:
    every = {each.ok().definition.raw["operationId"] for each in SCHEMA.get_all_operations()}
    asked = SCHEMA.exclude(operation_id=STREAMS).get_all_operations()
    assert every - {each.ok().definition.raw["operationId"] for each in asked} == set(STREAMS)
    assert len(every) > 25
