"""What a proxy in front says of the caller: believed from the proxies that the operator named, else not."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

SCHEMES = frozenset({"http", "https"})


class Forwarded:
    """ASGI middleware that takes address, scheme and host from a trusted proxy's ``X-Forwarded-*``.

    The header ``Forwarded`` (RFC 7239) is not read.

    Parameters
    ----------
    trusted : addresses and networks of proxies.
    """

    def __init__(self, app: ASGIApp, trusted: Iterable[str] = ()) -> None:
        self._app = app
        self._trusted = [ipaddress.ip_network(each) for each in trusted]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if scope["type"] == "http" and client and self._is_trusted(client[0]):
            scope = self._as_told(scope)
        await self._app(scope, receive, send)

    def _as_told(self, scope: Scope) -> Scope:
        headers = Headers(scope=scope)
        told = dict(scope)
        told["headers"] = list(scope["headers"])
        address = self._caller(headers.getlist("x-forwarded-for"))
        if address:
            told["client"] = (address, 0)
        scheme = _last(headers.getlist("x-forwarded-proto")).lower()
        if scheme in SCHEMES:
            told["scheme"] = scheme
        host = _last(headers.getlist("x-forwarded-host"))
        if host:
            MutableHeaders(scope=told)["host"] = host
        return told

    def _caller(self, lines: list[str]) -> str:
        """Return the last address that is no trusted proxy's: what stands before it anybody may write."""
        for each in reversed(",".join(lines).split(",")):
            address = each.strip()
            try:
                ipaddress.ip_address(address)
            except ValueError:
                return ""
            if not self._is_trusted(address):
                return address
        return ""

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted)


def _last(lines: list[str]) -> str:
    return ",".join(lines).split(",")[-1].strip()
