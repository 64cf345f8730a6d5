"""Whatever the document lets one send, the service answers as the document says, and never fails.

The streams do not end, and are tested by themselves.
"""

from __future__ import annotations

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
SCHEMA.config.phases.coverage.enabled = False  # hundreds of requests an operation: for the longer run


@pytest.fixture
def signed(running: Any) -> dict[Role, dict[str, str]]:
    """Give the headers of somebody new at the service's own page, and of a lane with its token.

    New for each operation: one of them disables accounts, also its own.
    """
    return {
        role: {
            "Origin": running.url,
            "Cookie": f"__Host-lorryscan={running.session(running.add(role))}",
            "Authorization": f"Bearer {running.lane().token}",
        }
        for role in (Role.SUPERVISOR, Role.ENGINEER)
    }


@SCHEMA.exclude(operation_id=STREAMS).parametrize()
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_answers_as_the_document_says(case: Any, running: Any, signed: dict[Role, dict[str, str]]) -> None:
    role = Role.ENGINEER if case.operation.definition.raw["tags"] == ["lanes"] else Role.SUPERVISOR
    case.call_and_validate(base_url=running.url, headers=signed[role], checks=CHECKS)


def test_every_operation_but_the_streams_is_asked() -> None:
    every = {each.ok().definition.raw["operationId"] for each in SCHEMA.get_all_operations()}
    asked = SCHEMA.exclude(operation_id=STREAMS).get_all_operations()
    assert every - {each.ok().definition.raw["operationId"] for each in asked} == set(STREAMS)
    assert len(every) > 25
