"""The benches of the CO2 method run: a bench that nobody starts for a month is broken by then."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from tests.bench import co2_counts, co2_lies, co2_life, co2_reliability, co2_wrong_priors


@pytest.mark.parametrize("bench", [co2_counts, co2_life])
def test_a_bench_over_single_lorries_prints_its_table(
    bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "procedures", lambda: {"60 s": (60.0,)})
    bench.main(["--occupied", "1", "--markdown", str(tmp_path / "table.md")])
    assert "reefer, frozen" in (tmp_path / "table.md").read_text("utf-8")


@pytest.mark.parametrize("bench", [co2_lies, co2_wrong_priors, co2_reliability])
def test_a_bench_over_batches_prints_its_table(
    bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if hasattr(bench, "ROWS"):
        monkeypatch.setattr(bench, "ROWS", bench.ROWS[:1])
    else:
        monkeypatch.setattr(bench, "procedures", lambda: {"60 s": (60.0,)})
    bench.main(["--occupied", "20", "--empty", "20", "--markdown", str(tmp_path / "table.md")])
    assert "reefer, frozen" in (tmp_path / "table.md").read_text("utf-8")
