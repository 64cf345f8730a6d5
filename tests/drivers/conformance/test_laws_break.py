"""Every law can be broken: a driver with one fault each, and the words that tell its maker what to mend."""

from __future__ import annotations

import dataclasses
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from acme_air.suite import AcmeAirSuite
from acme_air.twin import AcmeAirTwin

from drivers.api import Quantity
from drivers.conformance import LAWS, Outcome, Told, Twin, WirePort
from drivers.conformance.bench import Bench
from drivers.conformance.law import When
from drivers.conformance.run import Verdict, try_law
from tests.drivers.conformance import evil

CASES = [
    ("declares", evil.Loose, r"Config \(LooseConfig\) can be changed: write @dataclass\(frozen=True\)"),
    ("opens-and-closes", evil.ClosesOnce, r"close\(\) called a second time raised ProtocolError"),
    ("says-who", evil.Nameless, r"names nobody: give at least the maker or the model"),
    ("no-such-port", evil.OpensNothing, r"open\(\) succeeded .* though nobody is there: wait for"),
    ("tells-the-truth", evil.Percent, r"percent instead of ppm; convert to the unit that the quantity names"),
    ("tells-the-truth", evil.Stale, r"said earlier and not since: discard stale bytes"),
    ("tells-the-truth", evil.OffByOffset, r"the device never said that \(nearest"),
    (
        "tells-the-truth",
        evil.Raises,
        r"read\(\) raised ZeroDivisionError: .*evil_drivers.py, line \d+.*: raise DeviceLost",
    ),
    (
        "tells-the-truth",
        evil.Hangs,
        r"has hung for 6 s in read\(\) \(evil_drivers.py, line \d+\): return from read",
    ),
    ("keeps-its-word", evil.NumpyFloats, r"value was float32.*return plain Python numbers"),
    ("keeps-its-word", evil.Undeclared, r"sample of oxygen_pct.*capabilities.quantities declares"),
    ("keeps-its-word", evil.OutOfRange, r"outside the declared valid_range.*the unit is ppm"),
    ("keeps-its-word", evil.Slower, r"passed between two readings.*declare the truth or read faster"),
    ("reads-in-time", evil.Slow, r"a call of read\(\) took [12]\.\d s: return within 0.2 s"),
    ("reads-in-time", evil.Spins, r"returned nothing \d+ times a second: wait in the link's read"),
    ("times-go-forward", evil.Backwards, r"runs back by .* ms: give the device's own time"),
    ("replay-equals-live", evil.DependsOnClock, r"differs when the same bytes are played again: value"),
    (
        "replay-equals-live",
        evil.AsksAnything,
        r"what it writes must follow from what it read|wrote .*transcript",
    ),
    (
        "any-split",
        evil.ForgetsPieces,
        r"gives up on bytes that it understood before|when the same bytes are cut",
    ),
    ("survives-garbage", evil.GivesUp, r"bytes of garbage on the line end in ProtocolError.*skip what is no"),
    ("bad-line", evil.NoChecksum, r"on a bad line.*never said that|read\(\) raised ValueError"),
    ("refuses-strangers", evil.TakesAnything, r"with another device that streams.*check who answers"),
    ("notices-silence", evil.InventsValues, r"has been silent for .* s and it is not lost"),
    ("unplug-and-replug", evil.SwallowsLoss, r"its plug has been out for .* s and it is not lost"),
    ("unplug-and-replug", evil.Bare, r'with the words ".*gone": say what was lost and, after a colon'),
    ("stalled-reader", evil.KeepsReading, r"memory grew by .* MiB while nobody took its readings"),
    ("flood", evil.NoBound, r"memory grew by .* MiB under noise: bound what waits"),
    ("stays-level", evil.Leaks, r"after \d+ readings \d+ more descriptors are open: give back"),
    ("stays-level", evil.Hoards, r"its memory grew by .* MiB in \d+ readings: keep nothing"),
    (
        "leaves-nothing-behind",
        evil.KeepsLink,
        r"could not be opened again after close.*: close the link in close\(\)",
    ),
    ("leaves-nothing-behind", evil.KeepsThread, r"\d+ more threads run \(helper.*: end what you start"),
    ("two-at-once", evil.Shares, r"with two devices at once"),
]


def _tried(case: tuple[str, type[evil.AcmeAir], str]) -> Verdict:
    one = LAWS[case[0]]
    if case[1] is evil.Hangs:
        one = dataclasses.replace(one, limit_s=6.0)
    return try_law(one, Bench(evil.suite_for(case[1]), "tcp"))


@pytest.fixture(scope="module")
def verdicts() -> dict[type[evil.AcmeAir], Verdict]:
    """Try every case once: most of them wait, so they wait together."""
    together = [case for case in CASES if LAWS[case[0]].when is When.TOGETHER]
    alone = [case for case in CASES if case not in together]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(_tried, together))
    found += [_tried(case) for case in alone]
    return {case[1]: verdict for case, verdict in zip([*together, *alone], found, strict=True)}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("law", "driver", "words"), CASES, ids=[f"{c[0]}-{c[1].__name__}" for c in CASES])
def test_a_driver_with_one_fault_breaks_the_law(
    verdicts: dict[type[evil.AcmeAir], Verdict], law: str, driver: type[evil.AcmeAir], words: str
):
    verdict = verdicts[driver]
    assert verdict.outcome is Outcome.BROKEN
    assert verdict.law == law

    assert re.search(words, verdict.words), verdict.words


@pytest.mark.parametrize(
    ("wrapped", "words"),
    [
        (False, r"wraps no source with told"),
        (True, r"temperature_c, of which the suite's twin\(\) told nothing"),
    ],
)
def test_a_suite_that_forgets_the_truth_is_told_so(wrapped: bool, words: str):
    class Forgets(AcmeAirSuite):
        driver = evil.AcmeAir

        def twin(self, port: WirePort, told: Told) -> Twin:
            co2 = told.samples(Quantity.CO2_PPM) if wrapped else lambda: 640.0
            return AcmeAirTwin(port, co2, lambda: 20.0)

    verdict = try_law(LAWS["tells-the-truth"], Bench(Forgets(), "tcp"))
    assert verdict.outcome is Outcome.BROKEN
    assert re.search(words, verdict.words), verdict.words


def test_every_law_has_a_driver_that_breaks_it():
    assert {case[0] for case in CASES} == set(LAWS)
