"""The command: what it prints and returns, taken up after a kill, against another version, over rows."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drivers.api import ConfigError
from scanner.validation.outcome import Truth, to_json
from scanner.validation.run import validate
from scanner.validation.source import find
from scanner.validation.store import Store, identity_of
from scanner.validation.work import KitFiles, kit_of
from service.cli import app
from tests.validation.conftest import Record, one_thread
from tests.validation.rows import two_normals

PATIENCE_S = 150
"""A busy machine takes its time to import everything, twice."""


@pytest.fixture
def run(tmp_path: Path, monkeypatch) -> Callable[..., tuple[int, str]]:
    monkeypatch.chdir(tmp_path)

    def command(*words: object) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["validate", *map(str, words)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return command


@pytest.fixture
def some(recorded: Record, tmp_path: Path) -> Path:
    """Four short scans, two of them occupied, with their labels."""
    for number in range(4):
        recorded(f"0{number}", seconds=21 if number % 2 else 4, seed=number)
    labels = tmp_path / "labels.csv"
    labels.write_text("scan,persons,site\n00,0,port\n01,2,port\n02,0,yard\n03,1,yard\n")
    return labels


def test_a_set_becomes_a_report(some: Path, run, evidence_saying, tmp_path: Path) -> None:
    asked = ["recordings", "--labels", some, "--out", "report", "--workers", 1]
    status, said = run(*asked, "--evidence", evidence_saying(5.0))
    assert status == 0, said
    assert "4 scans: 2 occupied, 2 empty" in said
    assert "2/2" in said
    told = json.loads((tmp_path / "report" / "results.json").read_text())
    assert told["rates"]["detection"]["hits"] == 2
    assert set(told["groups"]) == {"vehicle", "cargo", "persons", "condition lane", "condition site"}
    assert told["left_out"] == {"failed": [], "missing": [], "unlabelled": []}
    assert "--workers" not in told["about"]["command"]
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert told["about"]["calibrations"] in page

    status, said = run(
        "recordings", "--labels", some, "--out", "later", "--workers", 1,
        "--evidence", evidence_saying(-5.0), "--against", "report/results.json",
    )  # fmt: skip
    assert status == 0, said
    assert "4 scans in both, 4 decisions changed, found 0 more and 2 fewer" in said
    told = json.loads((tmp_path / "later" / "results.json").read_text())
    assert told["against"]["detection"]["p"] == pytest.approx(0.5)


def test_bad_files_are_named_and_the_report_is_written(some: Path, run, tmp_path: Path) -> None:
    cut = tmp_path / "recordings" / "03" / "visit-01.mcap"
    cut.write_bytes(cut.read_bytes()[:-100])
    some.write_text("scan,persons\n00,0\n01,1\n03,1\n09,1\n")
    status, said = run("recordings", "--labels", some, "--out", "report", "--workers", 1)
    assert status == 1
    assert f"03: {cut} is cut off" in said
    assert "09: a label, but no recording" in said
    assert "1 scans without a label: 02" in said
    told = json.loads((tmp_path / "report" / "results.json").read_text())
    assert told["counts"]["scans"] == 2
    assert [one["name"] for one in told["left_out"]["failed"]] == ["03"]
    assert told["left_out"]["missing"] == ["09"]


def test_rows_of_a_campaign_need_no_labels(run, tmp_path: Path) -> None:
    rows = two_normals(300, {"co2": 2.0, "xray": 1.0})
    (tmp_path / "rows.jsonl").write_text("".join(to_json(row) + "\n" for row in rows))
    status, said = run("rows.jsonl", "--out", "report")
    assert status == 0, said
    assert "300 scans: 150 occupied, 150 empty" in said
    (tmp_path / "rows.jsonl").write_text(to_json(rows[0]) + "\n" + to_json(rows[1])[:50])
    with pytest.raises(ConfigError, match="line 2 is no row"):
        run("rows.jsonl", "--out", "report")


@pytest.mark.parametrize(("suffix", "packed"), [(".xz", lzma.compress), (".gz", gzip.compress)])
def test_rows_may_be_packed(run, tmp_path: Path, suffix: str, packed: Callable[[bytes], bytes]) -> None:
    text = "".join(to_json(row) + "\n" for row in two_normals(300, {"co2": 2.0, "xray": 1.0})).encode()
    file = tmp_path / f"rows.jsonl{suffix}"
    file.write_bytes(packed(text))
    status, said = run(file.name, "--out", "report")
    assert status == 0, said
    assert "300 scans: 150 occupied, 150 empty" in said
    file.write_bytes(packed(text)[:-30])
    with pytest.raises(ConfigError, match="cannot be read"):
        run(file.name, "--out", "report")


def test_the_report_says_which_campaign_the_rows_are_of(run, tmp_path: Path) -> None:
    rows = two_normals(300, {"co2": 2.0, "xray": 1.0})
    (tmp_path / "rows.jsonl").write_text("".join(to_json(row) + "\n" for row in rows))
    beside = {
        "campaign": {"seed": 41, "split": "test"},
        "versions": {"code": "c0de", "calibrations": "ca11b"},
        "models": {},
    }
    (tmp_path / "campaign.json").write_text(json.dumps(beside))
    assert run("rows.jsonl", "--out", "report")[0] == 0
    assert json.loads((tmp_path / "report" / "results.json").read_text())["about"]["campaigns"] == [
        {"rows": "rows.jsonl", **beside}
    ]
    page = (tmp_path / "report" / "report.html").read_text()
    assert "seed 41, split test, judged by code c0de with calibrations ca11b" in page
    (tmp_path / "campaign.json").write_text("{}")
    with pytest.raises(ConfigError, match="does not say how its rows were made"):
        run("rows.jsonl", "--out", "report")


def test_what_is_asked_wrongly_is_told_before_any_work(some: Path, run, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give --labels"):
        run("recordings", "--out", "report")
    with pytest.raises(ConfigError, match="is a file"):
        run("recordings", "--labels", some, "--out", some)
    with pytest.raises(ConfigError, match="cannot be read"):
        run("recordings", "--labels", some, "--out", "report", "--against", "nothing.json")
    with pytest.raises(ConfigError, match="cannot be listed"):
        run("nowhere", "--labels", some, "--out", "report")
    assert not (tmp_path / "report" / "report.html").exists()


def test_nothing_to_count_is_said(run, recorded: Record, tmp_path: Path) -> None:
    recorded("00", seconds=3)
    (tmp_path / "labels.csv").write_text("scan,persons\n01,1\n")
    status, said = run("recordings", "--labels", "labels.csv", "--out", "report")
    assert status == 1
    assert "no labelled scan could be judged" in said


@pytest.mark.slow
@pytest.mark.timeout(560)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_after_a_kill_or_ctrl_c_the_same_command_goes_on(
    how: signal.Signals, recorded: Record, tmp_path: Path
) -> None:
    names = [f"{number:02}" for number in range(6)]
    for number, name in enumerate(names):
        recorded(name, seconds=12, seed=number)
    labels = tmp_path / "labels.csv"
    labels.write_text("scan,persons\n" + "".join(f"{name},{int(name) % 2}\n" for name in names))

    @contextmanager
    def started(out: str) -> Iterator[subprocess.Popen[str]]:
        asked = ["recordings", "--labels", "labels.csv", "--out", out, "--workers", "1"]
        child = subprocess.Popen(
            [sys.executable, "-m", "service", "validate", *asked],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        with child:
            try:
                yield child
            finally:
                child.kill()

    def rows(out: str) -> list[str]:
        return [
            line for path in (tmp_path / out).glob("rows-*.jsonl") for line in path.read_text().splitlines()
        ]

    with started("killed") as child:
        deadline = time.monotonic() + PATIENCE_S
        while not rows("killed"):
            assert time.monotonic() < deadline, "no rows come"
            with suppress(subprocess.TimeoutExpired):
                child.wait(0.2)
                raise AssertionError(child.communicate()[0])
        child.send_signal(how)
        said = child.communicate(timeout=PATIENCE_S)[0]  # its workers end as well: they hold the same pipe
        assert child.returncode == (130 if how is signal.SIGINT else -how)
    if how is signal.SIGINT:
        assert "the same command goes on" in said
    assert 1 <= len(rows("killed")) < len(names)
    with started("killed") as child:
        said = child.communicate(timeout=PATIENCE_S)[0]
        assert child.returncode == 0, said
    with Store(tmp_path / "whole", identity_of(kit_of(KitFiles()))) as store:
        truths = {name: Truth(int(name) % 2, "") for name in names}
        whole = validate(find([str(tmp_path / "recordings")]), truths, store, KitFiles(), one_thread)
    told = {json.loads(line)["source"]: json.loads(line) for line in rows("killed")}
    assert len(rows("killed")) == len(told) == len(names)
    assert {o.source: o.digest for o in whole.outcomes} == {s: one["digest"] for s, one in told.items()}
    results = json.loads((tmp_path / "killed" / "results.json").read_text())
    assert [one["scan"] for one in results["scans"]] == names
