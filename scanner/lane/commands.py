"""What an officer can tell a lane, as one line of text.

``start reefer boxed AB12CDE closed=45 laden`` opens a scan (``profile="night ferry"`` says
which risk profile the lorry belongs to), ``probe in`` and ``probe out`` say
where the CO2 probe's tip is, ``leave`` ends the visit and keeps the scan open,
``return SCAN`` begins its next visit, ``end`` closes the scan, ``reopen DEVICE``
tries a device anew at once, ``quit`` stops the lane.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import assert_never

from drivers.api import LorryscanError
from scanner.evidence import Reason
from scanner.vehicle import CargoClass, Declaration, VehicleClass
from scanner.wording import sentence


class CommandRefused(LorryscanError, ValueError):
    """A command cannot be carried out as given; ``reason`` says why in every language.

    Examples: a word that is no command; ``start`` while a lorry is in the lane;
    ``return`` of a scan that is closed.
    """

    def __init__(self, code: str, **values: float | str) -> None:
        self.reason = Reason(code, values)
        super().__init__(sentence(self.reason))


@dataclass(frozen=True, slots=True)
class Start:
    """Open a scan of the lorry that stands in the lane."""

    declaration: Declaration


@dataclass(frozen=True, slots=True)
class Probe:
    """The CO2 probe's tip went into, or came out of, the load space."""

    inside: bool


@dataclass(frozen=True, slots=True)
class Leave:
    """The lorry drives off; its scan stays open."""


@dataclass(frozen=True, slots=True)
class Return:
    """A lorry is back: begin the next visit of its scan, by id or plate."""

    scan: str


@dataclass(frozen=True, slots=True)
class End:
    """Close the scan; by id or plate, or empty for the one in the lane."""

    scan: str = ""


@dataclass(frozen=True, slots=True)
class Reopen:
    """Close a device and open it anew, at once also when it was given up."""

    sensor: str


@dataclass(frozen=True, slots=True)
class Quit:
    """Stop the lane; open scans stay open on disk."""


LONGEST_PLATE = 24
_PROFILE = re.compile(r'(?<!\S)profile=(?:"(?P<quoted>[^"]*)"|(?P<bare>\S*))(?!\S)')
Command = Start | Probe | Leave | Return | End | Reopen | Quit
USAGE = {
    "start": "start reefer|tanker CARGO [PLATE] [closed=MINUTES] [laden] [profile=NAME]",
    "probe": "probe in|out",
    "leave": "leave",
    "return": "return SCAN|PLATE",
    "end": "end [SCAN|PLATE]",
    "reopen": "reopen DEVICE",
    "quit": "quit",
}


def parse_command(line: str) -> Command:
    """Read one line.

    Raises
    ------
    CommandRefused : says how the command is written.

    Examples
    --------
    >>> parse_command("probe in")
    Probe(inside=True)
    """
    line, profile = _without_profile(line)
    words = line.split()
    if not words:
        raise CommandRefused("order_write_one_of", usage=", ".join(USAGE))
    match words:
        case ["start", vehicle, cargo, *rest]:
            return Start(replace(_declaration(vehicle, cargo, rest), profile=profile))
        case ["probe", ("in" | "out") as where]:
            return Probe(where == "in")
        case ["leave"]:
            return Leave()
        case ["return", _, *_]:
            return Return(" ".join(words[1:]))
        case ["end", *scan]:
            return End(" ".join(scan))
        case ["reopen", sensor]:
            return Reopen(sensor)
        case ["quit"]:
            return Quit()
        case [word, *_] if word in USAGE:
            raise CommandRefused("order_write", usage=USAGE[word])
    raise CommandRefused("order_no_such", word=repr(words[0]), usage=", ".join(USAGE))


def _declaration(vehicle: str, cargo: str, rest: list[str]) -> Declaration:
    try:
        vehicle_class, cargo_class = VehicleClass(vehicle), CargoClass(cargo)
    except ValueError:
        cargoes = ", ".join(c.value for c in CargoClass)
        raise CommandRefused("order_cargo", usage=USAGE["start"], cargoes=cargoes) from None
    plate: list[str] = []
    closed, laden = None, False
    for word in rest:
        if word == "laden":
            laden = True
        elif word.startswith("closed="):
            closed = _minutes(word.removeprefix("closed="))
        else:
            plate.append(word)
    return Declaration(vehicle_class, cargo_class, checked_plate(" ".join(plate)), laden, closed)


def _without_profile(line: str) -> tuple[str, str]:
    """Take ``profile=NAME``, or ``profile="A NAME"``, out of the line of a start."""
    said = _PROFILE.search(line) if line.split()[:1] == ["start"] else None
    if said is None:
        return line, ""
    name, rest = said["quoted"] or said["bare"], f"{line[: said.start()]} {line[said.end() :]}"
    if not name or _PROFILE.search(rest):
        raise CommandRefused("order_write", usage=USAGE["start"])
    return rest, name


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0 <= minutes < 1e6:
        raise CommandRefused("order_closed_minutes")
    return minutes


def checked_plate(text: str) -> str:
    """Return a plate that can be shown.

    Raises
    ------
    CommandRefused : too long, or not printable.
    """
    if len(text) > LONGEST_PLATE or not text.isprintable():
        raise CommandRefused("order_plate", longest=LONGEST_PLATE)
    return text


def done(command: Command, answer: str) -> Reason:
    """Return in words what a command did.

    Parameters
    ----------
    answer : what the lane returned for it.

    Examples
    --------
    >>> done(Probe(True), "probe in").code
    'order_probe_in'
    """
    match command:
        case Start():
            return Reason("order_started", {"scan": answer})
        case Probe(inside):
            return Reason("order_probe_in" if inside else "order_probe_out")
        case Leave():
            return Reason("order_left")
        case Return():
            return Reason("order_returned")
        case End():
            return Reason("order_ended")
        case Reopen(sensor):
            return Reason("order_reopening", {"sensor": sensor})
        case Quit():
            return Reason("order_stopping")
        case _:
            assert_never(command)


def same_plate(one: str, other: str) -> bool:
    """Tell whether two plates are the same but for spaces, hyphens and case.

    Examples
    --------
    >>> same_plate("AB21 CDE", "ab21cde")
    True
    """

    def bare(plate: str) -> str:
        return plate.replace(" ", "").replace("-", "").casefold()

    return bool(bare(one)) and bare(one) == bare(other)
