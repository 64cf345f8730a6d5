"""What an image model says about itself: the card that travels inside its ONNX file."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

CARD_KEY = "lorryscan_card"

Plane: TypeAlias = Literal["quantity", "clear", "beam"]
Map: TypeAlias = Literal["people", "space", "score"]


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
    """How the map of people becomes one score: the highest mean over a box of ``box_px`` map pixels."""

    kind: Literal["highest_box_mean"]
    box_px: int = Field(ge=1)


class SummedPooling(_Part):
    """How a map of its own becomes one score: t log sum exp(map / t), t the ``temperature``."""

    kind: Literal["log_sum_exp"]
    temperature: float = Field(gt=0)


class Beam(_Part):
    """Generators that a model is made for, by their voltage, and the value of its plane "beam" for them."""

    name: str
    low_kv: float = Field(gt=0)
    high_kv: float = Field(gt=0)
    code: float


class Threshold(_Part):
    """Score that ``false_alarms`` of the empty validation scenes exceed, with its 95 % interval."""

    beam: str
    condition: str
    threshold: float
    low: float
    high: float
    false_alarms: float
    empty: int


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

    Parameters
    ----------
    planes : what the network is given, in order: the picture's ``quantity``, "clear" (1 where
        it was measured and the beam came through, else 0), "beam" (its code everywhere).
    maps : what it answers, in order: logits of "people", logits of the load "space", and
        the map that becomes the "score" (without one, "people" does).
    beams : generators it knows; another one's pictures are refused.
    familiar : lowest and highest of each picture feature in training (`models.familiarity`).
    """

    format: Literal["lorryscan-image-model"] = "lorryscan-image-model"
    format_version: Literal[1, 2] = 1
    name: str = Field(pattern=r"^[a-z0-9-]+$")
    version: str
    quantity: Literal["log_attenuation", "temperature_excess_k"]
    input_shape: tuple[int, int]
    output_shape: tuple[int, int]
    mm_per_px: float | None = None
    energies_mev: tuple[float, ...] = ()
    range_c: tuple[float, float] | None = None
    preprocessing: Preprocessing
    pooling: Pooling | SummedPooling = Field(discriminator="kind")
    planes: tuple[Plane, ...] = ("quantity",)
    maps: tuple[Map, ...] = ("people",)
    beams: tuple[Beam, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    familiar: dict[str, tuple[float, float]] = {}
    score_semantics: str
    trained_on: str
    limits: str
    seeds: dict[str, str]
    data_sha256: str
    code_sha256: str
    parameters: int
    auc: float
    operating_point: OperatingPoint
