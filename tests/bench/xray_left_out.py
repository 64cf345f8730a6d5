"""What a network loses that was trained without one family of scenes, beside the one that saw all.

Run by hand:

    python -m tests.bench.xray_left_out --out DIR all=FILE carcasses=FILE ... [--scenes 400] [--faulty 100]
        [--faults NAME ...] [--families NAME ...] [--each 60] [--workers 2]

The first file is the one that others are compared with. Networks are trained with
`python -m models.training.xray_people --left-out NAME`. All score the same validation scenes (seeds
20 000 000 and on, training's ranges), an occupied scene and its twin at each beam: ``--scenes`` of all loads,
``--faulty`` of each scanner's fault drawn into every one, and ``--each`` of each load or body named by
``--families``, of which those of all loads hold too few. Answers are kept in DIR and taken up again.

A network's threshold is what 1 % of its own twins exceed, over all families at that beam, so that none gains
by its scale. Differences are paired: the same scenes are drawn again for both networks, thresholds included.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from calibration.certificates import CalibrationMissing
from models.runtime import ImageModel, ImageScore
from models.training.xray_pictures import SPLITS, Picture, picture_of, spec_of
from scanner.signals.xray_scan import ScanUnusable
from scanner.simulation.xray.beam import Beam
from scanner.simulation.xray.cargo import Load
from scanner.simulation.xray.ranges import Ranges, read_ranges
from scanner.simulation.xray.scene import draw_load
from scanner.simulation.xray.vehicles import Body
from tests.bench.co2_scoring import threshold
from tests.bench.xray_people_answers import die_with_parent
from tests.bench.xray_people_frozen import CODE, FALSE_ALARMS, ROOT, sha256_of
from tests.bench.xray_people_judge import NOMINAL_KV
from tests.bench.xray_people_report import head, row, told
from tests.bench.xray_people_scoring import BOOTSTRAPS, Array, Figure, auc
from tests.bench.xray_people_trials import OCCUPIED, View, views_of

FAULTS: dict[str, dict[str, dict[str, Any]]] = {
    "dead channels": {"detector": {"dead": [0.03, 0.03], "weak": [0.03, 0.03]}},
    "half module out": {"detector": {"half_module_out": 1.0}},
    "stuck": {"detector": {"stuck": [0.008, 0.008], "flicker": [0.008, 0.008]}},
    "gain drift": {"detector": {"drift": [0.10, 0.10]}},
    "dose step": {"detector": {"dose_step": 1.0, "dose_jitter": [0.04, 0.04]}},
    "scatter": {"detector": {"scatter": [0.08, 0.08]}},
    "afterglow": {"detector": {"afterglow": [0.02, 0.02], "afterglow_lines": [30.0, 30.0]}},
    "lost lines": {"detector": {"dropped": [0.004, 0.004], "repeated": [0.002, 0.002]}},
    "slip": {"drive": {"slip": 1.0}},
    "noise": {"detector": {"photons": [40.0, 50.0], "electronic": [40.0, 40.0]}},
}
"""Ranges that make a fault certain, as strong as training draws it or slightly more."""

FAULTY_SEEDS = 100_000
"""From one fault's scenes to the next one's; after those come the seeds that families are looked for in."""

FAMILIES = (*(load.value for load in Load), *(body.value for body in Body))

Look = Callable[[Picture, Beam], ImageScore]


@dataclass(frozen=True, slots=True)
class Scene:
    """One occupied scene and its twin at one beam, scored by each network.

    Parameters
    ----------
    families : what it belongs to: its load, body, age classes, and the fault drawn into it.
    occupied, twin : scores by network's name; nothing where the chain refuses a picture.
    """

    seed: int
    beam: str
    families: tuple[str, ...]
    occupied: dict[str, float]
    twin: dict[str, float]


@dataclass(frozen=True, slots=True)
class Task:
    """A seed and the fault that is certain in it ("" = whatever is drawn)."""

    seed: int
    fault: str

    @property
    def ranges(self) -> Ranges:
        """Training's ranges, with the fault."""
        return read_ranges().but(**FAULTS[self.fault]) if self.fault else read_ranges()


def tasks_of(
    scenes: int,
    faulty: int,
    families: Sequence[str] = (),
    each: int = 0,
    faults: Sequence[str] = tuple(FAULTS),
) -> list[Task]:
    """Return all scenes that are scored.

    >>> [t.seed for t in tasks_of(1, 1)][:3]
    [20000000, 20100000, 20200000]
    >>> [t.seed for t in tasks_of(0, 0, ["carcasses"], 2)]
    [21600006, 21600012]
    """
    first = SPLITS["validation"]
    out = [Task(first + k, "") for k in range(scenes)]
    for number, fault in enumerate(FAULTS, start=1):
        out += [Task(first + number * FAULTY_SEEDS + k, fault) for k in range(faulty * (fault in faults))]
    for family in families:
        number = 1 + len(FAULTS) + FAMILIES.index(family)
        seeds = itertools.count(first + number * FAULTY_SEEDS)
        out += [Task(seed, "") for seed in itertools.islice(filter(partial(_is_of, family), seeds), each)]
    return out


