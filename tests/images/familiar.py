"""What simulated lorries of a well-kept portal look like, as a trainer would write it into a card.

``python -m tests.images.familiar`` draws them again (a minute) and writes ``familiar.json``.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from calibration.line_pixels import PixelClass
from models.familiarity import NAMES, features
from scanner.signals.xray_chain import chain_state, finish, gather
from scanner.signals.xray_scan import Scan, Setup
from scanner.simulation.xray.beam import Beam
from scanner.simulation.xray.passage import Passage
from scanner.vehicle import CargoClass, Declaration, VehicleClass
from tests.images import lane

MM = 25.0
FILE = Path(__file__).with_name("familiar.json")
MARGIN = 0.5
"""Of each range's width, on both sides: few pictures stand for many."""

KINDS = (
    (VehicleClass.REEFER, CargoClass.EMPTY), (VehicleClass.REEFER, CargoClass.BOXED),
    (VehicleClass.REEFER, CargoClass.FROZEN), (VehicleClass.REEFER, CargoClass.MEAT),
    (VehicleClass.TANKER, CargoClass.LIQUID), (VehicleClass.REEFER, CargoClass.PRODUCE),
)  # fmt: skip


def picture_of(passage: Passage) -> tuple[np.ndarray, np.ndarray]:
    """Return log-attenuation of a passage and where it is clear."""
    state = chain_state(Setup(MM, encoder_um_per_count=100.0))
    for block in lane.blocks(passage)[:-1]:
        state = gather(block, state)
    scan: Scan = finish(state)[0]
    return scan.image, scan.mask <= PixelClass.INTERPOLATED


def pictures(
    first_seed: int, kinds: Sequence[tuple[VehicleClass, CargoClass]] = KINDS
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return a picture of each kind at both beams."""
    found = []
    for number, ((vehicle, cargo), beam) in enumerate(itertools.product(kinds, Beam)):
        declared = Declaration(vehicle, cargo, laden=cargo is not CargoClass.EMPTY)
        found.append(picture_of(lane.passage_of(declared, number % 3, first_seed + number, beam)))
    return found


def known() -> dict[str, tuple[float, float]]:
    """Return lowest and highest of every feature of 24 lorries, with the margin."""
    ranges: dict[str, list[float]] = json.loads(FILE.read_text(encoding="utf-8"))
    assert set(ranges) == set(NAMES), "made by another version: python -m tests.images.familiar"
    margins = {name: MARGIN * (high - low) for name, (low, high) in ranges.items()}
    return {name: (low - margins[name], high + margins[name]) for name, (low, high) in ranges.items()}


def main() -> None:
    """Draw the lorries and write their ranges."""
    each = [features(image, clear, MM) for image, clear in pictures(6000, KINDS * 2)]
    ranges = {name: [min(f[name] for f in each), max(f[name] for f in each)] for name in NAMES}
    FILE.write_text(json.dumps(ranges, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
