"""``lorryscan labels``: searches as labels for validation, and how many lorries a claim needs."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Connection

from drivers.api import ConfigError
from scanner.labels_from_life import Estimate, figures_from_searches
from scanner.validation.figures import Rate
from service.cli.data_folder import DATA, console_user, now_ms, open_existing
from service.cli.labels_numbers import lines_of_numbers
from service.cli.labels_planted import Planted, read_planted
from service.cli.out_file import check_can_write
from service.store import audit, lanes, searched_scans
from service.store.searched_scans import SearchedOrNot, Why

COLUMNS = ("scan", "persons", "cargo", "planted", "search_chance", "searched_for")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="What searches found, as labels for validation, and how many lorries a claim needs.",
)

_DAY = ["%Y-%m-%d"]
SINCE = Annotated[
    datetime | None, typer.Option("--since", formats=_DAY, help="scans opened on this day (UTC) or later")
]
UNTIL = Annotated[
    datetime | None, typer.Option("--until", formats=_DAY, help="scans opened on this day (UTC) or before")
]
PLANTED = Annotated[
    Path | None,
    typer.Option("--planted", help="CSV scan,persons[,cargo] of lorries with volunteers, or nobody, inside"),
]


@app.command("export")
def export(
    out: Annotated[Path, typer.Option("--out", help="the CSV file to write")],
    since: SINCE = None,
    until: UNTIL = None,
    lane: Annotated[str | None, typer.Option("--lane", help="scans of this lane alone")] = None,
    planted: PLANTED = None,
    own_choice: Annotated[
        bool, typer.Option("--own-choice", help="also searches of unknown chance, with search_chance empty")
    ] = False,
    data: DATA = Path("service-data"),
) -> None:
    """Write who was found in searched lorries, as labels for `lorryscan validate`; it names nobody."""
    check_can_write(out, "--out")
    hidden = {} if planted is None else read_planted(planted)
    since_ms, until_ms = _ms(since), _ms(until + timedelta(days=1) if until else None)
    if since_ms is not None and until_ms is not None and until_ms <= since_ms:
        raise ConfigError("--until is before --since: name the first day with --since")
    with open_existing(data) as database:
        with database.reading() as c:
            known = [one.id for one in lanes.listed(c)]
            if lane is not None and lane not in known:
                raise ConfigError(
                    f"--lane {lane}: there is no such lane; there are {', '.join(known) or 'none'}"
                )
            seen = _read(c, since_ms, until_ms, lane)
        rows = _rows(seen, hidden, own_choice)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])
        with database.writing() as c:
            detail = {"file": out.name, "rows": len(rows)}
            audit.append(c, console_user(), "labels_exported", "", detail, now_ms())
    out.write_text(text.getvalue(), encoding="utf-8")
    typer.echo(f"{out}: {len(rows)} lines.")
    for line in [*_counts(seen, hidden, own_choice), *_figures(seen, hidden)]:
        typer.echo(line)


@app.command("numbers")
def numbers() -> None:
    """Print how many lorries each claim needs."""
    for line in lines_of_numbers():
        typer.echo(line)


def _ms(day: datetime | None) -> int | None:
    return None if day is None else int(day.replace(tzinfo=UTC).timestamp() * 1000)


def _read(c: Connection, since_ms: int | None, until_ms: int | None, lane: str | None) -> list[SearchedOrNot]:
    bar = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*bar, console=Console(stderr=True), transient=True) as progress:
        ids = searched_scans.ids(c, since_ms, until_ms, lane)
        return list(progress.track(searched_scans.listed(c, ids), total=len(ids), description="scans"))


def _rows(
    seen: Sequence[SearchedOrNot], hidden: Mapping[str, Planted], own_choice: bool
) -> list[tuple[str, ...]]:
    """Return the lines of the file; a planted lorry's truth is known whether or not it was searched."""
    rows: list[tuple[str, ...]] = []
    for one in seen:
        put_in = hidden.get(one.scan)
        searched_for = "" if one.found is None else one.why.value
        if put_in is not None:
            persons = max(put_in.persons, one.found or 0)
            rows.append((one.scan, str(persons), put_in.cargo, "yes", "1", searched_for))
        elif one.found is not None and (one.chance is not None or own_choice):
            chance = "" if one.chance is None else f"{one.chance:.6g}"
            rows.append((one.scan, str(one.found), "", "no", chance, searched_for))
    return rows


