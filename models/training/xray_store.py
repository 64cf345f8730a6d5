"""Rendered scenes to train on, kept as files: what the beam lets through, without any detector.

Noise and faults are drawn anew each time a scene is shown (`xray_augment.py`), so what is
kept is log-attenuation on the network's own grid, with the people and without them, at
each beam. One drawn lorry serves all beams.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from models.training.xray_pictures import MM_PER_PX, SHAPE, SPLITS, spec_of
from scanner.simulation.attenuation import Spectrum
from scanner.simulation.body_library import Split
from scanner.simulation.priors import stream
from scanner.simulation.xray.beam import Beam, draw_spectrum
from scanner.simulation.xray.ranges import Draw, Ranges, read_ranges
from scanner.simulation.xray.scene import Masses, draw_masses, load_space, shine

BEAMS = tuple(Beam)
SCENES_A_SPECTRUM = 16
"""Scenes that share a spectrum: each takes a third of a second to draw."""
SHARD = 128
LARGEST = 20.0


@dataclass(frozen=True, slots=True)
class Rendered:
    """One drawn lorry.

    Parameters
    ----------
    without, occupied : float16 ``(beams, *SHAPE)``, log-attenuation of the primary beam.
    people : bool `SHAPE`, rays through people who hide.
    facts : seed, load, body, persons, places, and the load space's ``box``: first and last row and column.
    """

    without: npt.NDArray[np.float16]
    occupied: npt.NDArray[np.float16]
    people: npt.NDArray[np.bool_]
    facts: dict[str, object]


@lru_cache(maxsize=64)
def _spectrum(beam: Beam, group: int) -> Spectrum:
    return draw_spectrum(beam, Draw(read_ranges(), stream(group, "xray", "shared beam")))


def render(seed: int, split: Split, ranges: Ranges | None = None) -> Rendered:
    """Draw the lorry of a seed."""
    spec = replace(spec_of(seed, Beam.LINAC, split, ranges), n_pixels=SHAPE[0], n_lines=SHAPE[1])
    masses = draw_masses(spec)
    grid = _grid(masses)
    without, occupied = np.zeros((2, len(BEAMS), *SHAPE), np.float16)
    for index, beam in enumerate(BEAMS):
        scene = shine(masses, _spectrum(beam, seed // SCENES_A_SPECTRUM))
        for target, light in ((without, scene.without_people), (occupied, scene.transmission)):
            target[index] = np.minimum(-np.log(np.maximum(_at(light, grid), 1e-9)), LARGEST)
    space = _at(load_space(scene).astype(np.float32), grid, outside=0.0) > 0.5
    rows, columns = np.flatnonzero(space.any(axis=1)), np.flatnonzero(space.any(axis=0))
    facts: dict[str, object] = {
        "seed": seed,
        "load": spec.load.value,
        "body": spec.body.value,
        "persons": spec.persons,
        "places": [w.place.value for w in masses.who],
        "box": [int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1],
    }
    people = _at((masses.people_m > 0.02).astype(np.float32), grid, outside=0.0) > 0.5
    return Rendered(without, occupied, people, facts)


def _grid(masses: Masses) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Where each of the network's pixels lies among lines and pixels."""
    z = masses.fan.z_m(0.0)
    pixel_m = float(z[0] - z[-1]) / (z.size - 1)
    columns = masses.x_m[0] + MM_PER_PX / 1000 * (np.arange(SHAPE[1]) + 0.5)
    # beyond the last line there is nothing
    lines = np.interp(columns, masses.x_m, np.arange(masses.x_m.size), right=-10.0)
    rows = MM_PER_PX / 1000 * (np.arange(SHAPE[0]) + 0.5) / pixel_m - 0.5
    x, y = np.meshgrid(rows.astype(np.float32), lines.astype(np.float32))
    return x, y


def _at(
    truth: npt.NDArray[np.float32],
    grid: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]],
    outside: float = 1.0,
) -> npt.NDArray[np.float32]:
    lying = cv2.remap(truth, *grid, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=outside)
    return np.asarray(lying, np.float32).T


class Store:
    """Rendered scenes of one part, in shards that are mapped, not read."""

    def __init__(self, folder: Path) -> None:
        self.facts: list[dict[str, object]] = []
        self._where: list[tuple[int, int]] = []
        self._shards: list[tuple[npt.NDArray[np.float16], ...]] = []
        self._people: list[npt.NDArray[np.uint8]] = []
        for number, path in enumerate(sorted(folder.glob("*.json"))):
            facts = json.loads(path.read_text(encoding="utf-8"))
            self.facts += facts
            self._where += [(number, i) for i in range(len(facts))]
            self._shards.append(
                tuple(np.load(path.with_suffix(f".{n}.npy"), mmap_mode="r") for n in ("without", "occupied"))
            )
            self._people.append(np.load(path.with_suffix(".people.npy"), mmap_mode="r"))

    def __len__(self) -> int:
        return len(self.facts)

    def picture(self, index: int, beam: int, occupied: bool) -> npt.NDArray[np.float16]:
        """Return log-attenuation of a scene at a beam, with its people or without."""
        shard, place = self._where[index]
        return np.asarray(self._shards[shard][int(occupied)][place, beam])

    def people(self, index: int) -> npt.NDArray[np.bool_]:
        """Return which rays cross people who hide."""
        shard, place = self._where[index]
        return np.unpackbits(self._people[shard][place]).reshape(SHAPE).astype(bool)


def _shard(job: tuple[Path, Split, int, int]) -> int:
    folder, split, number, size = job
    stem = folder / f"{number:05d}"
    if stem.with_suffix(".json").exists():
        return size
    first = SPLITS[split] + number * SHARD
    scenes = [render(first + i, split) for i in range(size)]
    np.save(stem.with_suffix(".without.npy"), np.stack([s.without for s in scenes]))
    np.save(stem.with_suffix(".occupied.npy"), np.stack([s.occupied for s in scenes]))
    np.save(stem.with_suffix(".people.npy"), np.stack([np.packbits(s.people) for s in scenes]))
    text = json.dumps([s.facts for s in scenes])
    stem.with_suffix(".part").write_text(text, encoding="utf-8")
    stem.with_suffix(".part").replace(stem.with_suffix(".json"))  # a shard without it is made again
    return size


Shard: TypeAlias = tuple[Path, Split, int, int]
"""Folder, part, number of the shard, and how many scenes it has."""


def make_shards(one: Callable[[Shard], int], what: str) -> None:
    """Parse the command line and make the shards that are not there yet, saying how far it is.

    Parameters
    ----------
    one : makes a shard in a process of its own and returns how many scenes it has.
    what : the part and how many scenes by default, as "train 5120".
    """
    part, count = what.split()
    parser = argparse.ArgumentParser(description=sys.modules[one.__module__].__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--split", choices=tuple(SPLITS), default=part)
    parser.add_argument("--scenes", type=int, default=int(count))
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    folder = asked.folder / asked.split
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [
        (folder, asked.split, n, min(SHARD, asked.scenes - n * SHARD))
        for n in range(-(-asked.scenes // SHARD))
    ]
    began, done = time.perf_counter(), 0
    with multiprocessing.get_context("spawn").Pool(asked.workers) as pool:
        for size in pool.imap_unordered(one, jobs):
            done += size
            seconds = time.perf_counter() - began
            print(f"{asked.split}: {done}/{asked.scenes} lorries, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    make_shards(_shard, "train 4096")
