"""Rows drawn again: what differs is told, and a difference in last digits is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.rows_again import difference, report, spread
from tests.validation.rows import outcome

ROW = outcome("test-1-00001", 0, "no-indication", llr=-2.0)


def test_last_digits_are_alike_and_more_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    near = difference(ROW, replace(ROW, llr=-2.001))
    assert report([near])
    other = difference(ROW, replace(ROW, llr=-2.1))
    method = difference(ROW, outcome("test-1-00001", 0, "no-indication", llr=-2.0, ratios={"co2": -1.8}))
    searched = difference(ROW, replace(ROW, recommendation="search"))
    late = difference(ROW, replace(ROW, decided_s=61.0))
    for one in (other, method, searched, late):
        assert not report([near, one])
    told = capsys.readouterr().out.splitlines()
    assert told[-1].startswith("1 of 2 rows hold")
    assert "61.0" in told[-2]


def test_a_method_that_says_nothing_any_more_is_told() -> None:
    silent = outcome("test-1-00001", 0, "no-indication", llr=-2.0, ratios={})
    assert not difference(ROW, silent).alike


def test_rows_of_two_lorries_are_not_compared() -> None:
    with pytest.raises(ValueError, match="two lorries"):
        difference(ROW, replace(ROW, scan="another"))


def test_lorries_are_spread_over_all_rows() -> None:
    rows = [replace(ROW, scan=f"test-1-{n:05d}") for n in range(10)]
    assert [row.scan[-1] for row in spread(rows, 3)] == ["0", "3", "6"]
    assert spread(rows, 20) == rows
