"""Trains the beat network: ``python -m models.training.beats --work FOLDER``.

Scenes are made once, kept in the work folder and taken up again; the network is
written with its card to ``scanner/signals/beat_network.npz``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import track
from torch import Tensor, nn
from torch.nn import functional

from models.training import beats_recorded, beats_scenes
from models.training.beats_scenes import FIRST_SEED, draw_scene
from scanner.signals import beat_features, heart, rhythm, seismic, whitening
from scanner.signals.beat_network import REACH, WEIGHTS
from scanner.simulation import (
    hearts,
    priors,
    vibration,
    vibration_forces,
    vibration_noise,
    vibration_spec,
)

SPLITS = {"train": 0, "validation": 1_000_000}
"""First scene number of each split."""

SOURCES = (
    beats_recorded, beats_scenes, beat_features, heart, rhythm, seismic, whitening, hearts, priors, vibration,
    vibration_forces, vibration_noise, vibration_spec,
)  # fmt: skip
PART = 500
OUT = Path("scanner/signals") / WEIGHTS
SOFT = torch.tensor([[[0.25, 0.5, 0.25]]])
"""A beat's moment is known to a sample or so."""


class BeatNetwork(nn.Module):
    """Four convolutions without padding; sees `REACH` samples on either side."""

    def __init__(self, n_features: int, width: int) -> None:
        super().__init__()
        self.c1 = nn.Conv1d(n_features, width, 7)
        self.c2 = nn.Conv1d(width, width, 5)
        self.c3 = nn.Conv1d(width, width, 5)
        self.c4 = nn.Conv1d(width, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(n, 2, time - 2 REACH)`` of features ``(n, n_features, time)``.

        Logarithms of how much likelier a beat and a knock are than neither.
        """
        x = functional.relu(self.c1(x))
        x = x[:, :, 2:-2] + functional.relu(self.c2(x))
        x = x[:, :, 2:-2] + functional.relu(self.c3(x))
        return self.c4(x)


def code_sha256() -> str:
    """Return a hash of the sources that make the scenes and the network."""
    digest = hashlib.sha256()
    for module in SOURCES:
        digest.update(Path(module.__file__ or "").read_bytes())
    return digest.hexdigest()


def make_part(first: int, path: Path, recorded: Path | None) -> Path:
    """Make `PART` scenes and keep them; what is there already is left as it is."""
    if not path.exists():
        scenes = [draw_scene(number, recorded) for number in range(first, first + PART)]
        unfinished = path.with_suffix(".part.npz")
        np.savez(
            unfinished,
            features=np.stack([s.features for s in scenes]).astype(np.float16),
            beats=np.stack([s.beats for s in scenes]),
            knocks=np.stack([s.knocks for s in scenes]),
            usable=np.stack([s.usable for s in scenes]),
        )
        unfinished.rename(path)
    return path


def collect(split: str, count: int, work: Path, workers: int, recorded: Path | None) -> dict[str, Tensor]:
    """Return the scenes of a split, ``count`` rounded up to whole parts."""
    work.mkdir(parents=True, exist_ok=True)
    firsts = range(SPLITS[split], SPLITS[split] + count, PART)
    paths = [work / f"{beats_scenes.__name__}-{code_sha256()[:12]}-{first}.npz" for first in firsts]
    with ProcessPoolExecutor(workers) as pool:
        made = pool.map(make_part, firsts, paths, [recorded] * len(paths))
        parts = list(track(made, f"{split} scenes", len(paths)))
    loaded = [np.load(part) for part in parts]
    return {
        name: torch.from_numpy(np.concatenate([part[name] for part in loaded]))
        for name in ("features", "beats", "knocks", "usable")
    }


def loss_of(logits: Tensor, beats: Tensor, knocks: Tensor, usable: Tensor) -> Tensor:
    """Return the mean cross-entropy over usable moments: a beat, a knock, or neither."""
    beat, knock = (
        functional.conv1d(marks.clamp(0, 1)[:, None], SOFT, padding=1)[:, 0, REACH:-REACH]
        for marks in (beats, knocks)
    )
    knock = torch.minimum(knock, 1 - beat)
    none = torch.zeros_like(logits[:, :1])
    chances = functional.log_softmax(torch.cat([logits, none], dim=1), dim=1)
    wanted = torch.stack([beat, knock, 1 - beat - knock], dim=1)
    counted = usable[:, REACH:-REACH]
    return -((chances * wanted).sum(dim=1) * counted).sum() / counted.sum()


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="where scenes are kept, some GB")
    parser.add_argument("--recorded", type=Path, help="forces of recorded hearts (tests.bench.heart_forces)")
    parser.add_argument("--scenes", type=int, default=24_000)
    parser.add_argument("--validation", type=int, default=1_000)
    parser.add_argument("--epochs", type=int, default=18)
    parser.add_argument("--width", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    torch.manual_seed(asked.seed)
    train = collect("train", asked.scenes, asked.work, asked.workers, asked.recorded)
    held = collect("validation", asked.validation, asked.work, asked.workers, asked.recorded)
    x = held["features"].float()
    mean, spread = x.mean((0, 2)), x.std((0, 2))

    def scaled(features: Tensor) -> Tensor:
        return (features.float() - mean[:, None]) / spread[:, None]

    network = BeatNetwork(x.shape[1], asked.width)
    n, batch = len(train["beats"]), 32
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=asked.epochs * (n // batch))
    beats, knocks = float(train["beats"].mean()), float(train["knocks"].mean())
    none = 1 - beats - knocks
    base = np.log([beats / none, knocks / none])
    for epoch in range(asked.epochs):
        order = torch.randperm(n)
        for at in track(range(0, n - batch + 1, batch), f"epoch {epoch + 1}"):
            chosen = order[at : at + batch]
            optimiser.zero_grad()
            logits = network(scaled(train["features"][chosen]))
            marks = (train[name][chosen] for name in ("beats", "knocks", "usable"))
            loss_of(logits, *marks).backward()
            optimiser.step()
            schedule.step()
        with torch.no_grad():
            marks = (held[name] for name in ("beats", "knocks", "usable"))
            reached = float(loss_of(network(scaled(held["features"])), *marks))
        print(f"epoch {epoch + 1}: validation cross-entropy {reached:.5f}")
    write(network, mean.numpy(), spread.numpy(), base, asked, reached, n, _sha256(train))


def write(
    network: BeatNetwork,
    mean: npt.NDArray[np.float32],
    spread: npt.NDArray[np.float32],
    base: npt.NDArray[np.float64],
    asked: argparse.Namespace,
    reached: float,
    n_train: int,
    data_sha256: str,
) -> None:
    """Write weights and card."""
    card = {
        "name": "beats",
        "trained_on": f"{n_train} simulated records of 30 s (models/training/beats_scenes.py): vehicles in "
        "every condition of vibration_spec, and sensors on a body without a vehicle",
        "seeds": f"default_rng([{FIRST_SEED}, i]), i from 0 to {n_train - 1}",
        "code_sha256": code_sha256(),
        "data_sha256": data_sha256,
        "epochs": asked.epochs,
        "seed": asked.seed,
        "validation_cross_entropy": round(reached, 5),
        "recorded": "" if asked.recorded is None else hashlib.sha256(asked.recorded.read_bytes()).hexdigest(),
        "limits": "every vehicle is simulated; recorded hearts are those of phones on chests",
    }
    weights = {}
    for layer in "1234":
        convolution = getattr(network, f"c{layer}")
        weights[f"w{layer}"] = convolution.weight.detach().numpy()
        weights[f"b{layer}"] = convolution.bias.detach().numpy()
    np.savez(asked.out, mean=mean, spread=spread, base=base, card=json.dumps(card), **weights)


def _sha256(data: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(data):
        digest.update(data[name].numpy().tobytes())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
