"""Sets of recordings: bad ones named, rows kept through kills, and the same whoever did the work."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.api import ConfigError
from scanner.recording import RecordingHeader, RecordingWriter
from scanner.validation import work as work_module
from scanner.validation.outcome import Outcome, Truth, to_json
from scanner.validation.pools import Pool, PoolFailed, dask_cluster, processes
from scanner.validation.run import Run, validate
from scanner.validation.source import find, header_of
from scanner.validation.store import Identity, Store, identity_of, whole_lines
from scanner.validation.work import KitFiles, kit_of
from tests.validation.conftest import Record, one_thread

PEOPLE, NOBODY = Truth(2, ""), Truth(0, "")


@contextmanager
def nobody() -> Iterator[Pool]:
    raise AssertionError("there was work left")
    yield


@pytest.fixture
def files(evidence_saying: Callable[[float], Path]) -> KitFiles:
    return KitFiles(evidence=evidence_saying(5.0))


@pytest.fixture
def run(tmp_path: Path, files: KitFiles) -> Callable[..., Run]:
    def over(places: list[Path], labels: dict[str, Truth], pool=one_thread, out: str = "out", **more) -> Run:
        with Store(tmp_path / out, identity_of(kit_of(files))) as store:
            return validate(find([str(place) for place in places]), labels, store, files, pool, **more)

    return over


def lines(folder: Path) -> list[str]:
    (rows,) = folder.glob("rows-*.jsonl")
    return sorted(rows.read_text().splitlines())


def test_scans_are_judged_once_and_kept(recorded: Record, run, tmp_path: Path) -> None:
    labels = {"01A": PEOPLE, "01B": NOBODY}
    recorded("01A", 1, 4)
    recorded("01A", 2, 21)
    recorded("01B", seconds=5)
    told: list[tuple[int, int]] = []
    first = run([tmp_path / "recordings"], labels, progress=lambda done, total: told.append((done, total)))
    assert [(o.scan, o.recommendation, o.decided_s) for o in first.outcomes] == [
        ("01A", "search", 24.0),
        ("01B", "search", 5.0),
    ]
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert (first.failed, first.missing, first.unlabelled, first.kept) == ({}, [], [], 0)
    again = run([tmp_path / "recordings"], labels, pool=nobody)
    assert again.outcomes == first.outcomes
    assert again.kept == 2
    assert len(lines(tmp_path / "out")) == 2


def test_other_labels_need_no_replay(recorded: Record, run, tmp_path: Path) -> None:
    recorded("01A", seconds=5)
    run([tmp_path / "recordings"], {"01A": PEOPLE})
    told = run([tmp_path / "recordings"], {"01A": Truth(0, "meat", {"site": "yard"}, 4.0)}, pool=nobody)
    assert told.outcomes[0].truth == Truth(0, "meat", {"lane": "east", "site": "yard"}, 4.0)


def test_a_changed_file_is_judged_again(recorded: Record, run, tmp_path: Path) -> None:
    recorded("01A", seconds=5)
    run([tmp_path / "recordings"], {"01A": PEOPLE})
    recorded("01A", seconds=21)
    told = run([tmp_path / "recordings"], {"01A": PEOPLE})
    assert told.outcomes[0].recommendation == "search"
    assert len(lines(tmp_path / "out")) == 2


def test_each_bad_thing_is_named_and_the_rest_goes_on(recorded: Record, run, tmp_path: Path) -> None:
    good = recorded("01GOOD", seconds=5)
    cut = recorded("02CUT", seconds=5)
    cut.write_bytes(cut.read_bytes()[:-300])
    newer = tmp_path / "recordings" / "newer.mcap"
    declared = header_of(str(good)).declaration
    with RecordingWriter(newer, RecordingHeader("03NEW", 1, "east", declared, format_version="2")):
        pass
    twice = recorded("04TWICE", seconds=5)
    shutil.copy(twice, twice.with_name("copy.mcap"))
    recorded("05GAP", visit=2, seconds=5)
    recorded("06NOTICK", seconds=3, ticks=False)
    recorded("07UNSAID", seconds=5)
    (tmp_path / "recordings" / "text.mcap").write_text("no recording")
    shutil.copy(twice, twice.with_name("visit-01.repaired.mcap"))
    labels = dict.fromkeys(("01GOOD", "02CUT", "04TWICE", "05GAP", "06NOTICK", "08NOWHERE"), PEOPLE)
    told = run([tmp_path / "recordings"], labels)
    assert [outcome.scan for outcome in told.outcomes] == ["01GOOD"]
    assert told.missing == ["08NOWHERE"]
    assert told.unlabelled == ["07UNSAID"]
    why = {Path(name).name: said for name, said in told.failed.items()}
    assert set(why) == {"02CUT", "newer.mcap", "04TWICE", "05GAP", "06NOTICK", "text.mcap"}
    assert "is cut off" in why["02CUT"]
    assert str(cut) in why["02CUT"]
    assert "update lorryscan" in why["newer.mcap"]
    assert "copy.mcap" in why["04TWICE"]
    assert "repaired" not in why["04TWICE"]
    assert "visits 2 given" in why["05GAP"]
    assert "no tick" in why["06NOTICK"]
    assert "not an MCAP file" in why["text.mcap"]
    again = run([tmp_path / "recordings"], labels)
    assert again.failed == told.failed


def test_a_line_cut_by_a_kill_is_judged_again(recorded: Record, run, tmp_path: Path) -> None:
    labels = {"01A": PEOPLE, "01B": NOBODY}
    recorded("01A", seconds=5)
    recorded("01B", seconds=6)
    whole = run([tmp_path / "recordings"], labels)
    before = lines(tmp_path / "out")
    (rows,) = (tmp_path / "out").glob("rows-*.jsonl")
    rows.write_bytes(rows.read_bytes()[:-40])
    with pytest.raises(AssertionError, match="work left"):
        run([tmp_path / "recordings"], labels, pool=nobody)
    told = run([tmp_path / "recordings"], labels)
    assert told.kept == 1
    assert told.outcomes == whole.outcomes
    assert lines(tmp_path / "out") == before


def test_two_processes_give_the_same_rows_as_one_thread(recorded: Record, run, tmp_path: Path) -> None:
    labels = dict.fromkeys(("01A", "01B", "01C"), PEOPLE)
    for number, name in enumerate(labels):
        recorded(name, seconds=4 + number, seed=number)
    alone = run([tmp_path / "recordings"], labels)
    together = run([tmp_path / "recordings"], labels, pool=lambda: processes(2), out="pool")
    assert together.outcomes == alone.outcomes
    assert len({outcome.digest for outcome in alone.outcomes}) == 3
    assert lines(tmp_path / "pool") == lines(tmp_path / "out")


def test_a_scan_that_no_worker_survives_is_named(recorded: Record, run, tmp_path: Path, monkeypatch) -> None:
    """As Dask ends a task whose workers died each time: its error is not one of ours."""

    def deadly(task, files):
        if task.scan == "01B":
            raise ArithmeticError("four workers died")
        return work_module.work(task, files)

    monkeypatch.setattr("scanner.validation.run.work", deadly)
    for name in ("01A", "01B", "01C"):
        recorded(name, seconds=4)
    told = run([tmp_path / "recordings"], dict.fromkeys(("01A", "01B", "01C"), PEOPLE))
    assert [outcome.scan for outcome in told.outcomes] == ["01A", "01C"]
    assert told.failed == {"01B": "ArithmeticError: four workers died"}


def test_a_killed_process_leaves_what_was_done(recorded: Record, run, tmp_path: Path) -> None:
    labels = dict.fromkeys(("01A", "01B", "01C", "01D"), PEOPLE)
    for name in labels:
        recorded(name, seconds=4)

    def kill(done: int, _total: int) -> None:
        if done == 1:
            for child in multiprocessing.active_children():
                child.kill()

    with pytest.raises(PoolFailed, match="was killed"):
        run([tmp_path / "recordings"], labels, pool=lambda: processes(1), progress=kill)
    told = run([tmp_path / "recordings"], labels)
    assert told.kept >= 1
    assert [outcome.scan for outcome in told.outcomes] == list(labels)


def test_a_worker_with_other_code_is_refused(recorded: Record, run, tmp_path: Path, monkeypatch) -> None:
    recorded("01A", seconds=5)
    monkeypatch.setattr(work_module, "identity_of", lambda kit: replace(identity_of(kit), code="other"))
    with pytest.raises(PoolFailed, match="runs other code"):
        run([tmp_path / "recordings"], {"01A": PEOPLE})
    assert lines(tmp_path / "out") == []


def test_recordings_in_a_store_are_those_of_the_folder(recorded: Record, run, tmp_path: Path) -> None:
    """Through fsspec's in-memory store: nothing of it is a path on this disk."""
    import fsspec

    labels = {"01A": PEOPLE, "01B": NOBODY}
    store = fsspec.filesystem("memory")
    try:
        for name in labels:
            store.put_file(str(recorded(name, seconds=5)), f"/port/2026/{name}.mcap")
        store.pipe_file("/port/2026/bad.mcap", b"bytes")
        local = run([tmp_path / "recordings"], labels)
        distant = run(["memory://port/2026"], labels, out="distant")
        assert [o.scan for o in distant.outcomes] == ["01A", "01B"]
        assert distant.outcomes[0].links == ("memory:///port/2026/01A.mcap",)
        for one, other in zip(distant.outcomes, local.outcomes, strict=True):
            assert replace(one, links=()) == replace(other, links=())
        ((name, why),) = distant.failed.items()
        assert name == "memory:///port/2026/bad.mcap"
        assert name in why
        assert "/tmp" not in why
    finally:
        store.store.clear()