def _is_of(family: str, seed: int) -> bool:
    body, load = draw_load(seed)
    return family in (body.value, load.value)


def score(task: Task, looks: dict[str, Look]) -> list[Scene]:
    """Draw a task's lorry and score it at both beams."""
    out: list[Scene] = []
    found: dict[str, dict[str, dict[str, float]]] = {}
    kept: dict[str, View] = {}
    for view in views_of(spec_of(task.seed, Beam.LINAC, "validation", task.ranges)):
        beam = view.spec.beam
        try:
            picture = picture_of(view.passage)
            scores = {name: look(picture, beam).score for name, look in looks.items()}
        except (ScanUnusable, CalibrationMissing):
            scores = {}
        found.setdefault(beam.value, {})[view.side] = scores
        if view.side == OCCUPIED:
            kept[beam.value] = view
    for beam_name, sides in found.items():
        view = kept[beam_name]
        families = [f"load: {view.spec.load.value}", f"body: {view.spec.body.value}"]
        families += sorted({f"age: {p.age}" for p in view.people}) if len(view.people) == 1 else []
        if task.fault:
            families = [f"fault: {task.fault}"]  # only there, or a fault's scenes would weigh double
        out.append(Scene(task.seed, beam_name, tuple(families), sides[OCCUPIED], _other(sides, OCCUPIED)))
    return out


def _other(sides: dict[str, dict[str, float]], side: str) -> dict[str, float]:
    return next(scores for name, scores in sides.items() if name != side)


def version(files: dict[str, Path]) -> str:
    """Return a name that changes with the networks and the code that scenes and pictures come from."""
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        digest.update(f"{name} {sha256_of([path])}".encode())
    for patterns in CODE.values():
        digest.update(sha256_of(p for pattern in patterns for p in ROOT.glob(pattern)).encode())
    digest.update(sha256_of([Path(__file__), ROOT / "scanner/simulation/xray/ranges.toml"]).encode())
    return digest.hexdigest()[:8]


def answered(
    tasks: Sequence[Task], make: Callable[[], dict[str, Look]], path: Path, workers: int
) -> list[Scene]:
    """Score what is not in the file yet, keep it there, and return everything asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found: dict[int, list[Scene]] = {}
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for line in text.splitlines():
        try:
            stored = json.loads(line)
        except ValueError:
            continue  # cut off by a kill
        found[stored["seed"]] = [Scene(**{**s, "families": tuple(s["families"])}) for s in stored["scenes"]]
    todo = [t for t in tasks if t.seed not in found]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with path.open("a", encoding="utf-8") as file, Progress(*columns, console=Console(stderr=True)) as bar:
        if text and not text.endswith("\n"):
            file.write("\n")
        progress = bar.add_task("scenes", total=len(todo))
        for task, scenes in _scored(todo, make, workers):
            found[task.seed] = scenes
            file.write(json.dumps({"seed": task.seed, "scenes": [asdict(s) for s in scenes]}) + "\n")
            file.flush()
            bar.advance(progress)
    return [scene for task in tasks for scene in found[task.seed]]


def _scored(
    tasks: Sequence[Task], make: Callable[[], dict[str, Look]], workers: int
) -> Iterator[tuple[Task, list[Scene]]]:
    if not tasks:
        return
    if workers == 1:
        looks = make()
        for task in tasks:
            yield task, score(task, looks)
        return
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_open, initargs=(make,)
    ) as pool:
        yield from zip(tasks, pool.map(_work, tasks), strict=True)


_looks: dict[str, Look] = {}


def _open(make: Callable[[], dict[str, Look]]) -> None:
    die_with_parent()
    _looks.update(make())


def _work(task: Task) -> list[Scene]:
    return score(task, _looks)


def open_all(files: dict[str, Path]) -> dict[str, Look]:
    """Open all networks."""
    return {name: partial(_look, ImageModel(path, "log_attenuation")) for name, path in files.items()}


def _look(model: ImageModel, picture: Picture, beam: Beam) -> ImageScore:
    return model.infer(picture.attenuation.astype(np.float32), None, picture.clear, NOMINAL_KV[beam])


@dataclass(frozen=True)
class Scored:
    """Scores of one network: ``(n,)`` of occupied scenes and of their twins, worst where there is none."""

    occupied: Array
    twin: Array

    @classmethod
    def of(cls, scenes: Sequence[Scene], name: str) -> Scored:
        """Take a network's scores."""
        return cls(
            np.array([s.occupied.get(name, -np.inf) for s in scenes], float),
            np.array([s.twin.get(name, np.inf) for s in scenes], float),
        )


