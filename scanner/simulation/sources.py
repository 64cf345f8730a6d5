"""What the twins of one lane measure now: the lorry that stands there, or the empty lane.

One `LaneSource` serves all twins of a lane. Lorries come and go while the twins
run on: probes keep their lag from one lorry to the next, between two lorries
they hang in free air, and the geophones hear the ground alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from drivers.api import Role
from scanner.simulation.co2 import Probe
from scanner.simulation.items import SETTLE_S
from scanner.simulation.layout import DEMO_LAYOUT, LaneLayout
from scanner.simulation.lorry import SimulatedLorry
from scanner.simulation.lorry_spec import LorrySpec
from scanner.simulation.priors import stream
from scanner.simulation.seismic import Seismic

if TYPE_CHECKING:
    from scanner.simulation.xray.passage import Passage

Counts = npt.NDArray[np.int32]


class LaneSource:
    """Values for the twins of one lane, in real time. Safe to ask from several threads.

    The methods without an argument besides the number of samples are the
    twins' sources: `inside_ppm`, `outside_ppm`, `next_block`, `next_shake`,
    `door_frame`.

    Parameters
    ----------
    idle : what the site is like while nobody stands there (its air, ground and
        offsets of the probes count, its people do not).
    layout : the lane's sensors.
    clock : seconds, ascending.
    pace : lane seconds per second of the clock, as the twins were given.
    """

    def __init__(
        self,
        idle: LorrySpec,
        layout: LaneLayout = DEMO_LAYOUT,
        clock: Callable[[], float] = time.monotonic,
        pace: float = 1.0,
    ) -> None:
        self.layout = layout
        self._idle, self._clock, self._pace = idle, clock, pace
        self._lock = threading.Lock()
        self._arrivals = 0
        self._frame_rng = stream(idle.seed, "empty lane")
        self._inside = self._new_probe(Role.INSIDE, idle.inside_offset_ppm)
        self._outside = self._new_probe(Role.OUTSIDE, idle.outside_offset_ppm)
        self._begin(None)
        before_s = np.arange(-SETTLE_S, 0.0, 5.0)
        for probe in (self._inside, self._outside):
            probe.reports(before_s, self._air.co2_outside_ppm(before_s))
        self._probe_epoch = clock()

    @property
    def lorry(self) -> SimulatedLorry | None:
        """Who stands in the lane."""
        return self._lorry

    @property
    def elapsed_s(self) -> float:
        """Lane seconds since the lorry came or went."""
        return (self._clock() - self._since) * self._pace

    def arrive(self, lorry: SimulatedLorry) -> None:
        """A lorry stands in the lane from now on; its probe goes in ``probe_in_s`` later."""
        lorry.seismic_counts(0, 1)  # the first segment is made here, not while a twin waits
        with self._lock:
            self._begin(lorry)

    def leave(self) -> None:
        """The lane is empty from now on; the probe is in free air."""
        with self._lock:
            self._begin(None)

    def settle(self) -> None:
        """Skip the minutes between two lorries, in which both probes come back to free air."""
        with self._lock:
            before_s = self._probe_s() + np.arange(0.0, SETTLE_S, 5.0)
            air_ppm = self._air.co2_outside_ppm(self.elapsed_s + before_s - before_s[0])
            for probe in (self._inside, self._outside):
                probe.reports(before_s, air_ppm)
            self._probe_epoch -= SETTLE_S / self._pace

    def inside_ppm(self) -> float:
        """Return what the inside probe reports now, ppm."""
        with self._lock:
            t_s = self.elapsed_s
            tip = self._air.co2_outside_ppm(t_s) if self._lorry is None else self._lorry.co2_tip_ppm(t_s)
            drift = 0.0 if self._lorry is None else float(self._lorry.co2_drift_ppm(t_s))
            return self._inside.report(self._probe_s(), float(tip), drift)

    def outside_ppm(self) -> float:
        """Return what the outside probe reports now, ppm."""
        with self._lock:
            return self._outside.report(self._probe_s(), float(self._air.co2_outside_ppm(self.elapsed_s)))

    def next_block(self, n_samples: int) -> Counts:
        """Return the next counts of the waveform board, int32 ``(5, n_samples)``."""
        with self._lock:
            counts = self._seismic.counts(self._sample, n_samples)
            self._sample += n_samples
            return counts

    def next_shake(self, n_samples: int) -> Counts:
        """Return the next counts of the ground digitiser, int32 ``(1, n_samples)``."""
        with self._lock:
            counts = self._seismic.shake_counts(self._shake_sample, n_samples)
            self._shake_sample += n_samples
            return counts

    def door_frame(self) -> npt.NDArray[np.float32]:
        """Return what the imager at the doors sees now, degC float32 ``(24, 32)``."""
        with self._lock:
            if self._lorry is not None:
                return self._lorry.thermal_c(max(0.0, self.elapsed_s))
            noise = self._frame_rng.standard_normal((24, 32))  # an MLX90640 at 4 Hz: some 0.4 K
            return (self._idle.outside_c + 0.4 * noise).astype(np.float32)

    def xray(self) -> Passage:
        """Return the present lorry's passage through the portal.

        Raises
        ------
        LookupError : nobody stands in the lane.
        """
        lorry = self._lorry
        if lorry is None:
            raise LookupError("no lorry is in the lane, so nothing passes the portal")
        return lorry.xray(beam=self.layout.beam)

    def _begin(self, lorry: SimulatedLorry | None) -> None:
        self._since = self._clock()
        self._lorry = lorry
        self._sample = self._shake_sample = 0
        self._arrivals += 1
        empty = replace(self._idle, visit=1_000_000 + self._arrivals)
        self._air = SimulatedLorry(replace(empty, persons=0, hearts=())) if lorry is None else lorry
        self._seismic = (
            Seismic(empty, self.layout.geophone, self.layout.fs_hz, vehicle=False)
            if lorry is None
            else lorry.seismic
        )
        self._inside.model = replace(
            self._inside.model, gain=1.0 if lorry is None else lorry.spec.inside_gain
        )

    def _new_probe(self, role: Role, offset_ppm: float) -> Probe:
        model = replace(self.layout.probe_model(self.layout.named(role, "sample")), offset_ppm=offset_ppm)
        return Probe(model, self._idle.outside_co2_ppm, self._idle.seed * 2 + (role is Role.INSIDE))

    def _probe_s(self) -> float:
        return (self._clock() - self._probe_epoch) * self._pace
