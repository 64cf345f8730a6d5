"""``lorryscan audit``: the log's key, its proofs, and the check that nothing was changed by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from drivers.api import ConfigError
from service.audit import checkpoints, court_file, export, note, proof
from service.audit.check_store import check_store
from service.audit.key_file import signing_key
from service.audit.note import Checkpoint, PublicKey
from service.audit.verify import Checked, Finding
from service.cli.data_folder import DATA, console_user, now_ms, open_existing
from service.cli.out_file import check_can_write
from service.store import audit

SHOWN = 100

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The audit log: its key, its proofs, and its check."
)

KEYS = Annotated[list[str] | None, typer.Option("--key", help="a public key that signed the checkpoints")]
CHECKPOINTS = Annotated[
    list[Path] | None, typer.Option("--checkpoints", help="a checkpoint, or a folder of them, kept elsewhere")
]


@app.command("verify")
def verify(
    data: DATA = Path("service-data"),
    exported: Annotated[Path | None, typer.Option("--export", help="an exported log, not the store")] = None,
    proof_file: Annotated[Path | None, typer.Option("--proof", help="a proof, not the store")] = None,
    scan_file: Annotated[Path | None, typer.Option("--file", help="a scan's file, not the store")] = None,
    key: KEYS = None,
    checkpoints_of: CHECKPOINTS = None,
) -> None:
    """Check the log, its checkpoints and every row it vouches for; exit status 1 if anything is wrong."""
    keys = [PublicKey.parse(text) for text in key or ()]
    known: dict[str, Checkpoint] = {}
    for path in checkpoints_of or ():
        known |= checkpoints.read(path)
    if proof_file is not None:
        checked = _check_proof(proof_file, keys)
    elif scan_file is not None:
        checked = court_file.check(scan_file, keys)
    elif exported is not None:
        with _progress() as progress:
            task = progress.add_task("entries", total=None)
            checked = export.check(exported, known, keys, lambda done: progress.advance(task, done))
    else:
        checked = _check_store(data, known, keys)
    _say(checked, bool(keys))
    if checked.findings:
        raise typer.Exit(1)


@app.command("key")
def key(data: DATA = Path("service-data")) -> None:
    """Print the public key that this folder's checkpoints are signed with: keep it elsewhere."""
    with open_existing(data) as database, database.reading() as c:
        typer.echo(str(note.public_key(checkpoints.origin(c), signing_key(data))))


@app.command("export")
def export_log(
    file: Annotated[Path, typer.Argument(help="the file to write, JSON lines")],
    data: DATA = Path("service-data"),
) -> None:
    """Write the whole log with a new checkpoint into a file; it names people."""
    check_can_write(file, "FILE")
    with open_existing(data) as database:
        with database.writing() as c:
            audit.append(c, console_user(), "audit_exported", "", {"file": file.name}, now_ms())
        with database.reading() as c:
            _, checkpoint = checkpoints.newest(c, signing_key(data))
            count = export.write(c, file, checkpoint)
    typer.echo(f"{file}: {count} entries. Check it with `lorryscan audit verify --export {file}`.")


@app.command("prove")
def prove(
    sequence: Annotated[int, typer.Argument(help="the entry's sequence", min=1)],
    file: Annotated[Path, typer.Argument(help="the file to write, JSON")],
    data: DATA = Path("service-data"),
) -> None:
    """Write one entry with the proof that it is in the log, and a new checkpoint."""
    check_can_write(file, "FILE")
    with open_existing(data) as database:
        with database.reading() as c:
            made = proof.proof(c, [sequence], signing_key(data))
        with database.writing() as c:
            audit.append(c, console_user(), "audit_proved", "", {"entry": sequence}, now_ms())
    file.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    typer.echo(f"{file}: entry {sequence}. Check it with `lorryscan audit verify --proof {file}`.")


def _check_store(data: Path, known: dict[str, Checkpoint], keys: list[PublicKey]) -> Checked:
    own = data / checkpoints.FOLDER
    if own.is_dir():
        known = {**checkpoints.read(own), **known}
    with open_existing(data) as database, _progress() as progress:
        with database.reading() as c:
            size = audit.size(c)
        task = progress.add_task("entries", total=size)
        return check_store(database, known, keys, lambda done: progress.advance(task, done))


def _check_proof(file: Path, keys: list[PublicKey]) -> Checked:
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
        found = proof.findings(given, keys)
        return Checked([Finding(text) for text in found], len(given["entries"]), 1)
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror or error}: check the path") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{file} is no proof ({error}): give a file of `lorryscan audit prove`") from None


def _say(checked: Checked, signed: bool) -> None:
    for finding in checked.findings[:SHOWN]:
        typer.echo(str(finding))
    if len(checked.findings) > SHOWN:
        typer.echo(f"… and {len(checked.findings) - SHOWN} more")
    signatures = "signed with the key" if signed else "whose signatures were not looked at (no --key)"
    against = f"{checked.checkpoints} checkpoints {signatures}" if checked.checkpoints else "no checkpoint"
    verdict = f"{len(checked.findings)} findings" if checked.findings else "nothing was changed"
    typer.echo(f"{checked.size} entries against {against}: {verdict}.")


def _progress() -> Progress:
    bar = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*bar, console=Console(stderr=True), transient=True)
