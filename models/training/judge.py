"""Judges a thermal model file again on held-out scenes: ``python -m models.training.judge FILE``.

With ``--write`` the card's figures are replaced; the network stays as it is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import onnx

from models.card import CARD_KEY, OperatingPoint
from models.runtime import ImageModel
from models.training import figures
from models.training.fitting import score_split
from models.training.scenes import seed_text, thermal_scene


def main() -> None:
    """Set the threshold on validation scenes, count on test scenes, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenes", type=int, default=1400, help="scenes of each split")
    parser.add_argument("--write", action="store_true", help="put the figures into the card")
    asked = parser.parse_args()
    model = ImageModel(asked.file)
    scores, occupied, _ = score_split(model, thermal_scene, asked.seed, "validation", asked.scenes)
    threshold = figures.threshold_at(scores, occupied, 0.01)
    scores, occupied, groups = score_split(model, thermal_scene, asked.seed, "test", asked.scenes)
    print(figures.table(scores, occupied, groups, threshold))
    if not asked.write:
        return
    point = OperatingPoint(
        threshold=threshold,
        test_empty=int((~occupied).sum()),
        test_false_alarms=int((scores[~occupied] > threshold).sum()),
        test_occupied=int(occupied.sum()),
        test_detected=int((scores[occupied] > threshold).sum()),
    )
    seeds = model.card.seeds | {
        split: seed_text(asked.seed, split, asked.scenes) for split in ("validation", "test")
    }
    area = round(figures.auc(scores, occupied), 4)
    card = model.card.model_copy(update={"operating_point": point, "auc": area, "seeds": seeds})
    file = onnx.load(asked.file)
    for entry in file.metadata_props:
        if entry.key == CARD_KEY:
            entry.value = card.model_dump_json()
    asked.file.write_bytes(file.SerializeToString())
    print(f"{asked.file}: {ImageModel(asked.file).id}")


if __name__ == "__main__":
    main()
