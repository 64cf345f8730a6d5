"""Validation pictures of the X-ray model: whole passages through the product's own chain, kept as files.

Thresholds and the choice between networks come from these seeds; test seeds are others
(`SPLITS`). One drawn lorry serves both beams; each occupied scene is kept with its twin.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.training.xray_pictures import MAP_SHAPE, SHAPE, SPLITS, Picture, picture_of, spec_of
from models.training.xray_store import BEAMS, SHARD, make_shards
from scanner.simulation.body_library import Split
from scanner.simulation.xray.beam import draw_spectrum
from scanner.simulation.xray.passage import drive_through
from scanner.simulation.xray.scene import draw_masses, nobody_in, shine


def pictures(seed: int, split: Split) -> Iterator[tuple[Picture, dict[str, object]]]:
    """Yield a lorry's pictures at each beam, with its people and without."""
    spec = spec_of(seed, BEAMS[0], split)
    masses = draw_masses(spec)
    for index, beam in enumerate(BEAMS):
        at_beam = replace(spec, beam=beam)
        scene = replace(shine(masses, draw_spectrum(beam, at_beam.draw("beam"))), spec=at_beam)
        for one in (scene, nobody_in(scene)):
            passage = drive_through(one)
            facts: dict[str, object] = {
                "seed": seed,
                "beam": index,
                "occupied": bool(one.who),
                "load": spec.load.value,
                "body": spec.body.value,
                "persons": len(one.who),
                "photons": passage.counted.photons,
                "visible_m2": float(passage.visible.sum()) * one.pixel_m * float(np.diff(one.x_m).mean()),
            }
            yield picture_of(passage), facts


class Validation:
    """Kept pictures, mapped: each with its truth and facts."""

    def __init__(self, folder: Path) -> None:
        self.facts: list[dict[str, object]] = []
        self._shards: list[dict[str, npt.NDArray[np.generic]]] = []
        self._where: list[tuple[int, int]] = []
        for number, path in enumerate(sorted(folder.glob("*.json"))):
            facts = json.loads(path.read_text(encoding="utf-8"))
            self.facts += facts
            self._where += [(number, i) for i in range(len(facts))]
            names = ("attenuation", "clear", "people", "visible", "space")
            self._shards.append({n: np.load(path.with_suffix(f".{n}.npy"), mmap_mode="r") for n in names})

    def __len__(self) -> int:
        return len(self.facts)

    def __getitem__(self, index: int) -> Picture:
        shard, place = self._where[index]
        kept = self._shards[shard]
        clear = np.unpackbits(np.asarray(kept["clear"][place], np.uint8)).reshape(SHAPE).astype(bool)
        cells = (
            np.asarray(kept[n][place], np.uint8).reshape(MAP_SHAPE) for n in ("people", "visible", "space")
        )
        return Picture(np.asarray(kept["attenuation"][place], np.float16), clear, *cells)


def _shard(job: tuple[Path, Split, int, int]) -> int:
    folder, split, number, size = job
    stem = folder / f"{number:05d}"
    if stem.with_suffix(".json").exists():
        return size
    first = SPLITS[split] + number * SHARD
    found = [one for i in range(size) for one in pictures(first + i, split)]
    np.save(stem.with_suffix(".attenuation.npy"), np.stack([p.attenuation for p, _ in found]))
    np.save(stem.with_suffix(".clear.npy"), np.stack([np.packbits(p.clear) for p, _ in found]))
    for name in ("people", "visible", "space"):
        np.save(stem.with_suffix(f".{name}.npy"), np.stack([getattr(p, name) for p, _ in found]))
    stem.with_suffix(".part").write_text(json.dumps([facts for _, facts in found]), encoding="utf-8")
    stem.with_suffix(".part").replace(stem.with_suffix(".json"))
    return size


if __name__ == "__main__":
    make_shards(_shard, "validation 1536")
