"""The motion bench on a handful of trials: answers kept, taken up again, and put into tables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.bench.motion_detection import WANDER, main, wandering


def test_the_bench_runs_and_takes_its_answers_up_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--out", str(tmp_path), "--conditions", "calm", "--occupied", "1", "--empty", "2"]
    main([*arguments, "--confounded", "1"])
    first = capsys.readouterr().out
    kept = next(tmp_path.glob("motion-*.jsonl"))
    stamp = kept.stat().st_mtime_ns
    main([*arguments, "--confounded", "1"])
    assert capsys.readouterr().out == first
    assert kept.stat().st_mtime_ns == stamp
    found = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert found["30"]["movement"]["calm"]["pd"]["n"] == 1
    assert found["30"]["breathing"]["slosh"]["unavailable empty"]["share"] == 1.0


def test_a_steady_rate_wanders_by_a_tenth() -> None:
    t_s = np.arange(40_000) / 100
    phase = np.unwrap(np.angle(np.exp(1j * 2 * np.pi * 0.25 * wandering(t_s[np.newaxis], 3)[0])))
    rates = np.gradient(phase, 0.01)[2000:-2000] / (2 * np.pi * 0.25)
    assert rates.std() == pytest.approx(WANDER, rel=0.4)
