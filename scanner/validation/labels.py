"""What was inside each recorded scan, as searches and volunteers tell it: a CSV file with a line a scan."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from drivers.api import ConfigError
from scanner.validation.outcome import Truth
from scanner.vehicle import CargoClass

MOST_PERSONS = 200
YES, NO = ("yes", "1", "true"), ("no", "0", "false", "")
KNOWN = ("scan", "persons", "cargo", "planted", "search_chance")
RESERVED = ("lane", "projected", "vehicle", "declared")
"""Names that a recording's own facts have in the tables."""


def read_labels(path: Path) -> dict[str, Truth]:
    """Read who was inside, by scan id.

    The first line names the columns: ``scan`` (the recording's scan id) and ``persons`` (a whole number),
    then any of ``cargo`` (class that was really loaded; empty = as declared), ``planted`` (yes where
    volunteers or nobody went in on purpose: nothing was selected), ``search_chance`` (above 0, at most 1:
    how likely a lorry like this was to be searched; its weight is 1 / that; empty = not known: weight 0),
    and any other column, which becomes a condition that the figures are split by. A cargo that is not told is
    "" in the truth.

    Raises
    ------
    ConfigError : the file or a column is missing, a word is wrong, or a scan stands there twice; with the
        number of the line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file)
            columns = [name.strip() for name in next(lines, [])]
            rows = [(lines.line_num, row) for row in lines if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"--labels {path}: cannot be read ({error}): give a CSV file") from None
    _check_columns(path, columns)
    truths: dict[str, Truth] = {}
    stands_at: dict[str, int] = {}
    for number, row in rows:
        where = f"--labels {path}: line {number}"
        if len(row) != len(columns):
            raise ConfigError(f"{where}: {len(row)} cells, the first line has {len(columns)}")
        cells = dict(zip(columns, (cell.strip() for cell in row), strict=True))
        scan = cells["scan"]
        if not scan:
            raise ConfigError(f"{where}: no scan id: write the recording's")
        if scan in truths:
            raise ConfigError(f"{where}: {scan} stands in line {stands_at[scan]} already: keep one of them")
        truths[scan], stands_at[scan] = _truth(where, cells), number
    if not truths:
        raise ConfigError(f"--labels {path}: there is no line below the first: write one a scan")
    return truths


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    where = f"--labels {path}"
    if not {"scan", "persons"} <= set(columns):
        raise ConfigError(f"{where}: give a first line scan,persons[,…] and one line a scan")
    for name in columns:
        if not name or columns.count(name) > 1:
            raise ConfigError(f'{where}: the column "{name}" needs a name of its own')
        if name in RESERVED:
            raise ConfigError(f'{where}: the column "{name}" is told by the recording: name it otherwise')


def _truth(where: str, cells: Mapping[str, str]) -> Truth:
    persons = cells["persons"]
    if not persons.isdecimal() or int(persons) > MOST_PERSONS:
        raise ConfigError(f'{where}: persons is "{persons}": write a whole number, 0 for nobody')
    cargo = cells.get("cargo", "")
    if cargo and cargo not in set(CargoClass):
        known = ", ".join(one.value for one in CargoClass)
        raise ConfigError(f'{where}: cargo is "{cargo}": write one of {known}')
    word = cells.get("planted", "").lower()
    if word not in (*YES, *NO):
        raise ConfigError(f'{where}: planted is "{word}": write yes or no')
    planted = word in YES
    weight = 1.0
    if "search_chance" in cells and not (planted and not cells["search_chance"]):
        weight = _weight(where, cells["search_chance"])
    if planted and weight != 1.0:
        raise ConfigError(f"{where}: a planted lorry has no chance to be searched: leave search_chance empty")
    conditions = {name: value for name, value in cells.items() if name not in KNOWN and value}
    if "planted" in cells:
        conditions["planted"] = "yes" if planted else "no"
    return Truth(int(persons), cargo, conditions, weight)


def _weight(where: str, word: str) -> float:
    if not word:
        return 0.0
    try:
        chance = float(word)
    except ValueError:
        chance = math.nan
    if not 0.0 < chance <= 1.0:
        raise ConfigError(f'{where}: search_chance is "{word}": write a number above 0, at most 1')
    return 1.0 / chance
