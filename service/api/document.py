"""The OpenAPI document: FastAPI's, with who may ask, every error, the streams' events and examples."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from scanner.lane.wire import OrderSent
from service.api.access import COOKIE, DECLARED, Access, Booth, Everybody, GateItself, LaneItself
from service.api.examples import EXAMPLES
from service.api.problems import MEDIA_TYPE, FieldError, ProblemBody
from service.live.payloads import Bye, Heartbeat, Hello, LiveEvent, Reset
from service.resources import Alert, Command, Lane, Me, Scan, Vehicle

DESCRIPTION = (
    "What booths and lanes say to the service. Errors are problem details (RFC 9457) with a stable `code`."
)
TAGS = {
    "login": "Logging in and out. Booths carry a session cookie; changes need the service's own Origin.",
    "booth": "What a page begins with and follows.",
    "scans": "Scans and their assessments.",
    "alerts": "Alerts: raised, acknowledged, assigned, searched, closed; or on the shelf.",
    "handovers": "Hand-overs between shifts, signed by both.",
    "commands": "Commands to lanes.",
    "lanes": "Lanes and their tokens.",
    "vehicles": "Vehicles that gates announced, and the lanes' queues.",
    "gates": "Gates that announce vehicles, and their tokens.",
    "people": "Accounts.",
    "audit": "Who did what.",
    "privacy": "Erasing personal data.",
    "validation": "How often recommendations were right: reports of `lorryscan validate`.",
    "lane link": "What lanes say, and the orders they take.",
    "health": "Whether the service is well.",
}
BOOTH_EVENTS: dict[str, type[BaseModel]] = {
    "hello": Hello,
    "heartbeat": Heartbeat,
    "scan": Scan,
    "alert": Alert,
    "command": Command,
    "vehicle": Vehicle,
    "lane": Lane,
    "me": Me,
    "live": LiveEvent,
    "reset": Reset,
    "bye": Bye,
}
LANE_EVENTS: dict[str, type[BaseModel]] = {"order": OrderSent, "heartbeat": Heartbeat}
STREAMS = {"events": BOOTH_EVENTS, "orders": LANE_EVENTS}
PICTURES = ("lane_picture", "lane_heat", "replay_picture")
REPEAT_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "a new ULID or UUID: the same request under the same key is done once, and answered alike",
    "schema": {"type": "string", "pattern": r"^[!#-\[\]-~]{1,100}$"},
}
_REF = "#/components/schemas/"
_ALSO_POSSIBLE: dict[str, tuple[int, ...]] = {
    "login": (401,),
    "state": (),
    "end_my_session": (404,),
    "user_sessions": (404,),
    "end_user_sessions": (404,),
    "lane_tokens": (404,),
    "add_gate": (409,),
    "change_gate_token": (404,),
    "revoke_gate": (404,),
    "announce_vehicle": (404, 409),
    "vehicle_gone": (404, 409),
    "vehicles": (404,),
    "drop_vehicle": (404, 409),
    "lane_live": (404,),
    "lane_picture": (404, 416),
    "lane_heat": (404, 416),
    "give_command": (404, 409),
    "scans": (404,),
    "scan": (404,),
    "assessments": (404,),
    "replay": (404, 409, 413),
    "replay_picture": (404, 409, 413, 416),
    "raise_alert": (404,),
    "alerts": (404,),
    "alert": (404,),
    "acknowledge": (404, 409),
    "handovers": (404,),
    "handover": (404,),
    "begin_handover": (409,),
    "sign_handover": (404, 409),
    "assign_search": (404, 409),
    "shelve_alert": (404, 409),
    "unshelve_alert": (404,),
    "record_outcome": (404, 409),
    "close_alert": (404, 409),
    "add_user": (409,),
    "change_user": (404, 409),
    "add_lane": (409,),
    "change_lane_token": (404,),
    "revoke_lane": (404,),
    "scan_file": (404,),
    "erase": (404, 409),
    "validation_report": (404,),
    "audit_proof": (404,),
    "audit_consistency": (404,),
    "post_message": (404, 409),
    "post_live": (409,),
    "put_picture": (415,),
}
_ALSO_200 = {
    "announce_vehicle": "Vehicle",
    "give_command": "Command",
    "raise_alert": "Alert",
    "post_message": "MessageAnswer",
}
_WORDS = {
    400: "The request cannot be read",
    401: "Not logged in, the session has ended, or the token is nobody's",
    403: "Not allowed: another site's page, not in this role, not with this token, or a fresh password first",
    404: "There is no such thing",
    409: "It contradicts what is stored",
    413: "The body, or what was asked for, is too large",
    415: "The body is of another type",
    416: "The range is beyond the end",
    422: "Malformed: what was sent is not what this address takes",
    423: "The booth is locked: unlock it first",
    429: "Too many requests or wrong passwords: wait Retry-After seconds",
    500: "The service failed; its log has the same id",
    503: "The service cannot do it now",
}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the document of an application's routes."""
    found = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version=app.openapi_version,
        description=DESCRIPTION,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    schemas = found["components"]["schemas"]
    _add_models(schemas)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    found["components"]["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        "lane": {"type": "http", "scheme": "bearer"},
        "gate": {"type": "http", "scheme": "bearer"},
    }
    access = _access(app)
    for operations in found["paths"].values():
        for method, operation in operations.items():
            _describe(operation, access[operation["operationId"]], changes=method != "get")
    return _with_plain_names(found)


