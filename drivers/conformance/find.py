"""Finds the suite of a driver by entry points, as the registry finds the driver."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points

from drivers.api import DriverMissing
from drivers.conformance.suite import DriverSuite

GROUP = "lorryscan.conformance"


def suites() -> dict[str, EntryPoint]:
    """Return the suites on offer by the driver's name; nothing is imported."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)}


def suite_of(name: str) -> DriverSuite:
    """Return the suite of a driver.

    Raises
    ------
    DriverMissing : nobody offers one, or it does not import.

    Examples
    --------
    >>> suite_of("senseair-s8").wires
    ('pty', 'tcp')
    """
    known = suites()
    entry = known.get(name)
    if entry is None:
        near = get_close_matches(name, known, n=3)
        raise DriverMissing(
            f'no conformance suite is registered for the driver "{name}"'
            + (f" (there is one for {', '.join(near)})" if near else "")
            + f': register a DriverSuite under [project.entry-points."{GROUP}"] in the driver\'s package'
        )
    try:
        suite_class = entry.load()
    except Exception as error:  # a vendor's module may fail in any way while it is imported
        raise DriverMissing(
            f'the suite of "{name}" does not import ({type(error).__name__}: {error}): '
            "install its package again"
        ) from error
    if not (isinstance(suite_class, type) and issubclass(suite_class, DriverSuite)):
        raise DriverMissing(f"{entry.value} is no drivers.conformance.DriverSuite: ask its maker")
    return suite_class()
