"""What a call takes outside signal functions and networks, by looking at its stack while it runs."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

EVERY_S = 0.001
SIGNALS = str(Path("scanner") / "signals")
NETWORKS = "onnxruntime"


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor time of a call.

    Parameters
    ----------
    whole_s : all of it.
    outside : share spent neither in ``scanner/signals`` nor in a network.
    looks : how often the stack was looked at.
    """

    whole_s: float
    outside: float
    looks: int


def spent(act: Callable[[], object]) -> Spent:
    """Run ``act`` once and look at its stack each millisecond of processor time.

    A look comes between two Python instructions, so a long one of NumPy's counts for whoever called it.
    """
    inside, looks = 0, 0

    def look(_number: int, frame: FrameType | None) -> None:
        nonlocal inside, looks
        looks += 1
        while frame is not None:
            file = frame.f_code.co_filename
            if SIGNALS in file or NETWORKS in file:
                inside += 1
                return
            frame = frame.f_back

    before = signal.signal(signal.SIGPROF, look)
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)
    try:
        act()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    whole_s = time.process_time() - began
    return Spent(whole_s, 1 - inside / max(looks, 1), looks)
