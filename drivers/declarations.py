"""Checks what a driver's class declares, before it is used: words that tell its maker what to mend."""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from typing import Any

from drivers.api import API_VERSION, Capabilities, Device, Quantity, reading_name
from drivers.reading_check import FIELDS

READS = tuple(reading_name(object.__new__(kind)) for kind in FIELDS)
"""Names of the readings that a driver may return."""

TIMES = ("period_s", "warm_up_s", "response_t90_s", "frozen_after_s")


def declaration_faults(device_class: type[Device[Any]]) -> list[str]:
    """Return what is wrong with a driver's declarations, each with what is wanted; empty when nothing is.

    Examples
    --------
    >>> from drivers.devices.vaisala_gmp252 import VaisalaGmp252
    >>> declaration_faults(VaisalaGmp252)
    []
    >>> class Nose(VaisalaGmp252):
    ...     capabilities = Capabilities(reads=("samples",))
    >>> declaration_faults(Nose)[0]
    'capabilities.reads names "samples", one of sample, waveform, frame, lines, line_scan_end, generator_state
    is wanted'
    """
    faults = []
    if inspect.isabstract(device_class):
        missing = ", ".join(sorted(device_class.__abstractmethods__))
        faults.append(f"{missing} is not written: every method of drivers.api.Device is wanted")
    faults += _config_faults(getattr(device_class, "Config", None))
    capabilities = getattr(device_class, "capabilities", None)
    if isinstance(capabilities, Capabilities):
        faults += _capability_faults(capabilities)
    else:
        faults.append(f"capabilities is {_shown(capabilities)}, a drivers.api.Capabilities is wanted")
    return faults


def is_supported(asked: str, ours: str = API_VERSION) -> bool:
    """Tell whether a driver written for one version of ``drivers.api`` runs under another.

    Before 1.0 a driver runs under its own minor version and every later one; from then on under its
    own major version, from its own minor on.

    Parameters
    ----------
    asked : ``major.minor`` that the driver was written for.

    Examples
    --------
    >>> is_supported("0.1", "0.2"), is_supported("0.3", "0.2"), is_supported("1.0", "0.9")
    (True, False, False)
    """
    theirs, present = _parts(asked), _parts(ours)
    if theirs is None or present is None:
        return False
    return theirs[0] == present[0] and theirs[1] <= present[1]


def version_fault(device_class: type[Device[Any]]) -> str:
    """Return why a driver does not fit this version of ``drivers.api``, empty when it does.

    Asked before anything else: what a newer driver declares may be unknown here.
    """
    asked = getattr(device_class, "api_version", "")
    if asked == "":
        return ""
    theirs = _parts(asked) if isinstance(asked, str) else None
    if theirs is None:
        return (
            f"its api_version is {_shown(asked)}, the version it was written for is wanted "
            f'(as "{API_VERSION}"): ask its maker'
        )
    if is_supported(asked):
        return ""
    if theirs > (_parts(API_VERSION) or theirs):
        return f"it was written for drivers.api {asked} and this is {API_VERSION}: install a newer lorryscan"
    return f"it was written for drivers.api {asked} and this is {API_VERSION}: ask its maker for a newer one"


def _parts(version: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"(\d{1,4})\.(\d{1,4})(?:\.\d{1,4})?", version)
    return None if found is None else (int(found[1]), int(found[2]))


def _config_faults(config: Any) -> list[str]:
    if not (isinstance(config, type) and dataclasses.is_dataclass(config)):
        return [f"Config is {_shown(config)}, a frozen dataclass is wanted"]
    if not config.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return [f"Config ({config.__name__}) can be changed: write @dataclass(frozen=True)"]
    return []


def _capability_faults(declared: Capabilities) -> list[str]:
    faults = []
    reads = declared.reads
    if not isinstance(reads, tuple) or not reads:
        faults.append(f'capabilities.reads is {_shown(reads)}, a tuple of names is wanted, as ("sample",)')
        reads = ()
    for name in reads:
        if name not in READS:
            shown = f'"{name}"' if isinstance(name, str) else _shown(name)
            faults.append(f"capabilities.reads names {shown}, one of {', '.join(READS)} is wanted")
    quantities = declared.quantities
    if not isinstance(quantities, tuple) or any(not isinstance(one, Quantity) for one in quantities):
        faults.append(f"capabilities.quantities is {_shown(quantities)}, a tuple of Quantity is wanted")
    elif quantities and reads and "sample" not in reads:
        faults.append(
            'capabilities.quantities are those of samples: name "sample" in reads, or leave them out'
        )
    for key in TIMES:
        value = getattr(declared, key)
        if not _is_number(value) or value < 0:
            faults.append(
                f"capabilities.{key} is {_shown(value)}, a finite number of seconds from 0 is wanted"
            )
    limits = declared.valid_range
    if limits is not None and not (
        isinstance(limits, tuple)
        and len(limits) == 2
        and all(map(_is_number, limits))
        and limits[0] < limits[1]
    ):
        faults.append(
            f"capabilities.valid_range is {_shown(limits)}, the lowest and the highest value are wanted, "
            "or None"
        )
    return faults


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: Any) -> str:
    shown = value.__name__ if isinstance(value, type) else " ".join(repr(value).split())
    return shown if len(shown) <= 60 else f"{shown[:59]}…"
