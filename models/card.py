"""What an image model says about itself: the card that travels inside its ONNX file."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

CARD_KEY = "lorryscan_card"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Preprocessing(_Part):
    """What is done to a physical image: clip, subtract, divide, then pad at the right and bottom."""

    clip_low: float
    clip_high: float
    mean: float
    scale: float = Field(gt=0)
    pad: float


class Pooling(_Part):
    """How the map of logits becomes one score: the highest mean over a box of ``box_px`` map pixels."""

    kind: Literal["highest_box_mean"]
    box_px: int = Field(ge=1)


class OperatingPoint(_Part):
    """A threshold chosen on validation scenes and what it did on held-out test scenes."""

    threshold: float
    test_empty: int
    test_false_alarms: int
    test_occupied: int
    test_detected: int


class ModelCard(_Part):
    """Facts without which a network's output means nothing.

    ``mm_per_px`` and ``energies_mev`` hold for X-ray models, ``range_c`` for
    thermal ones. ``seeds`` names the scenes of each split, none of them shared.
    """

    format: Literal["lorryscan-image-model"] = "lorryscan-image-model"
    format_version: Literal[1] = 1
    name: str = Field(pattern=r"^[a-z0-9-]+$")
    version: str
    quantity: Literal["log_attenuation", "temperature_excess_k"]
    input_shape: tuple[int, int]
    output_shape: tuple[int, int]
    mm_per_px: float | None = None
    energies_mev: tuple[float, ...] = ()
    range_c: tuple[float, float] | None = None
    preprocessing: Preprocessing
    pooling: Pooling
    score_semantics: str
    trained_on: str
    limits: str
    seeds: dict[str, str]
    data_sha256: str
    code_sha256: str
    parameters: int
    auc: float
    operating_point: OperatingPoint
