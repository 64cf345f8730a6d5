"""Checks what a driver returned: converts what loses nothing, refuses the rest in words for its maker.

Behind the runner everything is recorded and computed with, so one odd value (a NumPy
float where a float belongs, counts of float64) must not get past it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import IntFlag, StrEnum
from typing import Any, TypeAlias

import numpy as np

from drivers.api import (
    Capabilities,
    Channel,
    ClockLock,
    Flag,
    Frame,
    GeneratorState,
    LineBlock,
    LineKind,
    LineScanEnd,
    ProtocolError,
    Quality,
    Quantity,
    Reading,
    Role,
    Sample,
    WaveformBlock,
    reading_name,
)

Check: TypeAlias = Callable[[str, Any], Any]
"""Takes a field's name and value; returns the value itself, or its lossless equal of the right type."""

INT32_END, UINT32_END, INT64_END, UINT64_END = 2**31, 2**32, 2**63, 2**64
MOST_CHANNELS = 64  # `WaveformBlock.clipped` has one bit for each


def number(name: str, value: Any) -> float:
    """Return a number as a Python float."""
    if type(value) is float:
        return value
    plain = _plain(value)
    if isinstance(plain, int | float) and not isinstance(plain, bool):
        try:
            return float(plain)
        except OverflowError:
            pass
    raise _refusal(name, value, "a number is wanted")


def finite(name: str, value: Any) -> float:
    """Return a number that is neither NaN nor infinite."""
    checked = number(name, value)
    if not math.isfinite(checked):
        raise _refusal(name, value, "a finite number is wanted")
    return checked


def positive(name: str, value: Any) -> float:
    """Return a finite number above 0."""
    checked = finite(name, value)
    if checked <= 0:
        raise _refusal(name, value, "a number above 0 is wanted")
    return checked


def text(name: str, value: Any) -> str:
    """Return a text that UTF-8 can hold."""
    if not isinstance(value, str):
        raise _refusal(name, value, "a text is wanted")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _refusal(name, value, "a text without lone surrogates is wanted") from None
    return value if type(value) is str else str(value)


def truth(name: str, value: Any) -> bool:
    """Return True or False."""
    plain = _plain(value)
    if isinstance(plain, bool):
        return plain
    raise _refusal(name, value, "True or False is wanted")


def whole(low: int, end: int) -> Check:
    """Return the check of a whole number from ``low`` to below ``end``."""

    def check(name: str, value: Any) -> int:
        if type(value) is not int:
            if isinstance(value, bool | np.bool_):
                raise _refusal(name, value, "a whole number is wanted")
            try:
                value = operator.index(value)
            except TypeError:
                raise _refusal(name, value, "a whole number is wanted") from None
        if low <= value < end:
            return int(value)
        raise _refusal(name, value, f"a whole number from {low} to {end - 1} is wanted")

    return check


def optional(check: Check) -> Check:
    """Return a check that also takes None."""
    return lambda name, value: None if value is None else check(name, value)


def member(kind: type[StrEnum]) -> Check:
    """Return the check of a member of an enumeration, or of its plain text."""

    def check(name: str, value: Any) -> StrEnum:
        if type(value) is kind:
            return value
        if isinstance(value, str):
            try:
                return kind(value)
            except ValueError:
                pass
        raise _refusal(name, value, f"one of {', '.join(one.value for one in kind)} is wanted")

    return check


def flags(name: str, value: Any) -> IntFlag:
    """Return flags, or a whole number of their bits."""
    if type(value) is Flag and value >= 0:
        return value
    return Flag(whole(0, UINT32_END)(name, value))


def array(shape: str, *dtypes: type[np.integer[Any]]) -> Check:
    """Return the check of an array of one of the types.

    Parameters
    ----------
    shape : its axes in words, as "(n_channels, n_samples)"; none may be empty.
    dtypes : types it may have; other integers are converted to the first that holds them.
    """
    wanted = tuple(np.dtype(one) for one in dtypes)
    n_axes = len(shape.strip("(),").split(","))
    words = f"{' or '.join(one.name for one in wanted)} {shape} is wanted"

    def check(name: str, value: Any) -> np.ndarray[Any, Any]:
        if type(value) is not np.ndarray:
            raise _refusal(name, value, f"a plain NumPy array of {words}")
        if value.ndim != n_axes or not value.size:
            raise ProtocolError(f"its driver returned {name} of shape {value.shape}, {words}")
        found = value.dtype
        if found in wanted:
            # in this machine's byte order, row after row; the array itself when it is so already
            return np.ascontiguousarray(value)
        if found.kind not in "iu":
            raise ProtocolError(f"its driver returned {name} of {found.name}, {words}")
        low, high = int(value.min()), int(value.max())
        for one in wanted:
            limits = np.iinfo(one)
            if limits.min <= low and high <= limits.max:
                return np.ascontiguousarray(value, dtype=one)
        raise ProtocolError(f"its driver returned {name} from {low} to {high} ({found.name}), {words}")

    return check


_DEVICE_TIME: dict[str, Check] = {
    "device_ns": optional(whole(-INT64_END, INT64_END)),
    "clock_lock": member(ClockLock),
}
_CHANNEL: dict[str, Check] = {
    "name": text,
    "role": member(Role),
    "sensitivity_v_per_m_s": optional(number),
    "natural_frequency_hz": optional(number),
    "damping": optional(number),
    "counts_per_volt": optional(number),
}
_LINE_NUMBERS = array("(n_lines,)", np.int64)
_LINE_WORDS = array("(n_lines,)", np.uint16)


