"""Where a lane's service is, and how the two know each other: checked before anything is sent."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from drivers.api import ConfigError

TOKEN_VARIABLE = "LORRYSCAN_LANE_TOKEN"
_TOKEN = re.compile(r"[!-~]{1,200}")
_NEW_TOKEN = "'lorryscan lanes add' prints a new one"


@dataclass(frozen=True, slots=True)
class ServiceLink:
    """The service of a lane.

    Parameters
    ----------
    url : without a slash at its end.
    token : proves who the lane is; never shown.
    ca : certificates to trust, None for those of the system.
    """

    url: str
    token: str = field(repr=False)
    ca: Path | None = None

    def trust(self) -> ssl.SSLContext | bool:
        """Return what the service's certificate is checked against."""
        return ssl.create_default_context(cafile=self.ca) if self.ca is not None else True


def service_link(url: str, ca: str, token_file: str, folder: Path) -> ServiceLink:
    """Check the ``[service]`` table.

    Parameters
    ----------
    folder : where relative names of files begin.

    Raises
    ------
    ConfigError : no web address; http to another machine; a token or ca that cannot be read.
    """
    return ServiceLink(_checked_url(url), _token(token_file, folder), _checked_ca(ca, folder))


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    odd = parts.username is not None or parts.query or parts.fragment or not url.isprintable() or " " in url
    if parts.scheme not in ("http", "https") or not host or odd:
        raise ConfigError(f"service.url: {url!r} is no address: write it as https://booth.example:8443")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ConfigError(
            f"service.url: {url} would send the lane's token and pictures unprotected: use https "
            "(lorryscan serve --self-signed makes a certificate; name it as service.ca)"
        )
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _token(token_file: str, folder: Path) -> str:
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if token:
        where = TOKEN_VARIABLE
    elif token_file:
        file = folder / token_file
        where = f"service.token_file: {file}"
        try:
            token = file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(
                f"{where} cannot be read ({error.strerror}): put the lane's token there, {_NEW_TOKEN}"
            ) from None
        except UnicodeDecodeError:
            token = ""
    else:
        raise ConfigError(
            f"service: the lane's token is missing: name its file as token_file, or set {TOKEN_VARIABLE}; "
            f"{_NEW_TOKEN}"
        )
    if not _TOKEN.fullmatch(token):
        raise ConfigError(f"{where} holds no token: one line without spaces is wanted, {_NEW_TOKEN}")
    return token


def _checked_ca(ca: str, folder: Path) -> Path | None:
    if not ca:
        return None
    file = folder / ca
    try:
        ssl.create_default_context(cafile=file)
    except ssl.SSLError as error:
        raise ConfigError(
            f"service.ca: {file} holds no certificates ({error.reason or error}): give a PEM file"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"service.ca: {file} cannot be read ({error.strerror}): copy the service's certificate there"
        ) from None
    return file