def _access(app: FastAPI) -> dict[str, Access]:
    """Return who may use each operation."""
    return {
        str(route.operation_id): DECLARED[endpoint]
        for route in iter_route_contexts(app.routes)
        if (endpoint := route.endpoint) in DECLARED and endpoint is not None
    }


def _add_models(schemas: dict[str, Any]) -> None:
    """Add the events of the streams and the errors, which no route names."""
    models: set[type[BaseModel]] = {*BOOTH_EVENTS.values(), *LANE_EVENTS.values(), ProblemBody, FieldError}
    _, made = models_json_schema(
        [(model, "serialization") for model in sorted(models, key=str)],
        ref_template=_REF + "{model}",
    )
    for name, schema in made["$defs"].items():
        if f"{name}-Output" not in schemas:
            schemas.setdefault(name, schema)


def _describe(operation: dict[str, Any], access: Access, changes: bool) -> None:
    name = operation["operationId"]
    answers = operation["responses"]
    answers.pop("422", None)
    codes = {400, 429, 500, 503, *_ALSO_POSSIBLE.get(name, ())}
    if "requestBody" in operation or name == "put_picture":
        codes |= {413, 415, 422}
    if operation.get("parameters"):
        codes.add(422)
    match access:
        case Booth(permission=permission, locked=locked):
            operation["security"] = [{"session": []}]
            codes |= {401, 403} if changes or permission else {401}
            if changes:
                operation.setdefault("parameters", []).append(REPEAT_KEY)
                codes |= {409, 422}
            codes |= set() if locked else {423}
        case LaneItself():
            operation["security"] = [{"lane": []}]
            codes |= {401, 403}
        case GateItself():
            operation["security"] = [{"gate": []}]
            codes |= {401, 403}
        case Everybody():
            operation["security"] = []
            codes |= {403} if changes else set()
    if name in _ALSO_200:
        answers["200"] = {
            "description": "It was there already",
            "content": {"application/json": {"schema": {"$ref": _REF + _ALSO_200[name]}}},
        }
    if name in STREAMS:
        answers["200"] = _stream(STREAMS[name])
    if name == "scan_file":
        packed = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
        answers["200"] = {"description": "The file", "content": packed}
    if name == "validation_report":
        page = {"text/html": {"schema": {"type": "string"}}}
        answers["200"] = {
            "description": "The report, for a sandboxed frame of the booth's page",
            "content": page,
        }
    if name in PICTURES:
        _picture(answers)
    if name == "put_picture":
        png = {"schema": {"type": "string", "format": "binary"}}
        operation["requestBody"] = {"required": True, "content": {"image/png": png}}
    for code in sorted(codes):
        answers[str(code)] = {
            "description": _WORDS[code],
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REF + "ProblemBody"}}},
        }
    _give_examples(operation, EXAMPLES.get(name, {}))


def _stream(events: dict[str, Any]) -> dict[str, Any]:
    told = {name: {"$ref": _REF + model.__name__} for name, model in events.items()}
    return {
        "description": "Server-sent events: " + ", ".join(events),
        "content": {"text/event-stream": {"schema": {"type": "string"}, "x-events": told}},
    }


def _picture(answers: dict[str, Any]) -> None:
    png = {"image/png": {"schema": {"type": "string", "format": "binary"}}}
    answers["200"] = {"description": "The picture", "content": png}
    answers["206"] = {"description": "The part that was asked for", "content": png}
    answers["304"] = {"description": "The browser has it"}


def _give_examples(operation: dict[str, Any], examples: dict[str, Any]) -> None:
    if "request" in examples:
        operation["requestBody"]["content"]["application/json"]["example"] = examples["request"]
    for code, answer in operation["responses"].items():
        if "answer" in examples and code.startswith("2"):
            answer["content"]["application/json"]["example"] = examples["answer"]


def _with_plain_names(found: dict[str, Any]) -> dict[str, Any]:
    """Return the document with ``Live`` where FastAPI says ``Live-Output``, and ``LiveInput``."""
    text = json.dumps(found)
    for name in found["components"]["schemas"]:
        for suffix, plain in (("-Output", ""), ("-Input", "Input")):
            if name.endswith(suffix):
                text = text.replace(f'"{name}"', f'"{name.removesuffix(suffix)}{plain}"')
                text = text.replace(f'"{_REF}{name}"', f'"{_REF}{name.removesuffix(suffix)}{plain}"')
    plain_named: dict[str, Any] = json.loads(text)
    return plain_named
