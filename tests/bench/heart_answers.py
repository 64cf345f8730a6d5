"""What each detector says of each trial: computed once, kept in files of JSON lines, taken up again.

A file holds one group of detectors at one state of its sources: a changed source
opens a new file, and nothing old is mixed in. A trial is one line, written when it
is whole; a line that was cut off by a kill is left out and computed again.
Answers of a run that was published are kept packed, in docs/heart-answers: they are
taken up as well, if the sources are still the same.
"""

from __future__ import annotations

import json
import lzma
import math
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from scanner.simulation import (
    chassis,
    hearts,
    priors,
    vibration,
    vibration_forces,
    vibration_noise,
    vibration_spec,
)
from scanner.simulation.vibration import ROLES
from tests.bench import heart_baselines, heart_ours, heart_trials
from tests.bench.heart_trials import (
    DURATIONS_S,
    FS_HZ,
    LEVELS_DB,
    Made,
    Trial,
    counts_of,
    load_hearts,
    make,
    samples,
)

GROUPS = ("ours", "plain", "ceiling")
SWEPT_S = (30.0, 60.0)
CHUNK = 8
RECORDED_HEARTS = ("heart_forces.py", "real_hearts_read.py")
SIMULATOR = (
    chassis,
    hearts,
    priors,
    vibration,
    vibration_forces,
    vibration_noise,
    vibration_spec,
    heart_trials,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One detector's answer to one variant of a trial; ``score`` NaN where unavailable."""

    detector: str
    duration_s: float
    level_db: float
    moving: bool
    score: float
    p_value: float = math.nan
    bpm: float = math.nan
    unavailable: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A trial, the groups that have not answered it, and whether the heart's level is swept."""

    trial: Trial
    groups: tuple[str, ...]
    sweep: bool


def variants(trial: Trial, sweep: bool) -> list[tuple[float, float, bool]]:
    """Return (duration, level, moving) of everything that is asked of a trial."""
    nominal = [(duration_s, 0.0, True) for duration_s in DURATIONS_S]
    if not trial.occupied:
        return nominal
    out = nominal + [(duration_s, 0.0, False) for duration_s in DURATIONS_S]
    if sweep:
        out += [
            (duration_s, level, moving)
            for duration_s in SWEPT_S
            for level in LEVELS_DB
            if level
            for moving in (True, False)
        ]
    return out


def answer(made: Made, group: str, sweep: bool) -> list[Answer]:
    """Return a group's answers to all variants of a trial."""
    if group == "ceiling":
        from tests.bench.heart_ceiling import ceilings

        return [
            Answer(name, duration_s, level, moving=False, score=score)
            for name, duration_s, level, score in ceilings(made, sweep)
        ]
    asked: dict[tuple[float, bool], list[float]] = {}
    for duration_s, level, moving in variants(made.trial, sweep):
        asked.setdefault((level, moving), []).append(duration_s)
    out = []
    for (level, moving), durations_s in asked.items():
        counts = counts_of(made, level_db=level, moving=moving)
        if group == "ours":
            durations_s = sorted(durations_s)
            for duration_s, found in zip(
                durations_s,
                heart_ours.find(counts, ROLES, FS_HZ, durations_s, made.spec.mass_t),
                strict=True,
            ):
                score = math.nan if found["unavailable"] else float(found["score"])
                told = float(found["p_value"]), float(found["bpm"]), str(found["unavailable"])
                out.append(Answer("ours", duration_s, level, moving, score, *told))
        else:
            for duration_s in durations_s:
                x = counts[:4, : samples(duration_s)].astype(float)
                out += [
                    Answer(name, duration_s, level, moving, method(x, FS_HZ))
                    for name, method in heart_baselines.baselines().items()
                ]
    return out


@lru_cache(maxsize=8)
def version(group: str) -> str:
    """Return a number that changes with the sources of a group, of the simulator and of the trials."""
    own: Iterable[ModuleType]
    if group == "ours":
        own = (heart_ours, *heart_ours.MODULES)
    elif group == "plain":
        own = (heart_baselines,)
    else:
        from tests.bench import heart_ceiling, heart_ceiling_beats, heart_ceiling_noise

        own = (heart_ceiling, heart_ceiling_beats, heart_ceiling_noise)
    number = 0
    for path in sorted(Path(str(module.__file__)) for module in chain(own, SIMULATOR)):
        number = zlib.crc32(path.read_bytes(), number)
    number = zlib.crc32((Path(str(priors.__file__)).parent / "vibration_priors.toml").read_bytes(), number)
    for name in RECORDED_HEARTS:
        path = Path(__file__).with_name(name)
        number = zlib.crc32(path.read_bytes() if path.exists() else b"", number)
    if group == "ours":
        number = zlib.crc32(heart_ours.WEIGHTS.read_bytes(), number)
    if group == "plain":  # with and without neurokit2 are two sets of answers
        number = zlib.crc32(" ".join(heart_baselines.baselines()).encode(), number)
    return f"{number:08x}"


class Answers:
    """Stored answers of one folder.

    Parameters
    ----------
    folder : made where it is not; one file a group and version.
    kept : folder of packed answers of an earlier run.
    """

    def __init__(self, folder: Path, groups: Sequence[str] = GROUPS, kept: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._paths = {group: folder / f"answers-{group}-{version(group)}.jsonl" for group in groups}
        self._found: dict[tuple[str, str], list[Answer]] = {}
        self._swept: set[tuple[str, str]] = set()
        for group, path in self._paths.items():
            packed = None if kept is None else kept / f"{path.name}.xz"
            if packed is not None and packed.exists():
                for line in lzma.decompress(packed.read_bytes()).decode("utf-8").splitlines():
                    self._take(group, line)
            if path.exists():
                text = path.read_text(encoding="utf-8")
                for line in text.splitlines():
                    self._take(group, line)
                if text and not text.endswith("\n"):
                    with path.open("a", encoding="utf-8") as file:
                        file.write("\n")

    def _take(self, group: str, line: str) -> None:
        try:
            stored = json.loads(line)
        except ValueError:
            return
        key = group, stored["trial"]
        self._found[key] = [Answer(*row) for row in stored["answers"]]
        if stored["sweep"]:
            self._swept.add(key)

    def missing(self, trial: Trial, group: str, sweep: bool) -> bool:
        key = group, trial.key
        return key not in self._found or (sweep and key not in self._swept)

    def of(self, trial: Trial, group: str) -> list[Answer]:
        return self._found.get((group, trial.key), [])

    def add(self, trial: Trial, group: str, sweep: bool, answers: list[Answer]) -> None:
        line = _line(trial.key, sweep, answers)
        with self._paths[group].open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        self._take(group, line)

    def keep(self, folder: Path) -> None:
        """Pack all answers into a folder, one file a group in place of earlier ones, five digits a score."""
        folder.mkdir(parents=True, exist_ok=True)
        for group, path in self._paths.items():
            lines = []
            for key in sorted(k for k in self._found if k[0] == group):
                rounded = [replace(a, score=float(f"{a.score:.5g}")) for a in self._found[key]]
                lines.append(_line(key[1], key in self._swept, rounded))
            for earlier in folder.glob(f"answers-{group}-*.jsonl.xz"):
                earlier.unlink()
            text = "".join(f"{line}\n" for line in lines)
            (folder / f"{path.name}.xz").write_bytes(lzma.compress(text.encode("utf-8"), preset=9))

    def complete(self, jobs: Sequence[Job], data: Path, workers: int) -> None:
        """Compute what is missing, with a bar on stderr."""
        todo = [
            Job(job.trial, groups, job.sweep)
            for job in jobs
            if (groups := tuple(g for g in job.groups if self.missing(job.trial, g, job.sweep)))
        ]
        chunks = [todo[at : at + CHUNK] for at in range(0, len(todo), CHUNK)]
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("trials", total=len(todo))
            if workers == 1:
                for chunk in chunks:
                    self._store(_work(chunk, data))
                    bar.advance(task, len(chunk))
                return
            with ProcessPoolExecutor(workers) as pool:
                pending = [pool.submit(_work, chunk, data) for chunk in chunks]
                for chunk, done in zip(chunks, pending, strict=True):
                    self._store(done.result())
                    bar.advance(task, len(chunk))

    def _store(self, results: list[tuple[Job, dict[str, list[Answer]]]]) -> None:
        for job, found in results:
            for group, answers in found.items():
                self.add(job.trial, group, job.sweep, answers)


def _line(key: str, sweep: bool, answers: list[Answer]) -> str:
    return json.dumps({"trial": key, "sweep": sweep, "answers": [astuple(a) for a in answers]})


def _work(jobs: list[Job], data: Path) -> list[tuple[Job, dict[str, list[Answer]]]]:
    out: list[tuple[Job, Any]] = []
    for job in jobs:
        made = make(job.trial, load_hearts(data, job.trial.seeds))
        out.append((job, {group: answer(made, group, job.sweep) for group in job.groups}))
    return out
