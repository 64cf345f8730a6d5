"""The OpenAPI document: whole, stable, with examples that are true."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import jsonschema_rs
import pytest
from fastapi.routing import APIRoute

from service.api.app import SUBJECTS, bare_app
from service.api.examples import EXAMPLES

DOCUMENT: dict[str, Any] = bare_app().openapi()
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def bodies(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the JSON contents of an operation's body and good answers."""
    contents = [operation.get("requestBody", {}).get("content", {}).get("application/json")]
    contents += [
        answer.get("content", {}).get("application/json")
        for code, answer in operation["responses"].items()
        if code.startswith("2")
    ]
    return [content for content in contents if content]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_body_and_main_answer_has_an_example_that_fits(name: str) -> None:
    for content in bodies(OPERATIONS[name][2]):
        assert "example" in content, f"{name} has a body without an example"
        schema = content["schema"] | {"components": DOCUMENT["components"]}
        jsonschema_rs.validate(schema, content["example"])


def test_no_example_is_left_over() -> None:
    assert set(EXAMPLES) <= set(OPERATIONS)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_describes_its_errors_and_who_may_use_it(name: str) -> None:
    _, path, operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["description"]
    assert len(operation["tags"]) == 1
    for code, answer in operation["responses"].items():
        if int(code) >= 400:
            [(kind, content)] = answer["content"].items()
            assert kind == "application/problem+json"
            assert content["schema"]["$ref"].endswith("/ProblemBody")
    if path.startswith("/api/v1/lane/"):
        assert operation["security"] == [{"lane": []}]
    elif path.startswith("/api/v1/gate/"):
        assert operation["security"] == [{"gate": []}]
    elif path in ("/api/v1/login", "/api/v1/logout", "/api/health/live", "/api/health/ready"):
        assert operation["security"] == []
    else:
        assert operation["security"] == [{"session": []}]


def test_every_route_is_in_it() -> None:
    routes = {
        route.operation_id
        for subject in SUBJECTS
        for route in subject.routes.routes
        if isinstance(route, APIRoute) and route.include_in_schema
    }
    assert routes == set(OPERATIONS)


def test_models_that_only_streams_carry_are_in_it() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert {"Hello", "Heartbeat", "Bye", "Reset", "LiveEvent", "Live", "OrderSent", "ProblemBody"} <= set(
        schemas
    )
    events = OPERATIONS["events"][2]["responses"]["200"]["content"]["text/event-stream"]["x-events"]
    for reference in events.values():
        assert reference["$ref"].rsplit("/", 1)[1] in schemas
    assert not [name for name in schemas if "-" in name], "names that TypeScript can say"


def test_resources_come_whole() -> None:
    """What the service sends has every key, so that a page need not guess."""
    schemas = DOCUMENT["components"]["schemas"]
    for name in ("Scan", "Alert", "Command", "Lane", "Live", "LiveEvent", "DeclarationWire", "Said"):
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"]), name


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    schemas = set(DOCUMENT["components"]["schemas"])
    used = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert used <= schemas


def test_document_is_printed_without_a_service_and_served_by_one(running: Any) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "service.api.schema"], capture_output=True, text=True, check=True, timeout=120
    )
    assert json.loads(printed.stdout) == DOCUMENT
    assert running.client().get("/api/openapi.json").json() == DOCUMENT