def compared(
    scenes: Sequence[Scene], first: str, other: str, beam: str, seed: int = 0
) -> dict[str, dict[str, Figure]]:
    """Return AUC and detection of two networks by family, and what the second loses, paired.

    The second is ``other``; a loss is above 0 where it is worse.
    """
    own = [s for s in scenes if s.beam == beam]
    names = sorted({family for s in own for family in s.families})
    inside = {name: np.array([name in s.families for s in own]) for name in names}
    inside["all"] = np.ones(len(own), bool)
    both = Scored.of(own, first), Scored.of(own, other)

    def figures(rows: np.ndarray) -> dict[str, Array]:
        limits = [threshold(_finite(b.twin[rows]), FALSE_ALARMS) for b in both]
        out = {}
        for name, member in inside.items():
            chosen = rows[member[rows]]
            if chosen.size == 0:
                out[name] = np.full(4, np.nan)
                continue
            out[name] = np.array(
                [
                    *(auc(b.occupied[chosen], b.twin[chosen]) for b in both),
                    *(float((b.occupied[chosen] > c).mean()) for b, c in zip(both, limits, strict=True)),
                ]
            )
        return out

    rng = np.random.default_rng((86_021, seed))
    whole = figures(np.arange(len(own)))
    drawn = [figures(rng.integers(len(own), size=len(own))) for _ in range(BOOTSTRAPS)]
    out: dict[str, dict[str, Figure]] = {}
    for name in inside:
        again = np.stack([d[name] for d in drawn])
        loss = np.stack([again[:, 0] - again[:, 1], again[:, 2] - again[:, 3]], axis=1)
        low, high = np.nanquantile(again, [0.025, 0.975], axis=0)
        loss_low, loss_high = np.nanquantile(loss, [0.025, 0.975], axis=0)
        value, n = whole[name], int(inside[name].sum())

        def figure(at: int, value: Array = value, low: Array = low, high: Array = high, n: int = n) -> Figure:
            return {"value": float(value[at]), "low": float(low[at]), "high": float(high[at]), "n": n}

        out[name] = {
            "auc first": figure(0),
            "auc": figure(1),
            "detected first": figure(2),
            "detected": figure(3),
            "auc lost": _loss(value[0] - value[1], loss_low[0], loss_high[0], n),
            "detection lost": _loss(value[2] - value[3], loss_low[1], loss_high[1], n),
        }
    return out


def _finite(twin: Array) -> Array:
    """Twins whose picture was refused set no threshold."""
    return twin[np.isfinite(twin)]


def _loss(value: float, low: float, high: float, n: int) -> Figure:
    return {"value": float(value), "low": float(low), "high": float(high), "n": n}


def table(scenes: Sequence[Scene], names: Sequence[str]) -> str:
    """Return the tables: each network beside the first, by beam and family."""
    lines: list[str] = []
    first = names[0]
    for beam in (b.value for b in Beam):
        for number, other in enumerate(names[1:]):
            lines += [
                f"{beam}: {other} beside {first}; 95 % paired bootstrap.",
                "",
                *head(
                    "family",
                    "scenes",
                    f"AUC, {first}",
                    f"AUC, {other}",
                    "AUC lost",
                    f"detected at 1 %, {first}",
                    f"detected, {other}",
                    "detection lost",
                ),
            ]
            for family, own in compared(scenes, first, other, beam, number).items():
                lines.append(
                    row(
                        family,
                        f"{own['auc']['n']}",
                        told(own["auc first"], 3),
                        told(own["auc"], 3),
                        told(own["auc lost"], 3),
                        told(own["detected first"]),
                        told(own["detected"]),
                        told(own["detection lost"]),
                    )
                )
            lines.append("")
    return "\n".join(lines)


def _named(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not name or not path:
        raise argparse.ArgumentTypeError(f"{text!r}: give a network as NAME=FILE")
    return name, Path(path)


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, score and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("networks", nargs="+", type=_named, metavar="NAME=FILE")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scenes", type=int, default=400)
    parser.add_argument("--faulty", type=int, default=100, help="scenes of each of these faults")
    parser.add_argument("--faults", nargs="*", default=list(FAULTS), choices=tuple(FAULTS), metavar="NAME")
    parser.add_argument("--families", nargs="*", default=[], choices=FAMILIES, metavar="NAME")
    parser.add_argument("--each", type=int, default=60, help="scenes of each of these families")
    parser.add_argument("--workers", type=int, choices=(1, 2), default=2)
    chosen = parser.parse_args(arguments)
    files = dict(chosen.networks)
    if len(files) < 2 or len(files) < len(chosen.networks):
        parser.error("give two networks or more, each with a name of its own")
    path = chosen.out / f"left-out-{version(files)}.jsonl"
    tasks = tasks_of(chosen.scenes, chosen.faulty, chosen.families, chosen.each, chosen.faults)
    scenes = answered(tasks, partial(open_all, files), path, chosen.workers)
    text = table(scenes, list(files))
    (chosen.out / "left-out.md").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
