"""Finds drivers by entry points, imports one only when it is used, and checks its configuration."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import TypeAdapter, ValidationError

from drivers.api import ConfigError, Device, DriverMissing
from drivers.declarations import declaration_faults, version_fault

GROUP = "lorryscan.drivers"


@dataclass(frozen=True, slots=True)
class InstalledDriver:
    """A driver's name and which distributions offer it (more than one: unusable)."""

    name: str
    distributions: tuple[str, ...]
    entry: EntryPoint


def installed() -> dict[str, InstalledDriver]:
    """Return every driver on offer by name, from package metadata alone: nothing is imported.

    Examples
    --------
    >>> installed()["vaisala-gmp252"].distributions
    ('lorryscan',)
    """
    found: dict[str, InstalledDriver] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        maker = entry.dist.name if entry.dist is not None else "unknown"
        before = found.get(entry.name)
        makers = {maker} if before is None else {maker, *before.distributions}
        found[entry.name] = InstalledDriver(entry.name, tuple(sorted(makers)), entry)
    return found


def load(name: str) -> type[Device[Any]]:
    """Import one driver.

    Parameters
    ----------
    name : the entry point's name, as the lane's configuration gives it.

    Raises
    ------
    DriverMissing : nobody offers the name, its module does not import, what it
        names is no `Device`, or its declarations cannot be (capabilities of
        unknown readings, a newer version of ``drivers.api`` asked for).
    ConfigError : two distributions offer the name.
    """
    known = installed()
    driver = known.get(name)
    if driver is None:
        near = get_close_matches(name, known, n=3) or sorted(known)
        raise DriverMissing(
            f'no installed driver is called "{name}": did you mean {" or ".join(near)}? '
            "If it is another maker's, install its package into this environment"
        )
    if len(driver.distributions) > 1:
        raise ConfigError(
            f'the driver "{name}" is offered by {" and ".join(driver.distributions)}: uninstall all but one'
        )
    maker = driver.distributions[0]
    try:
        device_class = driver.entry.load()
    except Exception as error:  # a vendor's module may fail in any way while it is imported
        raise DriverMissing(
            f'the driver "{name}" of {maker} does not import ({type(error).__name__}: {error}): '
            f"install {maker} again, or ask its maker"
        ) from error
    if not (isinstance(device_class, type) and issubclass(device_class, Device)):
        raise DriverMissing(
            f'"{name}" of {maker} names {driver.entry.value}, which is no drivers.api.Device: ask its maker'
        )
    unfit = version_fault(device_class)
    if unfit:
        raise DriverMissing(f'the driver "{name}" of {maker} cannot be used: {unfit}')
    faults = declaration_faults(device_class)
    if faults:
        raise DriverMissing(
            f'the driver "{name}" of {maker} cannot be used, its maker must mend {device_class.__name__}: '
            f"{'; '.join(faults)}"
        )
    return device_class


def make_config(device_class: type[Device[Any]], mapping: Mapping[str, Any]) -> Any:
    """Return a driver's ``Config`` from plain keys and values.

    Parameters
    ----------
    device_class : the driver; its ``Config`` is an annotated frozen dataclass.
    mapping : what stands in the lane's configuration for this device.

    Raises
    ------
    ConfigError : an unknown key, a missing one, or a value out of its bounds;
        each is named with what to do.
    """
    config_class = device_class.Config
    if not dataclasses.is_dataclass(config_class):
        raise ConfigError(f"{device_class.__name__}.Config is no dataclass: ask the driver's maker")
    keys = [field.name for field in dataclasses.fields(config_class) if field.init]
    complaints = []
    for key in mapping:
        if key not in keys:
            near = get_close_matches(key, keys, n=1)
            mend = f"did you mean {near[0]}?" if near else f"known keys are {', '.join(keys)}"
            complaints.append(f'unknown key "{key}": {mend}')
    if not complaints:
        try:
            return TypeAdapter(config_class).validate_python(dict(mapping))
        except ValidationError as error:
            for detail in error.errors():
                key = ".".join(str(part) for part in detail["loc"]) or "(all)"
                if detail["type"] in ("missing", "missing_argument"):
                    complaints.append(f'the key "{key}" is missing: add it')
                else:
                    complaints.append(f'the key "{key}" cannot be {detail["input"]!r}: {detail["msg"]}')
    raise ConfigError(f"{device_class.__name__}: " + "; ".join(complaints))
