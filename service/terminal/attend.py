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
from dataclasses import replace

from rich.console import Console, Group, RenderableType
from rich.live import Live

from drivers.api import ConnectionState, LorryscanError
from scanner.evidence import Assessment, Reason
from scanner.lane.agent import LaneAgent
from scanner.lane.commands import CommandRefused, done, parse_command
from scanner.lane.link import Link
from scanner.lane.snapshot import LaneSnapshot
from scanner.wording import name, sentence
from service.terminal.life_lines import life_lines
from service.terminal.view import decimal, render, what_to_do, word

REFRESH_S = 0.2
READ_BYTES = 1024


class TerminalGone(Exception):
    """The terminal hung up: nobody types any more."""


def attend(
    agent: LaneAgent,
    console: Console,
    language: str = "en",
    finished: Callable[[], bool] = lambda: False,
    notice: Callable[[], RenderableType | None] = lambda: None,
) -> None:
    """Run a lane and show it until it is told to quit, interrupted, or ``finished``.

    With a terminal: a live view, commands typed below it. Without: one line per
    change on standard output, commands read line by line from standard input.

    Parameters
    ----------
    notice : gives what stands above the live view.

    Raises
    ------
    LorryscanError : what stopped the lane.
    """
    failure: list[BaseException] = []
    service = agent.config.service
    link = Link(agent, service) if service is not None else None

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
        if link is not None:
            link.start()
        thread.start()
        if console.is_terminal and sys.stdin.isatty():
            _live(agent, link, console, language, finished, notice)
        else:
            _plain(agent, link, console, language, finished)
    except (KeyboardInterrupt, TerminalGone):
        with contextlib.suppress(OSError):  # the screen may be gone too
            console.print(word("stopping", language), markup=False, highlight=False)
    finally:
        agent.stop()
        if thread.ident is not None:
            thread.join()
        if link is not None:
            link.stop()
    if failure:
        raise failure[0]


def obey(agent: LaneAgent, line: str, language: str = "en") -> str:
    """Carry out one typed line and return the answer in words."""
    try:
        command = parse_command(line)
        answer = agent.command(command, by="console")
    except CommandRefused as refused:
        return word("not_done", language, why=sentence(refused.reason, language))
    except (LorryscanError, TimeoutError) as error:
        return word("not_done", language, why=str(error) or word("no_answer", language))
    return answer if language == "en" else sentence(done(command, answer), language)


def look(agent: LaneAgent, link: Link | None) -> tuple[LaneSnapshot, Reason | None]:
    """Return the lane as it is now with the faults of its link, and whether the service hears it."""
    snapshot = agent.snapshot()
    if link is None:
        return snapshot, None
    return replace(snapshot, faults=(*snapshot.faults, *link.faults())), link.status()


def _live(
    agent: LaneAgent,
    link: Link | None,
    console: Console,
    language: str,
    finished: Callable[[], bool],
    notice: Callable[[], RenderableType | None],
) -> None:
    typed, answer = "", ""
    with (
        _hang_up(),
        _keys() as keys,
        Live(console=console, screen=True, auto_refresh=False) as view,
    ):
        while not agent.stopped.is_set() and not finished():
            for key in keys(REFRESH_S):
                if key in "\r\n":
                    answer = obey(agent, typed, language) if typed.strip() else ""
                    typed = ""
                elif key in "\x7f\b":
                    typed = typed[:-1]
                elif key == "\x15":  # Ctrl-U
                    typed = ""
                elif key.isprintable():
                    typed += key
            above, rows = notice(), console.height
            if above is not None:
                rows -= len(console.render_lines(above, pad=False))
            snapshot, heard = look(agent, link)
            shown = render(snapshot, language, typed, answer, rows=rows, link=heard)
            view.update(shown if above is None else Group(above, shown), refresh=True)


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


def _plain(
    agent: LaneAgent, link: Link | None, console: Console, language: str, finished: Callable[[], bool]
) -> None:
    reader = threading.Thread(
        target=_obey_stdin, args=(agent, console, language), name="commands", daemon=True
    )
    reader.start()
    log = ChangeLog(language)

    def say() -> None:
        for line in log.lines(*look(agent, link)):
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    while not agent.stopped.is_set() and not finished():
        say()
        time.sleep(REFRESH_S / 2)
    say()


def _obey_stdin(agent: LaneAgent, console: Console, language: str) -> None:
    for line in sys.stdin:
        if line.strip():
            answer = obey(agent, line, language)
            console.print(f"> {answer}", markup=False, highlight=False, soft_wrap=True)


class ChangeLog:
    """Turns successive snapshots into the lines that are new."""

    def __init__(self, language: str = "en") -> None:
        self.language = language
        self._devices: dict[str, tuple[ConnectionState, str]] = {}
        self._advice: tuple[object, ...] = ()
        self._faults: tuple[Reason, ...] = ()
        self._link = ""

    def lines(self, snapshot: LaneSnapshot, link: Reason | None = None) -> list[str]:
        """Return what changed since the last call.

        Parameters
        ----------
        link : whether the service hears the lane; None for a lane without a service.
        """
        clock = time.strftime("%H:%M:%S")
        out = []
        for device in snapshot.devices:
            if device.state is None:
                continue
            now = (device.connection, device.detail)
            if self._devices.get(device.name) != now:
                self._devices[device.name] = now
                words = what_to_do(device, self.language)
                state = name("connection", device.connection.value, self.language)
                out.append(f"{clock} {device.name}: {state}" + (f": {words}" if words else ""))
        if snapshot.faults != self._faults:
            self._faults = snapshot.faults
            for fault in snapshot.faults:
                said = sentence(fault, self.language)
                out.append(f"{clock} {word('fault', self.language, fault=said)}")
        if link is not None and link.code != self._link:
            self._link = link.code
            out.append(f"{clock} {sentence(link, self.language)}")
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
    head = word(
        "summary",
        language,
        scan=assessment.scan_id,
        visit=assessment.visit,
        kind=word("final" if assessment.final else "so_far", language),
        recommendation=assessment.recommendation.value,
        posterior=assessment.posterior,
    )
    lines = [head]
    lines += [f"    {sentence(reason, language)}" for reason in assessment.reasons[:3]]
    if assessment.final:
        for evidence in assessment.evidences:
            why = sentence(evidence.reason, language) if evidence.reason else ""
            method = name("modality", evidence.modality, language)
            state = name("evidence", evidence.state.value, language)
            llr = decimal(f"{evidence.llr:+.2f}", language)
            lines.append(f"    {method}: {state} {llr} {why}")
        lines.append(f"    {sentence(assessment.life_risk.reason, language)}")
        lines += [f"      {line}" for line in life_lines(assessment.life_risk, language)]
    return lines
