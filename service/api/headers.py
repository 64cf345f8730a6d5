"""Headers that tell browsers what this site never does, on every answer."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SANDBOXED = "; ".join(
    (
        "sandbox",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)
"""For a page that others wrote, shown inside ours: nothing runs in it, it reaches nothing, not even us."""

ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
IN_SANDBOX = {
    "Content-Security-Policy": SANDBOXED,
    "X-Frame-Options": "SAMEORIGIN",
    # browsers show no sandboxed page that asks for more: it could not be opened in a tab of its own
    "Cross-Origin-Opener-Policy": "unsafe-none",
}
HSTS = "max-age=31536000"


class SecurityHeaders:
    """ASGI middleware that adds them; answers are kept by nobody unless the route says otherwise.

    A route may ask for the policy `SANDBOXED`, and for no other.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                inside = headers.get("Content-Security-Policy") == SANDBOXED
                for name, value in (ALWAYS | IN_SANDBOX if inside else ALWAYS).items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = HSTS
            await send(message)

        await self._app(scope, receive, secured)
