"""What is known of installed drivers: from package metadata alone, or from importing each."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Annotated, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from drivers.api import Capabilities, Device, LorryscanError
from drivers.conformance.reading_text import plain
from drivers.registry import InstalledDriver, load


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """One key of a driver's configuration; ``default`` as it would be written, empty when required."""

    name: str
    type: str
    default: str
    required: bool


@dataclass(frozen=True, slots=True)
class DriverDetails:
    """What a driver's class says of itself."""

    summary: str
    capabilities: Capabilities
    keys: tuple[ConfigKey, ...]


@dataclass(frozen=True, slots=True)
class DriverRow:
    """One driver; ``fault`` says why it cannot be used, ``details`` is None unless it was imported."""

    name: str
    packages: tuple[str, ...]
    version: str
    object: str
    fault: str = ""
    details: DriverDetails | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        told: dict[str, Any] = plain(self)
        return told


def row_of(driver: InstalledDriver, details: bool) -> DriverRow:
    """Return what is known of a driver; imports it only for ``details``."""
    package = driver.entry.dist
    version = package.version if package is not None else ""
    row = DriverRow(driver.name, driver.distributions, version, driver.entry.value)
    if len(driver.distributions) > 1:
        makers = " and ".join(driver.distributions)
        return dataclasses.replace(row, fault=f"offered by {makers}: uninstall all but one")
    if not details:
        return row
    try:
        return dataclasses.replace(row, details=_details(load(driver.name)))
    except LorryscanError as error:
        return dataclasses.replace(row, fault=str(error))
    except (Exception, SystemExit) as error:  # whatever a vendor's module does, the list goes on
        why = f"it ended with {type(error).__name__} ({error}) while it was imported: ask its maker"
        return dataclasses.replace(row, fault=why)


def show_rows(rows: Sequence[DriverRow], console: Console) -> None:
    """Draw drivers as a table: name, package, version, fault."""
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for heading in ("driver", "package", "version"):
        table.add_column(heading, no_wrap=True)
    if any(row.fault for row in rows):
        table.add_column("cannot be used")
    for row in rows:
        cells = [Text(row.name, style="red" if row.fault else ""), Text(", ".join(row.packages))]
        cells += [Text(row.version)]
        table.add_row(*cells, *([Text(row.fault, style="red")] if row.fault else []))
    console.print(table)


def show_details(rows: Sequence[DriverRow], console: Console) -> None:
    """Draw drivers one below the other with what they read and the keys of their configuration."""
    for number, row in enumerate(rows):
        if number:
            console.print()
        head = Text.assemble((row.name, "bold"), (f"  {' and '.join(row.packages)} {row.version}", "dim"))
        console.print(head, soft_wrap=True)
        if row.fault:
            console.print(Text(f"  cannot be used: {row.fault}", style="red"), soft_wrap=True)
        if row.details is None:
            continue
        if row.details.summary:
            console.print(Text(f"  {row.details.summary}", style="italic"), soft_wrap=True)
        console.print(Text(f"  {promise(row.details.capabilities)}"), soft_wrap=True)
        keys = Table(box=None, pad_edge=False, show_edge=False, show_header=False)
        for style in ("", "dim", "cyan"):
            keys.add_column(no_wrap=True, style=style)
        for key in row.details.keys:
            default = "required" if key.required else f"= {key.default}"
            keys.add_row(Text(f"    {key.name}"), Text(key.type), Text(default))
        console.print(keys)


def promise(capabilities: Capabilities) -> str:
    """Return what a driver promises in one line.

    Examples
    --------
    >>> promise(Capabilities(reads=("frame",), period_s=0.5))
    'reads frame; at least every 0.5 s'
    """
    reads = ", ".join(capabilities.reads)
    if capabilities.quantities:
        reads += f" ({', '.join(quantity.value for quantity in capabilities.quantities)})"
    parts = [f"reads {reads}"]
    if capabilities.period_s > 0:
        parts.append(f"at least every {capabilities.period_s:g} s")
    else:
        parts.append("when something passes")
    if capabilities.warm_up_s:
        parts.append(f"warms up for {capabilities.warm_up_s:g} s")
    if capabilities.response_t90_s:
        parts.append(f"T90 {capabilities.response_t90_s:g} s")
    if capabilities.frozen_after_s:
        parts.append(f"frozen after {capabilities.frozen_after_s:g} s")
    if capabilities.valid_range is not None:
        unit = capabilities.quantities[0].unit if capabilities.quantities else ""
        low, high = (_number(limit) for limit in capabilities.valid_range)
        parts.append(f"{low} to {high} {unit}".rstrip())
    return "; ".join(parts)


