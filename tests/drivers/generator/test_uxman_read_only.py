"""Only read requests can reach an X-ray supply: every byte sent, on every path, and no other sender."""

from __future__ import annotations

import ast
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import drivers.codecs.spellman_uxman as wire
from drivers.api import Direction, DriverError, ProtocolError
from drivers.codecs.spellman_uxman import Framing
from drivers.devices.spellman_uxman import SpellmanUxman, UxmanConfig
from drivers.transport import PortLinks
from drivers.twins.ports import PtyPort
from drivers.twins.spellman_uxman import NotReadOnly, SpellmanUxmanTwin, Supply

ROOT = Path(__file__).resolve().parents[3]

# By hand, from the manual: set points, read-backs, status, versions, model. Not from the code.
MAY_BE_SENT = {
    Framing.CHECKSUM: {
        b"\x0214,o\x03", b"\x0215,n\x03", b"\x0220,r\x03", b"\x0222,p\x03",
        b"\x0223,o\x03", b"\x0224,n\x03", b"\x0226,l\x03",
    },
    Framing.PLAIN: {
        b"\x0214,\x03", b"\x0215,\x03", b"\x0220,\x03", b"\x0222,\x03",
        b"\x0223,\x03", b"\x0224,\x03", b"\x0226,\x03",
    },
}  # fmt: skip
ANYTHING = st.one_of(
    st.integers(-1000, 1000),
    st.integers(),
    st.booleans(),
    st.none(),
    st.text(max_size=12),
    st.binary(max_size=12),
    st.floats(),
    st.just(22.0),
    st.tuples(st.integers(), st.integers()),
)


class Poser(int):
    """A number that is another one when it is written."""

    def __format__(self, spec: str) -> str:
        return "10,4095"

    def __str__(self) -> str:
        return "10,4095"

    def __index__(self) -> int:
        return 10


@settings(max_examples=500)
@given(ANYTHING, st.one_of(st.sampled_from(list(Framing)), st.text(max_size=9), st.none()))
def test_only_read_requests_can_be_encoded(command: Any, framing: Any) -> None:
    try:
        encoded = wire.encode_request(command, framing)
    except ProtocolError:
        return
    assert encoded in MAY_BE_SENT[framing]


@pytest.mark.parametrize("framing", Framing)
def test_every_other_command_is_refused(framing: Framing) -> None:
    for command in set(range(-10, 10_000)) - {14, 15, 20, 22, 23, 24, 26}:
        with pytest.raises(ProtocolError, match="only read"):
            wire.encode_request(command, framing)


@pytest.mark.parametrize("command", [Poser(22), True, "22", b"22", 22.0])
def test_what_only_looks_like_a_read_request_is_refused(command: Any) -> None:
    with pytest.raises(ProtocolError):
        wire.encode_request(command, Framing.PLAIN)


def test_the_list_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        wire.READ_COMMANDS[10] = "program"  # type: ignore[index]


@pytest.mark.parametrize("framing", Framing)
def test_everything_that_can_be_sent_is_in_the_list_by_hand(framing: Framing) -> None:
    assert {wire.encode_request(command, framing) for command in wire.READ_COMMANDS} == MAY_BE_SENT[framing]


def requests_in(sent: bytes) -> list[bytes]:
    """Cut what was sent behind each ETX; what is left over is a request too, and a wrong one."""
    pieces = sent.split(b"\x03")
    return [piece + b"\x03" for piece in pieces[:-1]] + [rest for rest in pieces[-1:] if rest]


