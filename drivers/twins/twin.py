"""Base of every twin: a port, a thread, and a step that is called with what the host sent."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from drivers.twins.ports import WirePort


class Twin(ABC):
    """A device at the far end of a wire, speaking its real protocol.

    Parameters
    ----------
    port : the wire's far end; the twin closes it in `stop`.
    pace_s : `step` is called when bytes come and at least this often, s.

    A subclass writes `step`, which answers with `send`. An exception in `step`
    ends the twin and is raised again by `stop`.
    """

    def __init__(self, port: WirePort, pace_s: float = 0.02) -> None:
        self.port = port
        self.pace_s = pace_s
        self._mute = False
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    @abstractmethod
    def step(self, received: bytes) -> None:
        """Take what the host sent since the last step (often nothing) and send what is due."""

    @property
    def url(self) -> str:
        """What the driver opens."""
        return self.port.url

    def send(self, data: bytes) -> None:
        """Put bytes on the wire; while silenced they go nowhere."""
        if not self._mute:
            self.port.write(data)

    def silence(self) -> None:
        """Keep the wire whole and say nothing; the device's own time goes on."""
        self._mute = True

    def speak(self) -> None:
        """Speak again after `silence`."""
        self._mute = False

    def unplug(self) -> None:
        """Pull the plug at the host's end."""
        self.port.unplug()

    def replug(self) -> None:
        """Put the plug in again."""
        self.port.replug()

    def start(self) -> Self:
        """Start the device's thread."""
        self._thread = threading.Thread(target=self._run, name=f"twin {self.url}", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """End the thread and close the port; raise what went wrong in `step`."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.port.close()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            while not self._ending.is_set():
                self.step(self.port.read(self.pace_s))
        except BaseException as failure:  # shown by stop: a twin's thread has nobody else to tell
            self._failure = failure
