"""What was answered for each passage: computed once, kept as lines of JSON, taken up again.

A file belongs to one version of model, ranges and code: another version opens a new one, and nothing old is
mixed in. A trial is one line with all its views, written when it is whole; a line that a kill cut off is
left out and computed again.
"""

from __future__ import annotations

import json
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from calibration.certificates import CalibrationMissing
from models.runtime import ImageScore, ModelMismatch
from models.training.xray_pictures import CELL, MAP_SHAPE, Picture, picture_of
from scanner.evidence import EvidenceState
from scanner.signals.xray_scan import ScanUnusable
from scanner.simulation.xray.beam import Beam
from tests.bench.xray_people_judge import Judge
from tests.bench.xray_people_trials import Trial, View, declaration_of, views

MakeJudge = Callable[[], Judge]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came out for one view.

    Parameters
    ----------
    side : occupied, twin or empty.
    poses, places, ages : of each person who hides.
    visible_m2, attenuation : as in `View`.
    blind : share of the load space that was not penetrated or not measured.
    score : of the picture; NaN when there was none.
    on_person : the heat map's maximum lies in a cell that a person who hides fills in part.
    state, reason, llr, told_score : the product's own evidence; its score is NaN where it has none.
    """

    seed: int
    beam: str
    side: str
    load: str
    body: str
    persons: int
    poses: tuple[str, ...]
    places: tuple[str, ...]
    ages: tuple[str, ...]
    visible_m2: float
    attenuation: float
    blind: float
    score: float
    on_person: bool
    state: str
    reason: str
    llr: float
    told_score: float

    @property
    def unavailable(self) -> bool:
        """The product refuses to tell, or there was no picture: a miss, and a search."""
        return self.state == EvidenceState.UNAVAILABLE or math.isnan(self.score)


def answer(view: View, judge: Judge) -> Answer:
    """Score one view and ask the product about it."""
    spec, score, on_person, blind = view.spec, math.nan, False, 1.0
    try:
        picture = picture_of(view.passage)
        found = judge.look(picture, spec.beam)
        score, on_person, blind = found.score, highest_on_person(found, picture), blind_share(picture)
    except (ScanUnusable, CalibrationMissing, ModelMismatch):
        pass  # the product says below why
    evidence = judge.assess(view.passage, spec.beam, declaration_of(spec))
    return Answer(
        spec.seed,
        spec.beam.value,
        view.side,
        spec.load.value,
        spec.body.value,
        len(view.people),
        tuple(p.pose for p in view.people),
        tuple(p.place for p in view.people),
        tuple(p.age for p in view.people),
        view.visible_m2,
        view.attenuation,
        blind,
        score,
        on_person,
        evidence.state.value,
        "" if evidence.reason is None else evidence.reason.code,
        evidence.llr,
        math.nan if evidence.score is None else evidence.score,
    )


def highest_on_person(found: ImageScore, picture: Picture) -> bool:
    """Tell whether most of the heat map's highest pixels lie in cells that people fill in part."""
    highest = found.heatmap == found.heatmap.max()
    return bool(np.mean(_full(picture.people > 0)[: highest.shape[0], : highest.shape[1]][highest]) > 0.5)


def blind_share(picture: Picture) -> float:
    """Return the share of the load space, as it truly lies, that was not penetrated or not measured."""
    space = _full(picture.space > 127)
    return float(1.0 - picture.clear[space].mean()) if space.any() else 1.0


def _full(cells: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    assert cells.shape == MAP_SHAPE
    return np.asarray(cells.repeat(CELL, axis=0).repeat(CELL, axis=1), bool)


class Answers:
    """Stored answers of one version.

    Parameters
    ----------
    folder : made where it is not.
    version : of everything that answers depend on.
    """

    def __init__(self, folder: Path, version: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"answers-{version}.jsonl"
        self._found: dict[int, tuple[Answer, ...]] = {}
        if self.path.exists():
            text = self.path.read_text(encoding="utf-8")
            for line in text.splitlines():
                self._take(line)
            if text and not text.endswith("\n"):
                with self.path.open("a", encoding="utf-8") as file:
                    file.write("\n")

    def _take(self, line: str) -> None:
        try:
            stored = json.loads(line)
        except ValueError:
            return
        self._found[stored["seed"]] = tuple(_answer(row) for row in stored["views"])

    def __len__(self) -> int:
        return len(self._found)

    def of(self, trial: Trial) -> tuple[Answer, ...]:
        """Return a trial's answers, one a view; none where it was not asked."""
        return self._found.get(trial.seed, ())

    def all_of(self, trials: Iterable[Trial]) -> list[Answer]:
        """Return the answers of trials, in their order."""
        return [a for trial in trials for a in self.of(trial)]

    def add(self, seed: int, found: Sequence[Answer]) -> None:
        """Keep a trial's answers."""
        line = json.dumps({"seed": seed, "views": [asdict(a) for a in found]})
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        self._take(line)

    def complete(self, trials: Sequence[Trial], make: MakeJudge, workers: int) -> None:
        """Compute what is missing, with a bar on stderr.

        Parameters
        ----------
        make : opens the judge, once in each process.
        workers : processes; 1 = this one.
        """
        todo = [t for t in trials if t.seed not in self._found]
        if not todo:
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("lorries", total=len(todo))
            for seed, found in _answered(todo, make, workers):
                self.add(seed, found)
                bar.advance(task)


def _answer(row: dict[str, Any]) -> Answer:
    return Answer(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()})


def _answered(trials: Sequence[Trial], make: MakeJudge, workers: int) -> Iterator[tuple[int, list[Answer]]]:
    if workers == 1:
        judge = make()
        for trial in trials:
            yield trial.seed, [answer(view, judge) for view in views(trial)]
        return
    left = iter(trials)
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_open, initargs=(make,)
    ) as pool:
        running = {pool.submit(_work, trial) for trial in islice(left, 3 * workers)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(_work, trial) for trial in islice(left, len(done))}
            for future in done:
                yield future.result()


_judges: list[Judge] = []


def _open(make: MakeJudge) -> None:
    die_with_parent()
    _judges.append(make())


def die_with_parent() -> None:
    """End this worker when the run that started it was killed: a worker waits for ever else."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _work(trial: Trial) -> tuple[int, list[Answer]]:
    return trial.seed, [answer(view, _judges[-1]) for view in views(trial)]


def beams() -> tuple[str, ...]:
    """Return the beams' names in the order of the tables."""
    return tuple(beam.value for beam in Beam)
