"""Trains the thermal model: ``python -m models.training.thermal --seed 1``."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from models.card import Pooling, Preprocessing
from models.training.fitting import Recipe, run
from models.training.networks import SmallThermal
from models.training.scenes import thermal_scene
from scanner.simulation.thermal_scene import SHAPE


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("models/weights/thermal-people.onnx"))
    parser.add_argument("--golden", type=Path, default=Path("tests/models/golden-thermal-people.npz"))
    parser.add_argument("--train", type=int, default=8000, help="scenes to train on")
    parser.add_argument("--test", type=int, default=4000, help="scenes to judge on")
    parser.add_argument("--epochs", type=int, default=8)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(asked.seed)
    recipe = Recipe(
        seed=asked.seed,
        n_train=asked.train,
        n_validation=asked.test,
        n_test=asked.test,
        epochs=asked.epochs,
        batch=64,
        learning_rate=8e-3,
        people_weight=5.0,
        scene_weight=0.5,
    )
    facts: dict[str, object] = {
        "name": "thermal-people",
        "version": "1",
        "quantity": "temperature_excess_k",
        "input_shape": SHAPE,
        "output_shape": SHAPE,
        "range_c": (-40.0, 85.0),
        "preprocessing": Preprocessing(clip_low=-10.0, clip_high=10.0, mean=0.0, scale=2.0, pad=0.0),
        "pooling": Pooling(kind="highest_box_mean", box_px=3),
        "score_semantics": "highest mean logit of warmth from people over 3 x 3 pixels of the doors",
        "trained_on": "simulated rear doors and tank ends, means of 4 to 16 frames, half with 1 to 12 people",
        "limits": "never saw a real door; sees doors, vents, hatches and seals only: walls hide people",
    }
    run(SmallThermal(SHAPE), thermal_scene, recipe, facts, asked.out, asked.golden)


if __name__ == "__main__":
    main()
