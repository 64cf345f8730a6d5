"""Passwords and PINs as routes check them: throttled, two at a time, the rest wait or come back."""

from __future__ import annotations

import math
import time

from service.api.context import MOST_LOGINS_WAITING, Service
from service.api.problems import Problem
from service.api.throttle import Attempt, LoginThrottle


def begin(service: Service, throttle: LoginThrottle, name: str, address: str, known: bool = False) -> Attempt:
    """Return the attempt, counted as failed until it succeeds; ``known``: with a session.

    Raises
    ------
    Problem : 429 after too many wrong ones.
    """
    attempt = throttle.begin(name, address, time.monotonic(), known)
    if isinstance(attempt, Attempt):
        return attempt
    raise _too_many(service, math.ceil(attempt))


def _too_many(service: Service, wait_s: int) -> Problem:
    service.metrics.login_failures.labels("too_many").inc()
    return Problem(
        429,
        "too_many_logins",
        f"Too many wrong passwords: wait {wait_s} s, then try again.",
        {"Retry-After": str(wait_s)},
    )


class turn:
    """Two passwords are checked at once, a few wait, others come back later: each check takes 64 MiB."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __aenter__(self) -> None:
        if self._service.logins_waiting >= MOST_LOGINS_WAITING:
            raise _too_many(self._service, 1)
        self._service.logins_waiting += 1
        try:
            await self._service.password_checks.acquire()
        finally:
            self._service.logins_waiting -= 1

    async def __aexit__(self, *why: object) -> None:
        self._service.password_checks.release()
