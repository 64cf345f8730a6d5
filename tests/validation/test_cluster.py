"""Two Dask workers over an S3-compatible store: one killed in the middle, nothing lost, nothing doubled."""

from __future__ import annotations

import importlib.util
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.api import ConfigError
from scanner.validation.outcome import Truth
from scanner.validation.pools import dask_cluster, processes
from scanner.validation.run import Run, validate
from scanner.validation.source import find
from scanner.validation.store import Store, identity_of
from scanner.validation.work import KitFiles, kit_of
from tests.conftest import need
from tests.validation.conftest import Record
from tests.validation.local_cluster import EXTRAS, cluster, object_store

# the libraries' own warnings are no concern of ours
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.timeout(360),
]


@pytest.fixture(scope="module")
def extras() -> None:
    missing = [name for name in EXTRAS if importlib.util.find_spec(name) is None]
    need(
        "cluster",
        not missing,
        f"without {', '.join(missing)}: pip install 'lorryscan[dask,objects]' 'moto[server]'",
    )


@pytest.fixture
def bucket(extras: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give the store as s3fs sees it; workers that are started later find it too."""
    import s3fs

    with object_store() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        store = s3fs.S3FileSystem(skip_instance_cache=True)
        store.mkdir("port")
        yield store
        s3fs.S3FileSystem.clear_instance_cache()


def test_a_killed_worker_loses_and_doubles_nothing(
    bucket: Any,
    recorded: Record,
    evidence_saying: Callable[[float], Path],
    tmp_path: Path,
) -> None:
    names = [f"{number:02}" for number in range(10)]
    for number, name in enumerate(names):
        bucket.put_file(str(recorded(name, seconds=21, seed=number)), f"port/2026/{name}/visit-01.mcap")
    bucket.pipe_file("port/2026/cut.mcap", recorded("99", seconds=3).read_bytes()[:-50])
    truths = {name: Truth(int(name) % 2, "") for name in (*names, "99")}
    files = KitFiles(evidence=evidence_saying(5.0))
    done: list[int] = []

    def kill_one_at_the_third(count: int, _total: int) -> None:
        done.append(count)
        if count == 3:
            workers[0].send_signal(signal.SIGKILL)

    def run(places: list[str], out: str, pool: Any, **more: Any) -> Run:
        with Store(tmp_path / out, identity_of(kit_of(files))) as store:
            return validate(find(places), truths, store, files, pool, **more)

    with cluster(tmp_path) as (address, workers):
        told = run(
            ["s3://port/2026"], "cluster", lambda: dask_cluster(address), progress=kill_one_at_the_third
        )
        assert workers[0].wait(30) == -signal.SIGKILL
        assert workers[1].poll() is None
    assert done == list(range(12))
    assert [outcome.scan for outcome in told.outcomes] == names
    assert list(told.failed) == ["99"]
    assert "s3://port/2026/cut.mcap is cut off" in told.failed["99"]
    assert told.outcomes[0].links == ("s3://port/2026/00/visit-01.mcap",)
    (rows,) = (tmp_path / "cluster").glob("rows-*.jsonl")
    assert len(rows.read_text().splitlines()) == len(names)
    local = run([str(tmp_path / "recordings")], "pool", lambda: processes(2))
    digests = {outcome.source: outcome.digest for outcome in told.outcomes}
    assert digests == {o.source: o.digest for o in local.outcomes if o.scan != "99"}


def test_an_address_where_nobody_answers_is_told(extras: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanner.validation.pools.CONNECT_S", 1.0)
    with pytest.raises(ConfigError, match="no scheduler answers"), dask_cluster("tcp://127.0.0.1:9"):
        pass