def _details(device_class: type[Device[Any]]) -> DriverDetails:
    capabilities = device_class.capabilities
    if not isinstance(capabilities, Capabilities):
        raise TypeError("its capabilities are no drivers.api.Capabilities")
    if not dataclasses.is_dataclass(device_class.Config):
        raise TypeError("its Config is no dataclass")
    return DriverDetails(_summary(device_class), capabilities, _keys(device_class.Config))


def _summary(device_class: type[Device[Any]]) -> str:
    module = sys.modules.get(device_class.__module__)
    lines = (inspect.getdoc(module) or inspect.getdoc(device_class) or "").splitlines()
    return lines[0] if lines else ""


def _keys(config_class: type) -> tuple[ConfigKey, ...]:
    try:
        hints = typing.get_type_hints(config_class, include_extras=True)
    except Exception:  # names that exist for a type checker alone
        hints = {}
    keys = []
    for field in dataclasses.fields(config_class):
        if field.init:
            default = _default(field)
            words = type_words(hints.get(field.name, field.type))
            keys.append(ConfigKey(field.name, words, default or "", default is None))
    return tuple(keys)


def _default(field: dataclasses.Field[Any]) -> str | None:
    """Return a default as it would be written in the lane's file, None when there is none."""
    if field.default is not dataclasses.MISSING:
        value = field.default
    elif field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    else:
        return None
    if value is None:
        return "(left out)"
    return _written(value)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return _written(value.value)
    if isinstance(value, str):
        return f'"{value!s}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(_written(item) for item in value)}]"
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{key} = {_written(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    return f"{value:.9g}"


def type_words(hint: Any) -> str:
    """Return an annotation in short: its type and its bounds.

    Examples
    --------
    >>> from pydantic import Field
    >>> type_words(Annotated[int, Field(ge=1, le=254)]), type_words(float | None)
    ('int 1..254', 'float')
    >>> type_words(Mapping[str, float]), type_words(tuple[str, ...])
    ('table of float', 'list of str')
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return f"{type_words(arguments[0])}{_bounds(hint.__metadata__)}"
    if origin in (typing.Union, types.UnionType):
        return " or ".join(type_words(one) for one in arguments if one is not type(None))
    if origin is typing.Literal:
        return " or ".join(_written(one) for one in arguments)
    if origin is not None:
        inner = ", ".join(type_words(one) for one in arguments if one is not Ellipsis)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return f"table of {type_words(arguments[-1])}"
        if isinstance(origin, type) and issubclass(origin, Sequence):
            return f"list of {inner}"
        return f"{getattr(origin, '__name__', str(origin))}[{inner}]"
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return " or ".join(_written(one.value) for one in hint)
    return hint if isinstance(hint, str) else getattr(hint, "__name__", str(hint))


def _bounds(metadata: Sequence[Any]) -> str:
    found: dict[str, Any] = {}
    for one in metadata:
        for part in (one, *getattr(one, "metadata", ())):
            for key in ("ge", "gt", "le", "lt"):
                if getattr(part, key, None) is not None:
                    found[key] = getattr(part, key)
    low, high = found.get("ge", found.get("gt")), found.get("le", found.get("lt"))
    if low is not None and high is not None:
        return f" {_number(low)}..{_number(high)}"
    if low is not None:
        return f" {'from' if 'ge' in found else 'above'} {_number(low)}"
    if high is not None:
        return f" {'up to' if 'le' in found else 'below'} {_number(high)}"
    return ""
