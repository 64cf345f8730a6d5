"""Bytes in memory answered whole, in part, or not at all where the client has them (RFC 9110, 13 and 14)."""

from __future__ import annotations

import re

from fastapi import Request, Response

from service.api.problems import Problem

_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


def ranged(request: Request, data: bytes, etag: str, media_type: str) -> Response:
    """Return an answer with as much of ``data`` as was asked for; several ranges get the whole.

    Raises
    ------
    Problem : 416 for a range beyond the end.
    """
    headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        return Response(status_code=304, headers=headers)
    wanted = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if wanted is None or not any(wanted.groups()) or request.headers.get("if-range", etag) != etag:
        return Response(data, headers=headers, media_type=media_type)
    first, last = _bounds(wanted[1], wanted[2], len(data))
    if first > last:
        beyond = {"Content-Range": f"bytes */{len(data)}"}
        raise Problem(416, "range_refused", f"There are only {len(data)} bytes.", beyond)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    return Response(data[first : last + 1], 206, headers, media_type)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """Return the first and last byte that are meant; the first is beyond the last where there are none."""
    if not first:
        return (size - min(int(last), size), size - 1) if int(last) else (size, size - 1)
    if last and int(last) < int(first):
        return 0, size - 1  # no range at all: ignored
    return int(first), min(int(last), size - 1) if last else size - 1
