"""``lorryscan labels``: what booths recorded becomes a file of labels, and is counted."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scanner.random_search import CHOSEN
from service.cli import main
from service.resources import OutcomeKind, OutcomeRequest
from service.store import alerts, audit, lanes
from service.store.sqlite_database import SqliteDatabase

NOON_MS = 1_793_620_800_000  # 2 November 2026
HEAD = ["scan", "persons", "cargo", "planted", "search_chance", "searched_for"]


@pytest.fixture
def store_kind() -> str:
    """Say that all of this is about SQLite."""
    return "sqlite"


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit status."""

    returncode: int
    stdout: str
    stderr: str


class Week:
    """A store that fills with scans, and the command that exports what was found in them."""

    def __init__(self, folder: Path, lane_of: Callable[..., Any], run: Callable[..., Done]) -> None:
        self.folder, self.run, self._lane_of = folder, run, lane_of
        self.data = folder / "service-data"
        self.scans = 0
        self.database = SqliteDatabase(self.data)
        with self.database.writing() as c:
            lanes.add(c, "north-quay-2", "test", NOON_MS)

    def scan(
        self,
        said: str,
        found: int | None = None,
        share: float | None = None,
        day: int = 0,
        plate: str = "AB12 CDE",
    ) -> str:
        """Tell of a finished scan; with ``found`` somebody searched it. Returns its id."""
        lane = self._lane_of(self.database)
        self.scans += 1
        lane.now_ms += 86_400_000 * day + 1000 * self.scans  # one after the other
        lane.tell(lane.opened(plate))
        reasons = [] if share is None else [{"code": CHOSEN, "values": {"share": share}, "text": {}}]
        lane.tell(lane.assessed(said, final=True, reasons=reasons))
        if found is not None:
            with self.database.writing() as c:
                alert, _ = alerts.raise_by_officer(c, lane.scan, "anna", "", lane.now_ms)
                alerts.acknowledge(c, alert.id, "anna", lane.now_ms)
                kind = OutcomeKind.PEOPLE_FOUND if found else OutcomeKind.NOTHING_FOUND
                outcome = OutcomeRequest(kind=kind, people=found or None)
                alerts.record_outcome(c, alert.id, outcome, "anna", lane.now_ms)
        return str(lane.scan)

    def export(self, *options: object) -> tuple[list[list[str]], Done]:
        """Run the command, and return the file's lines below the first, and what was said."""
        out = self.folder / "labels.csv"
        self.database.close()
        done = self.run("labels", "export", "--out", out, "--data", self.data, *options)
        assert done.returncode == 0, done.stderr
        with out.open(newline="", encoding="utf-8") as file:
            head, *rows = csv.reader(file)
        assert head == HEAD
        return rows, done


