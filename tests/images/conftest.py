"""The shipped models and one passage, made once."""

from __future__ import annotations

import numpy as np
import pytest

from models.runtime import ImageModel, shipped_model
from tests.images.lane import BOXED
from tests.simulation.former.xray_scene import XrayPassage, render_passage


@pytest.fixture(scope="session")
def xray_model() -> ImageModel:
    return ImageModel(shipped_model("xray-people"), "log_attenuation")


@pytest.fixture(scope="session")
def thermal_model() -> ImageModel:
    return ImageModel(shipped_model("thermal-people"), "temperature_excess_k")


@pytest.fixture(scope="session")
def passage() -> XrayPassage:
    return render_passage(BOXED, 2, np.random.default_rng(11), n_pixels=256, n_lines=512)
