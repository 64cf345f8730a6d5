"""A load balancer in front of several copies of the service: passes bytes on to one that answers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Sequence
from typing import Self

from tests.e2e.line import HOST


class Balancer:
    """Gives each connection to the next copy in turn, and passes over those that refuse.

    Parameters
    ----------
    ports : where the copies listen on this machine.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self.port = 0
        self.url = ""
        self._ports = list(ports)
        self._turns = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._ending: asyncio.Event | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *why: object) -> None:
        assert self._ending is not None
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._ending = asyncio.Event()
        server = await asyncio.start_server(self._pass_on, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self._ready.set()
        await self._ending.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        turn = next(self._turns)
        for n in range(len(self._ports)):
            port = self._ports[(turn + n) % len(self._ports)]
            with contextlib.suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection(HOST, port)
                break
        else:
            writer.close()
            return
        ways = [
            asyncio.ensure_future(self._copy(reader, far_writer)),
            asyncio.ensure_future(self._copy(far_reader, writer)),
        ]
        with contextlib.suppress(asyncio.CancelledError):  # the balancer ends
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for end in (writer, far_writer):
            end.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._let_pass()
                writer.write(data)
                await writer.drain()

    async def _let_pass(self) -> None:
        """Return when bytes may go on."""


class Cable(Balancer):
    """The cable between a booth and the service; it can be pulled out and put back.

    While it is out nothing arrives and nobody is told so: what was sent meanwhile arrives afterwards, also
    from a page that has given up waiting, as it does when a network sends again.
    """

    def __init__(self, port: int) -> None:
        super().__init__([port])
        self._whole = asyncio.Event()
        self._whole.set()

    def pull_out(self) -> None:
        """Let nothing through from now on."""
        self._loop.call_soon_threadsafe(self._whole.clear)

    def put_back(self) -> None:
        """Let everything through again."""
        self._loop.call_soon_threadsafe(self._whole.set)

    async def _let_pass(self) -> None:
        await self._whole.wait()
