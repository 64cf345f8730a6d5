"""Attending a lane from a terminal: a live view and a command line, or plain lines for a pipe."""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import select
import signal
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.live import Live

from drivers.api import ConnectionState, LorryscanError
from scanner.evidence import Assessment
from scanner.lane.agent import LaneAgent
from scanner.lane.commands import parse_command
from scanner.lane.snapshot import LaneSnapshot
from scanner.wording import sentence
from service.console import render

REFRESH_S = 0.2
READ_BYTES = 1024


class TerminalGone(Exception):
    """The terminal hung up: nobody types any more."""


def attend(
    agent: LaneAgent,
    console: Console,
    language: str = "en",
    finished: Callable[[], bool] = lambda: False,
) -> None:
    """Run a lane and show it until it is told to quit, interrupted, or ``finished``.

    With a terminal: a live view, commands typed below it. Without: one line per
    change on standard output, commands read line by line from standard input.

    Raises
    ------
    LorryscanError : what stopped the lane.
    """
    failure: list[BaseException] = []

    def run() -> None:
        try:
            agent.run()
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, name="lane")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service manager's stop is a stop
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    try:
        thread.start()
        if console.is_terminal and sys.stdin.isatty():
            _live(agent, console, language, finished)
        else:
            _plain(agent, console, language, finished)
    except (KeyboardInterrupt, TerminalGone):
        with contextlib.suppress(OSError):  # the screen may be gone too
            console.print("stopping: open scans stay open on disk")
    finally:
        agent.stop()
        thread.join()
    if failure:
        raise failure[0]


def obey(agent: LaneAgent, line: str) -> str:
    """Carry out one typed line and return the answer in words."""
    try:
        return agent.command(parse_command(line), by="console")
    except (LorryscanError, TimeoutError) as error:
        return f"not done: {error or 'the lane did not answer'}"


def _live(agent: LaneAgent, console: Console, language: str, finished: Callable[[], bool]) -> None:
    typed, answer = "", ""
    with (
        _hang_up(),
        _keys() as keys,
        Live(console=console, screen=True, auto_refresh=False) as view,
    ):
        while not agent.stopped.is_set() and not finished():
            for key in keys(REFRESH_S):
                if key in "\r\n":
                    answer = obey(agent, typed) if typed.strip() else ""
                    typed = ""
                elif key in "\x7f\b":
                    typed = typed[:-1]
                elif key == "\x15":  # Ctrl-U
                    typed = ""
                elif key.isprintable():
                    typed += key
            shown = render(agent.snapshot(), language, typed, answer, rows=console.height)
            view.update(shown, refresh=True)


@contextlib.contextmanager
def _hang_up() -> Iterator[None]:
    """Tell a terminal that is gone from other failures to write."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        raise TerminalGone from error


@contextlib.contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """Give a function that waits for typed characters and returns all there are; restores the terminal.

    It raises `TerminalGone` when the terminal hung up.
    """
    descriptor = sys.stdin.fileno()
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)

    def read(timeout_s: float) -> str:
        ready, _, _ = select.select([descriptor], [], [], timeout_s)
        if not ready:
            return ""
        # from the descriptor itself: what sys.stdin buffered, select would not see again
        received = os.read(descriptor, READ_BYTES)
        if not received:
            raise TerminalGone
        return decoder.decode(received)

    try:
        yield read
    finally:
        with contextlib.suppress(termios.error):  # it hung up
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _plain(agent: LaneAgent, console: Console, language: str, finished: Callable[[], bool]) -> None:
    reader = threading.Thread(target=_obey_stdin, args=(agent, console), name="commands", daemon=True)
    reader.start()
    log = ChangeLog(language)
    while not agent.stopped.is_set() and not finished():
        for line in log.lines(agent.snapshot()):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        time.sleep(REFRESH_S / 2)
    for line in log.lines(agent.snapshot()):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _obey_stdin(agent: LaneAgent, console: Console) -> None:
    for line in sys.stdin:
        if line.strip():
            console.print(f"> {obey(agent, line)}", markup=False, highlight=False, soft_wrap=True)


class ChangeLog:
    """Turns successive snapshots into the lines that are new."""

    def __init__(self, language: str = "en") -> None:
        self.language = language
        self._devices: dict[str, tuple[ConnectionState, str]] = {}
        self._advice: tuple[object, ...] = ()
        self._faults: tuple[str, ...] = ()

    def lines(self, snapshot: LaneSnapshot) -> list[str]:
        """Return what changed since the last call."""
        clock = time.strftime("%H:%M:%S")
        out = []
        for device in snapshot.devices:
            if device.state is None:
                continue
            now = (device.state.state, device.state.reason)
            if self._devices.get(device.name) != now:
                self._devices[device.name] = now
                words = now[1].removeprefix(device.name).removeprefix(":").strip()
                tail = f": {words}" if words else ""
                out.append(f"{clock} {device.name}: {now[0].value.replace('_', ' ')}{tail}")
        if snapshot.faults != self._faults:
            self._faults = snapshot.faults
            out += [f"{clock} FAULT {fault}" for fault in snapshot.faults]
        for scan_id, assessment in self._assessments(snapshot):
            key = (scan_id, assessment.visit, assessment.recommendation, assessment.final)
            if key != self._advice:
                self._advice = key
                out += [f"{clock} {line}" for line in summary(assessment, self.language)]
        return out

    @staticmethod
    def _assessments(snapshot: LaneSnapshot) -> list[tuple[str, Assessment]]:
        if snapshot.assessment is not None:
            return [(snapshot.scan_id, snapshot.assessment)]
        last = snapshot.last
        return [(last.scan_id, last.assessment)] if last is not None and last.assessment is not None else []


def summary(assessment: Assessment, language: str) -> list[str]:
    """Return a recommendation with its reasons and evidence as lines of text."""
    kind = "final" if assessment.final else "so far"
    head = f"{assessment.scan_id} visit {assessment.visit} ({kind}): {assessment.recommendation.value}"
    lines = [f"{head}, posterior {assessment.posterior:.3g}"]
    lines += [f"    {sentence(reason, language)}" for reason in assessment.reasons[:3]]
    if assessment.final:
        for evidence in assessment.evidences:
            why = sentence(evidence.reason, language) if evidence.reason else ""
            lines.append(f"    {evidence.modality}: {evidence.state.value} {evidence.llr:+.2f} {why}")
        lines.append(f"    {sentence(assessment.life_risk.reason, language)}")
    return lines
