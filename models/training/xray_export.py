"""Writes a trained X-ray network and its card as one file: ``python -m models.training.xray_export``."""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from models.card import Beam, ModelCard, OperatingPoint, Preprocessing, SummedPooling
from models.familiarity import NAMES, features
from models.runtime import ImageModel
from models.training import figures
from models.training.fitting import export
from models.training.xray_judge import LEAST_M2, judge, table, thresholds
from models.training.xray_networks import MEAN, PLANES, SCALE
from models.training.xray_people import CLIP, Recipe, build, planes_of
from models.training.xray_pictures import MAP_SHAPE, MM_PER_PX, SHAPE, SPLITS
from models.training.xray_store import Store
from models.training.xray_validation import Validation
from scanner.simulation.xray.ranges import read_ranges

MOST_STEPS = 0.08
ROOT = Path(__file__).parents[2]
SOURCES = (
    "models/training/xray_*.py",
    "scanner/simulation/xray/*.py",
    "scanner/simulation/xray/*.toml",
    "scanner/simulation/attenuation.*",
    "scanner/simulation/body_library.py",
    "scanner/simulation/bodies.npz",
    "scanner/simulation/voxel_turning.py",
    "scanner/signals/xray_*.py",
    "calibration/line_*.py",
)


def code_sha256() -> str:
    """Return a hash of the sources and tables that make scenes, pictures and network."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in SOURCES for path in ROOT.glob(pattern)):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def data_sha256(store: Path) -> str:
    """Return a hash of the kept scenes' facts: which lorries they are."""
    digest = hashlib.sha256()
    for path in sorted(store.glob("*.json")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class Answering(nn.Module):
    """The network without the argument that only training gives."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        return self.network(planes)


def facts_of(recipe: Recipe, taken: int, store: Path) -> dict[str, object]:
    """Return the card's facts that do not depend on figures."""
    spectra = read_ranges().entries
    mev, tube = spectra["beam.end_point_mev"], spectra["beam.tube_kv"]
    lorries = len(Store(store / "train"))
    return {
        "name": "xray-people",
        "version": "3",
        "format_version": 2,
        "quantity": "log_attenuation",
        "input_shape": SHAPE,
        "output_shape": MAP_SHAPE,
        "mm_per_px": MM_PER_PX,
        "planes": ("quantity", "clear", "beam"),
        "maps": ("people", "space", "score"),
        "beams": (
            Beam(name="linac", low_kv=1000 * mev[0], high_kv=1000 * mev[1], code=0.0),
            Beam(name="tube", low_kv=tube[0], high_kv=tube[1], code=1.0),
        ),
        "preprocessing": Preprocessing(clip_low=CLIP[0], clip_high=CLIP[1], mean=MEAN, scale=SCALE, pad=0.0),
        "pooling": SummedPooling(kind="log_sum_exp", temperature=1.0),
        "score_semantics": "log of the sum over places of the exponential of a map that weighs each place",
        "trained_on": (
            f"{lorries} simulated lorries with 1 to 8 people and their twins without, each at 5 to 7 MV and "
            f"400 to 480 kV, in {taken} batches of {recipe.pairs} pairs"
            + (f" after those of {recipe.start}" if recipe.start else "")
        ),
        "limits": (
            "never saw a real X-ray image; scenes are solids of even density; scatter is an assumed share; "
            "one side view; people whom the beam does not reach are not seen"
        ),
        "seeds": {split: f"{first} and on" for split, first in SPLITS.items()},
        "data_sha256": data_sha256(store / "train"),
        "code_sha256": code_sha256(),
    }


def main() -> None:
    """Parse the command line, export, choose thresholds on validation scenes, export with them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder of a finished training")
    parser.add_argument("--out", type=Path, default=Path("models/weights/xray-people.onnx"))
    parser.add_argument("--golden", type=Path, help="where an input and torch's answer are kept for a test")
    asked = parser.parse_args()
    kept = json.loads((asked.work / "recipe.json").read_text(encoding="utf-8"))
    taken, lorries = kept.pop("taken"), kept.pop("lorries")
    recipe = Recipe(**kept | {"left_out": tuple(kept["left_out"])})
    network = build(recipe)
    network.load_state_dict(torch.load(asked.work / "network.pt", weights_only=True))
    network.eval()
    print(f"{sum(p.numel() for p in network.parameters())} parameters, {lorries} lorries")
    facts = facts_of(recipe, taken, asked.store) | {
        "parameters": sum(p.numel() for p in network.parameters()),
        "auc": 0.5,
        "operating_point": OperatingPoint(
            threshold=0.0, test_empty=0, test_false_alarms=0, test_occupied=0, test_detected=0
        ),
    }
    export(Answering(network).eval(), ModelCard.model_validate(facts), asked.out)
    pictures = Validation(asked.store / "validation")
    found = judge(ImageModel(asked.out), pictures)
    scores, on = np.array([j.score for j in found]), np.array([j.on_person for j in found])
    np.savez(asked.work / "validation.npz", scores=scores, on_person=on)
    print(table(scores, on, pictures))
    facts |= _figures(scores, pictures) | {"familiar": familiar_ranges(pictures)}
    export(Answering(network).eval(), ModelCard.model_validate(facts), asked.out)
    if asked.golden:
        _write_golden(network, pictures, asked.golden)
    print(f"{asked.out}: {ImageModel(asked.out).id}, {asked.out.stat().st_size / 1e6:.2f} MB")


def familiar_ranges(pictures: Validation) -> dict[str, tuple[float, float]]:
    """Return what features of pictures may be: all but a thousandth at each end, as much again on each side.

    A scanner that is better than those of training must not be refused: it makes smooth pictures, in
    which neighbours are equal more often (.04 at 20 000 photons a pixel; an 8-bit counter .03 to .46,
    median .13).
    """
    kept = [pictures[index] for index in range(len(pictures))]
    found = [features(p.attenuation.astype(np.float32), p.clear, MM_PER_PX) for p in kept]
    ranges = {}
    for name in NAMES:
        low, high = np.quantile([one[name] for one in found], (0.001, 0.999))
        margin = high - low
        ranges[name] = round(float(low - margin), 5), round(float(high + margin), 5)
    ranges["steps"] = ranges["steps"][0], MOST_STEPS
    return ranges


def _figures(scores: npt.NDArray[np.float64], pictures: Validation) -> dict[str, object]:
    """Return thresholds and the figures over visible people, all of validation scenes."""
    limits = thresholds(scores, pictures.facts)
    at = {(t.beam, t.condition): t.threshold for t in limits}
    names = ("linac", "tube")
    limit = np.array([at[names[int(str(f["beam"]))], str(f["load"])] for f in pictures.facts])
    occupied = np.array([bool(f["occupied"]) for f in pictures.facts])
    seen = np.array([float(str(f["visible_m2"])) >= LEAST_M2 for f in pictures.facts]) & occupied
    kept = seen | ~occupied
    return {
        "thresholds": tuple(limits),
        "auc": round(figures.auc(scores[kept], occupied[kept]), 4),
        "operating_point": OperatingPoint(
            threshold=at["linac", "all"],
            test_empty=int((~occupied).sum()),
            test_false_alarms=int((scores > limit)[~occupied].sum()),
            test_occupied=int(seen.sum()),
            test_detected=int((scores > limit)[seen].sum()),
        ),
    }


def _write_golden(network: nn.Module, pictures: Validation, path: Path) -> None:
    """Write two pictures and what torch answers to them, for a test that has no torch.

    It answers in 64 bits: its own answers in 32 bits are farther from those than the runtime's.
    """
    exact = copy.deepcopy(network).double()
    kept: dict[str, npt.NDArray[np.generic]] = {}
    for beam in (0, 1):
        index = next(i for i, f in enumerate(pictures.facts) if f["beam"] == beam and f["occupied"])
        picture = pictures[index]
        planes = planes_of(picture.attenuation.astype(np.float32), picture.clear.astype(np.float32), beam)
        with torch.no_grad():
            maps = exact(torch.from_numpy(planes[None]).double())[0]
        kept |= {
            f"attenuation_{beam}": picture.attenuation,
            f"clear_{beam}": picture.clear,
            f"maps_{beam}": maps.numpy(),
        }
    assert planes.shape[0] == PLANES
    np.savez_compressed(path, **kept)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