def test_what_cannot_be_listed_is_told() -> None:
    with pytest.raises(ConfigError, match="cannot be listed"):
        find(["/nowhere/at/all"])
    with pytest.raises(ConfigError, match="nosuch://bucket"):
        find(["nosuch://bucket"])


def test_a_folder_has_one_writer_and_an_identity_of_its_own(tmp_path: Path) -> None:
    one = Identity("0.1", "code", {"xray": "ab"}, "cal")
    assert one.id != replace(one, models={"xray": "cd"}).id != replace(one, calibrations="other").id
    with Store(tmp_path, one), pytest.raises(ConfigError, match="another run"):
        Store(tmp_path, one)
    with Store(tmp_path, replace(one, code="later")) as later:
        assert later.rows == {}
    told = json.loads((tmp_path / f"rows-{one.id}.json").read_text())
    assert told["models"] == {"xray": "ab"}


def test_a_source_has_one_row(tmp_path: Path) -> None:
    outcome = Outcome(
        "01A", "s", "reefer", "boxed", PEOPLE, "search", 20.0, True, 5.0, 0.5, None, {}
    )  # fmt: skip
    with Store(tmp_path, Identity("0.1", "code", {}, "cal")) as store:
        store.add(outcome)
        store.add(outcome)
    assert whole_lines(next(tmp_path.glob("rows-*.jsonl"))) == [to_json(outcome)]


def test_dask_that_is_not_there_is_told(monkeypatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(ConfigError, match=r"pip install 'lorryscan\[dask\]'"),
        dask_cluster("tcp://127.0.0.1:1"),
    ):
        pass
