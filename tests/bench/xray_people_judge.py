"""What is asked of each passage: the model's score of its picture, and the product's own evidence."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from calibration.certificates import Certificate
from calibration.evidence import CalibrationSet
from calibration.store import load_calibrations
from drivers.api import ConnectionState, DeviceState, GeneratorState, LineScanEnd, Role, Stamp
from models.runtime import ImageModel, ImageScore
from models.training.xray_pictures import Picture
from scanner.evidence import Evidence
from scanner.modalities.xray import XrayModality
from scanner.modality import ScanView, Sensor
from scanner.simulation.xray.beam import Beam
from scanner.simulation.xray.lines import line_blocks
from scanner.simulation.xray.passage import ENCODER_UM_PER_COUNT, Passage
from scanner.vehicle import Declaration

NOMINAL_KV = {Beam.LINAC: 6000.0, Beam.TUBE: 450.0}
"""What the supply says of itself; the spectrum of each lorry lies around it."""

_LAST_NS = 10_000_000_000
_DAY = dt.date(2026, 6, 1)
_UTC_NS = int(dt.datetime(2026, 6, 1, tzinfo=dt.UTC).timestamp() * 1e9)


class Judge(Protocol):
    """Something that scores pictures and weighs passages."""

    def look(self, picture: Picture, beam: Beam) -> ImageScore:
        """Score a picture."""
        ...

    def assess(self, passage: Passage, beam: Beam, declaration: Declaration) -> Evidence:
        """Return what the product says of the lines."""
        ...


class OneBeam(ImageModel):
    """A model of one portal: it takes the generator's nominal voltage where it is told none."""

    def __init__(self, file: Path, nominal_kv: float) -> None:
        super().__init__(file, "log_attenuation")
        self.nominal_kv = nominal_kv

    def infer(
        self,
        image: npt.NDArray[np.float32],
        mask: npt.NDArray[np.bool_] | None = None,
        clear: npt.NDArray[np.bool_] | None = None,
        beam_kv: float | None = None,
    ) -> ImageScore:
        """Score a picture as `ImageModel.infer` does."""
        return super().infer(image, mask, clear, self.nominal_kv if beam_kv is None else beam_kv)


class ModelJudge:
    """An ONNX file run as the product runs it.

    Parameters
    ----------
    file : with its card.
    calibrations : that scores are weighed with; None = the shipped ones.
    """

    def __init__(self, file: Path, calibrations: CalibrationSet | None = None) -> None:
        self._calibrations = load_calibrations() if calibrations is None else calibrations
        self._models = {beam: OneBeam(file, kv) for beam, kv in NOMINAL_KV.items()}

    def look(self, picture: Picture, beam: Beam) -> ImageScore:
        """Score a picture, padded with zeros that are not clear, everywhere."""
        image = picture.attenuation.astype(np.float32)
        return self._models[beam].infer(image, None, picture.clear)

    def assess(self, passage: Passage, beam: Beam, declaration: Declaration) -> Evidence:
        """Hand the passage's lines to the product's method and return its evidence."""
        method = XrayModality(self._calibrations, self._models[beam])
        return product_evidence(method, passage, NOMINAL_KV[beam], declaration)


def product_evidence(method: XrayModality, passage: Passage, kv: float, declaration: Declaration) -> Evidence:
    """Feed a method the supply's state, all lines and their end, and ask it."""
    certificate = Certificate(
        "simulated",
        _DAY - dt.timedelta(days=1),
        _DAY + dt.timedelta(days=365),
        {"encoder_um_per_count": float(ENCODER_UM_PER_COUNT), "top_mm": passage.top_mm},
    )
    portal = Sensor("portal", Role.PORTAL, ("lines", "line_scan_end"), 0.0, certificate=certificate)
    stamp = Stamp(portal.name, Role.PORTAL, _LAST_NS - 1, 0)
    method.feed(GeneratorState("on", kv, 1.0, stamp=replace(stamp, sensor="supply", role=Role.GENERATOR)))
    sent, last, scan = 0, 0, 0
    for block in line_blocks(passage, sensor=portal.name):
        method.feed(replace(block, stamp=stamp))
        sent, last, scan = sent + block.line_numbers.size, int(block.line_numbers[-1]), block.scan
    end = replace(stamp, mono_ns=_LAST_NS)
    method.feed(LineScanEnd(scan, sent, last - sent, "", sent, True, stamp=end))
    states = {portal.name: DeviceState(ConnectionState.READY)}
    view = ScanView(declaration, {portal.name: portal}, states, 60.0, _UTC_NS)
    return method.evaluate(_LAST_NS, view)
