"""``lorryscan recording``: what a recording holds, and saving one that was cut off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from drivers.api import LorryscanError
from scanner.recording.info import recording_info
from scanner.recording.salvage import REPAIRED_SUFFIX
from scanner.recording.salvage import repair as salvage

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Look into recordings and save damaged ones."
)


@app.command("info")
def info(
    files: Annotated[list[Path], typer.Argument(help="recordings")],
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Say what recordings hold. The exit status is 1 when one cannot be read, or is cut off."""
    console, errors = Console(), Console(stderr=True)
    bad = False
    facts = []
    for file in files:
        try:
            found = recording_info(file)
        except (LorryscanError, OSError) as error:
            bad = True
            errors.print(f"lorryscan: {_words(file, error)}", style="red", markup=False, soft_wrap=True)
            continue
        bad = bad or not found.whole
        if as_json:
            facts.append(found.to_json())
        else:
            for line in found.lines():
                console.print(line, markup=False, highlight=False, soft_wrap=True)
    if as_json:
        typer.echo(json.dumps(facts, indent=1))
    if bad:
        raise typer.Exit(1)


@app.command("repair")
def repair(
    file: Annotated[Path, typer.Argument(help="a recording that was cut off or damaged")],
    out: Annotated[Path | None, typer.Option("--out", help="where the saved part goes")] = None,
) -> None:
    """Save the readable part of a recording as a new file and verify it; the old file stays."""
    console = Console()
    target = out or file.with_name(file.stem + REPAIRED_SUFFIX)
    try:
        report = salvage(file, target)
    except OSError as error:
        if isinstance(error, LorryscanError):
            raise
        Console(stderr=True).print(
            f"lorryscan: {_words(file, error)}", style="red", markup=False, soft_wrap=True
        )
        raise typer.Exit(1) from None
    for line in report.lines():
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _words(file: Path, error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, LorryscanError):
        return f"{file}: {error.strerror or error}: check the path"
    return str(error)