@pytest.fixture
def lorryscan(monkeypatch, capsys) -> Callable[..., Done]:
    """Give a function that runs the command in this process, as its entry point does."""

    def run(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["lorryscan", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def week(tmp_path: Path, lane_of, lorryscan) -> Week:
    """Give a store with one lane and no scan."""
    return Week(tmp_path, lane_of, lorryscan)


def test_searched_scans_are_lines_with_their_chance(week: Week):
    alarm = week.scan("search", found=2)
    empty = week.scan("rescue", found=0)
    lot = week.scan("no-indication", found=0, share=0.05)
    week.scan("no-indication")
    week.scan("inconclusive", found=1)  # a hunch
    rows, done = week.export()
    assert rows == [
        [alarm, "2", "", "no", "1", "alarm"],
        [empty, "0", "", "no", "1", "alarm"],
        [lot, "0", "", "no", "0.05", "lot"],
    ]
    assert "5 scans, 5 of them with a final recommendation" in done.stdout
    assert "Searched: 2 for an alarm, 1 by lot, 1 by an officer's own choice." in done.stdout
    assert "Not searched: 0 that alarmed, 0 that the lot fell on, 1 others." in done.stdout
    assert "not in the file (--own-choice adds them), and weighted figures leave them out" in done.stdout
    assert "WARNING" not in done.stdout
    # by hand: one of 1 + 0 occupied alarmed, one of 1 + 20 empty ones
    assert "alarms among occupied lorries  1.0000" in done.stdout
    assert "alarms among empty lorries     0.0476" in done.stdout
    assert "occupied among all lorries     0.0455" in done.stdout


def test_no_plate_and_no_name_is_in_the_file(week: Week):
    week.scan("search", found=1, plate="XX99 YYY")
    week.export()
    text = (week.folder / "labels.csv").read_text(encoding="utf-8").lower()
    assert "xx99" not in text
    assert "anna" not in text


def test_hunches_come_with_an_empty_chance_if_asked_for(week: Week):
    hunch = week.scan("no-indication", found=1)
    rows, done = week.export("--own-choice")
    assert rows == [[hunch, "1", "", "no", "", "own choice"]]
    assert "in the file with search_chance empty" in done.stdout


def test_without_a_lot_the_bias_is_told_and_nothing_is_claimed(week: Week):
    week.scan("search", found=1)
    week.scan("no-indication")
    _, done = week.export()
    assert "WARNING: no lorry was searched by lot" in done.stdout
    assert "alarms among occupied lorries  not known" in done.stdout


@pytest.mark.parametrize(("said", "share"), [("search", None), ("no-indication", 0.1)])
def test_searches_that_were_due_and_not_made_are_warned_of(week: Week, said: str, share: float | None):
    week.scan(said, share=share)
    rows, done = week.export()
    assert rows == []
    assert "WARNING: weights take every alarm" in done.stdout


def test_planted_lorries_are_in_it_whether_or_not_they_were_searched(week: Week):
    found = week.scan("search", found=1)
    missed = week.scan("search", found=0)
    passed = week.scan("no-indication")
    nobody = week.scan("search", found=0)
    week.scan("search", found=1)
    week.scan("no-indication", found=0, share=0.5)
    planted = week.folder / "planted.csv"
    lines = ["scan,persons,cargo", f"{found},1,boxed", f"{missed},2,", f"{passed},1,", f"{nobody},0,"]
    planted.write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows, done = week.export("--planted", planted)
    assert rows[:4] == [
        [found, "1", "boxed", "yes", "1", "alarm"],
        [missed, "2", "", "yes", "1", "alarm"],
        [passed, "1", "", "yes", "1", ""],
        [nobody, "0", "", "yes", "1", "alarm"],
    ]
    assert [row[3] for row in rows[4:]] == ["no", "no"]
    assert "2 scans, 2 of them" in done.stdout
    # of two planted lorries with people that were searched, one was found
    assert "Searches found volunteers in 1 of 2 planted lorries: 0.5000 [0.0126, 0.9874]" in done.stdout
    # 1 found / .5 = 2 occupied of 1 + 2 lorries
    assert "occupied among all lorries     0.6667" in done.stdout


def test_planted_lorries_that_are_not_there_are_named(week: Week):
    week.scan("search", found=1)
    planted = week.folder / "planted.csv"
    planted.write_text("scan,persons\n01JD8Z6W8S4N0T7K3Q5V9X2B1C,1\n", encoding="utf-8")
    _, done = week.export("--planted", planted)
    assert "1 planted lorries have no scan here, 01JD8Z6W8S4N0T7K3Q5V9X2B1C is the first" in done.stdout


def test_days_are_whole_and_inclusive(week: Week):
    ids = [week.scan("search", found=0, day=day) for day in range(3)]
    rows, _ = week.export("--since", "2026-11-03", "--until", "2026-11-03")
    assert [row[0] for row in rows] == [ids[1]]
    rows, _ = week.export("--until", "2026-11-03")
    assert [row[0] for row in rows] == ids[:2]
    rows, _ = week.export("--since", "2026-11-03", "--lane", "north-quay-2")
    assert [row[0] for row in rows] == ids[1:]


def test_the_export_is_in_the_audit_log(week: Week):
    week.scan("search", found=0)
    week.export()
    database = SqliteDatabase(week.data)
    with database.reading() as c:
        [entry] = [one for one in audit.after(c, 0, 100) if one.action == "labels_exported"]
    database.close()
    assert entry.who.startswith("console")
    assert entry.detail == {"file": "labels.csv", "rows": 1}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--lane", "south-quay-1"), "there is no such lane; there are north-quay-2"),
        (("--since", "2026-11-04", "--until", "2026-11-03"), "--until is before --since"),
        (("--planted", "none.csv"), "cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(week: Week, options: tuple[str, ...], told: str):
    week.database.close()
    out = week.folder / "labels.csv"
    done = week.run("labels", "export", "--out", out, "--data", week.data, *options)
    assert done.returncode == 2
    assert told in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("scan,people\nA,1\n", "scan,persons[,cargo]"),
        ("", "scan,persons[,cargo]"),
        ("scan,persons\nA,two\n", 'line 2: persons is "two"'),
        ("scan,persons\nA,-1\n", 'line 2: persons is "-1"'),
        ("scan,persons,cargo\nA,1,bananas\n", 'line 2: cargo is "bananas"'),
        ("scan,persons\nA,1\nA,1\n", "line 3: A stands there twice"),
        ("scan,persons\nA,1,2\n", "line 2: give a first line"),
        ("scan,persons\n,1\n", "line 2: give a first line"),
        ("scan,persons\nA\n", "line 2: persons"),
    ],
)
def test_a_faulty_list_of_planted_lorries_is_named_by_its_line(week: Week, text: str, told: str):
    planted = week.folder / "planted.csv"
    planted.write_text(text, encoding="utf-8")
    week.database.close()
    done = week.run(
        "labels", "export", "--out", week.folder / "l.csv", "--data", week.data, "--planted", planted
    )
    assert done.returncode == 2
    assert told in done.stderr


def test_the_page_shows_what_the_command_prints(lorryscan):
    page = (Path(__file__).resolve().parents[2] / "docs" / "labels.md").read_text(encoding="utf-8")
    assert lorryscan("labels", "numbers").stdout in page


def test_numbers_are_those_of_the_closed_forms(lorryscan):
    done = lorryscan("labels", "numbers")
    assert done.returncode == 0
    rows = [line for line in done.stdout.splitlines() if line.startswith("| 0.99 ")]
    assert rows[0].split(" | ")[1] == "299"  # ln .05 / ln .99 = 298.07
    [five_thousand] = [line for line in done.stdout.splitlines() if "50 alarms of 5 000" in line]
    assert five_thousand.endswith("[0.0074, 0.0132]")
    assert "| 300 | 0.00994 |" in done.stdout  # 1 - .05 ** (1 / 300) = .009936
