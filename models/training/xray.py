"""Trains the X-ray model: ``python -m models.training.xray --seed 1``."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from models.card import Pooling, Preprocessing
from models.training.fitting import Recipe, run
from models.training.networks import SmallUNet
from models.training.scenes import XRAY_MM_PER_PX, XRAY_SHAPE, xray_scene
from scanner.simulation.attenuation import linac_spectrum


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("models/weights/xray-people.onnx"))
    parser.add_argument("--golden", type=Path, default=Path("tests/models/golden-xray-people.npz"))
    parser.add_argument("--train", type=int, default=1800, help="scenes to train on")
    parser.add_argument("--test", type=int, default=1400, help="scenes to judge on")
    parser.add_argument("--epochs", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(asked.seed)
    recipe = Recipe(
        seed=asked.seed,
        n_train=asked.train,
        n_validation=asked.test,
        n_test=asked.test,
        epochs=asked.epochs,
        batch=8,
        learning_rate=4e-3,
        people_weight=5.0,
        scene_weight=0.2,
    )
    facts: dict[str, object] = {
        "name": "xray-people",
        "version": "1",
        "quantity": "log_attenuation",
        "input_shape": XRAY_SHAPE,
        "output_shape": (XRAY_SHAPE[0] // 2, XRAY_SHAPE[1] // 2),
        "mm_per_px": XRAY_MM_PER_PX,
        "energies_mev": linac_spectrum().energies_mev,
        "preprocessing": Preprocessing(clip_low=0.0, clip_high=8.0, mean=1.0, scale=1.5, pad=0.0),
        "pooling": Pooling(kind="highest_box_mean", box_px=5),
        "score_semantics": "highest mean logit of a person over a box of 0.32 m in the load space",
        "trained_on": "simulated side views of reefers and tankers at 6 MV, half of them with 1 to 4 people",
        "limits": "never saw a real X-ray image; one body model; no scatter, no fan geometry, no driver",
    }
    run(SmallUNet(XRAY_SHAPE), xray_scene, recipe, facts, asked.out, asked.golden)


if __name__ == "__main__":
    main()
