"""Commands to lanes."""

from __future__ import annotations

from fastapi import Response

from service.api.access import Booth, TheSession, needs
from service.api.context import TheService, now_ms
from service.api.route import router
from service.resources import Command, CommandRequest, Permission
from service.store import commands as stored

routes = router("commands")


@routes.post("/api/v1/lanes/{lane}/commands", operation_id="give_command", status_code=202)
@needs(Booth(Permission.COMMAND_LANES))
def give_command(
    lane: str, asked: CommandRequest, response: Response, session: TheSession, service: TheService
) -> Command:
    """Give a lane a command; what became of it comes over the stream. 200 when the key is known."""
    with service.database.writing() as c:
        command, new = stored.give(c, lane, asked, session.name, now_ms())
    response.status_code = 202 if new else 200
    if new:
        service.metrics.commands.labels("given").inc()
    return command
