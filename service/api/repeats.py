"""A request that comes again under the same `Idempotency-Key` is done once and answered alike.

Kept for a day, for each person and gate apart. Refusals are not kept: a request that was refused did
nothing, and may be tried again under its key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import Request, Response
from sqlalchemy.exc import IntegrityError

from service.api.context import Service, now_ms
from service.api.problems import Problem
from service.store import request_keys
from service.store.request_keys import ASKED, AskedKey, KnownKey

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
UNDER_WAY_MS = 15_000
_KEY = re.compile(r'"?([!#-\[\]-~]{1,100})"?')  # the draft's string, with or without its quotes

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
NEVER_REPEATED: set[Callable[..., Any]] = set()


def never_repeated(endpoint: Endpoint) -> Endpoint:
    """Declare that a route's answer is shown once: it holds a secret, which is not kept."""
    NEVER_REPEATED.add(endpoint)
    return endpoint


async def once(
    request: Request,
    service: Service,
    who: str,
    endpoint: Callable[..., Any],
    answer: Callable[[], Awaitable[Response]],
) -> Response:
    """Answer a request, or give the answer that was given before under its key.

    Raises
    ------
    Problem : 400 ``key_malformed``; 422 ``key_reused``: another request came with this key; 409
        ``under_way``: the same request is being done now; 409 ``done_before``: it was done, and its
        answer is not kept.
    """
    given = request.headers.get(HEADER)
    if given is None or request.method not in CHANGING:
        return await answer()
    match = _KEY.fullmatch(given.strip())
    if match is None:
        raise Problem(400, "key_malformed", f"{HEADER} has 1 to 100 printable characters without blanks.")
    key = match[1]
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    digest.update(await request.body())
    asked = AskedKey(who, key, digest.hexdigest(), now_ms())
    found = await service.reading(lambda c: request_keys.known(c, who, key))
    if found is not None:
        return _again(asked, found)
    token = ASKED.set(asked)
    try:
        answered = await answer()
    except IntegrityError:
        beside = await service.reading(lambda c: request_keys.known(c, who, key))
        if asked.claimed or beside is None:
            raise
        return _again(asked, beside)
    finally:
        ASKED.reset(token)
    if asked.claimed:
        kept = None if endpoint in NEVER_REPEATED else bytes(answered.body).decode()
        status = answered.status_code
        await service.writing(lambda c: request_keys.keep_answer(c, asked, status, kept))
    return answered


def _again(asked: AskedKey, found: KnownKey) -> Response:
    if found.sha256 != asked.sha256:
        raise Problem(422, "key_reused", f"This {HEADER} came before with another request: take a new one.")
    if found.status is not None and found.answer is not None:
        headers = {REPLAYED: "true"}
        if not found.answer:
            return Response(status_code=found.status, headers=headers)
        return Response(found.answer, found.status, headers, "application/json")
    if found.status is None and abs(asked.now_ms - found.claimed_utc_ms) < UNDER_WAY_MS:
        raise Problem(409, "under_way", "The same request is being done now.", {"Retry-After": "1"})
    raise Problem(
        409, "done_before", "This was done before; its answer is not kept: look at what it changed."
    )
