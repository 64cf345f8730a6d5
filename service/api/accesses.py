"""Looks at what is past: each is an entry of the audit log, with its reason where one is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from fastapi import Request

from service.api.context import Service, now_ms
from service.api.problems import Problem
from service.config.privacy_table import Disclosed
from service.store import audit
from service.store.sessions import Session

HEADER = "Lorryscan-Reason"
MOST_LETTERS = 500


def look(
    service: Service,
    session: Session,
    request: Request,
    what: Disclosed,
    subject: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Note a look before it is answered; the same person at the same thing again within 15 min is one look.

    Raises
    ------
    Problem : 403 ``reason_needed``.
    StoreUnavailable : it cannot be noted, so nothing is shown.
    """
    reason = _reason(service, request, what)
    key = (session.name, what.value, subject, reason, str(detail or ""))
    if service.looked.is_new(key, now_ms()):
        try:
            _note(service, session, "accessed", subject, {**(detail or {}), "what": what.value}, reason)
        except BaseException:
            service.looked.forget(key)
            raise


def disclose(service: Service, session: Session, request: Request, what: Disclosed, subject: str) -> None:
    """Note that something is handed out; every time.

    Raises
    ------
    Problem : 403 ``reason_needed``.
    StoreUnavailable : it cannot be noted, so nothing is handed out.
    """
    reason = _reason(service, request, what)
    _note(service, session, "disclosed", subject, {"what": what.value}, reason)


def _note(
    service: Service,
    session: Session,
    action: str,
    subject: str,
    detail: Mapping[str, object],
    reason: str,
) -> None:
    words = {**detail, "reason": reason} if reason else detail
    with service.database.writing() as c:
        audit.append(c, session.name, action, subject, words, now_ms())


def _reason(service: Service, request: Request, what: Disclosed) -> str:
    try:
        given = unquote(request.headers.get(HEADER, ""), errors="strict").strip()
    except UnicodeDecodeError:
        given = ""
    reason = "".join(letter for letter in given if letter.isprintable())[:MOST_LETTERS]
    if not reason and what in service.config.privacy.reason_needed:
        raise Problem(
            403, "reason_needed", f"Say why you need this: send it percent-encoded in the header {HEADER}."
        )
    return reason
