"""The page itself, from memory: its entry asked for each time, its parts kept for ever."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.api.problems import Problem

ENTRY = "/index.html"
ASSETS = "/assets/"  # their names hold a hash of what is in them
_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}

MISSING = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>lorryscan: the page is missing</title>
<h1>The booth's page is not in this installation.</h1>
<p>The service runs and lanes are heard, but there is nothing to show it with.
Build the page in service/ui (npm ci, npm run build), or install the wheel again;
then start the service again.</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class _File:
    data: bytes
    media_type: str
    etag: str
    kept: str


class BoothFiles:
    """ASGI application over the files of a build, read once."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            f"/{path.relative_to(folder).as_posix()}": _read(path, folder)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    @property
    def built(self) -> bool:
        """Whether there is a page."""
        return ENTRY in self._files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file."""
        if scope["type"] != "http":
            return
        path = ENTRY if scope["path"] == "/" else scope["path"]
        file = self._files.get(path)
        if file is None and path != ENTRY:
            raise Problem(404, "not_found", "There is nothing at this address.")
        if scope["method"] not in ("GET", "HEAD"):
            detail = "This address does not know this method."
            raise Problem(405, "method_not_allowed", detail, {"Allow": "GET, HEAD"})
        answer = _missing() if file is None else _answer(file, Request(scope))
        await answer(scope, receive, send)


def _read(path: Path, folder: Path) -> _File:
    data = path.read_bytes()
    known = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    asset = f"/{path.relative_to(folder).as_posix()}".startswith(ASSETS)
    kept = "public, max-age=31536000, immutable" if asset else "no-cache"
    return _File(data, known, f'"{hashlib.sha256(data).hexdigest()[:20]}"', kept)


def _answer(file: _File, request: Request) -> Response:
    headers = {"ETag": file.etag, "Cache-Control": file.kept}
    known = request.headers.get("if-none-match", "")
    if file.etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(file.data, headers=headers, media_type=file.media_type)


def _missing() -> Response:
    return Response(MISSING, 503, media_type="text/html")
