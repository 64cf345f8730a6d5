"""Records a device through its driver into a transcript."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from drivers.api import Device, DriverError, Identity, LinkOpener, Reading
from drivers.conformance.reading_text import described, plain
from drivers.conformance.scripted_links import RecordingLinks
from drivers.conformance.transcript import RecordedReading, Transcript, TranscriptWriter
from drivers.reading_check import checked_readings

SECRET_WORDS = ("password", "passphrase", "secret", "token", "credential", "api_key", "private_key")
NOT_RECORDED = "(not recorded)"


def head_of(name: str, device_class: type[Device[Any]], config: Any, entry: EntryPoint | None) -> Transcript:
    """Return an empty transcript of a driver that is about to be recorded.

    Parameters
    ----------
    name : the driver's name.
    config : its configuration; secrets in it are left out.
    entry : where it comes from, for the version of its package; None when it is not installed.
    """
    package = entry.dist if entry is not None else None
    return Transcript(
        name,
        config=public_config(config),
        capabilities=plain(device_class.capabilities),
        distribution=package.name if package is not None else "",
        driver_version=package.version if package is not None else "",
        recorded_utc=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    )


def public_config(config: Any) -> dict[str, Any]:
    """Return a driver's configuration as JSON values without passwords and the like.

    Examples
    --------
    >>> from drivers.devices.senseair_s8 import S8Config
    >>> public_config(S8Config("rfc2217://officer:pencil@192.0.2.7:4000"))["url"]
    'rfc2217://192.0.2.7:4000'
    """
    return {key: _without_secrets(key, value) for key, value in plain(config).items()}


def record(
    device_class: type[Device[Any]],
    config: Any,
    links: LinkOpener,
    path: Path,
    head: Transcript,
    enough: Callable[[float], bool],
    seen: Callable[[Identity | Reading], None] = lambda _: None,
) -> Transcript:
    """Open a device, write what is said to ``path`` until there is enough, and close it.

    What the driver has heard when it ends it may still return, so that a replay returns no more.

    Parameters
    ----------
    links : opens the real wires.
    head : see `head_of`.
    enough : asked between reads with the seconds recorded; a `KeyboardInterrupt` is enough too.
    seen : given who answered, then each reading.

    Returns
    -------
    The transcript with its readings; its ``exchanges`` are in the file.

    Raises
    ------
    DriverError : what the driver raised; the file holds everything until then.
    """
    readings: list[RecordedReading] = []
    identity: Identity | None = None
    with TranscriptWriter(path, head) as writer:
        recording = RecordingLinks(links, writer.exchange)
        device = device_class(config, recording)

        def keep(new: list[Reading]) -> None:
            for reading in new:
                readings.append(RecordedReading(recording.at_s, described(reading)))
                writer.reading(recording.at_s, readings[-1].said)
                seen(reading)

        try:
            try:
                device.open()
                identity = device.identify()
                writer.identity(recording.at_s, identity)
                seen(identity)
                while not enough(recording.at_s):
                    keep(_read(device))
                why = "as long as was asked for"
            except KeyboardInterrupt:
                why = "interrupted"
            recorded_s = recording.at_s
            recording.end()
            try:
                while new := _read(device):
                    keep(new)
            except DriverError:
                pass  # nobody answers any more
            writer.end(recorded_s, why)
        except BaseException as error:
            writer.end(recording.at_s, f"{type(error).__name__}: {error}")
            raise
        finally:
            device.close()
    return dataclasses.replace(head, readings=tuple(readings), identity=identity, ended=why)


def _read(device: Device[Any]) -> list[Reading]:
    return list(checked_readings(device.read(), type(device).capabilities))


def _without_secrets(key: str, value: Any) -> Any:
    if any(word in key.lower() for word in SECRET_WORDS):
        return NOT_RECORDED if value else value
    if isinstance(value, Mapping):
        return {inner: _without_secrets(inner, item) for inner, item in value.items()}
    if isinstance(value, list):
        return [_without_secrets(key, item) for item in value]
    if isinstance(value, str) and "://" in value and "@" in value:
        parts = urlsplit(value)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return value
