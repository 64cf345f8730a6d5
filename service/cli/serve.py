"""``lorryscan serve``: the store, the booth's page and the lanes' link in one process."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import logging
import os
import resource
import signal
import socket
import ssl
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from drivers.api import ConfigError, LorryscanError
from service.api.app import create_app
from service.api.server import BoothServer
from service.api.tls import TlsFiles, self_signed
from service.config.service_file import ServiceConfig, load_service_config
from service.store import accounts
from service.store.database import Database
from service.store.open_store import open_store

STDIN = 0
HOLD = 100  # connections that wait to be taken


class ServeError(LorryscanError, OSError):
    """The service cannot listen.

    Examples: another program has the port; the address is no address of this machine.
    """


def serve(
    data: Annotated[Path, typer.Option("--data", help="the data folder")] = Path("service-data"),
    host: Annotated[str, typer.Option("--host", help="the address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any that is free")] = 8080,
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", help="certificate chain, PEM")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="its key, PEM")] = None,
    signs_itself: Annotated[
        bool, typer.Option("--self-signed", help="make a certificate in the data folder, to start with")
    ] = False,
    config_file: Annotated[Path | None, typer.Option("--config", help="the service's TOML file")] = None,
    until_eof: Annotated[bool, typer.Option("--until-eof", help="end when standard input ends")] = False,
) -> None:
    """Serve the booth's page, and store what lanes tell. Ctrl-C ends it."""
    _check_tls(host, tls_cert, tls_key, signs_itself)
    config = ServiceConfig() if config_file is None else load_service_config(config_file)
    listener = _listen(host, port)
    try:
        database = open_store(data, config.store.url)
        try:
            tls = _tls_files(data, host, tls_cert, tls_key, signs_itself)
            _run(database, config, listener, host, tls, until_eof)
        finally:
            database.close()
    finally:
        listener.close()


def _check_tls(host: str, tls_cert: Path | None, tls_key: Path | None, signs_itself: bool) -> None:
    if (tls_cert is None) != (tls_key is None):
        raise ConfigError("--tls-cert and --tls-key belong together: give both")
    if tls_cert is not None and signs_itself:
        raise ConfigError("--self-signed makes a certificate: leave it out, or --tls-cert and --tls-key")
    if tls_cert is None and not signs_itself and not _is_loopback(host):
        raise ConfigError(
            f"--host {host}: passwords would travel in the clear, and browsers refuse the session's cookie: "
            "give --tls-cert and --tls-key, or --self-signed to start with"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before the store is opened: the commonest failure comes first and changes nothing."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
    except OSError as error:
        raise ServeError(
            f"--host {host}: {error.strerror or error}: give an address of this machine"
        ) from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(HOLD)
    except OSError as error:
        listener.close()
        raise ServeError(_words(error, host, port)) from None
    return listener


def _words(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use by another program: end it, or give another --port"
    if error.errno == errno.EACCES:
        return f"port {port} is not for this user: give a --port above 1023"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"--host {host} is no address of this machine: give one that is, or 0.0.0.0 for all"
    return f"{host} port {port}: {error.strerror or error}: give another --host or --port"


def _tls_files(
    data: Path, host: str, tls_cert: Path | None, tls_key: Path | None, signs_itself: bool
) -> TlsFiles | None:
    if signs_itself:
        return self_signed(data, host)
    if tls_cert is None or tls_key is None:
        return None
    for option, path in (("--tls-cert", tls_cert), ("--tls-key", tls_key)):
        if not path.is_file():
            raise ConfigError(f"{option} {path}: there is no such file: check the path")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls_cert, tls_key, password=_no_password)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"--tls-cert {tls_cert}, --tls-key {tls_key}: {getattr(error, 'reason', None) or error}: "
            "give a PEM certificate and its own key, without a password"
        ) from None
    return TlsFiles(tls_cert, tls_key)


def _no_password() -> str:
    return ""  # asking on the terminal would hang a service


def _run(
    database: Database,
    config: ServiceConfig,
    listener: socket.socket,
    host: str,
    tls: TlsFiles | None,
    until_eof: bool,
) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    _take_descriptors()
    app = create_app(database, config)
    options: dict[str, Any] = {}
    if tls is not None:
        options = {"ssl_certfile": str(tls.certificate), "ssl_keyfile": str(tls.key)}
    server = BoothServer(app, app.state.service.shut_down, **options)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn takes them while it runs and gives them back after; one that comes before ends it too
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    if until_eof:
        threading.Thread(target=_end_at_eof, args=(server,), name="until-eof", daemon=True).start()
    _say_where(database, listener, host, tls)
    server.run(sockets=[listener])


def _take_descriptors() -> None:
    """Allow as many open connections as the system lets this user have; 1024 is usual, and soon used up."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _end_at_eof(server: BoothServer) -> None:
    while True:
        try:
            if not os.read(STDIN, 4096):
                break
        except OSError:
            break
    server.should_exit = True


def _say_where(database: Database, listener: socket.socket, host: str, tls: TlsFiles | None) -> None:
    shown = "localhost" if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host
    scheme = "https" if tls else "http"
    typer.echo(f"The booth is at {scheme}://{shown}:{listener.getsockname()[1]} (data in {database.path}).")
    if tls is not None:
        typer.echo(f"Its certificate is {tls.certificate}, SHA-256 {tls.fingerprint()}.")
    with database.reading() as c:
        nobody = accounts.count(c) == 0
    if nobody:
        typer.echo("There are no accounts yet: stop it and add one with: lorryscan accounts add NAME.")
