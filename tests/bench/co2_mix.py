"""Mixtures of simulated lorries for the smaller CO2 tables: all loads, closed for any time, 1-10 people."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.bench.co2_rows import ONE, TWO, Row, row

Whole = npt.NDArray[np.int64]

MOST_PEOPLE = 10
QUIET = ("reefer, frozen", "reefer, boxed", "reefer, empty", "tanker, empty", "tanker, liquid")
BREATHING = ("reefer, produce", "reefer, meat", "reefer, dry ice")
AS_THEY_COME = (*QUIET[:-1], "tanker, liquids as they come", *BREATHING)


def mixed_rows(loads: tuple[str, ...] = AS_THEY_COME, hold_s: tuple[float, ...] = ONE) -> tuple[Row, ...]:
    """Return a row for each load with the closing time left to the world."""
    return tuple(row(load, None, hold_s, 1) for load in loads)


def procedures() -> dict[str, tuple[float, ...]]:
    """One dip of 120 s and two of 60 s."""
    return {"120 s": ONE, "2 × 60 s": TWO}


def people(n: int, seed: int) -> Whole:
    """Draw numbers of people, 1 to 10, few more often than many (1/n)."""
    share = 1.0 / np.arange(1, MOST_PEOPLE + 1)
    rng = np.random.default_rng((88_001, seed))
    return rng.choice(np.arange(1, MOST_PEOPLE + 1), size=n, p=share / share.sum())


def options(doc: str | None, occupied: int, empty: int) -> argparse.ArgumentParser:
    """Return the options that the tables share."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--occupied", type=int, default=occupied, help="occupied trials a row")
    parser.add_argument("--empty", type=int, default=empty, help="empty trials a row")
    parser.add_argument("--world", type=int, default=72001)
    parser.add_argument("--markdown", type=Path)
    return parser


def tell(lines: list[str], markdown: Path | None) -> None:
    """Print a table, and write it where asked."""
    text = "\n".join(lines) + "\n"
    print(text)
    if markdown:
        markdown.write_text(text, encoding="utf-8")


def line(*cells: object) -> str:
    """Return one line of a Markdown table."""
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def head(*cells: str) -> list[str]:
    """Return the two first lines of a Markdown table."""
    return [line(*cells), "|" + "---|" * len(cells)]
