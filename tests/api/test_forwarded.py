"""What a proxy says of the caller is believed from the proxies that the file names, and from nobody else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from service.api.forwarded import Forwarded
from service.config.accounts_table import AccountsTable

PASSWORD = "brass kettle on the quay"  # of every account in conftest.py
OUTSIDE = "https://booth.example"
TOLD = {
    "X-Forwarded-For": "198.51.100.1, 192.0.2.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "booth.example",
}


@pytest.fixture(params=[("127.0.0.1/32",), ()], ids=["trusted", "not trusted"])
def behind(request: pytest.FixtureRequest, make_service: Any, tmp_path: Any) -> Any:
    """Give a service with a proxy in front, and whether it is trusted."""
    service = make_service(tmp_path / "data", accounts_table={"trusted_proxies": request.param})
    yield service, bool(request.param)
    service.stop()


def test_origin_and_address_are_the_callers_behind_a_trusted_proxy(behind: Any) -> None:
    service, trusted = behind
    booth = service.client(origin=OUTSIDE)
    answer = booth.post("/api/v1/login", headers=TOLD, json={"name": "officer", "password": PASSWORD})
    if not trusted:
        assert answer.json()["code"] == "origin_refused"
        return
    assert answer.status_code == 200
    assert "max-age" in answer.headers["strict-transport-security"], "it is https outside"
    cookie = {"Cookie": f"__Host-lorryscan={answer.cookies['__Host-lorryscan']}"}
    [session] = booth.get("/api/v1/me/sessions", headers=TOLD | cookie).json()
    assert session["address"] == "192.0.2.7"


def told(client: str, headers: list[tuple[bytes, bytes]], trusted: tuple[str, ...]) -> dict[str, Any]:
    """Return what an application is told of a request."""
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)

    scope = {"type": "http", "client": (client, 1), "scheme": "http", "headers": headers}
    asyncio.run(Forwarded(app, trusted)(scope, None, None))  # type: ignore[arg-type]
    return seen


def test_caller_is_the_last_address_that_no_trusted_proxy_has() -> None:
    line = [(b"x-forwarded-for", b"10.9.9.9, 192.0.2.7, 10.0.0.2")]
    assert told("10.0.0.1", line, ("10.0.0.0/24",))["client"][0] == "192.0.2.7"
    assert told("192.0.2.9", line, ("10.0.0.0/24",))["client"][0] == "192.0.2.9"


@pytest.mark.parametrize("line", [b"", b"not an address", b"192.0.2.7, <script>", b"10.0.0.3"])
def test_line_that_names_nobody_changes_nothing(line: bytes) -> None:
    assert told("10.0.0.1", [(b"x-forwarded-for", line)], ("10.0.0.0/24",))["client"][0] == "10.0.0.1"


def test_scheme_is_http_or_https() -> None:
    line = [(b"x-forwarded-proto", b"javascript")]
    assert told("10.0.0.1", line, ("10.0.0.1",))["scheme"] == "http"


def test_proxy_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="give an address"):
        AccountsTable(trusted_proxies=("proxy.example",))
