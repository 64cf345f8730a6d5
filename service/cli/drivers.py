"""``lorryscan drivers``: what is installed, whether it works, what a device says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from drivers.api import ConfigError, DriverError, Identity, Reading, Role, reading_name
from drivers.conformance.record import head_of
from drivers.conformance.record import record as record_device
from drivers.conformance.transcript import SUFFIX
from drivers.registry import installed, load
from drivers.runner import DeviceSpec
from drivers.transport import PortLinks
from service.cli import drivers_check
from service.cli.device_settings import (
    DRIVER,
    SECONDS,
    SET,
    URL,
    device_config,
    line_settings,
    need_driver,
)
from service.cli.drivers_list import row_of, show_details, show_rows
from service.cli.out_file import check_can_write
from service.terminal.monitor import watch_device
from service.terminal.raw_bytes import show_raw

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Drivers of devices: list, prove, watch, record."
)
app.command("check")(drivers_check.check)


@app.command("list")
def list_all(
    names: Annotated[list[str] | None, typer.Argument(help="only these")] = None,
    details: Annotated[
        bool, typer.Option("--details", help="import each: what it reads, and its configuration")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """List installed drivers. Their modules are imported only for --details."""
    known = installed()
    for name in names or ():
        if name not in known:
            load(name)  # says which are alike
    rows = [row_of(driver, details) for driver in known.values() if not names or driver.name in names]
    if as_json:
        typer.echo(json.dumps([row.as_json() for row in rows], indent=2, ensure_ascii=False))
    elif details:
        show_details(rows, Console())
    else:
        show_rows(rows, Console())


@app.command("monitor")
def monitor(
    url: URL,
    driver: DRIVER = "",
    settings: SET = [],  # noqa: B006
    seconds: SECONDS = 0.0,
    raw: Annotated[
        bool, typer.Option("--raw", help="show the bytes that arrive; needs no driver, writes nothing")
    ] = False,
) -> None:
    """Open one device as a lane would and draw what it says; in a pipe, a line a second."""
    console = Console()
    if raw:
        if driver:
            raise ConfigError("--raw shows bytes without a driver: leave out --raw or --driver")
        show_raw(PortLinks(), url, line_settings(settings), seconds, console)
        return
    device_class = need_driver(driver, "; or --raw to see what arrives without any")
    spec = DeviceSpec(driver, Role.LANE, device_class, device_config(device_class, url, settings))
    watch_device(spec, url, seconds, console)


@app.command("record")
def record(
    url: URL,
    out: Annotated[Path, typer.Option("--out", help="the file; its name ends in .transcript.jsonl")],
    driver: DRIVER = "",
    settings: SET = [],  # noqa: B006
    seconds: SECONDS = 0.0,
) -> None:
    """Record what crosses a device's wire and what its driver makes of it, as a text that becomes a test."""
    if not out.name.endswith(SUFFIX):
        raise ConfigError(f"--out {out}: let the name end in {SUFFIX}")
    check_can_write(out, "--out")
    device_class = need_driver(driver)
    config = device_config(device_class, url, settings)
    head = head_of(driver, device_class, config, installed()[driver].entry)
    counts: dict[str, int] = {}
    console = Console(stderr=True)

    def enough(at_s: float) -> bool:
        status.update(f"{at_s:.0f} s: {_count_words(counts)}")
        return bool(seconds) and at_s >= seconds

    def seen(what: Identity | Reading) -> None:
        if isinstance(what, Identity):
            who = f"{what.maker} {what.model} {what.serial}".strip()
            console.print(f"{who} answers; Ctrl-C ends the recording", markup=False, highlight=False)
        else:
            kind = reading_name(what)
            counts[kind] = counts.get(kind, 0) + 1

    try:
        with console.status("opening") as status:
            done = record_device(device_class, config, PortLinks(), out, head, enough, seen)
    except DriverError as error:
        raise type(error)(f"{error} (what was heard until then is in {out})") from error
    typer.echo(f"{out}: {_count_words(counts)}; ended: {done.ended}.")
    typer.echo(
        "It proves that the driver says the same again. Fill in checked_against in its first line with what "
        "you saw elsewhere, for instance on a display."
    )


def _count_words(counts: dict[str, int]) -> str:
    return (", ".join(f"{count} {kind}" for kind, count in counts.items()) or "no") + " readings"
