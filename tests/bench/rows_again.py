"""Rows of a campaign drawn again with the code as it is, to tell whether they still hold.

    python -m tests.bench.rows_again ROWS [--lorries 100] [--workers 2]

``ROWS`` may be packed (``.xz``), its ``campaign.json`` lies beside it. Lorries are spread over all rows.
Scenes differ in last digits between processors, so ratios are compared, not digests. Exit status 1 where a
recommendation, its time or a ratio by more than `ALIKE` is another one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from rich.progress import track

from scanner.campaign.judge import Ticks
from scanner.campaign.rows import IDENTITY
from scanner.campaign.run import Campaign, judge_number
from scanner.validation.outcome import Outcome
from scanner.validation.store import read_rows

ALIKE = 0.01
"""Natural logarithm of a ratio: last digits grow to some thousandths in fits that go on until they stand."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a lorry's new row says beside the old one."""

    scan: str
    recommendation: tuple[str, str]
    decided_s: tuple[float, float]
    llr: float

    @property
    def alike(self) -> bool:
        """Same recommendation at the same time, from the same ratio."""
        return (
            self.recommendation[0] == self.recommendation[1]
            and self.decided_s[0] == self.decided_s[1]
            and self.llr <= ALIKE
        )


def difference(old: Outcome, new: Outcome) -> Difference:
    """Compare two rows of one lorry: what was decided, when, and each method's ratio then.

    Raises
    ------
    ValueError : they are of two lorries.
    """
    if old.scan != new.scan:
        raise ValueError(f"rows of two lorries, {old.scan} and {new.scan}")
    apart = [abs(said.llr - new.said[name].llr) for name, said in old.said.items()]
    return Difference(
        old.scan,
        (old.recommendation, new.recommendation),
        (old.decided_s, new.decided_s),
        max([abs(old.llr - new.llr), *apart]),
    )


def spread(rows: Sequence[Outcome], lorries: int) -> list[Outcome]:
    """Return so many rows, evenly spread over all.

    >>> spread([], 3)
    []
    """
    step = max(len(rows) / lorries, 1.0)
    return [rows[int(k * step)] for k in range(min(lorries, len(rows)))]


def again(campaign: Campaign, rows: Sequence[Outcome], workers: int) -> Iterator[Difference]:
    """Draw and judge the rows' lorries again."""
    draw = partial(judge_number, campaign, Path())
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        new = pool.map(draw, (int(row.scan.rsplit("-", 1)[1]) for row in rows))
        yield from map(difference, rows, new)


def campaign_of(folder: Path) -> tuple[Campaign, str]:
    """Read which campaign a folder's rows are of, and which code drew them."""
    told = json.loads((folder / IDENTITY).read_text(encoding="utf-8"))
    said = told["campaign"]
    campaign = Campaign(
        said["split"],
        said["seed"],
        said["occupied_share"],
        Ticks(said["ticks_every_s"], said["ticks_whole"]),
        said["calibrated"],
        False,
        said["tanker_share"],
        said["signal_db"],
        said["noise_db"],
    )
    return campaign, told["versions"]["code"]


def report(found: Iterable[Difference]) -> bool:
    """Print each lorry that differs and the sum; return whether none does."""
    all_ = list(found)
    for one in all_:
        if not one.alike:
            print(f"{one.scan}: {one.recommendation}, {one.decided_s} s, ratio {one.llr:.4f} apart")
    worst = max((one.llr for one in all_), default=0.0)
    same = sum(one.alike for one in all_)
    print(f"{same} of {len(all_)} rows hold; greatest difference of a logarithmic ratio {worst:.2g}")
    return same == len(all_)


def main() -> int:
    """Parse the command line and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--lorries", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    campaign, code = campaign_of(chosen.rows.parent)
    now = str(campaign.identity()["versions"]["code"])
    print(f"rows by code {code}, drawn again by {now}")
    rows = spread(list(read_rows(chosen.rows)), chosen.lorries)
    return 0 if report(track(again(campaign, rows, chosen.workers), "drawn again", len(rows))) else 1


if __name__ == "__main__":
    sys.exit(main())
