"""Laws on declarations and on opening and closing."""

from __future__ import annotations

import time
from collections.abc import Callable

from drivers.api import ConfigError, DriverError, Identity, LorryscanError
from drivers.conformance.bench import Bench
from drivers.conformance.law import LawBroken, law
from drivers.conformance.rigs import REPEAT
from drivers.conformance.session import Session
from drivers.declarations import declaration_faults, version_fault
from drivers.registry import make_config
from drivers.transport import PortLinks

SLOW_OPEN_S = 3.0


@law("declares", "declares what it reads and how it is configured, and refuses keys that it does not know")
def declares(bench: Bench) -> None:
    """Configuration and capabilities are what the registry needs."""
    faults = [version_fault(bench.device_class)] if version_fault(bench.device_class) else []
    faults += declaration_faults(bench.device_class)
    if faults:
        raise LawBroken("; ".join(faults))
    with bench.rig() as rig:
        plain = (
            dict(bench.suite.config(rig.url)) if bench.transcript is None else dict(bench.transcript.config)
        )
        make_config(bench.device_class, {**plain, **bench.settings})
        try:
            make_config(bench.device_class, {**plain, "no_such_key": 1})
        except ConfigError:
            return
    raise LawBroken("its Config takes a key that it does not have: make it a plain frozen dataclass")


@law("opens-and-closes", "opens, closes twice without complaint, and opens again")
def opens_and_closes(bench: Bench) -> None:
    """Close is idempotent, before and after open; the same object opens again."""
    with bench.rig() as rig:
        session = bench.session(rig)
        with session:
            _close(session.close, "before it was opened")
            session.open()
            _close(session.close, "once")
            _close(session.close, "a second time")
            if REPEAT in bench.abilities or bench.device_url:
                session.open()
                session.read_until(lambda readings: bool(readings), bench.wait_s)
                _close(session.close, "after it was opened again")


def _close(close: Callable[[], None], when: str) -> None:
    try:
        close()
    except LorryscanError as error:
        raise LawBroken(
            f"its close() called {when} raised {type(error).__name__}: {error}: close() never raises"
        ) from error


@law("says-who", "says who answered, in texts")
def says_who(bench: Bench) -> None:
    """Identify returns an `Identity` of printable texts."""
    with bench.rig() as rig, bench.session(rig) as session:
        identity = session.open()
        if not isinstance(identity, Identity):
            raise LawBroken(f"identify() returned {type(identity).__name__}: return drivers.api.Identity")
        parts = (identity.maker, identity.model, identity.serial, identity.firmware)
        if not all(isinstance(part, str) for part in parts):
            raise LawBroken(f"identify() returned {identity}: every part is a text, empty when not known")
        if not any(part.strip() for part in parts):
            raise LawBroken("identify() names nobody: give at least the maker or the model")
        if not all(part.isprintable() for part in parts):
            raise LawBroken(
                f"identify() returned unprintable characters in {identity!r}: strip what the wire pads"
            )


@law("no-such-port", "says in words what to do when its port cannot be opened", needs=(REPEAT,))
def no_such_port(bench: Bench) -> None:
    """A wire that cannot be opened is a `DriverError` with a mend, soon."""
    with bench.rig() as rig:
        url = rig.url
    # the rig is gone: nobody is at that address any more
    with Session(bench.device_class, bench.config(url), PortLinks()) as session:
        began = time.monotonic()
        try:
            session.open()
            took = time.monotonic() - began
        except DriverError as error:
            took = time.monotonic() - began
            if len(str(error).split()) < 4:
                raise LawBroken(
                    f'its open() says only "{error}" of a port that is not there: '
                    "say what was lost and what to do"
                ) from error
        else:
            raise LawBroken(
                f"open() succeeded after {took:.1f} s though nobody is there: wait for the device's first "
                "answer before you return"
            )
        if took > SLOW_OPEN_S:
            raise LawBroken(f"open() took {took:.1f} s to fail: give up within {SLOW_OPEN_S:g} s")
