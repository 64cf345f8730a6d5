"""What heartbeat and movement have in common: a window of the board, and a score to be weighed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from calibration.certificates import CalibrationMissing
from calibration.evidence import CalibrationSet
from drivers.api import Event, Reading
from scanner.evidence import Evidence, EvidenceState, Overlay, Reason
from scanner.modalities.seismic_window import CannotTell, SeismicWindow
from scanner.modality import ScanView


class SeismicMethod(ABC):
    """A method that listens to a waveform board.

    Parameters
    ----------
    calibrations : score fits; None while they are being fitted (then ready
        evidence has llr 0 and its score).
    window : the scan's, fed by each method that holds it; None = one of its own.
    """

    name: str

    def __init__(self, calibrations: CalibrationSet | None, window: SeismicWindow | None = None) -> None:
        self.calibrations = calibrations
        self.window = SeismicWindow() if window is None else window

    def feed(self, item: Reading | Event) -> None:
        """Take waveform blocks and visit events."""
        self.window.feed(item)

    def evaluate(self, now_ns: int, view: ScanView) -> Evidence:
        """Say what the window tells, or why it cannot be told."""
        try:
            return self.judge(now_ns, view)
        except CannotTell as no:
            state = EvidenceState.PENDING if no.waiting else EvidenceState.UNAVAILABLE
            return Evidence(self.name, state, reason=no.reason)

    @abstractmethod
    def judge(self, now_ns: int, view: ScanView) -> Evidence:
        """Return ready evidence.

        Raises
        ------
        CannotTell : with the reason, waiting or not.
        """

    def weigh(
        self, score: float, reason: Reason, features: Mapping[str, float], *overlays: Overlay
    ) -> Evidence:
        """Return ready evidence with the score's log-likelihood ratio.

        Raises
        ------
        CannotTell : the method was never calibrated.
        """
        llr, fit_id = 0.0, ""
        if self.calibrations is not None:
            try:
                fit = self.calibrations.lookup(self.name, "all")
            except CalibrationMissing:
                raise CannotTell("seismic_never_calibrated") from None
            llr, fit_id = fit.llr(score), fit.id
        return Evidence(self.name, EvidenceState.READY, llr, reason, score, features, overlays, fit_id)
