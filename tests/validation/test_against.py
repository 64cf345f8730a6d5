"""Two versions on the same scans: paired counts by hand, and an interval that keeps its promise."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from drivers.api import ConfigError
from scanner.validation.against import compare_results, difference_interval, read_results
from scanner.validation.combinations import fusing
from scanner.validation.results import results_of
from tests.validation.rows import POLICY, outcome

FUSE = fusing({"co2": 1.0}, POLICY)


def results(words: dict[str, tuple[int, str]]) -> dict:
    return results_of([outcome(scan, *told) for scan, told in words.items()], FUSE, POLICY)


def test_paired_differences_by_hand() -> None:
    this = {f"o{n}": (1, "search" if n < 8 else "no-indication") for n in range(10)}
    other = {f"o{n}": (1, "search" if n % 2 else "inconclusive") for n in range(10)}
    this |= {"e0": (0, "search"), "e1": (0, "no-indication"), "new": (0, "search")}
    other |= {"e0": (1, "no-indication"), "e1": (0, "no-indication"), "gone": (0, "search")}
    told = compare_results(results(this), results(other))
    assert (told["common"], told["only_this"], told["only_other"], told["relabelled"]) == (12, 1, 1, 1)
    found = told["detection"]
    assert (found["this"], found["other"], found["only_this"], found["only_other"]) == (8, 5, 4, 1)
    assert found["difference"] == pytest.approx(0.3)
    assert found["p"] == pytest.approx(stats.binomtest(4, 5).pvalue)
    assert told["no_indication"]["only_this"] == 2
    assert (told["false_alarms"]["this"], told["false_alarms"]["other"], told["false_alarms"]["of"]) == (
        1,
        0,
        2,
    )
    changed = {one["scan"]: (one["other"], one["this"]) for one in told["changed"]}
    assert changed["e0"] == ("no-indication", "search")
    assert changed["o8"] == ("inconclusive", "no-indication")
    assert "e1" not in changed
    assert len(changed) == 7


def test_the_interval_holds_the_truth_in_95_of_100() -> None:
    n, gained, lost = 200, 0.1, 0.04
    rng = np.random.default_rng(2)
    draws = rng.multinomial(n, [gained, lost, 1 - gained - lost], 4000)
    ends = np.array([difference_interval(int(g), int(x), n) for g, x, _ in draws])
    held = ((ends[:, 0] <= gained - lost) & (gained - lost <= ends[:, 1])).mean()
    assert held == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no JSON", "cannot be read"),
        ("[]", "results.json of another validation"),
        (json.dumps({"scans": [], "results_version": 99}), "its version is 99"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "other.json").write_text(text)
    with pytest.raises(ConfigError, match=told):
        read_results(tmp_path / "other.json")