def _counts(seen: Sequence[SearchedOrNot], hidden: Mapping[str, Planted], own_choice: bool) -> list[str]:
    life = [one for one in seen if one.scan not in hidden]
    decided = sum(one.decided for one in life)
    searched = Counter(one.why for one in life if one.found is not None)
    left = Counter(one.why for one in life if one.found is None)
    lines = [
        f"{len(life)} scans, {decided} of them with a final recommendation or an alarm.",
        f"Searched: {searched[Why.ALARM]} for an alarm, {searched[Why.LOT]} by lot, "
        f"{searched[Why.OWN_CHOICE]} by an officer's own choice.",
        f"Not searched: {left[Why.ALARM]} that alarmed, {left[Why.LOT]} that the lot fell on, "
        f"{left[Why.OWN_CHOICE]} others. What was in them is not known: they are not in the file.",
    ]
    if not searched[Why.LOT]:
        lines.append(
            "WARNING: no lorry was searched by lot. Of lorries without an alarm nothing is known: these "
            "labels cannot say what was missed, and favour whatever agrees with the alarms. "
            "Set random_search in the lane's policy."
        )
    if left[Why.ALARM] or left[Why.LOT]:
        lines.append(
            "WARNING: weights take every alarm, and every lorry that the lot fell on, as searched. "
            "If those that were left out differ from the others, the figures are off."
        )
    if searched[Why.OWN_CHOICE]:
        where = (
            "in the file with search_chance empty"
            if own_choice
            else "not in the file (--own-choice adds them)"
        )
        lines.append(
            f"The chance of the {searched[Why.OWN_CHOICE]} searches of an officer's own choice is not known: "
            f"they are {where}, and weighted figures leave them out."
        )
    missing = sorted(set(hidden) - {one.scan for one in seen})
    if missing:
        lines.append(
            f"WARNING: {len(missing)} planted lorries have no scan here, {missing[0]} is the first: "
            "check the ids, the days and the lane."
        )
    return lines


def _figures(seen: Sequence[SearchedOrNot], hidden: Mapping[str, Planted]) -> list[str]:
    """Return what the searches say of the lane's own recommendations."""
    life = [one for one in seen if one.scan not in hidden and one.found is not None]
    tried = [one for one in seen if one.scan in hidden and hidden[one.scan].persons and one.found is not None]
    volunteers = Rate(sum(bool(one.found) for one in tried), len(tried))
    usable = volunteers if volunteers.hits else None
    found = figures_from_searches(
        np.array([bool(one.found) for one in life], dtype=bool),
        np.array([one.alarmed for one in life], dtype=bool),
        np.array([math.nan if one.chance is None else one.chance for one in life]),
        usable,
    )
    lines = []
    if found.used:
        lines += [
            f"From {found.used} searches of known chance, worth {found.effective:.1f} of equal weight, "
            "planted lorries apart (95 % intervals):",
            f"  alarms among occupied lorries  {_words(found.detection)}",
            f"  alarms among empty lorries     {_words(found.false_alarms)}",
            f"  occupied among all lorries     {_words(found.occupied_share)}",
        ]
    if volunteers.of:
        share = Estimate(volunteers.value, *volunteers.interval)
        use = "the figures above are corrected by it." if usable else "nothing can be corrected by it."
        lines.append(
            f"Searches found volunteers in {volunteers.hits} of {volunteers.of} planted lorries: "
            f"{_words(share)}; {use}"
        )
    elif found.used:
        lines.append(
            "No planted volunteer was searched for: these figures take it that searches find everybody."
        )
    return lines


def _words(one: Estimate) -> str:
    if math.isnan(one.value):
        return "not known"
    return f"{one.value:.4f} [{one.low:.4f}, {one.high:.4f}]"
