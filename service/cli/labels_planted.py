"""The list of planted lorries: volunteers, or nobody, went in on purpose, and the booth did not know."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from drivers.api import ConfigError
from scanner.vehicle import CargoClass

_FORM = "give a first line scan,persons[,cargo] and one line a lorry"


@dataclass(frozen=True, slots=True)
class Planted:
    """What was put into one lorry; ``cargo`` is "" where the papers' word is true."""

    persons: int
    cargo: str = ""


def read_planted(path: Path) -> dict[str, Planted]:
    """Read the list, by scan id.

    Raises
    ------
    ConfigError : it cannot be read, a word is wrong, or a scan stands there twice; with the line's number.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.DictReader(file)
            rows = [(lines.line_num, row) for row in lines]
            columns = [name.strip() for name in lines.fieldnames or ()]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"--planted {path}: cannot be read ({error}): {_FORM}") from None
    if columns not in (["scan", "persons"], ["scan", "persons", "cargo"]):
        raise ConfigError(f"--planted {path}: {_FORM}")
    found: dict[str, Planted] = {}
    for number, row in rows:
        where = f"--planted {path}: line {number}"
        cells = [cell.strip() if isinstance(cell, str) else "" for cell in row.values()]
        if len(cells) != len(columns) or not cells[0]:
            raise ConfigError(f"{where}: {_FORM}")
        scan, persons, cargo = (*cells, "")[:3]
        if not persons.isdecimal():
            raise ConfigError(f'{where}: persons is "{persons}": write a whole number, 0 for nobody')
        if cargo and cargo not in set(CargoClass):
            raise ConfigError(f'{where}: cargo is "{cargo}": write one of {", ".join(CargoClass)}')
        if scan in found:
            raise ConfigError(f"{where}: {scan} stands there twice: keep one of the lines")
        found[scan] = Planted(int(persons), cargo)
    return found
