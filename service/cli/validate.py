"""``lorryscan validate``: how often recommendations are right, over labelled scans, as a report."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from drivers.api import ConfigError
from scanner.evidence import Reason
from scanner.limits import settled
from scanner.methods import MethodKit
from scanner.policy import make_policy, policy_hash
from scanner.validation.about import campaigns_of
from scanner.validation.against import compare_results, read_results
from scanner.validation.combinations import fusing
from scanner.validation.labels import read_labels
from scanner.validation.outcome import Outcome
from scanner.validation.pools import dask_cluster, processes
from scanner.validation.report import write_report
from scanner.validation.results import results_of
from scanner.validation.run import Run
from scanner.validation.run import validate as judge_all
from scanner.validation.source import find
from scanner.validation.store import Store, identity_of, read_rows
from scanner.validation.work import KitFiles, kit_of
from scanner.wording import sentence
from service.cli.model_files import EVIDENCE, THERMAL_MODEL, XRAY_MODEL, model_files

ROWS_SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.xz")
MOST_NAMED = 10


def validate(
    paths: Annotated[
        list[str],
        typer.Argument(help="recordings, folders, or URLs (s3://…); rows of a campaign (.jsonl, .jsonl.xz)"),
    ],
    out: Annotated[Path, typer.Option("--out", help="folder for the report and for what is kept")],
    labels: Annotated[
        Path | None, typer.Option("--labels", help="CSV: scan,persons[,cargo,planted,search_chance,…]")
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="OTHER.json", help="results.json to compare with")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="processes of this machine")] = os.cpu_count() or 1,
    dask: Annotated[
        str, typer.Option("--dask", metavar="ADDRESS", help="a Dask scheduler instead, tcp://host:8786")
    ] = "",
    xray_model: XRAY_MODEL = None,
    thermal_model: THERMAL_MODEL = None,
    evidence: EVIDENCE = None,
) -> None:
    """Replay labelled recordings, count how often the recommendation was right, and write a report.

    What was judged is kept in the folder: after an interruption the same command goes on. What cannot be
    used is named, the rest goes on, and the exit status is 1.
    """
    errors = Console(stderr=True)
    recorded = [path for path in paths if not path.endswith(ROWS_SUFFIXES)]
    if recorded and labels is None:
        raise ConfigError("recordings do not know who was inside: give --labels CSV with scan,persons")
    if labels is not None and not recorded:
        raise ConfigError("rows of a campaign hold their labels: leave --labels out")
    if out.exists() and not out.is_dir():
        raise ConfigError(f"--out {out}: this is a file: name a folder")
    truths = {} if labels is None else read_labels(labels)
    other = None if against is None else read_results(against)
    files = KitFiles(_absolute(model_files(xray_model, thermal_model)), evidence and evidence.resolve())
    kit = kit_of(files)
    for remark in kit.notes():
        errors.print(f"note: {remark}", markup=False, highlight=False, soft_wrap=True)
    identity = identity_of(kit)
    run = Run()
    with Store(out, identity) as store:
        if recorded:
            found = find(recorded)
            with _bar(errors) as progress:
                task = progress.add_task("judging", total=None)
                try:
                    run = judge_all(
                        found,
                        truths,
                        store,
                        files,
                        (lambda: dask_cluster(dask)) if dask else (lambda: processes(workers)),
                        lambda done, total: progress.update(task, completed=done, total=total),
                    )
                except KeyboardInterrupt:
                    errors.print(f"interrupted: what was judged is kept in {out}; the same command goes on")
                    raise typer.Exit(130) from None
    told = [Path(path) for path in paths if path.endswith(ROWS_SUFFIXES)]
    rows = {row.source: row for path in told for row in read_rows(path)}
    outcomes = list({**rows, **{row.source: row for row in run.outcomes}}.values())
    _name(run, errors)
    if not outcomes:
        errors.print("lorryscan: no labelled scan could be judged: there is no report", style="red")
        raise typer.Exit(1)
    command = _command(paths, out, labels, against, xray_model, thermal_model, evidence)
    about = {
        **asdict(identity),
        "policy": policy_hash(make_policy({})),
        "command": command,
        "campaigns": campaigns_of(told),
    }
    _report(outcomes, kit, about, run, other, out)
    if run.failed or run.missing:
        raise typer.Exit(1)


def _report(
    outcomes: Sequence[Outcome],
    kit: MethodKit,
    about: Mapping[str, Any],
    run: Run,
    other: Mapping[str, Any] | None,
    out: Path,
) -> None:
    policy = settled(make_policy({}), kit.calibrations)
    results = results_of(outcomes, fusing(kit.calibrations.weights, policy), policy, about)
    results["left_out"] = {
        "failed": [{"name": name, "error": why} for name, why in sorted(run.failed.items())],
        "missing": run.missing,
        "unlabelled": run.unlabelled,
    }
    if other is not None:
        results["against"] = compare_results(results, other)
    console = Console()
    for line in lines(results):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for caution in results["cautions"]:
        code, values = caution["code"], caution["values"]
        said = sentence(Reason(code, values))
        console.print(f"note: {said}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    written = write_report(results, out)
    console.print(f"written: {', '.join(map(str, written))}", markup=False, highlight=False, soft_wrap=True)


def lines(results: Mapping[str, Any]) -> list[str]:
    """Return the main figures as lines of text."""
    counts, rates = results["counts"], results["rates"]
    told = [f"{counts['scans']} scans: {counts['occupied']} occupied, {counts['empty']} empty"]
    for name, words in (
        ("detection", "found (search or rescue)"),
        ("no_indication", "occupied, told no-indication"),
        ("false_alarms", "false alarms"),
        ("workload", "empty, to be opened"),
    ):
        rate = rates[name]
        if rate["of"]:
            ends = f"[{rate['low']:.3f}, {rate['high']:.3f}]"
            told.append(f"  {words:30} {rate['value']:.3f} {ends}  {rate['hits']}/{rate['of']}")
    if "against" in results:
        found = results["against"]
        told.append(
            f"  against the other: {found['common']} scans in both, "
            f"{len(found['changed'])} decisions changed, "
            f"found {found['detection']['only_this']} more and {found['detection']['only_other']} fewer"
        )
    return told


def _name(run: Run, errors: Console) -> None:
    """Say what was left out."""
    bad = {**run.failed, **dict.fromkeys(run.missing, "a label, but no recording has this scan id")}
    for name, why in sorted(bad.items()):
        told = why if why.startswith(name) else f"{name}: {why}"
        errors.print(f"lorryscan: {told}", style="red", markup=False, highlight=False, soft_wrap=True)
    if run.unlabelled:
        more = " …" if len(run.unlabelled) > MOST_NAMED else ""
        names = ", ".join(run.unlabelled[:MOST_NAMED]) + more
        said = f"note: {len(run.unlabelled)} scans without a label: {names}"
        errors.print(said, markup=False, highlight=False, soft_wrap=True)


def _bar(errors: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=errors, disable=not errors.is_terminal)


def _absolute(named: Mapping[str, Path]) -> tuple[tuple[str, Path], ...]:
    return tuple((name, path.resolve()) for name, path in sorted(named.items()))


def _command(
    paths: Sequence[str],
    out: Path,
    labels: Path | None,
    against: Path | None,
    xray_model: Path | None,
    thermal_model: Path | None,
    evidence: Path | None,
) -> str:
    """Return what was asked, without how many hands did it: they do not change the result."""
    options = {
        "--labels": labels,
        "--out": out,
        "--against": against,
        "--xray-model": xray_model,
        "--thermal-model": thermal_model,
        "--evidence": evidence,
    }
    given = [str(word) for pair in options.items() if pair[1] is not None for word in pair]
    return shlex.join(["lorryscan", "validate", *paths, *given])
