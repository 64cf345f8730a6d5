"""The ``lorryscan`` command."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from calibration.certificates import CalibrationExpired, CalibrationMissing, check_valid
from drivers.api import ConfigError, LorryscanError
from scanner.lane.agent import LaneAgent
from scanner.lane.config import load_lane_config
from scanner.methods import load_kit
from scanner.policy import make_policy
from scanner.wording import Language
from service.cli import (
    accounts,
    audit,
    calibrate,
    demo,
    doctor,
    drivers,
    gates,
    lanes,
    recording,
    replay,
    serve,
)
from service.cli.out_file import disk_words
from service.terminal.attend import attend

app = typer.Typer(
    name="lorryscan",
    help="Finds people hidden in tankers and refrigerated trailers, and proves how well.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
config_app = typer.Typer(no_args_is_help=True, help="Check configuration files.")
app.add_typer(config_app, name="config")
app.add_typer(recording.app, name="recording")
app.add_typer(calibrate.app, name="calibrate")
app.add_typer(accounts.app, name="accounts")
app.add_typer(lanes.app, name="lanes")
app.add_typer(audit.app, name="audit")
app.add_typer(gates.app, name="gates")
app.add_typer(drivers.app, name="drivers")
app.command("replay")(replay.replay)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("doctor")(doctor.doctor)

LANGUAGE = Annotated[Language, typer.Option("--language", help="of the sentences")]


@app.command()
def lane(
    config: Annotated[Path, typer.Option("--config", help="the lane's TOML file")],
    language: LANGUAGE = Language.EN,
) -> None:
    """Run one lane: devices, recorder, pipeline, outbox, and a terminal view."""
    checked = load_lane_config(config)
    attend(LaneAgent(checked, load_kit(checked.model_files)), Console(), language)


@config_app.command("check")
def config_check(file: Annotated[Path, typer.Argument(help="the lane's TOML file")]) -> None:
    """Say whether a lane's configuration is sound, and if not, how to mend it."""
    checked = load_lane_config(file)
    console = Console()
    head = f"{file}: sound. Lane {checked.lane_id}, {len(checked.devices)} devices:"
    console.print(head, markup=False, highlight=False, soft_wrap=True)
    for spec in checked.devices:
        console.print(f"  {spec.name} ({spec.role.value})", highlight=False)
    for sensor in checked.sensors.values():
        try:
            check_valid(sensor.certificate, sensor.name, time.time_ns())
        except (CalibrationMissing, CalibrationExpired) as note:
            console.print(f"  note: {note}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def version() -> None:
    """Print the version, and which code, models and calibrations are installed."""
    for name, value in load_kit().versions(make_policy({})).items():
        typer.echo(f"{name}: {value}")


def main() -> None:
    """Run the command; errors we foresee become one sentence and an exit status.

    1: it cannot be done now; 2: what was asked or configured is wrong.
    """
    try:
        app()
    except ConfigError as error:
        _say(error)
        sys.exit(2)
    except LorryscanError as error:
        _say(error)
        sys.exit(1)
    except OSError as error:
        _say(disk_words(error))
        sys.exit(1)


def _say(why: object) -> None:
    with contextlib.suppress(OSError):  # a terminal that hung up: the status still tells
        Console(stderr=True).print(
            f"lorryscan: {why}", style="red", markup=False, highlight=False, soft_wrap=True
        )