def channels(name: str, value: Any) -> tuple[Channel, ...]:
    """Return channels as a tuple, each checked."""
    if not isinstance(value, tuple | list):
        raise _refusal(name, value, "a tuple of Channel is wanted")
    checked = []
    for one in value:
        if type(one) is not Channel:
            raise _refusal(f"a {name} entry", one, "a Channel is wanted")
        checked.append(_checked(one, _CHANNEL))
    if isinstance(value, tuple) and all(a is b for a, b in zip(checked, value, strict=True)):
        return value
    return tuple(checked)


FIELDS: dict[type, dict[str, Check]] = {
    Sample: {"quantity": member(Quantity), "value": number, "quality": member(Quality), **_DEVICE_TIME},
    WaveformBlock: {
        "counts": array("(n_channels, n_samples)", np.int32),
        "fs_hz": positive,
        "channels": channels,
        "device_sequence": optional(whole(-INT64_END, INT64_END)),
        "clipped": whole(0, UINT64_END),
        "samples_lost": whole(0, UINT64_END),
        "flags": flags,
        **_DEVICE_TIME,
    },
    Frame: {
        "pixels": array("(h, w)", np.int16, np.uint16, np.uint8),
        "unit": text,
        "scale": finite,
        "offset": finite,
        "ambient_c": optional(number),
        "flags": flags,
        **_DEVICE_TIME,
    },
    LineBlock: {
        "pixels": array("(n_lines, n_pixels)", np.uint16),
        "scan": whole(-INT64_END, INT64_END),
        "line_numbers": _LINE_NUMBERS,
        "encoder": _LINE_NUMBERS,
        "dose": _LINE_WORDS,
        "line_flags": _LINE_WORDS,
        "kind": member(LineKind),
        "energy": whole(0, INT32_END),
        "bits": whole(0, INT32_END),
        "pixel_pitch_um": whole(0, INT64_END),
        "line_pitch_um": whole(0, INT64_END),
        "calibration_hash": text,
        "flags": flags,
        **_DEVICE_TIME,
    },
    LineScanEnd: {
        "scan": whole(-INT64_END, INT64_END),
        "lines_sent": whole(0, INT64_END),
        "lines_lost": whole(0, INT64_END),
        "pixel_sha256": text,
        "lines_received": whole(0, INT64_END),
        "hash_matches": truth,
    },
    GeneratorState: {"state": text, "kv": number, "ma": number},
}
"""How each field of each reading is checked; the stamp is the runner's to set."""


def checked_readings(readings: Any, capabilities: Capabilities) -> Sequence[Reading]:
    """Return what ``read`` gave, each reading as `checked_reading` leaves it.

    Raises
    ------
    ProtocolError : not a sequence, or one reading of it cannot be used.
    """
    if not isinstance(readings, Sequence):
        raise ProtocolError(
            f"its driver's read() returned {type(readings).__name__}, "
            "a list of readings is wanted, empty when there is none"
        )
    return [checked_reading(reading, capabilities) for reading in readings]


def checked_reading(reading: Any, capabilities: Capabilities) -> Reading:
    """Return a reading whose every field has its declared type; the same object when nothing is to change.

    Parameters
    ----------
    reading : what a driver returned.
    capabilities : what the driver declares.

    Raises
    ------
    ProtocolError : no reading, one that the driver does not declare, or a field that cannot
        be converted without loss: the words say what is wanted.

    Examples
    --------
    >>> import numpy as np
    >>> probe = Capabilities(reads=("sample",), quantities=(Quantity.CO2_PPM,))
    >>> checked_reading(Sample(Quantity.CO2_PPM, np.float32(400)), probe).value
    400.0
    """
    fields = FIELDS.get(type(reading))
    if fields is None:
        raise ProtocolError(
            f"its driver returned a {type(reading).__name__}, "
            f"one of {', '.join(kind.__name__ for kind in FIELDS)} is wanted"
        )
    name = reading_name(reading)
    if name not in capabilities.reads:
        declared = ", ".join(capabilities.reads) or "nothing"
        raise ProtocolError(
            f'its driver returned a "{name}" reading, its capabilities.reads declares {declared}'
        )
    checked: Reading = _checked(reading, fields)
    if isinstance(checked, Sample):
        if capabilities.quantities and checked.quantity not in capabilities.quantities:
            declared = ", ".join(one.value for one in capabilities.quantities)
            raise ProtocolError(
                f"its driver returned a sample of {checked.quantity.value}, "
                f"its capabilities.quantities declares {declared}"
            )
    elif isinstance(checked, WaveformBlock):
        n_channels = checked.counts.shape[0]
        if n_channels != len(checked.channels) or n_channels > MOST_CHANNELS:
            raise ProtocolError(
                f"its driver returned counts of {n_channels} channels and describes {len(checked.channels)}: "
                f"as many are wanted, at most {MOST_CHANNELS}"
            )
    elif isinstance(checked, LineBlock):
        n_lines = checked.pixels.shape[0]
        for key in ("line_numbers", "encoder", "dose", "line_flags"):
            if getattr(checked, key).size != n_lines:
                raise ProtocolError(
                    f"its driver returned {key} of {getattr(checked, key).size} values for {n_lines} lines, "
                    "one for each line is wanted"
                )
    return checked


def _checked(record: Any, fields: dict[str, Check]) -> Any:
    changed = {}
    for name, check in fields.items():
        value = getattr(record, name)
        checked = check(name, value)
        if checked is not value:
            changed[name] = checked
    return replace(record, **changed) if changed else record


def _plain(value: Any) -> Any:
    """Return the Python value of a NumPy scalar or of an array without axes."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return value.item()
    return value


def _refusal(name: str, value: Any, wanted: str) -> ProtocolError:
    shown = " ".join(repr(value).split())
    if len(shown) > 40:
        shown = shown[:39] + "…"
    return ProtocolError(f"its driver returned {name} = {shown} ({type(value).__name__}), {wanted}")
