"""Lanes that are made up: they post views of simulated lorries to a real service at a steady pace.

The views are those of the gallery (five simulated lorries, run through the pipeline); curves go on from view
to view as a lane's do, the assessment comes anew each second, the thermal picture twice a second.
"""

from __future__ import annotations

import copy
import json
import threading
import time
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
from ulid import ULID

from scanner.lane.live import BEAT_S

GALLERY = Path(__file__).resolve().parents[2] / "service" / "ui" / "src" / "design" / "fixtures"
LORRIES = ("rescue", "no-indication", "search", "inconclusive", "measuring")
PICTURE_EVERY_S, ASSESSED_EVERY_S = 0.5, 1.0
# points a second that a real lane sends of a curve: the envelope of a waveform, or a probe's values
ENVELOPE_PER_S, SCALAR_PER_S = 20, 1
SENSORS_DRAWN = ("thermal-doors", "xray")


class MadeLane(threading.Thread):
    """One lane with a lorry in it.

    Parameters
    ----------
    url, token : of the service, and of the lane there.
    number : which of the lorries, by turns.

    Attributes
    ----------
    rate_hz : views a second; those of a real lane until it is set. It may be set while it runs.
    """

    def __init__(self, url: str, token: str, number: int) -> None:
        super().__init__(daemon=True)
        self.rate_hz = 1 / BEAT_S
        self.posted = 0
        self.refused: list[str] = []
        self._stopping = threading.Event()
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=5.0
        )
        lorry = LORRIES[number % len(LORRIES)]
        self._view = json.loads((GALLERY / f"{lorry}.json").read_text(encoding="utf-8"))
        self._scan, self._run = str(ULID()), str(ULID())
        self._view |= {"scan_id": self._scan, "run": self._run}
        self._view["declaration"]["plate"] = f"{lorry[:3].upper()} {number + 1:03}"
        self._view["assessment"]["scan_id"] = self._scan
        self._curves = [_Curve(trace) for trace in self._view["traces"]]
        self._pngs = {
            (sensor, heat): file.read_bytes()
            for sensor in SENSORS_DRAWN
            for heat in (False, True)
            if (file := GALLERY / f"{lorry}-{sensor}{'-heat' if heat else ''}.png").exists()
        }
        self._pictures = [p for p in self._view["pictures"] if (p["sensor"], False) in self._pngs]

    def end(self) -> None:
        """Stop after the view at hand."""
        self._stopping.set()
        self.join()
        self._http.close()

    def run(self) -> None:
        """Open the scan, tell its assessment, then post views until told to stop."""
        self._tell("scan_opened", {"declaration": self._view["declaration"], "by": "made"})
        self._tell("assessment", self._view["assessment"])
        for picture in self._pictures:
            self._draw(picture)
        began_s = next_s = next_picture_s = time.monotonic()
        while not self._stopping.wait(max(0.0, next_s - time.monotonic())):
            now_s = time.monotonic()
            next_s = max(next_s + 1 / self.rate_hz, now_s - 1.0)
            if now_s >= next_picture_s:
                next_picture_s = now_s + PICTURE_EVERY_S
                self._draw(self._pictures[0])
            self._show(now_s - began_s)

    def _show(self, elapsed_s: float) -> None:
        now_ms = time.time_ns() // 1_000_000
        view = self._view
        view["sequence"] += 1
        view |= {"utc_ms": now_ms, "elapsed_s": round(elapsed_s % (view["time_limit_s"] or 120.0), 3)}
        assessment = view["assessment"]
        assessment["mono_ns"] = int(elapsed_s / ASSESSED_EVERY_S) * int(1e9 * ASSESSED_EVERY_S) + 1
        view["traces"] = [new for curve in self._curves if (new := curve.until(now_ms))]
        view["pictures"] = self._pictures
        self._ask("POST", "/api/v1/lane/live", json=view)
        self.posted += 1

    def _draw(self, picture: dict[str, Any]) -> None:
        version = time.time_ns() // 1_000_000
        picture |= {"version": version, "scan_id": self._scan, "taken_utc_ms": version}
        for heat in (True, False) if picture["heat"] else (False,):
            self._ask(
                "PUT",
                f"/api/v1/lane/pictures/{picture['sensor']}",
                params={"version": version, "heat": heat},
                content=self._pngs[picture["sensor"], heat],
                headers={"Content-Type": "image/png"},
            )

    def _tell(self, kind: str, body: dict[str, Any]) -> None:
        message = {"key": str(ULID()), "kind": kind, "scan_id": self._scan, "body": body}
        self._ask("POST", "/api/v1/lane/messages", json={**message, "created_utc_ns": time.time_ns()})

    def _ask(self, method: str, path: str, **what: Any) -> None:
        answer = self._http.request(method, path, **what)
        if answer.is_error:
            self.refused.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")


class _Curve:
    """One curve that goes on: the values of the gallery, over and over, at a real lane's pace."""

    def __init__(self, trace: dict[str, Any]) -> None:
        self._trace = copy.deepcopy(trace)
        self._values = cycle(list(zip(trace["low"], trace["high"], strict=True)))
        per_s = SCALAR_PER_S if trace["low"] == trace["high"] else ENVELOPE_PER_S
        self._step_ms = 1000 // per_s
        self._at_ms = 0

    def until(self, now_ms: int) -> dict[str, Any] | None:
        """Return the points from the last call to now, or None where there is none."""
        if self._at_ms == 0:
            self._at_ms = now_ms - self._step_ms
        times = list(range(self._at_ms + self._step_ms, now_ms + 1, self._step_ms))
        if not times:
            return None
        self._at_ms = times[-1]
        values = [next(self._values) for _ in times]
        return {
            **self._trace,
            "t_utc_ms": times,
            "low": [low for low, _ in values],
            "high": [high for _, high in values],
        }
