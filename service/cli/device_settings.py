"""A device as the command line names it: a URL, a driver, and keys of its configuration."""

from __future__ import annotations

import dataclasses
import tomllib
import typing
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from drivers.api import ConfigError, Device
from drivers.registry import installed, load, make_config

URL = Annotated[
    str, typer.Argument(help="a serial port, socket://host:port, rfc2217://host:port or udp://host:port")
]
DRIVER = Annotated[str, typer.Option("--driver", help="name of the driver, see lorryscan drivers list")]
SET = Annotated[
    list[str],
    typer.Option(
        "--set", metavar="KEY=VALUE", help="a key of the driver's configuration; as often as needed"
    ),
]
SECONDS = Annotated[float, typer.Option("--seconds", min=0.0, help="end after so long; 0: at Ctrl-C")]


def need_driver(name: str, otherwise: str = "") -> type[Device[Any]]:
    """Return the driver of this name.

    Parameters
    ----------
    otherwise : what else can be done without a name.

    Raises
    ------
    ConfigError : no name was given.
    DriverMissing : nobody offers it; says which are alike.
    """
    if not name:
        known = ", ".join(sorted(installed()))
        raise ConfigError(f"say with --driver which driver the device needs ({known}){otherwise}")
    return load(name)


def settings_of(pairs: Sequence[str]) -> dict[str, str]:
    """Return ``key=value`` texts as a mapping.

    Raises
    ------
    ConfigError : one has no ``=`` or no key, or a key stands twice.

    Examples
    --------
    >>> settings_of(["baudrate=9600", "name=a=b"])
    {'baudrate': '9600', 'name': 'a=b'}
    """
    settings: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        key = key.strip()
        if not equals or not key:
            raise ConfigError(f"--set {pair}: write KEY=VALUE, for instance --set baudrate=9600")
        if key in settings:
            raise ConfigError(f"--set {key}: it is given twice: leave one out")
        settings[key] = value.strip()
    return settings


def device_config(device_class: type[Device[Any]], url: str, pairs: Sequence[str]) -> Any:
    """Return a driver's checked configuration for a device at ``url``.

    Values are read as in the lane's file (``[1, 2]``, ``{ EHZ = "ground" }``, ``true``); what is
    no such value is taken as a text.

    Raises
    ------
    ConfigError : names the key and the mend.
    """
    values = settings_for(device_class, pairs)
    known = dataclasses.is_dataclass(device_class.Config)
    has_url = not known or any(field.name == "url" for field in dataclasses.fields(device_class.Config))
    return make_config(device_class, {"url": url, **values} if has_url else values)


def settings_for(device_class: type[Device[Any]], pairs: Sequence[str]) -> dict[str, Any]:
    """Return ``key=value`` texts as values for a driver's configuration, not checked yet.

    Raises
    ------
    ConfigError : one is no pair, or is the URL.
    """
    settings = settings_of(pairs)
    if "url" in settings:
        raise ConfigError("--set url: the URL has its own place on the command line: leave this out")
    hints = _hints(device_class.Config)
    return {key: _value(text, hints.get(key)) for key, text in settings.items()}


def line_settings(pairs: Sequence[str]) -> dict[str, Any]:
    """Return settings of a serial line: numbers as numbers.

    Raises
    ------
    ConfigError : one is no setting of a line.
    """
    settings = settings_of(pairs)
    unknown = settings.keys() - {"baudrate", "bytesize", "parity", "stopbits"}
    if unknown:
        raise ConfigError(
            f"--set {sorted(unknown)[0]}: without a driver there are baudrate, bytesize, parity and stopbits"
        )
    return {key: _value(text, None) for key, text in settings.items()}


def _value(text: str, hint: Any) -> Any:
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, KeyError):
        return text
    if hint is not None and not isinstance(value, str):
        try:
            TypeAdapter(hint).validate_python(value)
        except ValidationError:
            return text  # a text that looks like a number
        except Exception:  # an annotation that only its own dataclass understands
            return value
    return value


def _hints(config_class: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(config_class, include_extras=True)
    except Exception:  # names that exist for a type checker alone: make_config says what it thinks of them
        return {}
