"""Answers of the bench on recorded hearts: computed once, kept in JSON lines, taken up again.

A file holds one method at one state of its sources; a changed source opens a new
file. A line is one question, written when it is answered; one that was cut off by a
kill is left out and asked again.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.bench.real_hearts_statistics import METHODS

Job = TypeVar("Job")


def version(method: str, sources: Iterable[ModuleType]) -> str:
    """Return a number that changes with the sources of a method and of its trials."""
    number = 0
    for path in sorted(Path(str(module.__file__)) for module in (*METHODS[method][1], *sources)):
        number = zlib.crc32(path.read_bytes(), number)
    return f"{number:08x}"


class Store:
    """Stored answers of several methods in one folder, which is made where it is not.

    Parameters
    ----------
    kind : begins the files' names.
    sources : modules that make the trials: a change in them makes all answers void.
    """

    def __init__(
        self, folder: Path, kind: str, methods: Sequence[str], sources: Sequence[ModuleType]
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.methods = tuple(methods)
        self._paths = {name: folder / f"{kind}-{name}-{version(name, sources)}.jsonl" for name in methods}
        self._found: dict[tuple[str, str], Any] = {}
        for name, path in self._paths.items():
            if not path.exists():
                continue
            text = path.read_text(encoding="utf-8")
            for line in text.splitlines():
                self._take(name, line)
            if text and not text.endswith("\n"):
                with path.open("a", encoding="utf-8") as file:
                    file.write("\n")

    def _take(self, method: str, line: str) -> None:
        try:
            stored = json.loads(line)
        except ValueError:
            return
        self._found[method, stored["key"]] = stored["answer"]

    def missing(self, key: str) -> tuple[str, ...]:
        """Return the methods that have not answered."""
        return tuple(name for name in self.methods if (name, key) not in self._found)

    def of(self, method: str, key: str) -> Any:
        return self._found[method, key]

    def add(self, method: str, key: str, answer: Any) -> None:
        line = json.dumps({"key": key, "answer": answer})
        with self._paths[method].open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        self._take(method, line)

    def complete(
        self,
        jobs: Iterable[tuple[str, Job]],
        judge: Callable[[Job, tuple[str, ...]], dict[str, Any]],
        workers: int,
        label: str,
    ) -> None:
        """Ask what is missing, with a bar on stderr.

        Parameters
        ----------
        jobs : (key, job) of everything that is wanted.
        judge : of a job and the methods to ask, each method's answer (what JSON can hold).
        """
        todo = [(key, job, missing) for key, job in jobs if (missing := self.missing(key))]
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(label, total=len(todo))

            def keep(key: str, answers: dict[str, Any]) -> None:
                for method, answer in answers.items():
                    self.add(method, key, answer)
                bar.advance(task)

            if workers == 1:
                for key, job, missing in todo:
                    keep(key, judge(job, missing))
                return
            with ProcessPoolExecutor(workers) as pool:
                pending = {pool.submit(judge, job, missing): key for key, job, missing in todo}
                for done in as_completed(pending):
                    keep(pending[done], done.result())
