"""Accounts, for those who manage them."""

from __future__ import annotations

from pydantic import model_validator

from service.api.access import Booth, TheSession, needs
from service.api.context import TheService, now_ms
from service.api.route import router
from service.resources import Password, Permission, Request, Role, SessionInfo, User, UserName
from service.store import accounts, sessions

routes = router("people")
SEE = Booth(Permission.MANAGE_ACCOUNTS)
MANAGE = Booth(Permission.MANAGE_ACCOUNTS, fresh=True)


class UserRequest(Request):
    """A new account."""

    name: UserName
    role: Role
    password: Password


class UserChange(Request):
    """What is to change of an account; each real change ends its sessions."""

    role: Role | None = None
    password: Password | None = None
    disabled: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> UserChange:
        if self.role is None and self.password is None and self.disabled is None:
            raise ValueError("give role, password or disabled")
        return self


@routes.get("/api/v1/users", operation_id="users")
@needs(SEE)
def users(service: TheService) -> list[User]:
    """List all accounts."""
    with service.database.reading() as c:
        return accounts.users(c)


@routes.post("/api/v1/users", operation_id="add_user", status_code=201)
@needs(MANAGE)
def add_user(asked: UserRequest, session: TheSession, service: TheService) -> User:
    """Add an account."""
    with service.database.writing() as c:
        return accounts.add(c, asked.name, asked.role, asked.password, session.name, now_ms())


@routes.patch("/api/v1/users/{name}", operation_id="change_user")
@needs(MANAGE)
def change_user(name: str, asked: UserChange, session: TheSession, service: TheService) -> User:
    """Change an account's role or password, disable or enable it; its sessions and pages end."""
    with service.database.writing() as c:
        user = accounts.change(
            c,
            name,
            role=asked.role,
            password=asked.password,
            disabled=asked.disabled,
            by=session.name,
            now_ms=now_ms(),
        )
    service.on_loop(service.sessions_changed.set)
    return user


@routes.get("/api/v1/users/{name}/sessions", operation_id="user_sessions")
@needs(SEE)
def user_sessions(name: str, service: TheService) -> list[SessionInfo]:
    """List where somebody is logged in, the newest first."""
    with service.database.reading() as c:
        accounts.user(c, name)
        return sessions.listed(c, name, now_ms(), limits=service.limits)


@routes.delete("/api/v1/users/{name}/sessions", operation_id="end_user_sessions", status_code=204)
@needs(MANAGE)
def end_user_sessions(name: str, session: TheSession, service: TheService) -> None:
    """End all sessions of an account; who has the password may log in again."""
    with service.database.writing() as c:
        accounts.user(c, name)
        sessions.end_all(c, name, session.name, now_ms())
    service.on_loop(service.sessions_changed.set)
