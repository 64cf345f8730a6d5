"""``lorryscan privacy``: erasing, retention, and a scan's whole file, while the service is stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drivers.api import ConfigError
from service.audit.court_file import court_file
from service.audit.key_file import signing_key
from service.cli.data_folder import DATA, console_user, now_ms, open_existing
from service.cli.out_file import check_can_write
from service.config.service_file import ServiceConfig, load_service_config
from service.store import audit, erasing, retention, scans

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Personal data: erasing, retention, a scan's file for a court.",
)

REASON = Annotated[str, typer.Option("--reason", help="why; it is kept in the audit log")]


@app.command("erase")
def erase(
    reason: REASON,
    scan: Annotated[str | None, typer.Option("--scan", help="a scan's id")] = None,
    plate: Annotated[
        str | None, typer.Option("--plate", help="all scans and announcements of this plate")
    ] = None,
    data: DATA = Path("service-data"),
) -> None:
    """Erase plate, names and notes of closed scans; evidence, figures and proofs stay."""
    if (scan is None) == (plate is None) or not reason.strip():
        raise ConfigError("give --scan or --plate, and a --reason")
    with open_existing(data) as database:
        with database.reading() as c:
            ids = [scans.get(c, scan).id] if scan is not None else erasing.of_plate(c, plate or "")
            unscanned = [] if plate is None else erasing.vehicles_of_plate(c, plate)
            found = erasing.about(c, ids, unscanned=unscanned)
        if ids or unscanned:
            with database.writing() as c:
                erasing.erase(c, found, console_user(), reason.strip(), now_ms())
    typer.echo(
        f"{len(ids)} scans, and {len(unscanned)} vehicles that were never scanned, "
        "have no personal parts any more."
    )


@app.command("retention")
def retain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what is due")] = False,
    now: Annotated[bool, typer.Option("--now", help="erase what is due")] = False,
    config_file: Annotated[Path | None, typer.Option("--config", help="the service's TOML file")] = None,
    data: DATA = Path("service-data"),
) -> None:
    """Erase the personal parts of what was kept for as long as the service's file says."""
    if dry_run == now:
        raise ConfigError("give --dry-run, or --now")
    config = ServiceConfig() if config_file is None else load_service_config(config_file)
    with open_existing(data) as database:
        with database.reading() as c:
            due = retention.due(c, config.privacy, now_ms())
        if now:
            retention.carry_out(database, due, now_ms())
    done = "erased" if now else "due"
    typer.echo(
        f"{done}: {len(due.scans)} scans, {len(due.vehicles)} vehicles never scanned, "
        f"{len(due.logins)} logins, "
        f"{len(due.entries)} other entries of the log."
    )


@app.command("file")
def scan_file(
    scan: Annotated[str, typer.Argument(help="the scan's id")],
    file: Annotated[Path, typer.Argument(help="the ZIP to write")],
    reason: REASON,
    data: DATA = Path("service-data"),
) -> None:
    """Write a scan's whole file with its proofs, for a court."""
    check_can_write(file, "FILE")
    with open_existing(data) as database:
        with database.writing() as c:
            scans.get(c, scan)
            audit.append(c, console_user(), "disclosed", scan, {"what": "export", "reason": reason}, now_ms())
        file.write_bytes(court_file(database, scan, signing_key(data)))
    typer.echo(f"{file}: check it with `lorryscan audit verify --file {file}`.")