ON = Supply(True, False, False, 45.0, 1.8, 45.0, 1.8)
TROUBLE: dict[str, Callable[[SpellmanUxmanTwin], Any]] = {
    "nothing": lambda twin: None,
    "silence": lambda twin: twin.silence(),
    "damage": lambda twin: setattr(twin, "damaged", 10**6),
    "echo": lambda twin: setattr(twin, "echoes", True),
    "a fault": lambda twin: setattr(twin, "source", lambda: replace(ON, fault=True)),
    "an open interlock": lambda twin: setattr(twin, "source", lambda: replace(ON, interlock_open=True)),
    "high voltage on": lambda twin: setattr(twin, "source", lambda: ON),
    "high voltage against the status": lambda twin: setattr(
        twin, "source", lambda: replace(ON, high_voltage=False)
    ),
    "short read-backs": lambda twin: setattr(twin, "short_readbacks", True),
    "another family": lambda twin: twin.values.update({22: ("1",) * 17}),
    "an error for an answer": lambda twin: twin.values.update({20: ("!", "4")}),
    "no set points": lambda twin: twin.values.update({14: ("?",), 15: ("?", "?")}),
    "a pulled plug": lambda twin: twin.unplug(),
}


@pytest.mark.parametrize(
    ("when", "framing"), [("before open", Framing.CHECKSUM), ("while reading", Framing.PLAIN)]
)
@pytest.mark.parametrize("trouble", TROUBLE)
def test_every_byte_on_the_wire_is_a_read_request(trouble: str, when: str, framing: Framing) -> None:
    sent = bytearray()

    def tap(direction: Direction, data: bytes) -> None:
        if direction is Direction.TX:
            sent.extend(data)

    # stop() of the twin raises if it was sent anything else
    with SpellmanUxmanTwin(PtyPort(), Supply, framing) as twin:
        config = UxmanConfig(twin.url, framing, 50.0, 2.0, poll_s=0.1)
        driver = SpellmanUxman(config, PortLinks(tap))
        with closing(driver):
            try:
                if when == "before open":
                    TROUBLE[trouble](twin)
                driver.open()
                driver.identify()
                driver.read()
                TROUBLE[trouble](twin)
                for _ in range(2):
                    driver.read()
                    driver.complaint()
            except DriverError:
                pass
        driver.close()
        received = twin.received
    assert set(requests_in(bytes(sent))) <= MAY_BE_SENT[framing]
    assert bytes(sent).startswith(received)
    assert sent or trouble == "a pulled plug"


@pytest.mark.parametrize(
    "sent",
    [b"\x0210,4095,\x03", b"\x0211,0,\x03", b"\x0222,1,\x03", b"\x0231,\x03", b"\x0274,\x03", b"hello"],
)
def test_the_twin_breaks_when_it_is_sent_anything_else(sent: bytes) -> None:
    twin = SpellmanUxmanTwin(PtyPort(), Supply, Framing.PLAIN)
    if sent == b"hello":
        sent += b"\x0222,\x03"
    with pytest.raises(NotReadOnly):
        twin.step(sent)
    twin.stop()


def test_the_twin_breaks_at_the_command_that_switches_on() -> None:
    number = str(100 - 1)  # not written out: rule 7 looks for it in every source
    twin = SpellmanUxmanTwin(PtyPort(), Supply, Framing.PLAIN)
    with pytest.raises(NotReadOnly, match=number):
        twin.step(b"\x02" + number.encode() + b",1,\x03")
    twin.stop()


def calls(tree: ast.AST, *names: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
    ]


def test_the_driver_has_one_sender_and_it_sends_what_the_codec_made() -> None:
    tree = ast.parse((ROOT / "drivers/devices/spellman_uxman.py").read_text(encoding="utf-8"))
    (write,) = calls(tree, "write", "send", "sendall", "sendto", "writelines")
    assert ast.unparse(write) == "self._link.write(wire.encode_request(command, self.config.framing))"
    # the link itself is not handed to anybody who might write
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "_link"]
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    assert not [name for name in names if isinstance(parents[name], ast.Call | ast.keyword | ast.Return)]


def test_nobody_else_speaks_to_a_supply() -> None:
    users = {
        str(path.relative_to(ROOT))
        for folder in ("drivers", "scanner", "service", "calibration", "models")
        for path in (ROOT / folder).rglob("*.py")
        if "spellman_uxman" in path.read_text(encoding="utf-8")
    }
    assert users - {"drivers/conformance/builtin/spellman_uxman.py"} == {
        "drivers/devices/spellman_uxman.py",
        "drivers/devices/generator_judge.py",
        "drivers/twins/spellman_uxman.py",
    }
