"""The shipped models and one passage, made once."""

from __future__ import annotations

import pytest

from models.runtime import ImageModel, shipped_model
from scanner.simulation.xray.passage import Passage
from tests.bench import xray_people_scoring
from tests.images.lane import BOXED, passage_of


@pytest.fixture(scope="session")
def xray_model() -> ImageModel:
    return ImageModel(shipped_model("xray-people"), "log_attenuation")


@pytest.fixture(scope="session")
def thermal_model() -> ImageModel:
    return ImageModel(shipped_model("thermal-people"), "temperature_excess_k")


@pytest.fixture(scope="session")
def passage() -> Passage:
    return passage_of(BOXED, 2, seed=11)


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are not what is looked at."""
    monkeypatch.setattr(xray_people_scoring, "BOOTSTRAPS", 20)
