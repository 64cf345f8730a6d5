"""Plays a transcript to a driver and returns what it makes of it now."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from drivers.api import Device, DriverError, Reading
from drivers.conformance.exchange import Exchange
from drivers.conformance.scripted_links import Pieces, ScriptedLinks
from drivers.conformance.transcript import Transcript
from drivers.reading_check import checked_readings
from drivers.registry import make_config


def replay(
    device_class: type[Device[Any]],
    script: Transcript | Iterable[Exchange],
    config: Any = None,
    pieces: Pieces = None,
    limit_s: float = 60.0,
) -> list[Reading]:
    """Return the readings of a driver that is given a recording instead of a device.

    Parameters
    ----------
    device_class : the driver.
    script : a transcript, or exchanges made by hand.
    config : its configuration; None takes the transcript's.
    pieces : how received bytes are cut, see `ScriptedLinks`.
    limit_s : longest time for all of it, s; polled drivers keep their own pace.

    Raises
    ------
    TranscriptMismatch : it wrote something else than in the recording.
    DriverError : what it raised before the recording's end.
    TimeoutError : the recording was not played within ``limit_s``.
    """
    if config is None:
        config = make_config(device_class, getattr(script, "config", {}))
    links = ScriptedLinks(script, pieces)
    device = device_class(config, links)
    readings: list[Reading] = []
    end_s = time.monotonic() + limit_s
    try:
        device.open()
        device.identify()
        while True:
            over = links.finished.is_set()
            new = checked_readings(device.read(), device_class.capabilities)
            readings += new
            if over and not new:  # a driver may give out one reading at a time
                break
            if time.monotonic() > end_s:
                raise TimeoutError(f"the recording was not played within {limit_s:g} s")
    except DriverError:
        if not links.finished.is_set():  # after the end nobody answers
            raise
    finally:
        device.close()
    if links.mismatch is not None:
        raise links.mismatch
    return readings
