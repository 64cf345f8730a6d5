"""A lane's configuration: its devices, certificates, data folder and service, as they are here and now."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from drivers.api import ConfigError
from scanner.lane.config import LaneConfig, load_lane_config
from scanner.lane.kit import load_lane_kit
from scanner.lane.service_address import ServiceLink
from scanner.modality import Sensor
from service.doctor.calibrations import co2_calibrations
from service.doctor.finding import Finding, fail, ok, warn
from service.doctor.machine import disk
from service.doctor.ports import port_finding

REACH_S = 3.0
SOON_DAYS = 30
NEED_CERTIFICATE = {"sample", "frame"}  # probes and thermal imagers; others declare their own response


def lane(file: Path) -> Iterator[Finding]:
    """Look at everything that a lane's configuration names; nothing else is contacted."""
    try:
        config = load_lane_config(file)
    except ConfigError as error:
        words, _, mend = str(error).rpartition(": ")
        yield fail("configuration", words or str(error), mend)
        return
    yield ok("configuration", f"{file}: sound, lane {config.lane_id}, {len(config.devices)} devices")
    yield from models(config, file)
    yield from disk(config.data_dir)
    for spec in config.devices:
        url = str(getattr(spec.config, "url", ""))
        if url:
            yield from device(spec.name, url)
    today = dt.datetime.now(dt.UTC).date()
    yield from certificates(config, today)
    yield from co2_calibrations(config, today)
    if config.service is not None:
        yield from service(config.service, dt.datetime.now(dt.UTC))


def models(config: LaneConfig, file: Path) -> Iterator[Finding]:
    """Look whether the lane's own models load, and whether its scores were calibrated with them."""
    try:
        kit = load_lane_kit(config, file)
    except ConfigError as error:
        words, _, mend = str(error).rpartition(": ")
        yield fail("models", words or str(error), mend)
        return
    for note in kit.notes():
        words, _, mend = note.rpartition(": ")
        yield warn("models", words, mend)
    if config.model_files and not kit.notes():
        yield ok("models", f"{', '.join(kit.model_ids().values())}, calibrated with these")


def device(name: str, url: str) -> Iterator[Finding]:
    """Look whether a device's port is there, or its address answers."""
    parts = urlsplit(url)
    if "://" not in url:
        yield port_finding(url, f"at {url}", name)
    elif parts.scheme == "udp":
        yield _bindable(name, url, parts.hostname or "", parts.port or 0)
    elif parts.hostname and parts.port:
        why = _reaches(parts.hostname, parts.port)
        if why:
            mend = "check its power, cable and address, and that no other program is connected to it"
            yield fail(name, f"{url} does not answer ({why})", mend)
        else:
            yield ok(name, f"{url} answers")


def certificates(config: LaneConfig, today: dt.date) -> Iterator[Finding]:
    """Look which calibration certificates are missing, over, or soon over."""
    for sensor in config.sensors.values():
        yield from _certificate(sensor, today)


def service(link: ServiceLink, now: dt.datetime) -> Iterator[Finding]:
    """Look whether the service answers, whether it is who it says, and until when."""
    parts = urlsplit(link.url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    mend = "start it with lorryscan serve, check service.url; meanwhile the lane works alone"
    if parts.scheme != "https":
        why = _reaches(host, port)
        yield (
            fail("service", f"{link.url} does not answer ({why})", mend)
            if why
            else ok("service", f"{link.url} answers")
        )
        return
    trust = link.trust()
    context = trust if isinstance(trust, ssl.SSLContext) else ssl.create_default_context()
    try:
        with (
            socket.create_connection((host, port), REACH_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            shown = secured.getpeercert(binary_form=True) or b""
    except ssl.SSLError as error:
        words = f"{link.url} shows a certificate that is not trusted ({error.reason or error})"
        yield fail("service", words, "name the service's own certificate as service.ca, or renew it")
        return
    except OSError as error:
        yield fail("service", f"{link.url} does not answer ({error})", mend)
        return
    ends = x509.load_der_x509_certificate(shown).not_valid_after_utc
    days = (ends - now).days
    words = f"{link.url} answers, its certificate holds until {ends.date()}"
    if days < SOON_DAYS:
        yield warn(
            "service", f"{words}: {days} days", "renew it, and copy it to the lanes that name it as ca"
        )
    else:
        yield ok("service", words)


def _certificate(sensor: Sensor, today: dt.date) -> Iterator[Finding]:
    what, held = sensor.name, sensor.certificate
    mend = "have it calibrated and enter the new certificate in [device.certificate]"
    if held is None:
        if NEED_CERTIFICATE & set(sensor.reads) and "waveform" not in sensor.reads:
            yield fail(what, "has no calibration certificate: its evidence is unavailable", mend)
        return
    days = (held.expires - today).days
    words = f"certificate {held.id} holds from {held.issued} to {held.expires}"
    if not held.issued <= today <= held.expires:
        yield fail(what, f"{words}, not today: its evidence is unavailable", mend)
    elif days < SOON_DAYS:
        yield warn(what, f"{words}: {days} days more", mend)
    else:
        yield ok(what, words)


def _reaches(host: str, port: int) -> str:
    """Return why nobody answers at an address, empty when somebody does."""
    try:
        socket.create_connection((host, port), REACH_S).close()
    except OSError as error:
        return str(error)
    return ""


def _bindable(name: str, url: str, host: str, port: int) -> Finding:
    family: Any = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, port))
        except OSError as error:
            mend = "end the program that listens there, unless it is this lane itself; or correct the address"
            return warn(name, f"{url} cannot be listened on ({error})", mend)
    return ok(name, f"{url} is free to listen on")
