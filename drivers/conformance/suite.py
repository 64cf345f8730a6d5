"""What a vendor subclasses: which driver, on which wires, and how its far end is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from drivers.api import Device
from drivers.conformance.bench import Bench
from drivers.conformance.law import Law, LawBroken, Outcome
from drivers.conformance.laws import LAWS
from drivers.conformance.run import Verdict, try_law
from drivers.conformance.told import Told
from drivers.registry import load
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin


class DriverSuite:
    """The laws of the contract, tried on one driver.

    Subclass it in a test module under a name that begins with ``Test``, set
    ``driver``, and write `config` and `twin`: pytest then runs a test for each
    law. Registered under the entry point group ``lorryscan.conformance`` with the
    driver's own name, the suite also serves ``lorryscan drivers check NAME``.

    Attributes
    ----------
    driver : the entry point's name, or the class itself.
    wires : far ends to try: "pty" (a serial port), "tcp", "udp".
    lossless : every reading that the far end told must come, in order, or be
        flagged as lost: true for waveforms, frames and lines; false for a polled
        probe, which may skip values between two polls.
    tolerance : greatest difference that the wire's rounding explains, in the reading's unit.
    wire_check : the wire format carries a checksum, so that a damaged value can be
        told from a whole one. Without one the kit does not demand that it is.
    unchecked_head : first bytes of every message that its checksum does not cover; the
        kit damages what comes after them.
    numbered : the wire numbers or times its messages, so that a lost or doubled one can be told.
    readings : how many readings a law waits for.
    stranger : bytes of another device, streamed to a driver that must not be taken in;
        the default is a dust sensor's frames, a real look-alike of CO2 probes.
    recover_s : how long after a replug readings may take to come again, s.

    Examples
    --------
    A suite of a vendor::

        class TestAcmeProbe(DriverSuite):
            driver = "acme-co2"
            wires = ("pty",)
            tolerance = 0.5  # the wire gives whole ppm

            def config(self, url):
                return {"url": url, "warm_up_s": 0.0}

            def twin(self, port, told):
                return AcmeTwin(port, told.samples(Quantity.CO2_PPM))
    """

    driver: ClassVar[str | type[Device[Any]]] = ""
    wires: ClassVar[tuple[str, ...]] = ("pty", "tcp")
    lossless: ClassVar[bool] = False
    tolerance: ClassVar[float] = 1e-6
    wire_check: ClassVar[bool] = True
    unchecked_head: ClassVar[int] = 0
    numbered: ClassVar[bool] = False
    readings: ClassVar[int] = 3
    stranger: ClassVar[bytes] = bytes.fromhex(
        "424D001C000100020003000400050006000700080009000A000B000C000D00A1"
    )
    recover_s: ClassVar[float] = 8.0

    def config(self, url: str) -> Mapping[str, Any]:
        """Return the driver's configuration for a far end at ``url``, as in the lane's file."""
        return {"url": url}

    def twin(self, port: WirePort, told: Told) -> Twin:
        """Return the device's far end on ``port``, not yet started; its sources are wrapped by ``told``.

        Truth comes from here: what the twin's sources give is what the readings are
        compared with. The twin writes its frames itself; using the driver's own decoder
        or encoder in it would let one mistake hide the other, so check it once against
        the maker's bytes or another program.
        """
        raise NotImplementedError(f"{type(self).__name__} must write twin(port, told)")

    def provoke(self, twin: Any, told: Told) -> None:
        """Make the device say something; only for one that speaks when something passes."""

    def device_class(self) -> type[Device[Any]]:
        """Return the driver's class."""
        return load(self.driver) if isinstance(self.driver, str) else self.driver


def _test_of(one: Law) -> Callable[[DriverSuite], None]:
    def test(self: DriverSuite) -> None:
        verdicts = [try_law(one, bench) for bench in benches(self)]
        PYTEST_RESULTS.setdefault(type(self), []).extend(verdicts)
        for verdict in verdicts:
            if verdict.outcome is Outcome.BROKEN:
                raise LawBroken(f"{one.name} on {verdict.rig}: {verdict.words}")

    test.__name__ = test.__qualname__ = _test_name(one)
    test.__doc__ = f"The driver {one.title}."
    return test


def _test_name(one: Law) -> str:
    return f"test_{one.name.replace('-', '_')}"


PYTEST_RESULTS: dict[type[DriverSuite], list[Verdict]] = {}
"""What laws came to when pytest ran them, for the table and ``conformance.json``."""

DEVICE_URLS: list[str] = []
"""Real devices to try instead of twins; set by ``--device``."""


def benches(suite: DriverSuite) -> list[Bench]:
    """Return what to try a suite on: its twins on every wire, or the real devices that were given."""
    if DEVICE_URLS:
        return [Bench(suite, device_url=url) for url in DEVICE_URLS]
    return [Bench(suite, wire) for wire in suite.wires]


for _law in LAWS.values():
    setattr(DriverSuite, _test_name(_law), _test_of(_law))
