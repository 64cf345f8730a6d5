"""Where one is logged in, and ending that."""

from __future__ import annotations

from service.api.access import Booth, TheSession, needs
from service.api.context import TheService, now_ms
from service.api.route import router
from service.resources import SessionInfo
from service.store import sessions as stored

routes = router("login")


@routes.get("/api/v1/me/sessions", operation_id="my_sessions")
@needs(Booth())
def my_sessions(session: TheSession, service: TheService) -> list[SessionInfo]:
    """List where one is logged in, the newest first."""
    with service.database.reading() as c:
        return stored.listed(c, session.name, now_ms(), session.id, service.limits)


@routes.delete("/api/v1/me/sessions", operation_id="end_my_sessions", status_code=204)
@needs(Booth())
def end_my_sessions(session: TheSession, service: TheService) -> None:
    """Log out everywhere but here."""
    with service.database.writing() as c:
        stored.end_all(c, session.name, session.name, now_ms(), keep=session.id)
    service.on_loop(service.sessions_changed.set)


@routes.delete("/api/v1/me/sessions/{session_id}", operation_id="end_my_session", status_code=204)
@needs(Booth())
def end_my_session(session_id: str, session: TheSession, service: TheService) -> None:
    """Log out somewhere, by the id that the list gives."""
    with service.database.writing() as c:
        stored.end_one(c, session.name, session_id, session.name, now_ms())
    service.on_loop(service.sessions_changed.set)
